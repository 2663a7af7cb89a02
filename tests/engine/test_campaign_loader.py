"""What a marketer is told when much is wrong with a campaign's text: everything, in order, and nothing twice."""

import pytest

from engine.campaign.loader import MAX_PROBLEMS, CampaignInvalid, load_campaign
from engine.errors import InvalidRequest

TEXT = """\
campaign: autumn
time_zone: America/Chicago
reward: {lowest: -1, highest: 1}
outcomes:
  ignored: 0
  purchased: 1
control_share: 0.1
fallback: {channel: email, content: polo, send_window: morning}
send_nothing: {allowed: true, price: 0.02}
exploration: {method: squarecb, greed: 10, floor: 0.02}
channels:
  email:
    send_windows:
      morning: {days: weekdays, from: 08:00, until: 11:00}
      evening: {days: [mon, sat], from: 18:00, until: 23:30}
    quiet_hours: {from: 22:00, until: 07:00}
    message_limits:
      - {messages: 3, per: 7 days}
  app:
    send_windows:
      opening: now
contents:
  polo:
    category: polos
    price: 29.90
    channels: [email, app]
    valid_from: 2026-09-01
    valid_until: 2026-12-24
    features: {pattern: striped, pieces: 2, online: true}
  tie:
    category: ties
"""


def problems(text: str) -> list[tuple[str, str]]:
    """Return what is wrong with a text, as (field, sentence) pairs; fails where nothing is."""
    with pytest.raises(CampaignInvalid) as refused:
        load_campaign(text)
    return list(refused.value.violations)


@pytest.mark.parametrize(
    ("text", "mend"),
    [
        ("", "the text is empty; begin with `campaign: "),
        ("# only a note\n", "the text is empty"),
        ("autumn", "must have fields of its own below it"),
        ("- autumn", "but is a list"),
        ("x" * 1_048_577, "over 1024 KiB"),
        ("{" + "a, " * 6_000 + "}\n" + "b: " + "\n- c" * 19_000, "line 1: "),
        ("\n- c" * 25_001, "over 25000 values"),
    ],
    ids=["empty", "notes", "text", "list", "size", "flow", "values"],
)
def test_texts_that_are_no_campaign_are_refused(text: str, mend: str) -> None:
    """A text of another shape, or without measure, is refused as a whole."""
    assert any(field == "source" and mend in sentence for field, sentence in problems(text))


def test_all_problems_are_told_in_the_order_of_their_lines() -> None:
    """Mistakes of every kind are told at once: unknown fields, wrong values, parts that do not fit together."""
    text = TEXT
    for written, instead in (
        ("purchased: 1", "purchased: 2"),
        ("control_share: 0.1", "controlshare: 0.1"),
        ("from: 18:00", "from: 22:00"),
        ("messages: 3", "messages: 3\n        messages: 4"),
        ("per: 7 days", "per: 7 moons"),
        ("price: 29.90", "price: cheap"),
        ("[email, app]", "[email, ap]"),
        ("2026-12-24", "2025-12-24"),
    ):
        text = text.replace(written, instead, 1)
    text = text.replace(
        "- {messages: 3\n        messages: 4, per: 7 moons}", "- messages: 3\n        messages: 4\n        per: 7 moons"
    )
    assert [field for field, _ in problems(text)] == [
        "outcomes.purchased",
        "controlshare",
        "channels.email.send_windows.evening",
        "channels.email.message_limits[0].messages",
        "channels.email.message_limits[0].per",
        "contents.polo.price",
        "contents.polo.channels[1]",
        "contents.polo.valid_until",
    ]


@pytest.mark.parametrize(
    ("written", "instead", "fields"),
    [
        ("campaign: autumn", "campaign: *name", ["campaign"]),
        ("campaign: autumn", "campaign:", ["campaign"]),
        ("channels:\n  email", "chanels:\n  email", ["channels", "chanels"]),
        ("contents:\n", "content:\n", ["contents", "content"]),
        ("reward: {lowest: -1", "reward: {lowest: low", ["reward.lowest"]),
        ("opening: now", "opening: never", ["channels.app.send_windows.opening"]),
    ],
)
def test_a_problem_is_told_once(written: str, instead: str, fields: list[str]) -> None:
    """What cannot be read is told where it stands, and nothing else is blamed for it."""
    assert [field for field, _ in problems(TEXT.replace(written, instead, 1))] == fields


def test_a_channel_that_no_content_fits_is_told() -> None:
    """A channel without a single content could never be chosen, so it is a mistake."""
    text = TEXT.replace("[email, app]", "[email]") + "    channels: [email]\n"
    assert problems(text) == [
        ("channels.app", "line 19: no content fits the channel 'app'; name it in some content's channels, or remove it")
    ]


def test_a_fallback_that_does_not_fit_is_told() -> None:
    """The fallback's content must fit the fallback's channel."""
    told = problems(TEXT.replace("[email, app]", "[app]"))
    assert told[0][0] == "fallback.content"
    assert "does not fit the channel 'email'" in told[0][1]


def test_a_silent_fallback_needs_leave_to_be_silent() -> None:
    """The fallback may send nothing only where the campaign may."""
    fallback = "fallback: {channel: nothing}"
    text = TEXT.replace("fallback: {channel: email, content: polo, send_window: morning}", fallback)
    assert load_campaign(text).fallback is not None
    told = problems(text.replace("allowed: true", "allowed: false"))
    assert [field for field, _ in told] == ["fallback.channel"]


def test_a_flood_of_problems_is_cut_with_a_count() -> None:
    """After a hundred problems it is only said how many more there are."""
    flood = "".join(f"  content-{number}: {{category: 7}}\n" for number in range(MAX_PROBLEMS + 23))
    told = problems(TEXT + flood)
    assert len(told) == MAX_PROBLEMS + 1
    assert told[-1] == (
        "source",
        f"line {31 + MAX_PROBLEMS + 1}: 23 more problems from here on; mend those above first",
    )


def test_names_with_other_characters_stand_in_brackets() -> None:
    """A field path stays unambiguous where a name holds a dot, a quote or a blank."""
    told = problems(TEXT + "  'v1.2 \"new\"':\n    category: 7\n")
    assert [field for field, _ in told] == ['contents["v1.2 \\"new\\""].category']


def test_the_engine_knows_the_error_as_an_invalid_request() -> None:
    """Whoever handles invalid requests handles invalid campaigns."""
    with pytest.raises(InvalidRequest, match=r"reward\.highest: line 3: highest must be above lowest"):
        load_campaign(TEXT.replace("highest: 1}", "highest: -2}"))
