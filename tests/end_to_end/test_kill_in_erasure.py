"""A service that is killed while it erases: all of it or nothing, and clean files after the restart."""

from pathlib import Path

import grpc
import pytest
from decisioning.v1 import customer_service_pb2 as pb
from decisioning.v1 import decisioning_service_pb2 as decisioning_pb
from decisioning.v1.identity_pb2 import Identity

from engine.fault_points import ErasurePoint
from tests.end_to_end.kill_workload import Call
from tests.end_to_end.killed_service import Kill, killed_service
from tests.engine.crowd import remains
from tests.wardrobe import CAMPAIGN

EMAIL = Identity(type="email", value="ryan.of.chicago@mail.example")


@pytest.mark.parametrize(
    ("where", "answer"), [(ErasurePoint.IN_ERASURE, pb.EraseCustomerResponse), (ErasurePoint.AFTER_ERASURE, None)]
)
def test_a_kill_leaves_her_whole_or_erased(tmp_path: Path, where: ErasurePoint, answer: type | None) -> None:
    """Killed before the commit she is there to be erased again; killed after it she is gone, from the files as well."""
    campaign = tmp_path / "wardrobe.yaml"
    campaign.write_text(CAMPAIGN)
    asked = decisioning_pb.DecideRequest(
        campaign="wardrobe", identity=EMAIL, request_id="visit-of-ryan", context={"categories": {"city": "Old Town!"}}
    )
    calls = [
        Call("Identify", pb.IdentifyRequest(identity=EMAIL, attributes={"city": "Chicago, Illinois"})),
        Call("Decide", asked),
        Call("EraseCustomer", pb.EraseCustomerRequest(identity=EMAIL)),
    ]
    with killed_service(tmp_path / "data", ["--campaign", str(campaign)], [Kill(where, 1)]) as service:
        answers = [service.answers([call])[0] for call in calls]
        marks = [b"Old Town!", b"Chicago, Illinois", answers[1].answer.decision_id.encode()]
        marks += [bytes.fromhex(answers[1].answer.decision_id), EMAIL.value.encode()]
        assert remains(tmp_path / "data", marks) == {}
        assert service.died == {where: 1}
    assert answers[2].retried
    assert type(answers[2].answer) is answer if answer else answers[2].answer == grpc.StatusCode.NOT_FOUND
