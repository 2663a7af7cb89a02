"""What a campaign holds once it is read: defaults, limits, and times that are computed once."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from engine.campaign.loader import CampaignInvalid, load_campaign
from engine.campaign.spec import Campaign, Content, Exploration, MessageLimit, NamedChoice, SendNothing
from engine.types import NOTHING

SHORTEST = """\
campaign: autumn
reward: {lowest: -0.5, highest: 2}
outcomes: {purchased: 2}
channels:
  app: {send_windows: {opening: now}}
  email: {send_windows: {morning: {from: 8:00, until: 11:00}}}
contents:
  polo: {category: polos}
  tie: {category: ties, channels: [email]}
"""


def with_content(fields: str, time_zone: str = "America/Chicago") -> Content:
    """Return the content that these fields describe, in a campaign in this time zone."""
    return load_campaign(f"{SHORTEST}  new: {{category: new, {fields}}}\ntime_zone: {time_zone}\n").contents["new"]


def utc_us(*parts: int) -> int:
    """Return the microseconds of a time in UTC."""
    return int(datetime(*parts, tzinfo=UTC).timestamp()) * 1_000_000  # type: ignore[arg-type,misc]


def test_the_shortest_campaign_has_safe_defaults() -> None:
    """What is not said is UTC, no control group, uniform fallback, never silence, mixed exploration with a floor."""
    campaign = load_campaign(SHORTEST)
    assert (campaign.name, campaign.description, campaign.time_zone) == ("autumn", "", "UTC")
    assert (campaign.control_share, campaign.fallback) == (0.0, None)
    assert campaign.send_nothing == SendNothing(allowed=False, price=0.0)
    assert (campaign.exploration.method, campaign.exploration.epsilon, campaign.exploration.floor) == (
        "mixed",
        0.05,
        0.005,
    )
    assert campaign.reward.scale == 2
    assert (campaign.channels["app"].quiet_hours, campaign.channels["app"].message_limits) == (None, ())


def test_the_shortest_campaign_learns_each_outcome_by_itself() -> None:
    """Without reward windows nothing is waited for; with one, outcomes add up and are learned when it closes."""
    campaign = load_campaign(SHORTEST)
    assert [campaign.reward_window_us(name) for name in ("app", "email", NOTHING)] == [None, None, None]
    assert (campaign.combine, campaign.learn, campaign.activation) == ("sum", "at_close", "assumed")


@pytest.mark.parametrize(
    ("reward", "fields", "worth"),
    [
        ("{lowest: -0.5, highest: 2}", "", 0),
        ("{lowest: 0.5, highest: 2}", "", 0.5),
        ("{lowest: -0.5, highest: 2}", "default_reward: -0.5", -0.5),
        ("{lowest: -0.5, highest: 2}", "default_reward: 2", 2),
    ],
)
def test_a_decision_without_outcome_has_a_worth(reward: str, fields: str, worth: float) -> None:
    """It is the default reward, up to either end of the range, else the number of the range that is nearest to 0."""
    campaign = load_campaign(SHORTEST.replace("{lowest: -0.5, highest: 2}", reward) + fields)
    assert campaign.reward_without_outcome == worth


@pytest.mark.parametrize(
    ("window", "window_us"),
    [
        ("1 second", 1_000_000),
        ("90 Seconds", 90_000_000),
        ("3days", 259_200_000_000),
        ("7776000 seconds", 7_776_000_000_000),
    ],
)
def test_reward_windows(window: str, window_us: int) -> None:
    """A reward window is a whole number and a unit from seconds on, up to 90 days; sending nothing may have one."""
    text = SHORTEST.replace("{opening: now}", f"{{opening: now}}, reward_window: {window}")
    campaign = load_campaign(text + f"send_nothing: {{allowed: true, reward_window: {window}}}")
    assert [campaign.reward_window_us(name) for name in ("app", "email", NOTHING)] == [window_us, None, window_us]


@pytest.mark.parametrize("formula", ["min(amount / 200, 1)", "-abs(amount)", "log1p(amount) * (2 - 0.5)"])
def test_an_outcome_may_be_worth_a_formula(formula: str) -> None:
    """A formula over the amount is kept as it was written."""
    assert load_campaign(SHORTEST.replace("purchased: 2", f'purchased: "{formula}"')).outcomes["purchased"] == formula


def test_contents_fit_every_channel_unless_they_say_otherwise() -> None:
    """A content without channels has all of them, in the file's order; an unknown channel has no contents."""
    campaign = load_campaign(SHORTEST)
    assert campaign.contents["polo"].channels == ("app", "email")
    assert campaign.contents_for("app") == ("polo",)
    assert campaign.contents_for("email") == ("polo", "tie")
    assert campaign.contents_for("sms") == ()


