"""Audiences: a small language that always ends, asks only about what is known, and is false where nothing is."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.campaign.audience import VARIABLES, Facts, NotAnAudience, audience
from engine.campaign.loader import load_campaign
from engine.customers.conduct import Conduct
from engine.customers.standing import Standing
from engine.eligibility.moment import facts
from engine.types import Features
from tests.ruled import AUTUMN

KNOWN = facts(
    Standing(conduct=Conduct({"preferred_channel": "app"}, identity_types=frozenset({"email", "cookie"}))),
    Features(numbers={"basket": 20.0}, categories={"device": "phone"}),
    Features(numbers={"visits": 2.5, "category/polos": 0.4}, categories={"city": "Chicago"}),
)


@pytest.mark.parametrize(
    "text",
    [
        'attributes.city == "Chicago"',
        'attributes.preferred_channel != "email"',
        '"email" in identities && !("phone" in identities)',
        'level == "anonymous" || level == "known"',
        'context.device.startsWith("ph") && context_numbers.basket >= 20',
        'profile.visits > 2 && profile["category/polos"] < 0.5',
        "has(profile.spend) ? profile.spend > 100.0 : size(identities) == 2",
        '!has(attributes.country) || attributes.country == "US"',
    ],
)
def test_an_audience_asks_about_what_is_known(text: str) -> None:
    """Attributes, context, profile, level and identities can be asked about, and absence too."""
    assert KNOWN.problem(text) == ""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('attributes.city == "Anytown"', "is false for her"),
        ("profile.spend > 10.0", "'spend' is not known of her"),
        ('attributes.city > 3 && level == "anonymous"', "has no value for her"),
        ("profile.visits / 0.0 > 1.0 || 1 / 0 == 1", ""),
        ("1 / 0 == 1", "has no value for her"),
        ("profile.visits", "comes to 2.5 for her, not to true or false"),
        ("attributes.city", "comes to 'Chicago' for her, not to true or false"),
    ],
)
def test_what_is_not_true_is_false_and_says_why(text: str, why: str) -> None:
    """What is not known of her, or has no value, leaves her out of the audience, and never fails a decision."""
    found = KNOWN.problem(text)
    assert found.startswith(why)
    assert bool(found) == bool(why)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "has 0 characters"),
        ("true" + " || true" * 70, "characters; write 1 to 500"),
        ("attributes.city ==", "cannot be read"),
        ("attribute.city == 'Chicago'", "attribute, which is nothing that is known; did you mean attributes?"),
        ("now() > 3", "uses now"),
        ("attributes.city.matches('C.*')", "uses matches"),
        ("identities.exists(level, level == 'email')", "uses exists, a loop"),
        ("[1, 2].all (profile, true)", "uses all, a loop"),
        ("level == 'known' //\n&& true", "one line"),
        ("customer.city == 'Chicago'", "asks about customer, which is nothing that is known; known are attributes"),
    ],
)  # fmt: skip
def test_what_is_no_audience_is_refused(text: str, why: str) -> None:
    """Loops, clocks, patterns and unknown names are refused when the campaign is read, not when it decides."""
    with pytest.raises(NotAnAudience) as refused:
        audience(text)
    assert why in str(refused.value)


pieces = st.sampled_from(
    [*VARIABLES, *"()[]{}.,?:!-+*/%<>'\"`\\0123", "==", "&&", "||", " in ", "true", "null", "1.5",
     "9223372036854775807", "size(", "has(", "double(", "'a'", ".city", ".map(x, x)", "[0]", " "]
)  # fmt: skip


@settings(max_examples=300, derandomize=True, database=None, deadline=None)
@given(st.lists(pieces, max_size=60).map("".join) | st.text(max_size=60))
def test_no_text_does_more_than_to_be_refused_or_answered(text: str) -> None:
    """Whatever is written, it is refused as no audience, or true or false for a customer, with a reason to show."""
    try:
        audience(text)
        found = KNOWN.problem(text)
    except NotAnAudience as refused:
        found = str(refused)
    assert found.isprintable()


DEEPEST = ("(" * 248 + "true" + ")" * 248, "!" * 496 + "true", "-" * 490 + "1 < 2", "[" * 250 + "]" * 250)


@pytest.mark.parametrize("text", DEEPEST)
def test_the_deepest_texts_do_no_harm(text: str) -> None:
    """Nesting as deep as an audience's length allows is answered or refused."""
    try:
        audience(text)
    except NotAnAudience:
        return
    assert isinstance(KNOWN.problem(text), str)


def test_what_nobody_asks_about_is_not_converted() -> None:
    """Only the named parts of what is known are handed to the language, which takes longer than the expression."""

    class Unread(dict[str, object]):
        def __getitem__(self, name: str) -> object:
            assert name == "level"
            return "known"

    assert Facts(Unread()).problem('level == "known"') == ""


def test_an_audience_is_compiled_once_for_all_who_write_it() -> None:
    """The same text is one program, for a content and for a channel."""
    text = 'attributes.city == "Chicago"'
    assert load_campaign(AUTUMN).contents["chicago"].audience == text
    assert audience(text) is audience(text)
