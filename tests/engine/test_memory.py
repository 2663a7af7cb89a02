"""Memory: what a customer's sums promise, however many things they are about and however they come together."""

from random import Random

import pytest

from engine.customers.memory import DAY_US, KEYS_MAX, Sums, add, joined_sums, worth, worths
from tests.wardrobe import NOON_US

END_US = NOON_US + 90 * DAY_US


def lived(seed: int, names: int) -> Sums:
    """Return the sums of one who cared for so many things, on days and as much as the seed says."""
    dice, sums = Random(seed), Sums()
    for _ in range(3 * names):
        day = dice.randrange(90)
        add(sums, "category", f"c{dice.randrange(names)}", dice.choice([1.0, 3.0, 5.0]), NOON_US + day * DAY_US)
    return sums


@pytest.mark.parametrize("seed", range(20))
def test_put_together_the_strongest_of_both_stay_each_in_full(seed: int) -> None:
    """Two customers found to be one have what both had, in either order; only the faintest of it is forgotten."""
    both = [lived(seed, 90), lived(seed + 100, 90)]
    each = [worths(sums, "category", END_US) for sums in both]
    whole = {name: sum(one.get(name, 0.0) for one in each) for name in each[0].keys() | each[1].keys()}
    assert len(whole) > KEYS_MAX
    strongest = dict(sorted(whole.items(), key=lambda item: (item[1], item[0]))[-KEYS_MAX:])
    for order in (both, both[::-1]):
        assert worths(joined_sums(order), "category", END_US) == pytest.approx(strongest)


def test_the_faintest_is_forgotten_for_the_next() -> None:
    """Of sixty-five things the one that is worth least goes, be it large and long ago."""
    sums: Sums = {}
    add(sums, "category", "long ago", 10.0, NOON_US - 600 * DAY_US)
    for number in range(KEYS_MAX):
        add(sums, "category", f"c{number}", 1.0, NOON_US)
    assert len(sums["category"]) == KEYS_MAX
    assert worth(sums, "category", NOON_US, "long ago") == 0.0
