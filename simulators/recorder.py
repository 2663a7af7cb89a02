"""The recorder: counts a run while it is lived, and can be read at any time. Never a choice, never an average."""

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
from msgspec import structs

from simulators.results import Bin, Change, Contact, Newcomer, Run
from simulators.world.arrays import DAY_US, START_US, Ints
from simulators.world.catalogue import SILENCE_PRICE, WORTHS, Catalogue
from simulators.world.moments import Chosen, Moments, Outcome, Told
from simulators.world.people import RYAN
from simulators.world.personas import CHANNELS, CITIES
from simulators.world.rhythm import clock
from simulators.world.world import Judged

BINS = 50
CONTACTS_BEFORE, CONTACTS_AFTER = 30, 60
TRIALS = 200
"""Trials of a new content after which it is not new any more."""
_ZONES = list(CITIES.values())


class Recorder:
    """What happened in one run of a policy so far."""

    def __init__(self, catalogue: Catalogue, planned: int, customers: int) -> None:
        self._shop, self._planned = catalogue, planned
        self._sums = np.zeros((BINS, 5))
        """Decisions, expected, best, uniform, earned."""
        self._counts = np.zeros((BINS, 2), np.int64)
        self._channels = np.zeros((BINS, len(CHANNELS)), np.int64)
        self._contents = np.zeros((BINS, len(catalogue.items)), np.int64)
        self._hours = np.zeros((BINS, 24), np.int64)
        self._changes = np.zeros((CONTACTS_BEFORE + CONTACTS_AFTER, 6))
        self._before: list[list[tuple[float, ...]]] = [[] for _ in range(customers)]
        self._after = np.zeros(customers, np.int64)
        self._new = {name: [0, 0, 0.0, 0.0] for name, item in catalogue.items.items() if item.days[0] > 0}
        self._timeline: dict[int, Contact] = {}
        self._life: list[str] = []
        self.decisions = 0

    def decided(self, moments: Moments, chosen: Chosen, judged: Judged, changed: Ints) -> None:
        """Count a batch; `changed` (B,) says whose life has changed (1), will (0) or never does (-1)."""
        bins = moments.index * BINS // self._planned
        rows = np.column_stack([np.ones(moments.count), judged.chosen, judged.best, judged.uniform])
        np.add.at(self._sums, (bins[:, None], np.arange(4)), rows)
        silent = chosen.slot < 0
        np.add.at(self._sums[:, 4], bins[silent], -SILENCE_PRICE)
        np.add.at(self._counts, (bins[:, None], np.arange(2)), np.column_stack([silent, chosen.explored]))
        sent = np.flatnonzero(~silent)
        np.add.at(self._channels, (bins[sent], self._shop.slot_channel[chosen.slot[sent]]), 1)
        np.add.at(self._contents, (bins[sent], chosen.content[sent]), 1)
        hours, _ = clock(moments.city[sent], moments.send_us[sent, chosen.slot[sent]])
        np.add.at(self._hours, (bins[sent], hours), 1)
        self._count_changes(moments, chosen, judged, changed)
        for name in self._new:
            self._count_newcomer(name, moments, chosen, judged)
        for row in np.flatnonzero(moments.who == RYAN):
            self._timeline[int(moments.index[row])] = self._contact(int(row), moments, chosen, judged)
        self.decisions += moments.count

    def outcomes(self, outcomes: Sequence[Outcome]) -> None:
        """Count what came of earlier decisions."""
        for outcome in outcomes:
            self._sums[outcome.index * BINS // self._planned, 4] += WORTHS[outcome.name]
            if contact := self._timeline.get(outcome.index):
                came = (*contact.outcomes, outcome.name)
                self._timeline[outcome.index] = structs.replace(contact, outcomes=came)

    def told(self, day: int, told: Sequence[Told], events: Sequence[str]) -> None:
        """Note what happened in Ryan's life on a day, and whether it was told."""
        said = any(one.who == RYAN for one in told)
        self._life += [f"day {day}: {event}{', told' if said else ''}" for event in events]

    def run(self, policy: str, seed: int, refused: int) -> Run:
        """Return the run as it stands."""
        return Run(
            policy=policy,
            seed=seed,
            planned=self._planned,
            decisions=self.decisions,
            bins=tuple(self._bin(number) for number in range(BINS) if self._sums[number, 0]),
            changes=tuple(self._change(number) for number in range(len(self._changes)) if self._changes[number, 0]),
            newcomers=tuple(_newcomer(name, *counted) for name, counted in self._new.items()),
            timeline=tuple(self._timeline.values()),
            life=tuple(self._life),
            refused=refused,
        )

    def _count_changes(self, moments: Moments, chosen: Chosen, judged: Judged, changed: Ints) -> None:
        sent = chosen.slot >= 0
        desktop = sent & self._shop.desktop_only[chosen.content]
        for row in np.flatnonzero(changed >= 0):
            who = int(moments.who[row])
            facts = (1.0, judged.chosen[row], judged.best[row], judged.uniform[row], sent[row], desktop[row])
            if not changed[row]:
                self._before[who].append(facts)
                continue
            earlier, self._before[who] = self._before[who][-CONTACTS_BEFORE:], []
            for back, past in enumerate(reversed(earlier), start=1):
                self._changes[CONTACTS_BEFORE - back] += past
            if self._after[who] < CONTACTS_AFTER:
                self._changes[CONTACTS_BEFORE + self._after[who]] += facts
                self._after[who] += 1

    def _count_newcomer(self, name: str, moments: Moments, chosen: Chosen, judged: Judged) -> None:
        counted, number = self._new[name], self._shop.contents.index(name)
        eligible = moments.open[:, :, number].any(axis=1)
        if counted[1] >= TRIALS or not eligible.any():
            return
        tried = chosen.content == number
        counted[0] += int(eligible.sum())
        counted[1] += int(tried.sum())
        counted[2] += float(judged.chosen[tried].sum())
        counted[3] += float(judged.chosen[eligible & ~tried].sum())

    def _contact(self, row: int, moments: Moments, chosen: Chosen, judged: Judged) -> Contact:
        slot, content = int(chosen.slot[row]), int(chosen.content[row])
        best, best_content = int(judged.best_slot[row]), int(judged.best_content[row])
        zone = ZoneInfo(_ZONES[moments.city[row]])
        nothing = ("", "")
        channel, slot_name = self._shop.slots[slot] if slot >= 0 else nothing
        best_channel, best_slot = self._shop.slots[best] if best >= 0 else nothing
        return Contact(
            day=int((moments.now_us - START_US) // DAY_US),
            time=_shown(moments.now_us, zone),
            channel=channel,
            content=self._shop.contents[content] if slot >= 0 else "",
            slot=slot_name,
            send_time=_shown(int(moments.send_us[row, slot]), zone) if slot >= 0 else "",
            expected=float(judged.chosen[row]),
            best=float(judged.best[row]),
            best_channel=best_channel,
            best_content=self._shop.contents[best_content] if best >= 0 else "",
            best_slot=best_slot,
            desktop_only=bool(slot >= 0 and self._shop.desktop_only[content]),
            outcomes=(),
        )

    def _bin(self, number: int) -> Bin:
        decisions, expected, best, uniform, earned = self._sums[number].tolist()
        silent, explored = self._counts[number].tolist()
        channels, contents = self._channels[number].tolist(), self._contents[number].tolist()
        return Bin(
            decisions=int(decisions),
            expected=expected,
            earned=earned,
            best=best,
            uniform=uniform,
            silent=silent,
            explored=explored,
            channels=dict(zip(CHANNELS, channels, strict=True)),
            contents=dict(zip(self._shop.contents, contents, strict=True)),
            hours=tuple(self._hours[number].tolist()),
        )

    def _change(self, number: int) -> Change:
        decisions, expected, best, uniform, sent, desktop = self._changes[number].tolist()
        return Change(number - CONTACTS_BEFORE, int(decisions), expected, best, uniform, int(sent), int(desktop))


def _newcomer(name: str, eligible: float, tried: float, own: float, others: float) -> Newcomer:
    other = eligible - tried
    usual = others / other if other else 0.0
    return Newcomer(name, int(eligible), int(tried), (tried * usual - own) / others if others else 0.0)


def _shown(time_us: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(time_us / 1e6, UTC).astimezone(zone).isoformat(timespec="minutes")
