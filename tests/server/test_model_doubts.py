"""Doubts over the wire and in the service's own log: who looks after models learns that rewards fall short."""

from decisioning.v1 import model_service_pb2 as pb
from structlog.testing import capture_logs

from engine.checkpoints import Kept
from engine.engine import Engine
from engine.surprise import Surprise
from server.ticking import tell_doubts
from tests.server.served import served


def test_a_model_tells_how_often_it_doubted(engine: Engine) -> None:
    """GetModel shows doubts beside lessons, 0 where nothing fell short."""
    engine.state.models["wardrobe/email/content"].kept = Kept(surprise=Surprise(doubts=2))
    with served(engine) as client:
        content, slot = client.models.GetModel(pb.GetModelRequest(campaign="wardrobe", channel="email")).models
    assert (content.doubts, slot.doubts) == (2, 0)


class Doubting:
    """An engine of which a model doubts, once."""

    def __init__(self) -> None:
        self.found = iter([["wardrobe/email/content"]])

    def take_doubting(self) -> list[str]:
        """Return the models that have come to doubt."""
        return next(self.found, [])


def test_a_doubt_is_logged_once_with_its_mend() -> None:
    """The line names the model, what fell short and what to do where it was only the telling that failed."""
    engine, lines = Doubting(), list[dict[str, object]]()
    for _ in range(2):
        with capture_logs() as told:
            tell_doubts(engine)  # type: ignore[arg-type]
        lines += told
    (line,) = lines
    assert (line["event"], line["log_level"], line["model"]) == ("model_doubts", "warning", "wardrobe/email/content")
    assert "RebuildModels" in str(line["mend"])
