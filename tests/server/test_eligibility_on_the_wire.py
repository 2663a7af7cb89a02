"""What may be chosen, on the wire: explanations, caps within a batch, stock."""

from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest
from decisioning.v1 import decisioning_service_pb2 as pb
from decisioning.v1 import stock_service_pb2 as stock_pb
from decisioning.v1.stock_service_pb2_grpc import StockServiceStub

from engine.opening import open_engine
from tests.server.served import Client, refusal, served
from tests.wardrobe import CAMPAIGN, KEY, NOON_US

CAPPED = CAMPAIGN.replace("{now: now}", "{now: now}\n    message_limits: [{messages: 3, per: 1 day}]").replace(
    "{category: polos,", "{category: polos, sku: polo,"
)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    """Serve the campaign with a limit of three messages a day on the app."""
    engine = open_engine(tmp_path / "data", durability="process", secret_key=KEY)
    engine.apply_campaign(CAPPED, NOON_US)
    with served(engine) as found:
        yield found
    engine.close()


def request(number: int, **changes: object) -> pb.DecideRequest:
    """Return a request about ann on the app."""
    fields = {"request_id": f"q{number}", "campaign": "wardrobe", "customer_id": "ann", "channels": ["app"]}
    return pb.DecideRequest(**(fields | changes))


def test_a_batch_about_one_customer_keeps_her_limit(client: Client) -> None:
    """Five hundred decisions for one customer in one call send three messages, and so do those of the next call."""
    batch = pb.BatchDecideRequest(requests=[request(number) for number in range(500)])
    results = client.decisioning.BatchDecide(batch).results
    assert [result.decision.channel for result in results].count("app") == 3
    again = pb.BatchDecideRequest(requests=[request(number) for number in range(500, 600)])
    assert {result.decision.channel for result in client.decisioning.BatchDecide(again).results} == {""}


def test_what_was_removed_is_told_to_those_who_ask(client: Client) -> None:
    """With explain the answer lists the removals; the choice and the meaning of the id stay what they are."""
    plain = client.decisioning.Decide(request(1))
    assert list(plain.removals) == []
    assert client.decisioning.Decide(request(1, explain=True)) == plain  # the same request, answered before
    told = client.decisioning.Decide(request(2, explain=True))
    removal = next(one for one in told.removals if one.channel == "email")
    assert pb.RemovalReason.Name(removal.reason) == "REMOVAL_REASON_NOT_REQUESTED"
    assert client.decisioning.Decide(request(2)).decision_id == told.decision_id


@pytest.fixture
def stock(client: Client) -> StockServiceStub:
    """Return the stub of the stock service."""
    return StockServiceStub(client.channel)


def test_stock_is_set_listed_and_stops_its_content(client: Client, stock: StockServiceStub) -> None:
    """What is told of stock is listed by name, page by page, and the next decision keeps to it."""
    for sku, units in (("suit", 5), ("polo", 0)):
        answer = stock.SetStock(stock_pb.SetStockRequest(sku=sku, units=units))
        assert (answer.sku, answer.units) == (sku, units)
        assert answer.set_time.seconds > 0
    page = stock.ListStock(stock_pb.ListStockRequest(page_size=1))
    rest = stock.ListStock(stock_pb.ListStockRequest(page_token=page.next_page_token))
    assert [(one.sku, one.units) for one in (*page.stock, *rest.stock)] == [("polo", 0), ("suit", 5)]
    assert rest.next_page_token == ""
    told = client.decisioning.Decide(request(3, explain=True))
    assert ("polo", pb.REMOVAL_REASON_OUT_OF_STOCK) in [(one.content_id, one.reason) for one in told.removals]


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda stock: stock.SetStock(stock_pb.SetStockRequest(units=1)), "sku"),
        (lambda stock: stock.SetStock(stock_pb.SetStockRequest(sku="x", units=-1)), "units"),
        (lambda stock: stock.ListStock(stock_pb.ListStockRequest(page_size=-1)), "page_size"),
        (lambda stock: stock.ListStock(stock_pb.ListStockRequest(page_token="x")), "page_token"),  # noqa: S106 (no password)
    ],
    ids=["sku", "units", "page_size", "page_token"],
)
def test_a_bad_request_about_stock_names_its_field(
    stock: StockServiceStub, call: Callable[[StockServiceStub], object], field: str
) -> None:
    """The caller reads which field to mend."""
    refused = refusal(lambda: call(stock))
    assert refused.code is grpc.StatusCode.INVALID_ARGUMENT
    assert [named for named, _ in refused.violations] == [field]
