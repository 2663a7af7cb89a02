"""Where wire and domain meet for customers: messages to records and back. Never a rule, a default or a side effect."""

from decisioning.v1 import customer_service_pb2 as pb
from google.protobuf.timestamp_pb2 import Timestamp

from engine.customers import types
from engine.erasure import Erased
from engine.folds import Aside
from engine.quarantine import Quarantined
from engine.types import Features
from server import convert

NO_PROPERTIES = Features()


def identify_request(message: pb.IdentifyRequest) -> types.IdentifyRequest:
    """Return what is known of a customer; raises InvalidRequest where its time is no time."""
    return types.IdentifyRequest(
        identity=convert.identity(message.identity),
        attributes=dict(message.attributes),
        consents=tuple(types.Consent(one.purpose, one.granted, one.channel) for one in message.consents),
        event_id=message.event_id,
        occur_time_us=_occur_time_us(message.occur_time) if message.HasField("occur_time") else None,
    )


def identify_response(receipt: types.Receipt) -> pb.IdentifyResponse:
    """Return what became of a fact about a customer."""
    return pb.IdentifyResponse(seq=receipt.seq, duplicate=receipt.duplicate, quarantined=receipt.quarantined)


def link_request(message: pb.LinkRequest | pb.UnlinkRequest) -> types.LinkRequest:
    """Return which two identities are meant; raises InvalidRequest where the time is no time."""
    return types.LinkRequest(
        identity=convert.identity(message.identity),
        other=convert.identity(message.other),
        event_id=message.event_id,
        occur_time_us=_occur_time_us(message.occur_time) if message.HasField("occur_time") else None,
    )


def link_response(receipt: types.LinkReceipt) -> pb.LinkResponse:
    """Return what became of a link."""
    return pb.LinkResponse(seq=receipt.seq, duplicate=receipt.duplicate, one_customer=receipt.one_customer)


def unlink_response(receipt: types.LinkReceipt) -> pb.UnlinkResponse:
    """Return what became of the undoing of a link."""
    return pb.UnlinkResponse(seq=receipt.seq, duplicate=receipt.duplicate, one_customer=receipt.one_customer)


def track_request(message: pb.TrackRequest) -> types.TrackRequest:
    """Return something a customer did; raises InvalidRequest where its time is no time."""
    return types.TrackRequest(
        identity=convert.identity(message.identity),
        type=message.type,
        event_id=message.event_id,
        occur_time_us=_occur_time_us(message.occur_time) if message.HasField("occur_time") else None,
        device=message.device,
        channel=message.channel,
        properties=convert.features(message.properties) if message.HasField("properties") else NO_PROPERTIES,
    )


def track_response(receipt: types.Receipt) -> pb.TrackResponse:
    """Return what became of an event."""
    return pb.TrackResponse(seq=receipt.seq, duplicate=receipt.duplicate, quarantined=receipt.quarantined)


def quarantined_fact(one: Quarantined) -> pb.QuarantinedFact:
    """Return a fact that was put aside."""
    return pb.QuarantinedFact(
        seq=one.seq,
        reason=one.reason,
        detail=one.detail,
        kind=one.kind,
        receive_time=convert.timestamp(one.time_us),
        occur_time=convert.timestamp(one.occur_time_us),
        identity=one.identity,
        identity_type=one.identity_type,
        held=one.held,
    )


def quarantine_counts(counts: dict[types.QuarantineReason, Aside]) -> list[pb.QuarantineCount]:
    """Return how many facts were put aside for each reason."""
    return [
        pb.QuarantineCount(reason=reason, quarantined=aside.quarantined, readmitted=aside.readmitted)
        for reason, aside in counts.items()
    ]


def readmit_response(receipt: types.Receipt) -> pb.ReadmitResponse:
    """Return what became of a fact that was let in."""
    return pb.ReadmitResponse(seq=receipt.seq, duplicate=receipt.duplicate)


def erase_response(erased: Erased, *, files_clean: bool) -> pb.EraseCustomerResponse:
    """Return what an erasure took."""
    return pb.EraseCustomerResponse(
        identities=erased.identities,
        decisions=erased.decisions,
        rewards=erased.rewards,
        facts=erased.facts,
        campaigns=erased.campaigns,
        rebuilding=erased.rebuilding,
        files_clean=files_clean,
    )


def _occur_time_us(timestamp: Timestamp) -> int:
    return convert.time_us(timestamp, "occur_time")