def test_a_campaign_cannot_be_changed() -> None:
    """What was validated stays as it was validated."""
    campaign = load_campaign(SHORTEST)
    with pytest.raises(ValidationError, match="frozen"):
        campaign.name = "winter"
    with pytest.raises(ValidationError, match="frozen"):
        campaign.contents["polo"].price = 1.0


def test_rules_between_parts_hold_however_a_campaign_is_made() -> None:
    """A campaign that does not come from YAML obeys the same rules."""
    fields = {
        "campaign": "autumn",
        "reward": {"lowest": 0, "highest": 1},
        "outcomes": {"purchased": 2},
        "channels": {"app": {"send_windows": {"opening": "now"}}},
        "contents": {"polo": {"category": "polos", "channels": ["web"]}},
    }
    with pytest.raises(ValidationError) as refused:
        Campaign.model_validate(fields)
    assert {error["loc"][0] for error in refused.value.errors()} == {"outcomes", "contents"}


def test_a_time_without_an_offset_is_refused_however_it_comes() -> None:
    """A time that nobody can place on the earth is never guessed at."""
    naive = datetime(2026, 11, 27, 6)  # noqa: DTZ001  # what the test is about
    with pytest.raises(ValidationError, match="with its offset from UTC"):
        Content.model_validate({"category": "polos", "valid_from": naive})


def test_a_date_is_valid_through_its_last_moment() -> None:
    """valid_from begins at local midnight; valid_until ends at the local midnight after it."""
    content = with_content("valid_from: 2026-11-27, valid_until: 2026-12-24")
    assert content.valid_from_us == utc_us(2026, 11, 27, 6)
    assert content.valid_until_us == utc_us(2026, 12, 25, 6)


def test_a_date_on_which_clocks_change_has_its_own_length() -> None:
    """The day of the change is valid from its midnight to the next, 25 hours later."""
    content = with_content("valid_from: 2026-11-01, valid_until: 2026-11-01")
    assert (content.valid_from_us, content.valid_until_us) == (utc_us(2026, 11, 1, 5), utc_us(2026, 11, 2, 6))


def test_a_time_with_an_offset_is_exact() -> None:
    """A time is the same instant in every time zone; valid_until ends at it."""
    content = with_content("valid_from: 2026-11-27T06:00-06:00, valid_until: '2026-11-27 18:30:15Z'", "Asia/Kathmandu")
    assert (content.valid_from_us, content.valid_until_us) == (
        utc_us(2026, 11, 27, 12),
        utc_us(2026, 11, 27, 18, 30, 15),
    )


def test_no_dates_mean_no_end() -> None:
    """A content without dates is always valid."""
    content = with_content("price: 1")
    assert (content.valid_from_us, content.valid_until_us) == (None, None)


@pytest.mark.parametrize(
    ("fields", "accepted"),
    [
        ("valid_from: 2026-12-24, valid_until: 2026-12-24", True),
        ("valid_from: 2026-12-25, valid_until: 2026-12-24", False),
        ("valid_from: 2026-12-24T23:00-06:00, valid_until: 2026-12-24", True),
        ("valid_from: 2026-12-25T00:00-06:00, valid_until: 2026-12-24", False),
        ("valid_from: 2026-12-24T08:00Z, valid_until: 2026-12-24T08:00Z", False),
    ],
)
def test_validity_must_have_a_duration(fields: str, accepted: bool) -> None:
    """A content that would never be valid is refused, whether its ends are dates or times."""
    if accepted:
        content = with_content(fields)
        assert content.valid_from_us is not None
        assert content.valid_until_us is not None
        assert content.valid_from_us < content.valid_until_us
    else:
        with pytest.raises(CampaignInvalid, match="comes before"):
            with_content(fields)


