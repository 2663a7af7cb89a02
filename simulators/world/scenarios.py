"""Scenarios: worlds with permanent ids, each as its description reads. Never a person, never a policy.

An id never changes its meaning: figures of different commits are compared by it.
"""

from collections.abc import Mapping

from msgspec import Struct, field, structs

from simulators.world.catalogue import ITEMS, QUICK, SLOW, Item
from simulators.world.life_events import Happening, Visibility


class Scenario(Struct, frozen=True):
    """What a world is like, and what happens in it.

    It lasts `days`; each customer is contacted every `contact_every_days` on average. `quirk` is how unlike their
    persona people are. `items` and `windows` are what may be said and how long it is waited for. `slowness` multiplies
    the time that clicks and all after them take. `fatigue` multiplies what messages wear out. `channel_fit` is the
    standard deviation, in log-odds, of how contents do on channels, `appeal` of how they do with everyone.
    `favourite` is a content that everyone likes best; then all people are alike. `stock` gives units of a content that
    come in every week. `joining` says that people come in over all days instead of being there from the first, and that
    nothing is told of them. `dirt` is the share of reports that are wrong or doubled.
    """

    id: str
    description: str
    days: int = 60
    contact_every_days: float = 2.0
    quirk: float = 0.3
    items: Mapping[str, Item] = field(default_factory=lambda: ITEMS)
    windows: Mapping[str, str] = field(default_factory=lambda: QUICK)
    happenings: tuple[Happening, ...] = ()
    slowness: float = 1.0
    fatigue: float = 1.0
    channel_fit: float = 0.3
    appeal: float = 0.25
    favourite: str = ""
    stock: Mapping[str, int] = {}
    joining: bool = False
    dirt: float = 0.0


def _described(*scenarios: Scenario) -> dict[str, Scenario]:
    return {scenario.id: scenario for scenario in scenarios}


_MOVE = Happening("move", first_day=24, last_day=33, share=0.7, persona="ryan", shows=Visibility.ANNOUNCED)
_NEW_ITEM = Item("club", 59.9, "bold", days=(30, 10**6))

SCENARIOS: Mapping[str, Scenario] = _described(
    Scenario("steady", "Nothing changes: people unlike each other, who stay as they are."),
    Scenario(
        "ryan",
        "Seven in ten small-town customers, Ryan among them, move to Chicago, into another life, and say so.",
        days=90,
        contact_every_days=1.5,
        happenings=(_MOVE,),
    ),
    Scenario(
        "silent-move",
        "The same move, of which no attribute tells: it shows only in what they do.",
        days=90,
        contact_every_days=1.5,
        happenings=(structs.replace(_MOVE, shows=Visibility.BEHAVIOUR),),
    ),
    Scenario(
        "taste-flip",
        "Midway everyone wants what she cared nothing for.",
        happenings=(Happening("taste-flip", 30, 30),),
    ),
    Scenario(
        "season",
        "The warm season comes to everyone within ten days, and lives change here and there all the time.",
        items={**ITEMS, "winter-parka": structs.replace(ITEMS["winter-parka"], days=(0, 35))},
        happenings=(
            Happening("season", 25, 35),
            Happening("new-job", 5, 55, share=0.05),
            Happening("baby", 5, 55, share=0.05, shows=Visibility.INVISIBLE),
            Happening("broken-phone", 5, 55, share=0.05),
            Happening("lost-habit", 5, 55, share=0.05),
        ),
    ),
    Scenario(
        "new-content",
        "Midway a content comes in that nobody has seen, good for those who like its category.",
        items={**ITEMS, "summer-nights": _NEW_ITEM},
    ),
    Scenario(
        "late-rewards",
        "As steady, but people take days to click and to buy.",
        windows=SLOW,
        slowness=150.0,
    ),
    Scenario("dirty-data", "As steady, but one report in twenty is wrong, doubled or from a machine.", dirt=0.05),
    Scenario(
        "fatigue",
        "Everyone is written to every day and tires of it three times as fast: each message takes from the next.",
        contact_every_days=1.0,
        fatigue=3.0,
    ),
    Scenario(
        "stock",
        "The dearest and the best run out during the week.",
        stock={"navy-suit": 15, "oxford-shirt": 15, "striped-polo": 25, "record-shop-tee": 15, "rain-jacket": 15},
    ),
    Scenario(
        "one-message",
        "All are alike and one message is best for all: personalising does not pay.",
        favourite="rain-jacket",
    ),
    Scenario("channels-differ", "What works on one channel fails on the next.", channel_fit=1.5),
    Scenario("cold-start", "New people come in every day, and nothing is told of them.", joining=True),
)
"""Every scenario by its id."""

_SPARE = 1.04
"""People beyond those needed on average: some refuse every channel, and a run shall not end before its decisions."""
_THERE_WHILE_JOINING = 0.55


def customers_for(scenario: Scenario, decisions: int) -> int:
    """Return how many people a run of so many decisions needs."""
    contacts = scenario.days / scenario.contact_every_days * (_THERE_WHILE_JOINING if scenario.joining else 1.0)
    return max(round(decisions / contacts * _SPARE) + 1, 2)
