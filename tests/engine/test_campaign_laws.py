"""Laws of reading campaigns, over texts nobody thought of: it never crashes, never varies, never hides a problem."""

import json
import re
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.campaign.loader import CampaignInvalid, load_campaign
from engine.campaign.spec import Campaign

LAW = settings(max_examples=150, derandomize=True, database=None, deadline=None)
RETAIL = (Path(__file__).parents[2] / "simulators" / "campaigns" / "retail.yaml").read_text()

SHORT = """\
campaign: autumn
reward: {lowest: -1, highest: 1}
outcomes: {purchased: 1}
channels:
  email:
    send_windows:
      morning: {from: 08:00, until: 11:00}
contents:
  polo:
    category: polos
    price: 29.90
"""

MISTAKES = (
    # independent mistakes in SHORT: what is written, what is written instead, the field
    ("lowest: -1", "lowest: low", "reward.lowest"),
    ("purchased: 1", "purchased: [1]", "outcomes.purchased"),
    ("from: 08:00", "from: 8", "channels.email.send_windows.morning.from"),
    ("until: 11:00", "untill: 11:00", "channels.email.send_windows.morning.untill"),
    ("category: polos", "category: 1", "contents.polo.category"),
    ("price: 29.90", "price: dear", "contents.polo.price"),
    ("  polo:\n", "  polo:\n    channels: [emial]\n", "contents.polo.channels[0]"),
    ("campaign: autumn", "campaign: autumn\nfallback: {channel: nothing}", "fallback.channel"),
)

fragments = st.sampled_from([*":{}[]-&*!|>'\"#%@`?,\\ \n\t\r", "\x00", "\x85", "\ufeff", "\ud800", "---", "? ", "<<: "])
texts = st.text(max_size=40) | st.lists(fragments | st.sampled_from(SHORT.split()), max_size=30).map("".join)
printable = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=30)


def outcome(text: str) -> Campaign | tuple[tuple[str, str], ...]:
    """Return the campaign, or what is wrong with its text."""
    try:
        return load_campaign(text)
    except CampaignInvalid as refused:
        return refused.violations


def broken(text: str, place: int, length: int, inserted: str) -> str:
    """Return the text with a stretch replaced."""
    return text[:place] + inserted + text[place + length :]


def check_told(text: str) -> None:
    """Check that a text gives a campaign, or printable sentences with lines that it has."""
    lines = text.count("\n") + text.count("\r") + 1
    found = outcome(text)
    if isinstance(found, Campaign):
        return
    assert found
    numbers = [int(re.match(r"line (\d+): .", sentence)[1]) for _, sentence in found]  # type: ignore[index]
    assert numbers == sorted(numbers)
    assert all(1 <= number <= lines + 1 for number in numbers)
    assert all(sentence.isprintable() for _, sentence in found)


@LAW
@given(texts)
def test_no_text_crashes_the_loader(text: str) -> None:
    """Whatever the text, the answer is a campaign or problems with lines, in order, that can be shown to anyone."""
    check_told(text)


@LAW
@given(st.integers(0, len(SHORT)), st.integers(0, 12), texts)
def test_no_damage_crashes_the_loader(place: int, length: int, inserted: str) -> None:
    """A valid campaign damaged anywhere is still a campaign or a list of problems."""
    check_told(broken(SHORT, place, length, inserted))


@LAW
@given(st.integers(0, len(SHORT)), st.integers(0, 12), texts)
def test_the_same_text_gives_the_same_answer(place: int, length: int, inserted: str) -> None:
    """Reading has no memory: the same text gives an equal campaign or the same problems."""
    text = broken(SHORT, place, length, inserted)
    assert outcome(text) == outcome(text)


@LAW
@given(st.sets(st.sampled_from(range(len(MISTAKES))), min_size=1))
def test_no_problem_hides_another(chosen: set[int]) -> None:
    """Whichever mistakes come together, every one of them is told."""
    text = SHORT
    for index in chosen:
        text = text.replace(MISTAKES[index][0], MISTAKES[index][1], 1)
    found = outcome(text)
    assert not isinstance(found, Campaign)
    assert {MISTAKES[index][2] for index in chosen} <= {field for field, _ in found}


def test_mistakes_are_told_alone() -> None:
    """One mistake gives problems at its own field only, so nobody hunts for what is not there."""
    for written, instead, field in MISTAKES:
        found = outcome(SHORT.replace(written, instead, 1))
        assert not isinstance(found, Campaign)
        related = {field, "channels.email.send_windows.morning.until"}  # missing, since it is misspelt
        assert {path for path, _ in found} <= related


FIELDS = [
    match.start(1) for match in re.finditer(r"(?m)^ +(category|price|tone|features|channels|send_windows):", RETAIL)
]


@settings(LAW, max_examples=25)
@given(st.sampled_from(FIELDS), st.integers(1, 3))
def test_every_misspelt_field_is_told_with_the_right_word(place: int, letter: int) -> None:
    """Wherever a letter of a field is lost, its line is named and the field that was meant."""
    line = RETAIL.count("\n", 0, place) + 1
    field = RETAIL[place:].split(":")[0]
    found = outcome(broken(RETAIL, place + letter, 1, ""))
    assert not isinstance(found, Campaign)
    assert any(
        text.startswith(f"line {line}: unknown field") and f"did you mean '{field}'?" in text for _, text in found
    )


@LAW
@given(printable, printable, printable, printable)
def test_any_printable_name_is_kept(campaign: str, channel: str, window: str, content: str) -> None:
    """Names in any script are kept as they are written, and so are features."""
    fields = {
        "campaign": campaign,
        "reward": {"lowest": -1, "highest": 1},
        "outcomes": {content: 1},
        "channels": {channel: {"send_windows": {window: "now"}}},
        "contents": {content: {"category": campaign, "features": {window: channel}}},
    }
    if channel == "nothing":
        return
    loaded = load_campaign(json.dumps(fields, ensure_ascii=False))  # JSON is YAML
    assert (loaded.name, list(loaded.channels), list(loaded.contents)) == (campaign, [channel], [content])
    assert loaded.contents[content].features == {window: channel}
    assert loaded.channels[channel].send_windows[window].until_s == 86_400


@LAW
@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.floats(-2e6, 2e6))
def test_outcomes_beyond_the_reward_are_never_accepted(lowest: float, highest: float, worth: float) -> None:
    """A campaign that is accepted has a range that is one, with every outcome inside it."""
    text = SHORT.replace("-1", repr(lowest)).replace("highest: 1", f"highest: {highest!r}")
    found = outcome(text.replace("purchased: 1", f"purchased: {worth!r}"))
    assert isinstance(found, Campaign) == (lowest <= worth <= highest and highest - lowest >= 1e-6)
    if isinstance(found, Campaign):
        assert found.reward.scale == max(abs(lowest), abs(highest)) > 0
