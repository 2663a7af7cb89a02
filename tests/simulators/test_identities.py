"""Who comes under several identities is one customer: what is linked is known as if it had come under one."""

import pytest
from msgspec import structs

from engine.customer_operations import link
from engine.customers.types import LinkRequest, TrackRequest
from engine.types import Identity
from simulators.engine_target import EngineTarget
from tests.simulators.small_worlds import run


class Devices(EngineTarget):
    """An engine that hears of what a customer does under the device she does it on, which is linked to her at first."""

    linked: frozenset[Identity] = frozenset()

    def track(self, request: TrackRequest) -> None:
        """Report what a customer did, under her device."""
        her, now_us = request.identity, request.occur_time_us or 0
        device = Identity("device", f"{her.value}/{request.device or 'till'}")
        if device not in self.linked:
            link(self.engine, LinkRequest(her, device, f"link/{device.value}", now_us), now_us)
            self.linked |= {device}
        super().track(structs.replace(request, identity=device))


@pytest.mark.parametrize("scenario", ["steady", "ryan"])
def test_what_comes_under_several_linked_identities_counts_as_under_one(scenario: str) -> None:
    """A whole simulated life, told device by device, gets the same decisions and comes to the same."""
    whole, parted = (run("engine", scenario, decisions=400, target=target) for target in (EngineTarget, Devices))
    assert parted == whole
