"""Mistakes in what may be chosen, one by one: each is told with its line, its field, and what to write instead."""

import pytest

from tests.engine.test_campaign_mistakes import QUIET, TEXT, problems

TARGET = "{units: 200, from: 2026-10-01, until: 2026-11-30, bonus: 0.1}"
DEAR, NONE, BACKWARD = (TARGET.replace(*pair) for pair in (("0.1", "2"), ("200", "0"), ("11-30", "09-30")))
SELL = "contents.polo.sell_through"

MISTAKES = (
    # what is written, what is written instead, the line it is told with, the field, words of the mend
    ("control_share: 0.1", "opt_out_outcomes: [purchase]", 7, "opt_out_outcomes[0]", "did you mean 'purchased'?"),
    ("control_share: 0.1", "opt_out_outcomes: purchased", 7, "opt_out_outcomes", "must be a list"),
    ("control_share: 0.1", "personalisation_consent: yes", 7, "personalisation_consent", "'assumed' or 'required'"),
    ("control_share: 0.1", "purpose: [a]", 7, "purpose", "must be text, but is a list"),
    (
        "control_share: 0.1",
        "message_limits: [{messages: 0, per: 1 day}]",
        7,
        "message_limits[0].messages",
        "at least 1",
    ),
    ("control_share: 0.1", "overall_message_limit: [{}]", 7, "overall_message_limit", "mean 'overall_message_limits'?"),
    ("control_share: 0.1", "audience: attributes.city = 'x'", 7, "audience", "must be an expression such as"),
    ("control_share: 0.1", "audience: user.city == 'x'", 7, "audience", "asks about user, which is nothing that is"),
    ("control_share: 0.1", "audience: true", 7, "audience", "must be an expression such as"),
    ("control_share: 0.1", "audience: " + "true || " * 70 + "true", 7, "audience", "write 1 to 500"),
    (QUIET, "consent: asked", 16, "channels.email.consent", "must be 'assumed' or 'required'"),
    (QUIET, "reached_by: [e-mail]", 16, "channels.email.reached_by[0]", "a type of identity such as email"),
    (QUIET, "reached_by: email", 16, "channels.email.reached_by", "must be a list such as [email, sms]"),
    ("price: 29.90", "audience: identities.map(i, i)", 25, "contents.polo.audience", "uses map, a loop"),
    ("price: 29.90", "familiarity: friend", 25, "contents.polo.familiarity", "must be 'anonymous', 'known', 'engaged'"),
    ("price: 29.90", "cool_down: 1 month", 25, "contents.polo.cool_down", "such as 7 days, 12 hours or 30 minutes"),
    ("price: 29.90", "cool_down: 91 days", 25, "contents.polo.cool_down", "between 1 minute and 90 days"),
    ("price: 29.90", f"sell_through: {TARGET}", 25, "contents.polo.sell_through", "has none; add one"),
    (
        "price: 29.90",
        f"sku: p\n    sell_through: {DEAR}",
        26,
        f"{SELL}.bonus",
        "at most 1, the",
    ),
    (
        "price: 29.90",
        f"sku: p\n    sell_through: {BACKWARD}",
        26,
        f"{SELL}.until",
        "before from",
    ),
    ("price: 29.90", f"sku: p\n    sell_through: {NONE}", 26, f"{SELL}.units", "at least 1"),
    ("price: 29.90", "sku: p\n    sell_through: {units: 9}", 26, f"{SELL}.bonus", "has no bonus; add one"),
)


@pytest.mark.parametrize(("written", "instead", "line", "field", "mend"), MISTAKES)
def test_mistakes_in_rules_are_told_with_their_line_field_and_mend(
    written: str, instead: str, line: int, field: str, mend: str
) -> None:
    """Each mistake is told on its own line, at its own field, with words that say what to write."""
    assert written in TEXT
    told = problems(TEXT.replace(written, instead, 1))
    assert any(path == field and text.startswith(f"line {line}: ") and mend in text for path, text in told), told
