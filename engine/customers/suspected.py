"""Suspected: what all customers' looks come to, and the hazards that follow. Never one customer.

For the chance before any deed that is expectation and maximisation, a step with every look (Dempster, Laird and Rubin,
1977; Cappé and Moulines, "On-line expectation-maximization algorithm for latent data models", 2009, section 2). For a
day it is the chance of it that makes all looks likeliest: each look tells how much likelier what she did is where she
changed that day, so that what was looked at before anybody suspected the day counts as much as what comes after.
"""

from msgspec import Struct

from engine.customers.hazards import (
    AT_ANY_TIME,
    DAYS_TOLD,
    NEVER,
    ON_ANY_DAY,
    UNKNOWN,
    Chances,
    Hazards,
    Suspicion,
)
from engine.customers.memory import DAY_US, HOUR_US

_LEAST = 0.001  # before any one deed, however long nothing changed
_DEEDS_BEFORE, _LOOKS_BEFORE = 200.0, 10.0
"""So many deeds, and looks at a day, weigh as much as what is thought where little is known."""
_DEEDS_HALVING_HOURS, _LOOKS_HALVING_HOURS, _TURNED_HALVING_HOURS = 240.0, 36.0, 60.0
_DAYS_KEPT = 64
_LIKELIEST = 0.95  # chance of a change on a day, whatever all say
_HALVINGS = 12  # of what the chance of a day may be: less than a thousandth
_DEEDS_TURNED, _TURNED_BEFORE = 3.0, 5.0
"""What others turned to tells as much as so many deeds of her own, half of it where so many others are known of."""
_FAVOURITES_KEPT = 64

Looks = dict[float, float]
"""How many looks told this of a day, by what they told."""


class Suspected(Struct):
    """What all customers' looks came to, each counting half after a day and a half; and the hazards as of that `hour`.

    `told` is what looks told of each of the last days, of a change of life and of taste; `odds` are those found of each
    day. `turned` is what customers came to care for, by what they cared for most before.
    """

    hour: int = 0
    deeds: float = 0.0
    at_any_time: Chances = NEVER
    told: dict[int, tuple[Looks, Looks]] = {}
    odds: dict[int, Chances] = {}
    turned: dict[str, dict[str, float]] = {}
    hazards: Hazards = UNKNOWN


def fold(all_: Suspected, one: Suspicion, time_us: int) -> None:
    """Count what a look at a customer came to; hazards follow with the first look of every hour."""
    hour = time_us // HOUR_US
    if hour > all_.hour:
        _fade(all_, hour)
        all_.hazards = _hazards(all_, hour * HOUR_US // DAY_US)
    all_.deeds += one.deeds
    all_.at_any_time = (all_.at_any_time[0] + one.at_any_time[0], all_.at_any_time[1] + one.at_any_time[1])
    for day, told in one.on_days.items():
        for looks, each in zip(all_.told.setdefault(day, ({}, {})), told, strict=True):
            looks[each] = looks.get(each, 0.0) + 1.0
    if one.turned is not None:
        before, since = one.turned
        parts = all_.turned.setdefault(before, {})
        for name, part in since.items():
            parts[name] = parts.get(name, 0.0) + part


def _fade(all_: Suspected, hour: int) -> None:
    """Let what was counted weigh less by the hours since, and forget days of long ago and what few care for."""
    hours = hour - all_.hour
    slowly, quickly, turned = (
        0.5 ** (hours / halving) for halving in (_DEEDS_HALVING_HOURS, _LOOKS_HALVING_HOURS, _TURNED_HALVING_HOURS)
    )
    all_.hour = hour
    all_.deeds *= slowly
    all_.at_any_time = (all_.at_any_time[0] * slowly, all_.at_any_time[1] * slowly)
    today = hour * HOUR_US // DAY_US
    all_.told = {
        day: (_faded(life, quickly), _faded(taste, quickly))
        for day, (life, taste) in all_.told.items()
        if day >= today - DAYS_TOLD
    }
    all_.odds = {day: odds for day, odds in all_.odds.items() if day >= today - _DAYS_KEPT}
    kept = sorted(all_.turned.items(), key=lambda each: (-sum(each[1].values()), each[0]))[:_FAVOURITES_KEPT]
    all_.turned = {before: _most(since, turned) for before, since in kept}


def _faded(looks: Looks, part: float) -> Looks:
    return {told: count * part for told, count in looks.items()}


def _most(since: dict[str, float], part: float) -> dict[str, float]:
    """Return what most turned to, weighing a part."""
    kept = sorted(since.items(), key=lambda each: (-each[1], each[0]))[:_FAVOURITES_KEPT]
    return {name: count * part for name, count in kept}


def _hazards(all_: Suspected, today: int) -> Hazards:
    """Return the hazards that make what was found likeliest, as far as it outweighs what was thought before."""
    life, taste = (
        max(_LEAST, (found + known * _DEEDS_BEFORE) / (all_.deeds + _DEEDS_BEFORE))
        for found, known in zip(all_.at_any_time, AT_ANY_TIME, strict=True)
    )
    for day, told in all_.told.items():
        all_.odds[day] = (_likeliest(told[0], ON_ANY_DAY[0]), _likeliest(told[1], ON_ANY_DAY[1]))
    first, sums = today - _DAYS_KEPT, [NEVER]
    for day in range(first, today + 1):
        odds = all_.odds.get(day, ON_ANY_DAY)
        sums.append((sums[-1][0] + odds[0], sums[-1][1] + odds[1]))
    return Hazards((life, taste), first, tuple(sums), {name: _expected(since) for name, since in all_.turned.items()})


def _likeliest(looks: Looks, before: float) -> float:
    """Return the odds of a day under which what looks told of it is likeliest, and what was thought before.

    The logarithm of that likelihood is concave in the chance, and its slope is looked for where it is nothing.
    """
    ratios = [(2.0**told - 1, count) for told, count in looks.items()]
    least, most = 0.0, _LIKELIEST
    for _ in range(_HALVINGS):
        chance = (least + most) / 2
        slope = sum([count * more / (1 + chance * more) for more, count in ratios])
        slope += _LOOKS_BEFORE * (before / chance - (1 - before) / (1 - chance))
        least, most = (chance, most) if slope > 0 else (least, chance)
    chance = (least + most) / 2
    return chance / (1 - chance)


def _expected(since: dict[str, float]) -> dict[str, float]:
    """Return what the next may turn to, in deeds."""
    part = _DEEDS_TURNED / (sum(since.values()) + _TURNED_BEFORE)
    return {name: count * part for name, count in since.items()}
