"""Where wire and domain meet for models: statuses to messages. Never a rule, a default or a side effect."""

from collections.abc import Sequence

from decisioning.v1 import model_service_pb2 as pb

from engine.folds import Rebuild
from engine.model_operations import ModelStatus, SnapshotStatus
from server.convert import timestamp


def snapshot(status: SnapshotStatus) -> pb.Snapshot:
    """Return a stored snapshot."""
    return pb.Snapshot(
        seq=status.seq, create_time=timestamp(status.time_us), models=status.models, problem=status.problem
    )


def channel_models(statuses: Sequence[ModelStatus]) -> pb.ChannelModels:
    """Return a channel's models as they stand."""
    return pb.ChannelModels(models=[_model(status) for status in statuses])


def rebuild(campaign: str, under_way: Rebuild, reached_seq: int) -> pb.Rebuild:
    """Return a rebuild under way and how far it is."""
    return pb.Rebuild(
        campaign=campaign, version=under_way.version, upto_seq=under_way.upto_seq, reached_seq=reached_seq
    )


def _model(status: ModelStatus) -> pb.Model:
    learned = status.learned
    return pb.Model(
        name=status.name,
        seq=status.seq,
        sha256=status.sha256,
        lessons=learned.lessons,
        failed_lessons=learned.failed,
        last_lesson_time=timestamp(learned.last_time_us) if learned.lessons else None,
        frozen=status.frozen,
        fallback=status.fallback,
        problem=status.problem,
        reward_unit=status.unit,
        doubts=status.doubts,
    )
