"""Life events: what changes in people's lives, and in which of their fields. Never what they do, never a scenario.

Each event names the fields that it changes; a test holds it to them, and to the people it happens to.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum

import numpy as np
from msgspec import Struct, structs

from simulators.world.arrays import Floats, Ints, log_odds, logistic
from simulators.world.people import Mixture, People, tastes
from simulators.world.personas import CATEGORIES, CHANNELS, CITIES, DEVICES, Persona
from simulators.world.rhythm import rhythm

Fields = dict[str, Floats | Ints]


class Visibility(StrEnum):
    """How a life event shows: told of as attributes and lived, only lived, or neither."""

    ANNOUNCED = "announced"
    BEHAVIOUR = "behaviour"
    INVISIBLE = "invisible"


class LifeEvent(Struct, frozen=True):
    """A kind of event: the fields of `People` it changes, and how: new values for those it happens to, one row each."""

    changes: frozenset[str]
    change: Callable[[People, Ints, Mixture], Fields]


class Happening(Struct, frozen=True):
    """An event in a scenario: to whom, when, and how it shows.

    It happens to a `share` of the people of a persona (of all, where that is empty), to each on a day from `first_day`
    through `last_day`. Ryan is always among those of his persona.
    """

    event: str
    first_day: int
    last_day: int
    share: float = 1.0
    persona: str = ""
    shows: Visibility = Visibility.BEHAVIOUR


def happened(people: People, who: Ints, event: str, mixture: Mixture) -> People:
    """Return the people after an event to some of them."""
    found = LIFE_EVENTS[event].change(people, who, mixture)
    changed = {}
    for field, values in found.items():
        changed[field] = getattr(people, field).copy()
        changed[field][who] = values
    return structs.replace(people, **changed)


def _persona(mixture: Mixture, name: str) -> tuple[int, Persona]:
    return mixture.names.index(name), mixture.personas[name]


def _moved(people: People, who: Ints, mixture: Mixture) -> Fields:
    """A move to Chicago, into another life: new tastes, devices, hours and channels under the same quirks."""
    number, there = _persona(mixture, "ryan-in-chicago")
    kinds = list(mixture.personas.values())
    before, table = people.persona[who], tastes(kinds)
    reach = log_odds(np.array([[kind.channels[channel] for channel in CHANNELS] for kind in kinds]))
    device = np.array([there.devices.get(name, 0.0) for name in DEVICES])
    return {
        "persona": np.full(len(who), number),
        "city": np.full(len(who), list(CITIES).index("Chicago")),
        "taste": people.taste[who] - table[before] + table[number],
        "reach": logistic(log_odds(people.reach[who]) - reach[before] + reach[number]),
        "device": np.tile(device / device.sum(), (len(who), 1)),
        "rhythm": np.tile(rhythm(there), (len(who), 1, 1)),
        "price_sensitivity": np.full(len(who), there.price_sensitivity),
    }


def _new_job(people: People, who: Ints, mixture: Mixture) -> Fields:
    """A job in an office: a commuter's hours, something to wear for it, and money."""
    return {
        "taste": people.taste[who] + _by_category(business=3.0, casual=-0.8),
        "rhythm": np.tile(rhythm(_persona(mixture, "commuter")[1]), (len(who), 1, 1)),
        "price_sensitivity": people.price_sensitivity[who] * 0.6,
    }


def _baby(people: People, who: Ints, mixture: Mixture) -> Fields:
    """A baby: another kind of night, other things to buy, fewer visits."""
    return {
        "taste": people.taste[who] + _by_category(family=3.2, club=-1.5),
        "rhythm": np.tile(rhythm(_persona(mixture, "young-parent")[1]), (len(who), 1, 1)),
        "visits_per_day": people.visits_per_day[who] * 0.7,
    }


def _broken_phone(people: People, who: Ints, mixture: Mixture) -> Fields:  # noqa: ARG001  every event is called alike
    """A broken phone: what reaches her there does not any more, and she comes by desktop."""
    device = people.device[who].copy()
    phone = DEVICES.index("phone")
    device[:, DEVICES.index("desktop")] += 0.97 * device[:, phone]
    device[:, phone] *= 0.03
    reach = people.reach[who].copy()
    for channel in ("sms", "push", "app"):
        reach[:, CHANNELS.index(channel)] *= 0.05
    return {"device": device, "reach": reach}


def _lost_habit(people: People, who: Ints, mixture: Mixture) -> Fields:  # noqa: ARG001
    """A habit lost: she reads e-mail no more and comes less."""
    reach = people.reach[who].copy()
    reach[:, CHANNELS.index("email")] *= 0.1
    return {"reach": reach, "visits_per_day": people.visits_per_day[who] * 0.5}


def _season(people: People, who: Ints, mixture: Mixture) -> Fields:  # noqa: ARG001
    """The warm season: out of coats and jeans, into running shoes and what one wears at night."""
    shift = _by_category(outdoors=-1.8, casual=-0.8, sports=1.6, club=0.8)
    return {"taste": people.taste[who] + shift}


def _taste_flip(people: People, who: Ints, mixture: Mixture) -> Fields:  # noqa: ARG001
    """Tastes flip: everyone wants what she cared nothing for, three categories on."""
    return {"taste": np.roll(people.taste[who], 3, axis=1)}


def _by_category(**shifts: float) -> Floats:
    return np.array([shifts.get(name, 0.0) for name in CATEGORIES])


LIFE_EVENTS: Mapping[str, LifeEvent] = {
    "move": LifeEvent(
        frozenset({"persona", "city", "taste", "reach", "device", "rhythm", "price_sensitivity"}), _moved
    ),
    "new-job": LifeEvent(frozenset({"taste", "rhythm", "price_sensitivity"}), _new_job),
    "baby": LifeEvent(frozenset({"taste", "rhythm", "visits_per_day"}), _baby),
    "broken-phone": LifeEvent(frozenset({"device", "reach"}), _broken_phone),
    "lost-habit": LifeEvent(frozenset({"reach", "visits_per_day"}), _lost_habit),
    "season": LifeEvent(frozenset({"taste"}), _season),
    "taste-flip": LifeEvent(frozenset({"taste"}), _taste_flip),
}
"""Everything that can happen in a life."""
