"""The door for campaigns: YAML text to a Campaign, or everything that is wrong with it. Never a file."""

import re
from collections.abc import Iterable
from functools import lru_cache

from pydantic import ValidationError

from engine.campaign.agreements import disagreements
from engine.campaign.draft import readable_draft
from engine.campaign.mending import mended
from engine.campaign.spec import Campaign
from engine.campaign.values import Path
from engine.campaign.yaml_text import UNREADABLE, Document, Problem, read_yaml
from engine.errors import InvalidRequest

MAX_PROBLEMS = 100

_WHOLE_TEXT = "source"
_PLAIN_NAME = re.compile(r"[\w-]+")


class CampaignInvalid(InvalidRequest):
    """A campaign's text breaks rules; `violations` holds all that was found, in the order of its lines.

    A field path is written as in ``contents.striped-polo.price`` (names with other characters in brackets and quotes),
    ``source`` where the whole text is meant. Every sentence begins with its line, as in ``line 41: ``.
    """


@lru_cache(maxsize=16)
def load_campaign(source: str) -> Campaign:
    """Return the campaign that a YAML text describes; the same text always gives an equal one.

    The text has at most 1 MiB and 25,000 values. Raises CampaignInvalid with every problem, in the order of the lines;
    after the hundredth it says only how many more there are.
    """
    document = read_yaml(source)
    if document.tree is None:
        raise _invalid(document.problems)
    try:
        campaign = Campaign.model_validate(document.tree)
    except ValidationError as error:
        raise _invalid({*document.problems, *_field_problems(document, error)}) from None
    if document.problems:
        raise _invalid(document.problems)
    return campaign


def _field_problems(document: Document, error: ValidationError) -> Iterable[Problem]:
    told = [mended(details) for details in error.errors(include_url=False) if details["input"] is not UNREADABLE]
    for path, sentence in (*told, *disagreements(readable_draft(document.tree))):
        yield Problem(_line(document, path), path, sentence)


def _line(document: Document, path: Path) -> int:
    """Return the line of a path, or of what should have held it."""
    while path and path not in document.lines:
        path = path[:-1]
    return document.lines.get(path, 1)


def _invalid(problems: Iterable[Problem]) -> CampaignInvalid:
    ordered = sorted(
        problems, key=lambda problem: (problem.line, [str(part) for part in problem.path], problem.sentence)
    )
    told = [(_written(problem.path), f"line {problem.line}: {problem.sentence}") for problem in ordered[:MAX_PROBLEMS]]
    if more := ordered[MAX_PROBLEMS:]:
        told.append(
            (_WHOLE_TEXT, f"line {more[0].line}: {len(more)} more problems from here on; mend those above first")
        )
    return CampaignInvalid(*told)


def _written(path: Path) -> str:
    written = ""
    for part in path:
        if isinstance(part, int):
            written += f"[{part}]"
        elif _PLAIN_NAME.fullmatch(part):
            written += f".{part}" if written else part
        else:
            escaped = part.replace("\\", "\\\\").replace('"', '\\"')
            written += f'["{escaped}"]'
    return written or _WHOLE_TEXT
