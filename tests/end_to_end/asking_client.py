"""A client process that asks one server for the same customers as others do. Never a behaviour under test."""

import sys
from random import Random

import grpc
from decisioning.v1 import decisioning_service_pb2 as pb
from decisioning.v1.decisioning_service_pb2_grpc import DecisioningServiceStub


def main(address: str, number: str, customers: str, rounds: str) -> None:
    """Ask for each customer as often as there are rounds, in an order of this client's own."""
    order = [customer for customer in range(int(customers)) for _ in range(int(rounds))]
    Random(int(number)).shuffle(order)
    with grpc.insecure_channel(address) as channel:
        stub = DecisioningServiceStub(channel)
        for customer in order:
            campaign = ("autumn", "outlet")[(customer + int(number)) % 2]
            stub.Decide(pb.DecideRequest(campaign=campaign, customer_id=f"customer-{customer}"))


if __name__ == "__main__":
    main(*sys.argv[1:])
