"""The values a campaign is written with: names, numbers, times, durations, dates. Never a rule between two of them.

Every refusal is a predicate ("must be a number such as 0.5, but is 'cheap'") that `mending` puts behind a subject.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from math import isfinite
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic_core import PydanticCustomError

from engine.campaign.formula import NotAFormula, parsed

MAX_NUMBER = 1e6
MAX_NAME_CHARACTERS = 128
MAX_FEATURE_BYTES = 256
MAX_DESCRIPTION_CHARACTERS = 10_000
MAX_DURATION_US = 90 * 86_400_000_000

Path = tuple[str | int, ...]
"""Where a value stands in a campaign's file: the names of fields and the places in lists that lead to it."""

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""Days of the week as they are written; a day's place is its number, Monday 0."""

_DAY_WORDS = {"all": (0, 1, 2, 3, 4, 5, 6), "weekdays": (0, 1, 2, 3, 4), "weekend": (5, 6)}
_UNIT_US = {
    "second": 1_000_000,
    "minute": 60_000_000,
    "hour": 3_600_000_000,
    "day": 86_400_000_000,
    "week": 604_800_000_000,
}
_TIME_OF_DAY = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
_WINDOW = re.compile(r"([0-9]{1,8}) *(second|minute|hour|day|week)s?", re.ASCII)
_DURATION = re.compile(r"([0-9]{1,6}) *(minute|hour|day|week)s?", re.ASCII)
_IDENTITY_TYPE = re.compile(r"[a-z][a-z0-9_]{0,63}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_DATE_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})", re.ASCII
)


class Entry(BaseModel):
    """A group of fields in a campaign's file: frozen, and no field that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def refusal(predicate: str) -> PydanticCustomError:
    """Return the error that refuses a value; the predicate says what it must be and what to write."""
    return PydanticCustomError("mend", predicate)


def shown(value: object) -> str:
    """Return a value as it may stand in a sentence for a marketer: quoted, without control characters, cut short."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{value:g}" if abs(value) < 1e15 else str(value)[:40]
    if isinstance(value, str):
        text = value if len(value) <= 40 else value[:40] + "…"
        return "'" + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text) + "'"
    return "several fields" if isinstance(value, Mapping) else "a list" if isinstance(value, list) else "something else"


def subject(path: Path) -> str:
    """Return what a sentence about a path is about."""
    if not path:
        return "the file"
    if isinstance(path[-1], int):
        return f"item {path[-1] + 1} of {subject(path[:-1])}"
    plain = path[-1].replace("_", "").replace("-", "").isalnum()
    return path[-1] if plain and len(path[-1]) <= 40 else shown(path[-1])


def number(value: object) -> float:
    """Return a finite number within ±1e6; raises where the value is text, a truth value or beyond."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise refusal(f"must be a plain number such as 0.5, without unit, sign or quotes, but is {shown(value)}")
    if not isfinite(value) or abs(value) > MAX_NUMBER:
        raise refusal(f"must be a number between -{MAX_NUMBER:.0f} and {MAX_NUMBER:.0f}, but is {shown(value)}")
    return float(value)


def whole(value: object) -> int:
    """Return a whole number; raises for fractions, text and truth values."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise refusal(f"must be a whole number such as 3, but is {shown(value)}")
    return value


def truth(value: object) -> bool:
    """Return true or false; raises for words that only look like them."""
    if not isinstance(value, bool):
        raise refusal(f"must be true or false, but is {shown(value)}")
    return value


def name(value: object) -> str:
    """Return a name without surrounding blanks: 1 to 128 printable characters."""
    if not isinstance(value, str):
        raise refusal(f"must be text, but is {shown(value)}; put quotes around what is meant as text, such as '2026'")
    stripped = value.strip()
    if not 1 <= len(stripped) <= MAX_NAME_CHARACTERS:
        raise refusal(f"must have 1 to {MAX_NAME_CHARACTERS} characters, but has {len(stripped)}")
    if not stripped.isprintable():
        raise refusal(f"must not hold line breaks or invisible characters, but is {shown(stripped)}")
    return stripped


def identity_type(value: object) -> str:
    """Return a type of identity: 1 to 64 lower-case letters, digits and underscores."""
    if not isinstance(value, str) or not _IDENTITY_TYPE.fullmatch(value.strip()):
        raise refusal(f"must be a type of identity such as email, phone or app, but is {shown(value)}")
    return value.strip()


def description(value: object) -> str:
    """Return free text of at most 10,000 characters."""
    if not isinstance(value, str):
        raise refusal(f"must be text, but is {shown(value)}; put quotes around it")
    if len(value) > MAX_DESCRIPTION_CHARACTERS:
        raise refusal(f"must have at most {MAX_DESCRIPTION_CHARACTERS} characters, but has {len(value)}")
    return value.strip()


def feature_name(value: object) -> str:
    """Return a free feature's name: not empty, printable, at most 256 bytes of UTF-8."""
    text = feature_text(value)
    if not text:
        raise refusal("must not be an empty name")
    return text