def test_features_keep_their_kind() -> None:
    """Whole numbers become numbers, truth values stay truth values, and text stays text, even no and 17:30."""
    features = with_content("features: {pieces: 2, online: true, answer: no, at: 17:30, on: 2026-12-24}").features
    assert features == {"pieces": 2.0, "online": True, "answer": "no", "at": "17:30", "on": "2026-12-24"}
    assert [type(value) for value in features.values()] == [float, bool, str, str, str]


@pytest.mark.parametrize(
    ("per", "per_us"),
    [
        ("1 minute", 60_000_000),
        ("30 minutes", 1_800_000_000),
        ("12 hours", 43_200_000_000),
        ("1 day", 86_400_000_000),
        ("7Days", 604_800_000_000),
        ("2 weeks", 1_209_600_000_000),
        ("90 days", 7_776_000_000_000),
    ],
)
def test_durations(per: str, per_us: int) -> None:
    """A duration is a whole number and a unit, up to 90 days."""
    assert MessageLimit.model_validate({"messages": 1, "per": per}).per_us == per_us


@pytest.mark.parametrize(
    ("days", "numbers"),
    [("all", range(7)), ("weekdays", range(5)), ("weekend", (5, 6)), ("[sun, mon, sun]", (0, 6))],
)
def test_days(days: str, numbers: range | tuple[int, ...]) -> None:
    """Days are numbers from Monday 0, in order and once each."""
    text = SHORTEST.replace("{from: 8:00", f"{{days: {days}, from: 8:00")
    assert load_campaign(text).channels["email"].send_windows["morning"].days == tuple(numbers)


def test_hours_are_seconds_after_midnight() -> None:
    """A single-digit hour is read, and 24:00 is the end of the day."""
    window = load_campaign(SHORTEST.replace("11:00", "24:00")).channels["email"].send_windows["morning"]
    assert (window.from_s, window.until_s) == (8 * 3600, 24 * 3600)


def test_a_named_fallback_is_kept() -> None:
    """A fallback that names one choice holds it; the word uniform holds none."""
    text = SHORTEST + "fallback: {channel: email, content: tie, send_window: morning}\n"
    assert load_campaign(text).fallback == NamedChoice(channel="email", content="tie", send_window="morning")
    assert load_campaign(SHORTEST + "fallback: uniform\n").fallback is None


@pytest.mark.parametrize(
    ("entries", "accepted"),
    [
        ("channels: {" + ", ".join(f"c{n}: {{send_windows: {{w: now}}}}" for n in range(20)) + "}", True),
        ("channels: {" + ", ".join(f"c{n}: {{send_windows: {{w: now}}}}" for n in range(21)) + "}", False),
        ("channels: {c: {send_windows: {" + ", ".join(f"w{n}: now" for n in range(48)) + "}}}", True),
        ("channels: {c: {send_windows: {" + ", ".join(f"w{n}: now" for n in range(49)) + "}}}", False),
    ],
    ids=["20 channels", "21 channels", "48 windows", "49 windows"],
)
def test_everything_has_a_limit(entries: str, accepted: bool) -> None:
    """Counts are accepted up to their limit and refused beyond it."""
    start = SHORTEST.partition("channels:")[0]
    text = f"{start}{entries}\ncontents: {{polo: {{category: polos}}}}\n"
    if accepted:
        assert load_campaign(text).channels
    else:
        with pytest.raises(CampaignInvalid, match="must have at most"):
            load_campaign(text)


def test_a_thousand_contents_are_the_limit() -> None:
    """A campaign holds a thousand contents and not one more."""
    start = SHORTEST.partition("  polo:")[0]
    thousand = start + "".join(f"  content-{number}: {{category: polos}}\n" for number in range(1000))
    assert len(load_campaign(thousand).contents_for("app")) == 1000
    with pytest.raises(CampaignInvalid, match="contents must have at most 1000"):
        load_campaign(thousand + "  one-more: {category: polos}\n")


@pytest.mark.parametrize(
    "fields",
    [{"greed": 1e6, "epsilon": 1, "floor": 0.5}, {"greed": 1e-9, "epsilon": 1e-9, "floor": 0.001}],
)
def test_exploration_reaches_its_bounds(fields: dict[str, float]) -> None:
    """The ends of each range that the documentation gives are allowed."""
    exploration = Exploration.model_validate({"method": "epsilon_greedy", **fields})
    assert {name: getattr(exploration, name) for name in fields} == fields
