"""The recorded experiment as a whole, surveyed before its first row is sent. Never the service, never a decision.

The survey reads the whole file once, so that a file that cannot be replayed to its end is refused at the start, and so
that every part of the stream can be compared with the constant choice that turned out best.
"""

from collections.abc import Iterable, Iterator
from math import sqrt

from msgspec import Struct

from engine.campaign.loader import load_campaign
from engine.campaign.spec import Campaign
from engine.errors import InvalidRequest
from simulators.csv_mapping import NOTHING, Place, SentDecision
from simulators.csv_rows import Row
from simulators.estimates import NONE_YET, Moments, with_value
from simulators.mapping_file import MappingError, MappingFile, mapping_error, nearest

_SHARE_ERRORS = 5.0
"""Standard errors that a share may be off the experiment's own probability before the mapping is taken to be wrong."""


class Experiment(Struct, frozen=True):
    """What is known of the whole file: its rows, what was given and what came of it, and how often it was meant to be.

    `rate` tells that the metric is 0 or 1 in every row.
    """

    rows: int
    sample: dict[str, Moments]
    shares: dict[str, float]
    rate: bool

    @property
    def best_action(self) -> str:
        """The action with the highest mean metric, picked with hindsight."""
        return max(self.sample, key=lambda action: self.sample[action].mean)


def read_campaign(file: MappingFile) -> tuple[str, Campaign]:
    """Return the campaign's text and what it says; raises MappingError where it is invalid or lacks what is mapped."""
    path = file.campaign_path
    try:
        source = path.read_text(encoding="utf-8")
        campaign = load_campaign(source)
    except (OSError, UnicodeDecodeError) as error:
        raise mapping_error(file.path, file.written, [(("campaign",), f"{path} cannot be read: {error}")]) from None
    except InvalidRequest as error:
        lines = "\n".join(f"{path}, {field}: {problem}" for field, problem in error.violations)
        raise MappingError(lines) from None
    if problems := list(_unknown_to(campaign, file)):
        raise mapping_error(file.path, file.written, problems)
    return source, campaign


def survey(rows: Iterable[Row], file: MappingFile, campaign: Campaign) -> Experiment:
    """Return what the whole file says; raises MappingError where it does not fit the mapping or the campaign."""
    sample: dict[str, Moments] = {}
    count, rate, reward = 0, True, campaign.reward
    for row in rows:
        count += 1
        sample[row.given] = with_value(sample.get(row.given, NONE_YET), row.metric)
        rate = rate and row.metric in (0, 1)
        if row.value is not None and not reward.lowest <= row.value <= reward.highest:
            problem = (
                f"row {row.number} gives {row.value:g}, outside the reward's {reward.lowest:g} to {reward.highest:g}"
            )
            place = ("reward", "value", "divide_by")
            raise mapping_error(file.path, file.written, [(place, f"{problem}; divide by more, or widen the range")])
    if count == 0:
        raise MappingError("the CSV has no row to replay; give one with rows below its header")
    shares = file.mapping.action.share_of()
    _check_shares(file, {action: moments.count / count for action, moments in sample.items()}, shares, count)
    return Experiment(rows=count, sample=sample, shares=shares, rate=rate)


def _unknown_to(campaign: Campaign, file: MappingFile) -> Iterator[tuple[Place, str]]:
    mapping, name = file.mapping, campaign.name
    for value, decision in mapping.action.values.items():
        place = ("action", "values", value)
        if decision is not None:
            yield from _unknown_decision(campaign, decision, place)
        elif not campaign.send_nothing.allowed:
            yield (
                place,
                f"campaign {name!r} does not allow {NOTHING!r}; set its send_nothing.allowed, or leave the value out",
            )
    if outcome := mapping.reward.outcome:
        for value, declared in outcome.values.items():
            if declared not in campaign.outcomes:
                hint = nearest(declared, list(campaign.outcomes))
                yield ("reward", "outcome", "values", value), f"campaign {name!r} has no outcome {declared!r}; {hint}"


def _unknown_decision(campaign: Campaign, decision: SentDecision, place: Place) -> Iterator[tuple[Place, str]]:
    if decision.channel not in campaign.channels:
        hint = nearest(decision.channel, list(campaign.channels))
        yield (*place, "channel"), f"campaign {campaign.name!r} has no channel {decision.channel!r}; {hint}"
        return
    fitting = campaign.contents_for(decision.channel)
    if decision.content not in fitting:
        hint = nearest(decision.content, fitting)
        yield (*place, "content"), f"channel {decision.channel!r} has no content {decision.content!r}; {hint}"


def _check_shares(file: MappingFile, seen: dict[str, float], shares: dict[str, float], rows: int) -> None:
    """Refuse shares that the file contradicts: the figures rest on them, and would be wrong without a sign of it."""
    for action, share in shares.items():
        found = seen.get(action, 0.0)
        if abs(found - share) > _SHARE_ERRORS * sqrt(share * (1 - share) / rows) + 1 / rows:
            problem = f"{action!r} was given to {found:.1%} of the rows, not to {share:.1%}"
            mend = "set action.shares to the probabilities that the experiment gave its actions with"
            raise mapping_error(file.path, file.written, [(("action", "shares"), f"{problem}; {mend}")])
