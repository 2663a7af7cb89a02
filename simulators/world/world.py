"""The world: lets days pass, says what may be chosen, judges and answers. Never a policy, never an engine.

One world is lived through by one policy. What people do of their own accord, when they are contacted and how lucky each
contact is depend on the seed alone, so that policies differ by what they choose and nothing else.
"""

from collections.abc import Sequence
from heapq import heappop, heappush
from zoneinfo import ZoneInfo

import numpy as np
from msgspec import Struct

from engine.eligibility import Calendar
from simulators.world.arrays import DAY_US, START_US, Bools, Floats, Ints, Purpose, generator
from simulators.world.behaviour import Visits, hours_of, visits_of
from simulators.world.catalogue import SILENCE_PRICE, Catalogue, catalogue
from simulators.world.dirt import soiled_outcomes, soiled_visits
from simulators.world.exposure import Exposure
from simulators.world.lives import Lives
from simulators.world.moments import Chosen, Moments, Outcome, Told
from simulators.world.people import Mixture
from simulators.world.personas import CHANNELS, CITIES
from simulators.world.reactions import (
    STEPS,
    UNIFORMS,
    Chances,
    Lens,
    Message,
    chances,
    drawn,
    expected,
)
from simulators.world.rhythm import clock
from simulators.world.scenarios import Scenario

BATCH_HOUR = 6
"""The hour, on her clock, at which the shop plans the messages of half of the contacts."""
_SLOW_STEPS = np.array([0.0, 1.0, 1.0, 1.0, 0.0])


class Judged(Struct, frozen=True):
    """What a world alone knows of B choices: expected rewards of what was chosen, of the best, of a uniform choice.

    `best_slot` and `best_content` (B,) are the oracle's choice, -1 for nothing.
    """

    chosen: Floats
    best: Floats
    uniform: Floats
    best_slot: Ints
    best_content: Ints


class Contacts(Struct, frozen=True):
    """The decisions of one day: customers, UTC hours, and the luck (n, 12) of each."""

    who: Ints
    hour: Ints
    luck: Floats


