"""Measures: the few figures that a report is read for, each by one rule. Never a run, never a judgement of the world.

Every measure is worked out for each seed and shown as the mean over seeds with the least and the greatest. Its target
is what the engine is to reach on its defaults, at 30,000 decisions and five seeds.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from msgspec import Struct

from simulators.results import Bin, Change, Report, Run, oracle_share
from simulators.world.scenarios import SCENARIOS

ENGINE, FROZEN, CONSTANT, SHARED, ISOLATED = "engine", "frozen", "best-constant", "shared-model", "isolated-channels"
RECOVERED = 0.9
"""Part of the share before a change at which a policy has recovered from it."""
ROLLING = 10
"""Contacts that a share around a life event is taken over."""
LAST = 5
"""The end of a run is its last fifth."""
_FLIP_DAY = SCENARIOS["taste-flip"].happenings[0].first_day


class Measured(Struct, frozen=True):
    """One measure over some seeds: `values` by seed (None where it cannot be told), its target, and what it means."""

    name: str
    meaning: str
    target: str
    values: tuple[float | None, ...]

    @property
    def known(self) -> list[float]:
        """The values that could be told."""
        return [value for value in self.values if value is not None]


ByPolicy = Mapping[str, Run]
"""The runs of one seed."""
Rule = Callable[[ByPolicy], float | None]


def measures(report: Report) -> list[Measured]:
    """Return what a report's scenario is read for."""
    seeds = [
        {run.policy: run for run in report.runs if run.seed == seed}
        for seed in dict.fromkeys(run.seed for run in report.runs)
    ]
    scenario = report.settings.scenario
    last_fifth = ("share", "oracle share over the last fifth", _SHARE_TARGETS.get(scenario, ""), _end_share(ENGINE))
    rules = [last_fifth, *_RULES.get(scenario, ())]
    return [Measured(name, meaning, target, tuple(map(rule, seeds))) for name, meaning, target, rule in rules]


def share_of(bins: Iterable[Bin]) -> float | None:
    """Return the oracle share over several bins."""
    chosen = list(bins)
    sums = (sum(getattr(one, field) for one in chosen) for field in ("expected", "best", "uniform"))
    return oracle_share(*sums)


def mean_reward(bins: Iterable[Bin]) -> float | None:
    """Return the expected reward of a decision over several bins."""
    chosen = list(bins)
    decisions = sum(one.decisions for one in chosen)
    return sum(one.expected for one in chosen) / decisions if decisions else None


