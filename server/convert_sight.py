"""Where wire and domain meet for what is known of customers: records to messages. Never a rule or a side effect."""

from decisioning.v1 import customer_pb2 as pb
from decisioning.v1.features_pb2 import Features

from engine import sight
from engine.types import NOTHING
from server.convert import REASONS, timestamp


def customer(known: sight.Customer) -> pb.Customer:
    """Return what is known of a customer."""
    return pb.Customer(
        customer=known.customer,
        as_of_time=timestamp(known.time_us),
        identities=[
            pb.KnownIdentity(
                identity=one.identity, type=one.type, first_seq=one.first_seq, first_time=timestamp(one.first_time_us)
            )
            for one in known.identities
        ],
        links=[pb.KnownLink(identity=one, other=other) for one, other in known.links],
        attributes=map(_fact, known.attributes),
        consents=map(_consent, known.consents),
        behaviour=[
            pb.KnownBehaviour(
                kind=one.kind, meaning=one.meaning, about=one.about, worth=one.worth, half_life_days=one.half_life_days
            )
            for one in known.behaviour
        ],
        familiarity=known.familiarity,
        familiarity_why=known.familiarity_why,
        features=Features(numbers=known.features.numbers, categories=known.features.categories),
        contacts=[
            pb.KnownContact(
                send_time=timestamp(one.time_us), channel=one.channel, campaign=one.campaign, content_id=one.content_id
            )
            for one in known.contacts
        ],
        decisions=map(_decision, known.decisions),
        control=known.control,
    )


def _fact(fact: sight.Fact) -> pb.KnownFact:
    return pb.KnownFact(
        name=fact.name, value=fact.value, since_time=timestamp(fact.since_time_us), seq=fact.seq, identity=fact.identity
    )


def _consent(fact: sight.Fact) -> pb.KnownConsent:
    return pb.KnownConsent(
        purpose=fact.name,
        channel=fact.channel,
        granted=fact.value == "granted",
        since_time=timestamp(fact.since_time_us),
        seq=fact.seq,
        identity=fact.identity,
    )


def _decision(one: sight.SeenDecision) -> pb.KnownDecision:
    return pb.KnownDecision(
        seq=one.seq,
        decision_id=one.decision_id,
        decide_time=timestamp(one.time_us),
        campaign=one.campaign,
        campaign_version=one.campaign_version,
        channel="" if one.channel == NOTHING else one.channel,
        content_id=one.content_id,
        send_time=None if one.send_time_us is None else timestamp(one.send_time_us),
        reason=REASONS[one.reason],
        propensity=one.propensity,
        control=one.control,
        identity=one.identity,
        rewards=[
            pb.KnownReward(
                seq=reward.seq,
                outcome=reward.outcome,
                value=reward.value,
                occur_time=timestamp(reward.occur_time_us),
                late=reward.late,
            )
            for reward in one.rewards
        ],
    )
