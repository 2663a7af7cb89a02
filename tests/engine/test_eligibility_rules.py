"""Each rule by itself: what it removes, when it lets go again, and what it says."""

from collections.abc import Callable, Iterator

import pytest
from msgspec import structs

from engine.customer_operations import identify, link, track
from engine.customers.types import Consent, IdentifyRequest, LinkRequest, TrackRequest
from engine.eligibility.removals import Because, Removal
from engine.engine import Engine
from engine.errors import NotPossible
from engine.events import DecisionTaken
from engine.explaining import explain
from engine.stock_operations import set_stock
from engine.types import NOTHING, DecideRequest, Features, Identity, RewardRequest
from tests.ruled import AUTUMN, DAY_US, HOUR_US, OUTLET
from tests.wardrobe import NOON_US, SECOND_US

ANN, ANNS_PHONE, COOKIE = Identity("email", "ann"), Identity("phone", "ann"), Identity("cookie", "ann")


@pytest.fixture
def autumn(opened: Callable[..., Engine]) -> Engine:
    """Return an engine with both campaigns, ann known by her e-mail address."""
    engine = opened(source=AUTUMN)
    engine.apply_campaign(OUTLET, NOON_US)
    identify(engine, IdentifyRequest(ANN, attributes={"language": "en"}), NOON_US)
    return engine


def asked(who: Identity = ANN, campaign: str = "autumn", **changes: object) -> DecideRequest:
    """Return a request about a customer."""
    return DecideRequest(campaign, identity=who, **changes)  # type: ignore[arg-type]


def bought(order: int, **numbers: float) -> TrackRequest:
    """Return a purchase of ann's."""
    said = Features(numbers={"amount": 200.0, **numbers}, categories={"sku": "suit", "order_id": f"order-{order}"})
    return TrackRequest(ANN, "purchase", properties=said)


def removed(engine: Engine, because: Because, request: DecideRequest, now_us: int = NOON_US) -> list[Removal]:
    """Return what one rule removes for a request."""
    return [removal for removal in explain(engine, request, now_us) if removal.because is because]


def consents(engine: Engine, *consented: Consent, at_us: int = NOON_US) -> None:
    """Let ann say what she lets be done."""
    identify(engine, IdentifyRequest(ANN, consents=consented), at_us)


def many(engine: Engine, request: DecideRequest, now_us: int, times: int = 400) -> Iterator[DecisionTaken]:
    """Take decisions for one customer at one moment, the draws of each always the same."""
    for number in range(times):
        request_id = f"{request.campaign}-{now_us}-{engine.state.seq}-{number}"
        yield engine.decide(structs.replace(request, request_id=request_id), now_us)


def sent(engine: Engine, request: DecideRequest, now_us: int, times: int = 400) -> list[str]:
    """Return the channels of decisions for one customer, taken at once."""
    return [decision.channel for decision in many(engine, request, now_us, times)]


def first(engine: Engine, request: DecideRequest, channel: str) -> DecisionTaken:
    """Ask until this channel is chosen, and return that decision."""
    return next(decision for decision in many(engine, request, NOON_US) if decision.channel == channel)


def test_a_refusal_closes_a_channel_for_its_purpose_until_it_is_granted_again(autumn: Engine) -> None:
    """Refusing marketing by e-mail closes e-mail for it alone; granting it later opens it again."""
    consents(autumn, Consent("marketing", False, "email"))
    assert removed(autumn, Because.CONSENT_REFUSED, asked()) == [
        Removal(Because.CONSENT_REFUSED, "email", detail="for the purpose marketing")
    ]
    assert removed(autumn, Because.CONSENT_REFUSED, asked(campaign="outlet")) == []
    consents(autumn, Consent("marketing", True, "email"), at_us=NOON_US + SECOND_US)
    assert removed(autumn, Because.CONSENT_REFUSED, asked(), NOON_US + SECOND_US) == []


