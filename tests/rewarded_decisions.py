"""A channel service in miniature, for tests of what the log then holds: it decides and rewards at the address given."""

import sys

import grpc
from decisioning.v1 import decisioning_service_pb2 as pb
from decisioning.v1.decisioning_service_pb2_grpc import DecisioningServiceStub

with grpc.insecure_channel(sys.argv[1]) as channel:
    service = DecisioningServiceStub(channel)
    for number in range(300):
        answer = service.Decide(pb.DecideRequest(campaign="autumn-wardrobe", customer_id=f"customer-{number}"))
        outcome = ("ignored", "opened", "clicked")[number % 3]
        service.Reward(pb.RewardRequest(decision_id=answer.decision_id, outcome=outcome))