def end_of(run: Run | None) -> Sequence[Bin]:
    """Return the last fifth of a run's bins; none where there is no run."""
    return run.bins[-max(len(run.bins) // LAST, 1) :] if run and run.bins else ()


def contacts_share(changes: Sequence[Change], first: int, last: int) -> float | None:
    """Return the oracle share of the contacts from one to another around life events, both included."""
    mine = [one for one in changes if first <= one.contact <= last]
    sums = (sum(getattr(one, field) for one in mine) for field in ("expected", "best", "uniform"))
    return oracle_share(*sums)


def contacts_to_recover(run: Run | None) -> float | None:
    """Return after how many contacts the movers' share, over ten contacts, is back at 90 % of what it was before."""
    if run is None or not run.changes:
        return None
    before = contacts_share(run.changes, -ROLLING, -1)
    last = max(one.contact for one in run.changes)
    if before is None or before <= 0:
        return None
    for first in range(last - ROLLING + 2):
        share = contacts_share(run.changes, first, first + ROLLING - 1)
        if share is not None and share >= RECOVERED * before:
            return float(first + ROLLING)
    return None


def desktop_share(run: Run | None, first: int = 10, last: int = 40) -> float | None:
    """Return the part of what movers are sent, from the eleventh contact on, that is for desktops only."""
    mine = [one for one in run.changes if first <= one.contact <= last] if run else []
    sent = sum(one.sent for one in mine)
    return sum(one.desktop_only for one in mine) / sent if sent else None


def decisions_to_recover(run: Run | None, day: int) -> float | None:
    """Return how many decisions after a day on which all changed the share is back at 90 % of what it was before.

    It is counted from the first bin that reaches into that day, and none that began before it counts as recovered.
    """
    if run is None:
        return None
    before = [one for one in run.bins if one.last_day < day]
    was = share_of(before[-LAST:])
    if was is None or was <= 0:
        return None
    decisions = 0
    for number, one in enumerate(run.bins[len(before) :]):
        decisions += one.decisions
        if number > 0 and one.share is not None and one.share >= RECOVERED * was:
            return float(decisions)
    return None


def _of(policy: str, of: Callable[[Run | None], float | None]) -> Rule:
    return lambda runs: of(runs.get(policy))


def _ratio(one: float | None, other: float | None) -> float | None:
    return one / other if one is not None and other is not None and other > 0 else None


def _end_share(policy: str) -> Rule:
    return lambda runs: share_of(end_of(runs.get(policy)))


def _reward_against(policy: str) -> Rule:
    return lambda runs: _ratio(mean_reward(end_of(runs.get(ENGINE))), mean_reward(end_of(runs.get(policy))))


def _movers_against_frozen(runs: ByPolicy) -> float | None:
    engine, frozen = (_movers_end(runs.get(name)) for name in (ENGINE, FROZEN))
    return _ratio(engine, frozen)


def _movers_end(run: Run | None) -> float | None:
    """Return the movers' expected reward a contact, from the thirty-first contact after the move on."""
    late = [one for one in run.changes if one.contact >= 30] if run else []
    decisions = sum(one.decisions for one in late)
    return sum(one.expected for one in late) / decisions if decisions else None


def _movers_share_kept(run: Run | None) -> float | None:
    if run is None or not run.changes:
        return None
    return _ratio(contacts_share(run.changes, 30, 60), contacts_share(run.changes, -ROLLING, -1))


def _tried(run: Run | None) -> float | None:
    newcomers = [one for one in run.newcomers if one.eligible] if run else []
    return min((one.tried / one.eligible for one in newcomers), default=None)


def _cost(run: Run | None) -> float | None:
    newcomers = [one for one in run.newcomers if one.tried] if run else []
    return max((one.cost for one in newcomers), default=None)


_SHARE_TARGETS = {"steady": ">= 0.85", "late-rewards": ">= 0.9 of steady's"}
_RECOVERY = (
    "contacts until recovered",
    "contacts after the move until a mover's share, over ten of them, is back at 90 % of the one before",
    "<= 30",
    _of(ENGINE, contacts_to_recover),
)
_RULES: Mapping[str, Sequence[tuple[str, str, str, Rule]]] = {
    "ryan": (
        _RECOVERY,
        (
            "desktop-only offers",
            "their part of what movers are sent after ten contacts",
            "< 0.05",
            _of(ENGINE, desktop_share),
        ),
    ),
    "silent-move": (
        (
            "reward to frozen",
            "movers' reward from the 31st contact on, to the frozen policy's",
            ">= 1.5",
            _movers_against_frozen,
        ),
        (
            "share kept",
            "movers' share from the 31st contact on, to the ten before",
            ">= 0.75",
            _of(ENGINE, _movers_share_kept),
        ),
        _RECOVERY,
    ),
    "taste-flip": (
        (
            "decisions until recovered",
            "decisions after the flip until the share is back at 90 % of the one before",
            "<= 4000",
            _of(ENGINE, partial(decisions_to_recover, day=_FLIP_DAY)),
        ),
    ),
    "one-message": (
        (
            "reward to best constant",
            "reward over the last fifth, to the best constant's",
            ">= 0.97",
            _reward_against(CONSTANT),
        ),
    ),
    "channels-differ": (
        ("reward to one model", "reward over the last fifth, to one shared model's", ">= 1", _reward_against(SHARED)),
        ("reward to isolated", "reward over the last fifth, to isolated channels'", ">= 1", _reward_against(ISOLATED)),
    ),
    "new-content": (
        (
            "tried",
            "part of the eligible decisions that tried the new content, until 200 had",
            ">= 0.01",
            _of(ENGINE, _tried),
        ),
        ("cost", "what that cost, as a part of the others' reward", "< 0.01", _of(ENGINE, _cost)),
    ),
}
