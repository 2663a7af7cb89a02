"""Personas: what kinds of people there are, as a file that anyone can extend describes them. Never one person.

`simulators/personas.yaml` explains the format as it goes. What is wrong in a file is said all at once, with its line
and field.
"""

from functools import partial
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import ErrorDetails
from pydantic_core.core_schema import ValidationInfo
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import Node

from simulators.csv_mapping import Place
from simulators.mapping_file import MappingError, mapping_error, nearest

PERSONAS_FILE = Path(__file__).parents[1] / "personas.yaml"
CATEGORIES = ("casual", "business", "club", "outdoors", "family", "sports")
CHANNELS = ("email", "sms", "push", "app", "web")
DEVICES = ("desktop", "phone", "tablet")
PARTS = {
    "small-hours": (1, 5),
    "dawn": (5, 7),
    "commute": (7, 9),
    "morning": (9, 12),
    "lunch": (12, 14),
    "afternoon": (14, 17),
    "ride-home": (17, 19),
    "evening": (19, 22),
    "night": (22, 25),
}
"""Parts of the day and their hours on her clock, the last not included; 24 is midnight."""
CITIES = {
    "Anytown": "America/New_York",
    "Chicago": "America/Chicago",
    "Denver": "America/Denver",
    "Seattle": "America/Los_Angeles",
    "London": "Europe/London",
    "Warsaw": "Europe/Warsaw",
}
AGES = ("18-24", "25-34", "35-49", "50-64", "65-99")
TIERS = ("none", "silver", "gold")
UNWANTED = -1.8
"""Log-odds of a click on what a persona says nothing about."""

Share = Annotated[float, Field(ge=0, le=1)]
Weights = dict[str, Annotated[float, Field(ge=0, le=1000)]]


class Persona(BaseModel):
    """One kind of person.

    `share` is her part of the population before it is brought to 1. `tastes` are log-odds of a click on a category
    she has opened a message about, -6 to 6, -1.8 for those left out. `channels` are the chances, 0 to 1, that a
    message is noticed at her best hour. `devices`, `cities`, `ages` and `tiers` are weights. `weekdays` and `weekend`
    give her attention by part of the day, 1 at its best. `price_sensitivity` is what the log-odds lose on the dearest
    content. `visits_per_week` are those of her own accord. `fatigue` is what attention loses, as a power of e, with
    each recent message, `boredom` with each recent sight of the same content. `buys` is the chance that a basket is
    bought, `returns` that a purchase comes back, `unsubscribes` that an opened message nobody wanted makes
    her leave a channel.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    who: Annotated[str, Field(min_length=1, max_length=300)]
    share: Annotated[float, Field(ge=0, le=1000)]
    cities: Weights
    ages: Weights
    tiers: Weights
    tastes: dict[str, Annotated[float, Field(ge=-6, le=6)]]
    price_sensitivity: Annotated[float, Field(ge=0, le=6)]
    devices: Weights
    channels: dict[str, Annotated[float, Field(gt=0, lt=1)]]
    weekdays: dict[str, Share]
    weekend: dict[str, Share]
    visits_per_week: Annotated[float, Field(ge=0, le=100)]
    fatigue: Annotated[float, Field(ge=0, le=2)]
    boredom: Annotated[float, Field(ge=0, le=2)]
    buys: Share
    returns: Share
    unsubscribes: Share

    @field_validator("cities", "ages", "tiers", "tastes", "devices", "channels", "weekdays", "weekend")
    @classmethod
    def _known(cls, value: dict[str, float], info: ValidationInfo) -> dict[str, float]:
        known = _NAMES[info.field_name or ""]
        for name in value:
            if name not in known:
                raise ValueError(f"{name!r} is none of what there is; {nearest(name, known)}")
        return value

    @field_validator("cities", "ages", "tiers", "devices")
    @classmethod
    def _some_weight(cls, value: dict[str, float]) -> dict[str, float]:
        if sum(value.values()) <= 0:
            raise ValueError("needs one weight above 0 at least")
        return value

    @field_validator("channels")
    @classmethod
    def _every_channel(cls, value: dict[str, float]) -> dict[str, float]:
        if missing := [name for name in CHANNELS if name not in value]:
            raise ValueError(f"lacks {', '.join(missing)}; give every channel its chance")
        return value

    @field_validator("weekdays", "weekend")
    @classmethod
    def _some_attention(cls, value: dict[str, float]) -> dict[str, float]:
        if max(value.values(), default=0) <= 0:
            raise ValueError("needs one part of the day above 0 at least")
        return value


_NAMES: dict[str, tuple[str, ...]] = {
    "cities": tuple(CITIES),
    "ages": AGES,
    "tiers": TIERS,
    "tastes": CATEGORIES,
    "devices": DEVICES,
    "channels": CHANNELS,
    "weekdays": tuple(PARTS),
    "weekend": tuple(PARTS),
}


class PersonasError(MappingError):
    """A personas file cannot be used; each line of the text names a line, a field and what to do."""


def load_personas(path: Path = PERSONAS_FILE) -> dict[str, Persona]:
    """Return the personas of a file by name, in its order; raises PersonasError with every problem and its line."""
    try:
        text = path.read_text(encoding="utf-8")
        written = YAML(typ="base", pure=True).compose(text)
        content = YAML(typ="safe", pure=True).load(text)
    except OSError as error:
        raise PersonasError(f"{path} cannot be read: {error.strerror}") from None
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise PersonasError(f"{path}, line {line}: is not YAML: {error.problem}") from None
    except (UnicodeDecodeError, YAMLError) as error:
        raise PersonasError(f"{path} is not YAML in UTF-8: {error}") from None
    return _checked(path, written, content)


def _checked(path: Path, written: Node | None, content: object) -> dict[str, Persona]:
    complain = partial(mapping_error, path, written)
    if not isinstance(content, dict) or not content:
        raise PersonasError(str(complain([((), "holds no personas; give each a name and its fields")])))
    found, problems = {}, []
    for name, fields in content.items():
        try:
            found[str(name)] = Persona.model_validate(fields)
        except ValidationError as error:
            problems += [_explained(str(name), problem) for problem in error.errors()]
    if not problems and sum(persona.share for persona in found.values()) <= 0:
        problems.append(((next(iter(found)), "share"), "is 0, as every persona's is; give one of them a share above 0"))
    if problems:
        raise PersonasError(str(complain(problems)))
    return found


def _explained(name: str, problem: ErrorDetails) -> tuple[Place, str]:
    place, message = (name, *problem["loc"]), problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        return place, f"unknown field; {nearest(str(place[-1]), list(Persona.model_fields))}"
    if problem["type"] == "missing":
        return place, "is missing; add it"
    return place, message[:1].lower() + message[1:]