class World:
    """One scenario under one seed, as far as it has been lived."""

    def __init__(self, scenario: Scenario, mixture: Mixture, seed: int, customers: int) -> None:
        """Bring it to its first morning."""
        self.scenario, self.seed = scenario, seed
        self.catalogue: Catalogue = catalogue(f"{scenario.id}-{seed}", scenario.items, scenario.windows)
        self.lives = Lives(scenario, mixture, seed, customers)
        stock = [float(scenario.stock.get(name, np.inf)) for name in self.catalogue.contents]
        self.exposure = Exposure(customers, self.catalogue, np.array(stock))
        self._appeal, self._fit = self._invented()
        self._calendar = Calendar()
        self._zones = [ZoneInfo(name) for name in CITIES.values()]
        self._phase = generator(seed, Purpose.CONTACTS).random(customers) * scenario.contact_every_days
        self._coming: list[Outcome] = []

    def morning(self, day: int) -> Sequence[Told]:
        """Let a day begin: life happens; return what is told of it."""
        if day % 7 == 0:
            self.exposure.restock()
        return self.lives.day(day)

    def visits(self, day: int) -> Visits:
        """Return what people do of their own accord on a day."""
        return visits_of(self.lives.shown, day, self.seed)

    def reported(self, visits: Visits, outcomes: Sequence[Outcome], hour: int) -> tuple[Visits, Sequence[Outcome]]:
        """Return what reaches the shop of an hour's visits and outcomes; hours count from the first of the run."""
        if not self.scenario.dirt:
            return visits, outcomes
        draw = generator(self.seed, Purpose.DIRT, hour)
        visits = soiled_visits(visits, self.scenario.dirt, draw)
        return visits, soiled_outcomes(outcomes, self.scenario.dirt, draw)

    def contacts(self, day: int) -> Contacts:
        """Return whom the shop decides for on a day, and when: half in the morning, half when she comes by herself."""
        every, people = self.scenario.contact_every_days, self.lives.shown
        due = np.floor((day + 1 + self._phase) / every) > np.floor((day + self._phase) / every)
        who = np.flatnonzero(due & (people.join_day <= day))
        draw = generator(self.seed, Purpose.CONTACTS, day + 1)
        planned, hour_luck, luck = (draw.random(size) for size in (due.size, due.size, (due.size, UNIFORMS)))
        first_hour, _ = clock(self.lives.told_city[who], np.array(START_US + day * DAY_US))
        hour = np.where(planned[who] < 0.5, (BATCH_HOUR - first_hour) % 24, hours_of(people, who, day, hour_luck[who]))
        order = np.argsort(hour, kind="stable")
        return Contacts(who[order], hour[order], luck[who][order])

    def reachable(self, who: Ints) -> Bools:
        """Tell who of these customers has not refused every channel."""
        found: Bools = np.any(~self.exposure.refused[who], axis=1)
        return found

    def moments(self, who: Ints, first_index: int, now_us: int) -> Moments:
        """Return what may be chosen for these customers now."""
        shop, city = self.catalogue, self.lives.told_city[who]
        send_us = self._send_times(city, now_us)
        channels: Bools = ~self.exposure.refused[who]
        in_stock: Bools = np.greater(self.exposure.stock, 0)
        slots: Bools = channels[:, shop.slot_channel] & self.exposure.within_limits(who, shop.slot_channel, send_us)
        first, end = shop.valid_us.T
        valid = (send_us[:, :, None] >= first) & (send_us[:, :, None] < end)
        fits = shop.fits[shop.slot_channel] & in_stock
        hour, weekend = clock(city, np.array(now_us))
        index = first_index + np.arange(len(who))
        return Moments(
            now_us, index, who, city, hour, weekend, slots[:, :, None] & valid & fits, send_us, channels, in_stock
        )

    def chances(self, moments: Moments) -> Chances:
        """Return the hidden chances of everything that may be chosen."""
        people, who = self.lives.people, moments.who
        lens = Lens(
            tired=self.exposure.tired(who, moments.now_us) * self.scenario.fatigue,
            seen=self.exposure.seen(who, moments.now_us) * self.scenario.fatigue,
            appeal=self._appeal,
            fit=self._fit,
        )
        hour, weekend = clock(people.city[who][:, None], moments.send_us)
        noticing = self.lives.attention[who[:, None], self.catalogue.slot_channel, weekend.astype(np.int64), hour]
        return chances(people, who, noticing, lens, self.catalogue)

    def values(self, moments: Moments, found: Chances) -> Floats:
        """Return the expected reward of every slot and content, shape (B, P, K); -inf where it may not be chosen."""
        return np.where(moments.open, expected(found, self.catalogue), -np.inf)

    def judge(self, moments: Moments, chosen: Chosen, values: Floats) -> Judged:
        """Say what a choice was worth in expectation, beside the best and a uniform one."""
        flat = values.reshape(moments.count, -1)
        best = flat.argmax(axis=1)
        worth = flat[np.arange(moments.count), best]
        silent = worth < -SILENCE_PRICE
        contents = len(self.catalogue.items)
        of_chosen = expected_of(values, chosen)
        return Judged(
            chosen=of_chosen,
            best=np.where(silent, -SILENCE_PRICE, worth),
            uniform=uniform_worth(values, self.catalogue),
            best_slot=np.where(silent, -1, best // contents),
            best_content=np.where(silent, -1, best % contents),
        )

    def answer(self, moments: Moments, chosen: Chosen, found: Chances, luck: Floats) -> None:
        """Let the messages that were chosen leave; what comes of them comes in time."""
        rows = np.flatnonzero(chosen.slot >= 0)
        slot, content, who = chosen.slot[rows], chosen.content[rows], moments.who[rows]
        sent = Message(slot, self.catalogue.slot_channel[slot], content, moments.send_us[rows, slot])
        these = Chances(*(getattr(found, field)[rows] for field in found.__struct_fields__))
        courses = drawn(these, sent, luck[rows], 1.0 + _SLOW_STEPS * (self.scenario.slowness - 1.0))
        self.exposure.sent(who, sent, moments.now_us, courses.steps > 0)
        for row in np.flatnonzero(courses.steps):
            common = (int(who[row]), int(slot[row]), int(content[row]))
            index, steps = int(moments.index[rows[row]]), int(courses.steps[row])
            times = courses.time_us[row].tolist()
            for number in range(steps):
                heappush(self._coming, Outcome(times[number], index, number, STEPS[number], *common))
            if courses.left[row]:
                heappush(self._coming, Outcome(times[0] + 1_000, index, len(STEPS), "unsubscribed", *common))

    def outcomes(self, until_us: int) -> list[Outcome]:
        """Return what has come of messages before a moment and was not returned yet, in the order of time."""
        found = []
        while self._coming and self._coming[0].time_us < until_us:
            outcome = heappop(self._coming)
            if outcome.name == "purchased":
                self.exposure.sold(outcome.content)
            elif outcome.name == "unsubscribed":
                self.exposure.refused[outcome.who, self.catalogue.slot_channel[outcome.slot]] = True
            found.append(outcome)
        return found

    def _send_times(self, city: Ints, now_us: int) -> Ints:
        intervals, times = self.catalogue.intervals, np.zeros((len(CITIES), len(self.catalogue.slots)), np.int64)
        for place in np.unique(city):
            zone = self._zones[place]
            times[place] = [self._calendar.send_time_us(each, zone, now_us) for each in intervals]
        return times[city]

    def _invented(self) -> tuple[Floats, Floats]:
        """Return how contents do with everyone (K,) and on channels (C, K)."""
        draw, names = generator(self.seed, Purpose.CATALOGUE), self.catalogue.contents
        appeal = draw.standard_normal(len(names)) * self.scenario.appeal
        fit = draw.standard_normal((len(CHANNELS), len(names))) * self.scenario.channel_fit
        if self.scenario.favourite:
            appeal[names.index(self.scenario.favourite)] = 4.0
            fit[:] = 0.0
        return appeal, fit


def expected_of(values: Floats, chosen: Chosen) -> Floats:
    """Return the expected reward of each choice, shape (B,)."""
    rows = np.arange(len(chosen.slot))
    return np.where(chosen.slot < 0, -SILENCE_PRICE, values[rows, chosen.slot, chosen.content])


def uniform_worth(values: Floats, shop: Catalogue) -> Floats:
    """Return the expected reward of a choice that is uniform at every stage, shape (B,)."""
    possible = np.isfinite(values)
    total, usable = np.full(len(values), -SILENCE_PRICE), np.ones(len(values))
    known = np.where(possible, values, 0.0)
    for channel in range(len(CHANNELS)):
        mine = shop.slot_channel == channel
        slots = possible[:, mine].sum(axis=1)
        by_content = known[:, mine].sum(axis=1) / np.maximum(slots, 1)
        contents = (slots > 0).sum(axis=1)
        total += by_content.sum(axis=1) / np.maximum(contents, 1)
        usable += contents > 0
    found: Floats = total / usable
    return found
