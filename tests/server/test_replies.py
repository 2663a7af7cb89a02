"""What a caller is told is what the log holds: decisions, rewards and campaigns over a real channel."""

from decisioning.v1 import campaign_service_pb2 as campaign_pb
from decisioning.v1 import decisioning_service_pb2 as pb

from engine.engine import Engine
from engine.events import CampaignApplied, DecisionTaken, RewardReceived
from server import convert
from tests.server.scripted_engine import ScriptedEngine
from tests.server.served import refusal, served
from tests.wardrobe import CAMPAIGN


def test_a_reply_is_the_logged_decision(engine: Engine) -> None:
    """Every reply, single or in a batch, equals the decision in the log, which was there before the reply."""
    requests = [pb.DecideRequest(campaign="wardrobe", customer_id=f"c{number}") for number in range(130)]
    with served(engine) as client:
        replies = [client.decisioning.Decide(request) for request in requests[:10]]
        batch = client.decisioning.BatchDecide(pb.BatchDecideRequest(requests=requests[10:]))
        replies += [result.decision for result in batch.results]
    logged = [line.event for line in engine.log.read() if isinstance(line.event, DecisionTaken)]
    assert replies == [convert.decide_response(decision) for decision in logged]


def test_a_repeated_request_gets_the_first_reply(engine: Engine) -> None:
    """The same request_id with the same content gets the same reply, byte for byte, and is one event."""
    request = pb.DecideRequest(campaign="wardrobe", customer_id="ryan", request_id="once")
    request.context.categories.update({f"name{number}": "value" for number in range(50)})
    with served(engine) as client:
        first = client.decisioning.Decide(request)
        assert client.decisioning.Decide(request) == first
        batch = client.decisioning.BatchDecide(pb.BatchDecideRequest(requests=[request, request]))
        assert [result.decision for result in batch.results] == [first, first]
    assert engine.log.last_seq == 2


def test_a_reward_is_logged_once(engine: Engine) -> None:
    """A reward counts by its outcome or its value, once per reward_id, and says whether it had come before."""
    with served(engine) as client:
        decision = client.decisioning.Decide(pb.DecideRequest(campaign="wardrobe", customer_id="ryan"))
        by_outcome = pb.RewardRequest(decision_id=decision.decision_id, outcome="purchased", reward_id="w1")
        by_value = pb.RewardRequest(decision_id=decision.decision_id, value=0.0)
        first, again = client.decisioning.Reward(by_outcome), client.decisioning.Reward(by_outcome)
        other = client.decisioning.Reward(by_value)
    assert (first.value, first.duplicate, again.value, again.duplicate) == (1.0, False, 1.0, True)
    assert (other.value, other.duplicate) == (0.0, False)
    assert other.reward_id
    values = [line.event.value for line in engine.log.read() if isinstance(line.event, RewardReceived)]
    assert values == [1.0, 0.0]


def test_campaigns_are_applied_read_and_listed(engine: Engine) -> None:
    """A campaign comes back with its text; a new text is its next version; lists leave the texts out."""
    changed = CAMPAIGN.replace("price: 29", "price: 31")
    with served(engine) as client:
        ask = client.campaigns
        before = ask.GetCampaign(campaign_pb.GetCampaignRequest(name="wardrobe"))
        applied = ask.ApplyCampaign(campaign_pb.ApplyCampaignRequest(source=changed))
        same = ask.ApplyCampaign(campaign_pb.ApplyCampaignRequest(source=changed))
        listed = ask.ListCampaigns(campaign_pb.ListCampaignsRequest()).campaigns
    assert (before.version, before.source, before.paused) == (1, CAMPAIGN, False)
    assert (applied.version, applied.source, same) == (2, changed, applied)
    assert applied.apply_time.seconds > 1_700_000_000
    assert [(campaign.name, campaign.version, campaign.source) for campaign in listed] == [("wardrobe", 2, "")]
    assert sum(isinstance(line.event, CampaignApplied) for line in engine.log.read()) == 2


def test_pausing_and_resuming_tell_the_state(engine: Engine) -> None:
    """Pause and resume return the campaign as it then stands, and doing either twice changes nothing."""
    with served(engine) as client:
        pause, resume = (
            campaign_pb.PauseCampaignRequest(name="wardrobe"),
            campaign_pb.ResumeCampaignRequest(name="wardrobe"),
        )
        paused = [client.campaigns.PauseCampaign(pause).paused for _ in range(2)]
        resumed = [client.campaigns.ResumeCampaign(resume).paused for _ in range(2)]
    assert (paused, resumed) == ([True, True], [False, False])
    assert engine.log.last_seq == 3


def test_pages_hold_every_campaign_once() -> None:
    """Walking the pages, of any size, gives every campaign once and in order."""
    with served(ScriptedEngine()) as client:
        for page_size in (0, 1, 2, 3, 5, 6, 100_000):
            names, token = [], ""
            while True:
                request = campaign_pb.ListCampaignsRequest(page_size=page_size, page_token=token)
                page = client.campaigns.ListCampaigns(request)
                names += [campaign.name for campaign in page.campaigns]
                token = page.next_page_token
                if not token:
                    break
            assert names == ["c0", "c1", "c2", "c3", "c4"]


def test_a_page_that_is_none_is_refused() -> None:
    """A negative size and a token that the service did not make are INVALID_ARGUMENT with the field."""
    with served(ScriptedEngine()) as client:
        for field, value in (("page_size", -1), ("page_token", "made up ✗"), ("page_token", "/w==")):
            request = campaign_pb.ListCampaignsRequest(**{field: value})
            told = refusal(lambda request=request: client.campaigns.ListCampaigns(request))
            assert told.code.name == "INVALID_ARGUMENT"
            assert [named for named, _ in told.violations] == [field]