def test_a_refusal_of_every_channel_silences_the_campaign(autumn: Engine) -> None:
    """Where she refuses a purpose altogether nothing is ever sent for it."""
    consents(autumn, Consent("marketing", False))
    assert {removal.channel for removal in removed(autumn, Because.CONSENT_REFUSED, asked())} == {"email", "sms", "app"}
    assert set(sent(autumn, asked(), NOON_US, 50)) == {NOTHING}


def test_a_channel_that_requires_consent_waits_for_it(autumn: Engine) -> None:
    """Without a word of hers SMS is closed; once she has granted it, it is open."""
    link(autumn, LinkRequest(ANN, ANNS_PHONE), NOON_US)
    assert [removal.channel for removal in removed(autumn, Because.CONSENT_MISSING, asked())] == ["sms"]
    consents(autumn, Consent("marketing", True, "sms"))
    assert removed(autumn, Because.CONSENT_MISSING, asked()) == []


@pytest.mark.parametrize(("outcome", "closed"), [("unsubscribed", True), ("too_often", True), ("clicked", False)])
def test_an_outcome_that_opts_out_closes_the_channel_of_its_message(autumn: Engine, outcome: str, closed: bool) -> None:
    """What the campaign calls an opt-out takes her consent back: for its channel and purpose, at once."""
    request = asked(channels=("app",), content_ids=("polo",))
    decision = first(autumn, request, "app")
    autumn.reward(RewardRequest(decision.decision_id, outcome=outcome), NOON_US + SECOND_US)
    later_us = NOON_US + 3 * DAY_US
    assert bool(removed(autumn, Because.CONSENT_REFUSED, asked(channels=("app",)), later_us)) == closed
    assert removed(autumn, Because.CONSENT_REFUSED, asked(campaign="outlet", channels=("app",)), later_us) == []


def test_an_opt_out_is_believed_where_other_outcomes_are_put_aside(autumn: Engine) -> None:
    """Outcomes come faster than a person makes them and are put aside; that she wants no more still counts."""
    decision = first(autumn, asked(channels=("app",), content_ids=("polo",)), "app")
    came_us, told_us = NOON_US + 60 * SECOND_US, NOON_US + 61 * SECOND_US
    outcomes = ("clicked",) * 8 + ("unsubscribed",)
    told = [
        autumn.reward(RewardRequest(decision.decision_id, f"r{n}", outcome, occur_time_us=came_us + n), told_us)
        for n, outcome in enumerate(outcomes)
    ]
    assert told[7].quarantined
    assert not told[8].quarantined
    assert removed(autumn, Because.CONSENT_REFUSED, asked(channels=("app",)), NOON_US + HOUR_US)


def test_an_opt_out_from_silence_is_of_every_channel(autumn: Engine) -> None:
    """One who unsubscribes where no message was sent means them all."""
    decision = first(autumn, asked(), NOTHING)
    autumn.reward(RewardRequest(decision.decision_id, outcome="unsubscribed"), NOON_US + SECOND_US)
    assert len(removed(autumn, Because.CONSENT_REFUSED, asked(), NOON_US + SECOND_US)) == 3


def test_the_usual_outcomes_opt_out_where_a_campaign_does_not_say(autumn: Engine) -> None:
    """A campaign that declares `unsubscribed` and says nothing more loses her consent by it."""
    assert autumn.state.campaigns.catalogue("outlet").campaign.opt_outs == {"unsubscribed"}


def test_a_channel_reaches_only_those_who_have_an_identity_for_it(autumn: Engine) -> None:
    """A cookie gets no e-mail before an address is linked to it."""
    (removal,) = removed(autumn, Because.NOT_REACHABLE, asked(COOKIE, channels=("email",)))
    assert (removal.channel, removal.detail) == ("email", "needs an identity of type email or customer_id")
    assert removed(autumn, Because.NOT_REACHABLE, asked(channels=("email",))) == []
    link(autumn, LinkRequest(ANN, COOKIE), NOON_US)
    assert removed(autumn, Because.NOT_REACHABLE, asked(COOKIE, channels=("email",))) == []


def test_familiarity_opens_contents_one_level_after_the_other(autumn: Engine) -> None:
    """What a stranger may not be shown opens as she becomes known, engaged and loyal."""

    def too_familiar(who: Identity) -> list[str]:
        found = removed(autumn, Because.FAMILIARITY, asked(who), NOON_US + SECOND_US)
        return [removal.content_id for removal in found]

    assert too_familiar(COOKIE) == ["suit", "tie", "shoes"]
    assert too_familiar(ANN) == ["tie", "shoes"]
    for _ in range(4):
        track(autumn, TrackRequest(ANN, "browse", device="phone"), NOON_US)
    assert too_familiar(ANN) == ["shoes"]
    for number in range(3):
        track(autumn, bought(number), NOON_US)
    assert too_familiar(ANN) == []


def test_an_audience_is_not_told_what_she_does_not_let_be_used(autumn: Engine) -> None:
    """Targeting by what she lets nobody use is what she did not allow: the attribute is unknown to audiences, too."""
    identify(autumn, IdentifyRequest(ANN, attributes={"city": "Chicago"}), NOON_US)
    (removal,) = removed(autumn, Because.AUDIENCE, asked())
    assert (removal.content_id, removal.detail) == ("chicago", "the content's audience 'city' is not known of her")
    consents(autumn, Consent("personalisation", True))
    assert removed(autumn, Because.AUDIENCE, asked()) == []


@pytest.mark.parametrize(
    ("where", "removal"),
    [
        ("campaign: autumn", ("email", "the campaign's audience is false for her")),
        ("  email:", ("email", "the channel's audience is false for her")),
    ],
)
def test_a_campaign_and_a_channel_have_audiences_too(
    opened: Callable[..., Engine], where: str, removal: tuple[str, str]
) -> None:
    """Whoever does not belong to them gets nothing of the one, or nothing on the other."""
    indent = "    " if where.startswith(" ") else ""
    engine = opened(source=AUTUMN.replace(where, f"{where}\n{indent}audience: level == 'loyal'"))
    found = removed(engine, Because.AUDIENCE, asked(Identity("customer_id", "ann"), channels=("email",)))
    assert removal in [(one.channel, one.detail) for one in found]


def test_the_limits_of_channel_campaign_and_all_messages_bind_in_turn(autumn: Engine) -> None:
    """Two messages a day on the app, three in two days of the campaign, four in two days in all: each says so."""
    app = asked(COOKIE, channels=("app",))
    assert sent(autumn, app, NOON_US).count("app") == 2
    (removal,) = removed(autumn, Because.CHANNEL_LIMIT, app)
    assert (removal.channel, removal.send_slot, removal.detail) == ("app", "now", "2 per 1 day")
    later_us = NOON_US + DAY_US
    assert sent(autumn, app, later_us).count("app") == 1
    (removal,) = removed(autumn, Because.CAMPAIGN_LIMIT, app, later_us)
    assert removal.detail == "3 per 2 days"
    outlet = asked(COOKIE, "outlet", channels=("app",))
    assert sent(autumn, outlet, later_us).count("app") == 1
    (removal,) = removed(autumn, Because.OVERALL_LIMIT, outlet, later_us)
    assert removal.detail == "4 per 2 days"  # which autumn set, and outlet has to keep


def test_a_content_cools_down_on_every_channel(autumn: Engine) -> None:
    """What she got she does not get again for as long as the content says, and another content she does."""
    only_polo = asked(content_ids=("polo",))
    assert first(autumn, asked(channels=("app",), content_ids=("polo",)), "app").send_time_us == NOON_US
    found = removed(autumn, Because.COOL_DOWN, asked(), NOON_US + DAY_US)
    assert {(removal.channel, removal.content_id) for removal in found} == {("email", "polo"), ("app", "polo")}
    assert {removal.detail for removal in found} == {"once in 2 days"}
    assert set(sent(autumn, only_polo, NOON_US + DAY_US, 50)) == {NOTHING}
    assert removed(autumn, Because.COOL_DOWN, asked(channels=("app",)), NOON_US + 2 * DAY_US) == []


def test_a_content_over_in_one_slot_is_removed_from_that_alone(autumn: Engine) -> None:
    """What ends at midnight may still be sent tonight, and not tomorrow morning."""
    last_noon_us = NOON_US + 4 * DAY_US  # Monday 2026-07-06, the last day of the news
    (removal,) = removed(autumn, Because.NOT_VALID, asked(), last_noon_us)
    assert (removal.channel, removal.content_id, removal.send_slot) == ("email", "news", "morning")
    assert removal.detail == "valid before 2026-07-07T00:00:00Z"


def test_what_is_sold_out_stops_until_it_is_back(autumn: Engine) -> None:
    """Tracked purchases take from the stock; at nothing its content stops in every campaign, until a new count."""
    set_stock(autumn, "suit", 2, NOON_US)
    assert removed(autumn, Because.OUT_OF_STOCK, asked()) == []
    track(autumn, bought(1, quantity=3.0), NOON_US)
    for campaign in ("autumn", "outlet"):
        (removal,) = removed(autumn, Because.OUT_OF_STOCK, asked(campaign=campaign))
        assert (removal.content_id, removal.detail) == ("suit", "nothing is left of suit")
    set_stock(autumn, "suit", 1, NOON_US)
    assert removed(autumn, Because.OUT_OF_STOCK, asked()) == []


def test_what_she_prefers_beats_the_models_where_it_may_be_used(autumn: Engine) -> None:
    """Her channel or nothing, as long as every rule allows it; where one does not, the others are open again."""
    identify(autumn, IdentifyRequest(ANN, attributes={"preferred_channel": "app"}), NOON_US)
    (removal,) = removed(autumn, Because.PREFERENCE, asked())
    assert (removal.channel, removal.detail) == ("email", "she prefers app")
    decision = autumn.decide(asked(request_id="1"), NOON_US)
    assert set(decision.stages[0].probabilities) == {"app", NOTHING}
    assert decision.stages[0].propensity == decision.stages[0].probabilities[decision.channel]
    assert set(autumn.decide(asked(channels=("email",), request_id="2"), NOON_US).stages[0].probabilities) == {
        "email",
        NOTHING,
    }
    consents(autumn, Consent("marketing", False, "app"))
    assert set(autumn.decide(asked(request_id="3"), NOON_US).stages[0].probabilities) == {"email", NOTHING}


def test_a_channel_without_content_says_so(autumn: Engine) -> None:
    """Where every content asked for is removed, so is the channel."""
    request = asked(COOKIE, channels=("app",), content_ids=("suit",))
    assert [removal.channel for removal in removed(autumn, Because.NO_CONTENT, request)] == ["app"]


def test_where_silence_is_not_allowed_the_refusal_names_the_rules(opened: Callable[..., Engine]) -> None:
    """A caller who gets no decision reads which rules were in the way."""
    engine = opened(source=AUTUMN.replace("allowed: true", "allowed: false"))
    request = asked(COOKIE, channels=("app",), content_ids=("suit",))
    with pytest.raises(NotPossible, match="FAMILIARITY, NOT_REQUESTED, NO_CONTENT"):
        engine.decide(request, NOON_US)


def test_explaining_changes_nothing_and_is_for_what_was_not_answered(autumn: Engine) -> None:
    """It appends nothing, decides nothing, and has nothing to say about a request that came before."""
    request = asked(request_id="once")
    before = autumn.log.last_seq
    assert explain(autumn, request, NOON_US) == explain(autumn, request, NOON_US) != ()
    assert autumn.log.last_seq == before
    autumn.decide(request, NOON_US)
    assert explain(autumn, request, NOON_US + HOUR_US) == ()