def feature_text(value: object) -> str:
    """Return a free feature's text without surrounding blanks: printable, at most 256 bytes of UTF-8."""
    if not isinstance(value, str):
        raise refusal(f"must be text, a number, or true or false, but is {shown(value)}")
    stripped = value.strip()
    if not stripped.isprintable():
        raise refusal(f"must not hold line breaks or invisible characters, but is {shown(stripped)}")
    if len(stripped.encode()) > MAX_FEATURE_BYTES:
        raise refusal(f"must have at most {MAX_FEATURE_BYTES} bytes of UTF-8, but has {len(stripped.encode())}")
    return stripped


def feature_value(value: object) -> str | float | bool:
    """Return a free feature's value: text, a number within ±1e6, or a truth value."""
    if isinstance(value, bool):
        return value
    return number(value) if isinstance(value, int | float) else feature_text(value)


def time_of_day(value: object) -> int:
    """Return seconds after local midnight, 0 to 86,340, of a time such as 17:30."""
    match = _TIME_OF_DAY.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise refusal(f"must be a time on the 24-hour clock such as 08:00 or 17:30, but is {shown(value)}")
    return int(match[1]) * 3600 + int(match[2]) * 60


def end_of_day(value: object) -> int:
    """Return seconds after local midnight, 0 to 86,400: like `time_of_day`, and 24:00."""
    return 86_400 if value == "24:00" else time_of_day(value)


def duration_us(text: str) -> int:
    """Return the microseconds of a duration that `duration` accepted."""
    count, unit = text.split(" ")
    return int(count) * _UNIT_US[unit.removesuffix("s")]


def duration(value: object) -> str:
    """Return a duration of one minute to 90 days, written alike: a whole number, a blank, a unit."""
    return _stretch(value, _DURATION, "7 days, 12 hours or 30 minutes", "1 minute")


def window(value: object) -> str:
    """Return a reward window of one second to 90 days, written alike: a whole number, a blank, a unit."""
    return _stretch(value, _WINDOW, "3 days, 1 hour or 30 seconds", "1 second")


def _stretch(value: object, form: re.Pattern[str], examples: str, shortest: str) -> str:
    match = form.fullmatch(value.strip().lower()) if isinstance(value, str) else None
    if match is None:
        raise refusal(f"must be a whole number and a unit, such as {examples}, but is {shown(value)}")
    count, unit = int(match[1]), match[2]
    if not 0 < count * _UNIT_US[unit] <= MAX_DURATION_US:
        raise refusal(f"must be between {shortest} and 90 days, but is {shown(value)}")
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def worth(value: object) -> float | str:
    """Return what an outcome is worth: a number, or a formula over its amount such as min(amount / 200, 1)."""
    if not isinstance(value, str):
        return number(value)
    try:
        parsed(value)
    except NotAFormula as error:
        raise refusal(
            f"must be a number, or a formula over amount such as min(amount / 200, 1), but {shown(value)} {error}"
        ) from error
    return value.strip()


def days(value: object) -> tuple[int, ...]:
    """Return the days of the week, Monday 0, in order and once each."""
    if isinstance(value, str) and value in _DAY_WORDS:
        return _DAY_WORDS[value]
    if isinstance(value, list | tuple) and value and all(isinstance(day, str) and day in DAYS for day in value):
        return tuple(sorted({DAYS.index(day) for day in value}))
    wrong = next((day for day in value if day not in DAYS), value) if isinstance(value, list) else value
    raise refusal(f"must be all, weekdays, weekend, or a list such as [mon, wed, fri], but is {shown(wrong)}")


def moment(value: object) -> date | datetime:
    """Return a date, or a date and time with its offset from UTC, between the years 1970 and 9990."""
    parsed = _parsed_moment(value) if isinstance(value, str) else value
    if not isinstance(parsed, date) or (isinstance(parsed, datetime) and parsed.tzinfo is None):
        raise refusal(
            "must be a date such as 2026-12-24, or a time with its offset from UTC such as "
            f"2026-12-24T18:00-06:00, but is {shown(value)}"
        )
    if not 1970 <= parsed.year <= 9990:
        raise refusal(f"must lie between the years 1970 and 9990, but is {shown(value)}")
    return parsed


def _parsed_moment(text: str) -> date | datetime | None:
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
        return datetime.fromisoformat(text) if _DATE_TIME.fullmatch(text) else None
    except ValueError:  # such as 2026-02-30
        return None


Name = Annotated[str, BeforeValidator(name)]
IdentityType = Annotated[str, BeforeValidator(identity_type)]
Description = Annotated[str, BeforeValidator(description)]
Number = Annotated[float, BeforeValidator(number)]
Whole = Annotated[int, BeforeValidator(whole)]
Truth = Annotated[bool, BeforeValidator(truth)]
FromTime = Annotated[int, BeforeValidator(time_of_day)]
UntilTime = Annotated[int, BeforeValidator(end_of_day)]
Duration = Annotated[str, BeforeValidator(duration)]
Window = Annotated[str, BeforeValidator(window)]
Worth = Annotated[float | str, BeforeValidator(worth)]
Days = Annotated[tuple[int, ...], BeforeValidator(days)]
Moment = Annotated[date | datetime, BeforeValidator(moment)]
FeatureName = Annotated[str, BeforeValidator(feature_name)]
FeatureValue = Annotated[str | float | bool, BeforeValidator(feature_value)]
