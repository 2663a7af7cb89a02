"""The stream of a replay: rows to the service and back, in order, each counted once. Never a figure, never a terminal.

Ids come from the run's name and the row's number, so a row that is sent again, by a retry or by a later run under the
same name, gets the first answer and teaches nothing twice.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

from decisioning.v1 import decisioning_service_pb2 as pb
from decisioning.v1.features_pb2 import Features
from google.protobuf.timestamp_pb2 import Timestamp
from msgspec import Struct

from simulators.client import DecisioningClient
from simulators.csv_mapping import Mapping, SentDecision
from simulators.csv_rows import Row
from simulators.replay_tally import OTHER, CountedRow

Item = TypeVar("Item")


class Acknowledged(Struct, frozen=True):
    """A decision or reward that the service has acknowledged: its kind, its row, its id, and the decision's id."""

    kind: str
    row: int
    id: str
    decision_id: str


Journal = Callable[[Acknowledged], None]


class Run(Struct, frozen=True):
    """How a replay is sent: under which name, for which campaign, how many rows at once, and at what simulated time.

    With `rows_at_once` above 1 so many rows are decided in one call before their rewards are sent, so that a decision
    may miss what the rows just before it would have taught. Row by row, each decision rests on everything before it.
    `start_time_s` in seconds since 1970 gives each row of the stream its own second; None means the service's clock.
    """

    name: str
    campaign: str
    mapping: Mapping
    rows_at_once: int = 1
    start_time_s: int | None = None


def replayed(rows: Iterable[Row], client: DecisioningClient, run: Run, journal: Journal) -> Iterator[CountedRow]:
    """Yield what became of each row, after the service has acknowledged all of it; raises ServiceError."""
    labels = {_key(decision): value for value, decision in run.mapping.action.values.items()}
    for batch in _batches(enumerate(rows), run.rows_at_once):
        requests = [_decide_request(row, run, position) for position, row in batch]
        decisions = [client.decide(requests[0])] if len(requests) == 1 else client.batch_decide(requests)
        for (_, row), request, decision in zip(batch, requests, decisions, strict=True):
            journal(Acknowledged("decision", row.number, request.request_id, decision.decision_id))
        for (position, row), decision in zip(batch, decisions, strict=True):
            chosen = labels.get((decision.channel, decision.content_id), OTHER)
            duplicate = None
            if chosen == row.given:
                reward = _reward_request(row, run, position, decision.decision_id)
                duplicate = client.reward(reward).duplicate
                journal(Acknowledged("reward", row.number, reward.reward_id, decision.decision_id))
            reason = pb.Reason.Name(decision.reason).removeprefix("REASON_").lower()
            yield CountedRow(row.given, chosen, row.metric, reason, decision.control, duplicate)


def _key(decision: SentDecision | None) -> tuple[str, str]:
    """Return a decision as DecideResponse says it: channel and content, both empty where nothing is sent."""
    return ("", "") if decision is None else (decision.channel, decision.content)


def _decide_request(row: Row, run: Run, position: int) -> pb.DecideRequest:
    return pb.DecideRequest(
        request_id=f"{run.name}/{row.number}",
        campaign=run.campaign,
        customer_id=row.customer_id,
        context=Features(numbers=row.context.numbers, categories=row.context.categories),
        decide_time=_time(run, position),
    )


def _reward_request(row: Row, run: Run, position: int, decision_id: str) -> pb.RewardRequest:
    return pb.RewardRequest(
        reward_id=f"{run.name}/{row.number}",
        decision_id=decision_id,
        outcome=row.outcome,
        value=row.value,
        occur_time=_time(run, position),
    )


def _time(run: Run, position: int) -> Timestamp | None:
    return None if run.start_time_s is None else Timestamp(seconds=run.start_time_s + position)


def _batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch
