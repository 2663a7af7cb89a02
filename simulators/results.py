"""Results: what one simulation found out, as frozen records that are one JSON file. Never a world, never a sentence.

Rewards are expected ones, in the campaign's unit, unless a field says otherwise: the world knows what each choice is
worth on average for this customer at this moment, and a policy is judged by that, not by its luck. `best` is what the
oracle would have chosen in this policy's place, `uniform` what a uniform choice is worth there.
"""

from msgspec import Struct


class Bin(Struct, frozen=True):
    """One stretch of a run's decisions: sums over them.

    `earned` is what really came of them, by the outcomes in and after their reward windows. `silent` of them sent
    nothing, `explored` made a less probable or less promising choice so as to learn. `channels`, `contents` and `hours`
    (24, on the clock that she is contacted by) count the messages sent.
    """

    decisions: int
    expected: float
    earned: float
    best: float
    uniform: float
    silent: int
    explored: int
    channels: dict[str, int]
    contents: dict[str, int]
    hours: tuple[int, ...]

    @property
    def share(self) -> float | None:
        """Oracle share; None where the oracle is no better than chance, as where there was no decision."""
        return oracle_share(self.expected, self.best, self.uniform)

    @property
    def regret(self) -> float:
        """Expected reward that the oracle would have had beyond this policy's."""
        return self.best - self.expected


class Contact(Struct, frozen=True):
    """One decision in one customer's life: when, what was sent where and for when, what it was worth, what came of it.

    Times are ISO 8601 on her own clock. Channel, content, slot and `send_time` are empty where nothing was sent; the
    oracle's choice is given beside.
    """

    day: int
    time: str
    channel: str
    content: str
    slot: str
    send_time: str
    expected: float
    best: float
    best_channel: str
    best_content: str
    best_slot: str
    desktop_only: bool
    outcomes: tuple[str, ...]


class Change(Struct, frozen=True):
    """Decisions for customers whose life changed, at the same number of contacts from it: sums over them.

    `contact` -1 is the last before the first life event, 0 the first after it. `desktop_only` of the `sent` messages
    were offers for desktops only.
    """

    contact: int
    decisions: int
    expected: float
    best: float
    uniform: float
    sent: int
    desktop_only: int


class Newcomer(Struct, frozen=True):
    """A content that came in during the run, until it had been tried `TRIALS` times, or to the end of the run.

    `eligible` decisions could have sent it, `tried` did. `cost` is the expected reward that was lost by that, as a
    share of what the other eligible decisions earned: negative where it did better than they.
    """

    content: str
    eligible: int
    tried: int
    cost: float


class Run(Struct, frozen=True):
    """One policy's life in one seed's world.

    `planned` decisions were to be taken. `changes` and `newcomers` are empty where nothing of the kind happened.
    `timeline` is the first customer's, Ryan's, and `life` what happened to him. `refused` counts facts that the engine
    would not take.
    """

    policy: str
    seed: int
    planned: int
    decisions: int
    bins: tuple[Bin, ...]
    changes: tuple[Change, ...]
    newcomers: tuple[Newcomer, ...]
    timeline: tuple[Contact, ...]
    life: tuple[str, ...]
    refused: int


class Timing(Struct, frozen=True):
    """How long one run took in seconds: in the policy (the engine, for one), and in the world and all else."""

    policy: str
    seed: int
    policy_seconds: float
    world_seconds: float


class Settings(Struct, frozen=True):
    """What a simulation was asked for; with the code's commit, all that its runs depend on."""

    scenario: str
    decisions: int
    customers: int
    days: int
    seeds: tuple[int, ...]
    policies: tuple[str, ...]
    target: str
    personas: str


class Report(Struct, frozen=True):
    """Everything about one simulation. `left_out` names policies that were not run, with the reason."""

    description: str
    settings: Settings
    commit: str
    interrupted: bool
    runs: tuple[Run, ...]
    timings: tuple[Timing, ...]
    left_out: dict[str, str]


def oracle_share(expected: float, best: float, uniform: float) -> float | None:
    """Return (policy - random) / (oracle - random); None where the oracle has no lead."""
    lead = best - uniform
    return (expected - uniform) / lead if lead > 1e-12 else None
