"""A target as a policy of the world: who is who, what is asked and what is reported. Never a choice of its own."""

from collections.abc import Sequence

import numpy as np

from engine.customers.types import Consent, IdentifyRequest, TrackRequest
from engine.types import DecideRequest, Features, Identity, RewardRequest
from simulators.target import Decided, Refused, Target
from simulators.world.arrays import DAY_US
from simulators.world.behaviour import KINDS, NONE, PLACES, Visits
from simulators.world.catalogue import Catalogue
from simulators.world.moments import Chosen, Moments, Outcome, Told
from simulators.world.personas import CATEGORIES, CHANNELS, DEVICES

MARKETING = "marketing"


class TargetPolicy:
    """An engine in the world: asks it with ids that name the run, so that the same run asked again changes nothing.

    `learn_until` is the number of decisions after which its models are frozen; None means never. `refused` counts the
    facts that it would not take.
    """

    def __init__(self, target: Target, catalogue: Catalogue, learn_until: int | None = None) -> None:
        """Apply the campaign."""
        self._target, self._catalogue, self._learn_until = target, catalogue, learn_until
        self._campaign = catalogue.name
        self._slots = {pair: number for number, pair in enumerate(catalogue.slots)}
        self._contents = {name: number for number, name in enumerate(catalogue.contents)}
        self._decision_ids: dict[int, str] = {}
        self._visits = 0
        self._day = -1
        self.refused = 0
        target.apply_campaign(catalogue.source)

    def told(self, told: Sequence[Told]) -> None:
        """Identify customers by what they declared."""
        for one in told:
            event_id = f"{self._campaign}/told/{one.who}/{one.time_us}"
            request = IdentifyRequest(self._who(one.who), one.attributes, (), event_id, one.time_us)
            self._target.identify(request)

    def choose(self, moments: Moments) -> Chosen:
        """Let the engine decide."""
        if self._learn_until is not None and moments.index[0] >= self._learn_until:
            self._target.freeze(self._campaign, CHANNELS)
            self._learn_until = None
        stocked = self._stocked(moments)
        channels = [tuple(np.array(CHANNELS)[row].tolist()) if not row.all() else () for row in moments.channels]
        numbers, people = moments.index.tolist(), moments.who.tolist()
        requests = [
            DecideRequest(
                campaign=self._campaign,
                customer_id=f"{self._campaign}/{who}",
                request_id=f"{self._campaign}/{index}",
                channels=usable,
                content_ids=stocked,
            )
            for index, who, usable in zip(numbers, people, channels, strict=True)
        ]
        answers = self._target.decide(requests, moments.now_us)
        self._decision_ids.update(zip(numbers, (answer.decision_id for answer in answers), strict=True))
        return self._chosen(answers)

    def heard(self, visits: Visits, outcomes: Sequence[Outcome], now_us: int) -> None:
        """Track visits and report outcomes, in the order of time."""
        facts: list[TrackRequest | Outcome] = [*self._tracks(visits), *outcomes]
        for fact in sorted(facts, key=_time_us):
            if isinstance(fact, TrackRequest):
                self._track(fact)
            else:
                self._outcome(fact)
        if now_us // DAY_US != self._day:
            self._day = now_us // DAY_US
            self._target.advance(now_us)

    def close(self) -> None:
        """Close the target."""
        self._target.close()

    def _who(self, who: int) -> Identity:
        return Identity("customer_id", f"{self._campaign}/{who}")

    def _stocked(self, moments: Moments) -> tuple[str, ...]:
        if moments.in_stock.all():
            return ()
        return tuple(name for name, there in zip(self._catalogue.contents, moments.in_stock, strict=True) if there)

    def _chosen(self, answers: Sequence[Decided]) -> Chosen:
        slot = [self._slots[answer.channel, answer.send_slot] if answer.channel else -1 for answer in answers]
        content = [self._contents[answer.content_id] if answer.channel else -1 for answer in answers]
        return Chosen(np.array(slot), np.array(content), np.array([answer.explored for answer in answers]))

    def _tracks(self, visits: Visits) -> list[TrackRequest]:
        columns = (getattr(visits, field).tolist() for field in visits.__struct_fields__)
        found = []
        for who, time_us, kind, category, device, place, amount in zip(*columns, strict=True):
            self._visits += 1
            said = {} if category == NONE else {"category": CATEGORIES[category]}
            numbers = {"amount": amount} if amount else {}
            if KINDS[kind] == "purchase":
                said["order_id"] = f"{self._campaign}/bought/{self._visits}"
            properties = Features(numbers=numbers, categories=said)
            event_id = f"{self._campaign}/visit/{self._visits}"
            found.append(
                TrackRequest(self._who(who), KINDS[kind], event_id, time_us, DEVICES[device], PLACES[place], properties)
            )
        return found

    def _outcome(self, outcome: Outcome) -> None:
        decision_id = self._decision_ids[outcome.index]
        reward_id = f"{self._campaign}/{outcome.index}/{outcome.number}"
        try:
            self._target.reward(RewardRequest(decision_id, reward_id, outcome.name, occur_time_us=outcome.time_us))
        except Refused:
            self.refused += 1
        if outcome.name == "purchased":
            self._track(self._order(outcome))
        elif outcome.name == "unsubscribed":
            channel = self._catalogue.slots[outcome.slot][0]
            consent = Consent(MARKETING, granted=False, channel=channel)
            event_id = f"{self._campaign}/left/{outcome.index}"
            self._target.identify(IdentifyRequest(self._who(outcome.who), {}, (consent,), event_id, outcome.time_us))

    def _order(self, outcome: Outcome) -> TrackRequest:
        """Return the purchase that a message brought as the shop's till tracks it."""
        item = self._catalogue.items[self._catalogue.contents[outcome.content]]
        event_id = f"{self._campaign}/order/{outcome.index}"
        said = {"category": item.category, "order_id": event_id}
        properties = Features(numbers={"amount": item.price}, categories=said)
        return TrackRequest(self._who(outcome.who), "purchase", event_id, outcome.time_us, properties=properties)

    def _track(self, request: TrackRequest) -> None:
        try:
            self._target.track(request)
        except Refused:
            self.refused += 1


def _time_us(fact: TrackRequest | Outcome) -> int:
    return fact.time_us if isinstance(fact, Outcome) else fact.occur_time_us or 0
