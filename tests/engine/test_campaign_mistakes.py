"""A marketer's mistakes, one by one: each is told with its line, its field, and what to write instead."""

import pytest

from engine.campaign.loader import CampaignInvalid, load_campaign

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

QUIET = "quiet_hours: {from: 22:00, until: 07:00}"

MISTAKES = (
    # what is written, what is written instead, the line it is told with, the field, words of the mend
    ("campaign: autumn", "campain: autumn", 1, "campain", "did you mean 'campaign'?"),
    ("campaign: autumn\n", "", 1, "campaign", "the file has no campaign; add one, for example `campaign: autumn-wardr"),
    ("campaign: autumn", "campaign:", 1, "campaign", "campaign has no value; write one after the colon"),
    ("campaign: autumn", "campaign: 2026", 1, "campaign", "must be text, but is 2026; put quotes around"),
    ("campaign: autumn", 'campaign: "a\\tb"', 1, "campaign", "must not hold line breaks or invisible characters"),
    ("campaign: autumn", "campaign: " + "x" * 129, 1, "campaign", "must have 1 to 128 characters, but has 129"),
    ("America/Chicago", "Chicago", 2, "time_zone", "must be a time zone such as America/Chicago"),
    ("America/Chicago", "europe/london", 2, "time_zone", "must be a time zone such as Europe/London"),
    ("America/Chicago", "LONDON", 2, "time_zone", "must be a time zone such as Europe/London"),
    ("America/Chicago", "../../etc/passwd", 2, "time_zone", "must be a time zone such as"),
    ("America/Chicago", "-06:00", 2, "time_zone", "must be a time zone such as"),
    ("America/Chicago", "localtime", 2, "time_zone", "must be a time zone such as"),
    ("lowest: -1,", "", 3, "reward.lowest", "reward has no lowest; add one, for example `lowest: -1`"),
    ("highest: 1}", "highest: -1}", 3, "reward.highest", "must be above lowest, which is -1"),
    ("highest: 1}", "highest: .inf}", 3, "reward.highest", "must be a number between -1000000 and 1000000"),
    ("highest: 1}", "highest: .nan}", 3, "reward.highest", "must be a number between"),
    ("highest: 1}", "highest: 1e7}", 3, "reward.highest", "must be a number between"),
    ("{lowest: -1, highest: 1}", "1", 3, "reward", "must have fields of its own below it, for example `reward: {low"),
    ("ignored: 0", "ignored: nought", 5, "outcomes.ignored", "must be a number, or a formula over amount"),
    ("ignored: 0", "ignored: true", 5, "outcomes.ignored", "but is true"),
    ("purchased: 1", "purchased: 2", 6, "outcomes.purchased", "outside the reward's -1 to 1"),
    ("purchased: 1", "ignored: 1", 6, "outcomes.ignored", "stands here again, it already stands on line 5"),
    ("purchased: 1", "purchased 1", 6, "source", "write a colon and a blank after the field's name"),
    ("purchased: 1", "' ignored ': 1", 6, "outcomes.ignored", "stands here again, it already stands on line 5"),
    ("purchased: 1", "purchased: __import__('os')", 6, "outcomes.purchased", "cannot hold \"__import__('os')\""),
    ("purchased: 1", "purchased: amount.real", 6, "outcomes.purchased", "cannot hold 'amount.real'"),
    ("purchased: 1", "purchased: money / 200", 6, "outcomes.purchased", "cannot hold 'money'"),
    ("purchased: 1", "purchased: amount ** 99", 6, "outcomes.purchased", "cannot hold 'amount ** 99'"),
    ("purchased: 1", "purchased: amount /", 6, "outcomes.purchased", "such as min(amount / 200, 1), but 'amount /'"),
    ("purchased: 1", "purchased: min(amount)", 6, "outcomes.purchased", "gives min 1 values; it takes 2 to 10"),
    ("purchased: 1", "purchased: amount" + " + amount" * 30, 6, "outcomes.purchased", "more than 200"),
    ("control_share: 0.1", "combine: add", 7, "combine", "must be 'sum', 'max', 'first' or 'last'"),
    ("control_share: 0.1", "default_reward: -1.5", 7, "default_reward", "must lie in the reward's -1 to 1"),
    ("control_share: 0.1", "default_reward: amount", 7, "default_reward", "must be a plain number such as 0.5"),
    ("control_share: 0.1", "learn: later", 7, "learn", "must be 'provisionally' or 'at_close'"),
    ("control_share: 0.1", "activation: yes", 7, "activation", "must be 'assumed' or 'required'"),
    ("control_share: 0.1", "control_share: 10%", 7, "control_share", "must be a plain number such as 0.5"),
    ("control_share: 0.1", "control_share: 1", 7, "control_share", "must be at most 0.9, but is 1"),
    ("control_share: 0.1", "control_share: -0.1", 7, "control_share", "must be at least 0"),
    ("channel: email,", "channel: e-mail,", 8, "fallback.channel", "did you mean 'email'?"),
    ("channel: email,", "", 8, "fallback.channel", "fallback has no channel; add one"),
    ("content: polo,", "content: pole,", 8, "fallback.content", "did you mean 'polo'?"),
    ("content: polo,", "", 8, "fallback", "names no content; add one"),
    ("send_window: morning}", "send_window: mornings}", 8, "fallback.send_window", "did you mean 'morning'?"),
    (", send_window: morning}", "}", 8, "fallback", "names no send window; add one"),
    (
        "fallback: {channel: email, content: polo, send_window: morning}",
        "fallback: uniformly",
        8,
        "fallback",
        "uniform, ",
    ),
    (
        "fallback: {channel: email, ",
        "fallback: {channel: nothing, ",
        8,
        "fallback.content",
        "has no content; delete it",
    ),
    ("allowed: true", "allowed: yes", 9, "send_nothing.allowed", "must be true or false, but is 'yes'"),
    ("price: 0.02", "price: 1.5", 9, "send_nothing.price", "must lie between -1 and 1"),
    ("price: 0.02", "price: -1.5", 9, "send_nothing.price", "must lie between -1 and 1"),
    ("price: 0.02", "prise: 0.02", 9, "send_nothing.prise", "did you mean 'price'?"),
    ("price: 0.02", "reward_window: 3", 9, "send_nothing.reward_window", "must be a whole number and a unit"),
    (
        "method: squarecb",
        "method: thompson",
        10,
        "exploration.method",
        "must be 'mixed', 'squarecb' or 'epsilon_greedy'",
    ),
    ("greed: 10", "greed: 0", 10, "exploration.greed", "must be more than 0"),
    ("floor: 0.02", "floor: 0", 10, "exploration.floor", "must be at least 0.001"),
    ("floor: 0.02", "epsilon: 2", 10, "exploration.epsilon", "must be at most 1"),
    ("channels:\n  email", "chanels:\n  email", 11, "chanels", "did you mean 'channels'?"),
    ("channels:\n  email", "channels:\n  nothing", 12, "channels.nothing", "is the word for sending no message"),
    (
        "    send_windows:\n      opening: now",
        "    send_window: now",
        20,
        "channels.app.send_window",
        "'send_windows'?",
    ),
    (
        "    send_windows:\n      opening: now",
        "    {}",
        19,
        "channels.app.send_windows",
        "app has no send_windows; add",
    ),
    (
        "weekdays",
        "weekday",
        14,
        "channels.email.send_windows.morning.days",
        "must be all, weekdays, weekend, or a list",
    ),
    ("[mon, sat]", "[mon, Saturday]", 15, "channels.email.send_windows.evening.days", "but is 'Saturday'"),
    ("[mon, sat]", "[]", 15, "channels.email.send_windows.evening.days", "must be all, weekdays, weekend"),
    ("from: 08:00", "from: 8am", 14, "channels.email.send_windows.morning.from", "on the 24-hour clock"),
    ("from: 08:00", "from: 0800", 14, "channels.email.send_windows.morning.from", "such as 08:00 or 17:30, but is 800"),
    ("from: 08:00", "from: 24:00", 14, "channels.email.send_windows.morning.from", "on the 24-hour clock"),
    ("until: 11:00", "until: 11:60", 14, "channels.email.send_windows.morning.until", "on the 24-hour clock"),
    (", until: 11:00", "", 14, "channels.email.send_windows.morning.until", "morning has no until; add one"),
    ("from: 18:00", "from: 22:00", 15, "channels.email.send_windows.evening", "wholly in the quiet hours of 'email'"),
    ("from: 22:00", "from: 07:00", 16, "channels.email.quiet_hours.until", "must differ from `from`"),
    ("{from: 22:00, until: 07:00}", "at night", 16, "channels.email.quiet_hours", "`quiet_hours: {from: 21:00, until"),
    (QUIET, "reward_window: a while", 16, "channels.email.reward_window", "such as 3 days, 1 hour or 30 seconds"),
    (QUIET, "reward_window: 91 days", 16, "channels.email.reward_window", "between 1 second and 90 days"),
    (QUIET, "reward_window: 0 seconds", 16, "channels.email.reward_window", "between 1 second and 90 days"),
    (QUIET, "reward_windo: 3 days", 16, "channels.email.reward_windo", "did you mean 'reward_window'?"),
    ("messages: 3", "messages: 0", 18, "channels.email.message_limits[0].messages", "must be at least 1"),
    ("messages: 3", "messages: 1001", 18, "channels.email.message_limits[0].messages", "must be at most 1000"),
    ("messages: 3", "messages: true", 18, "channels.email.message_limits[0].messages", "a whole number such as 3"),
    ("messages: 3", "messages: 2.5", 18, "channels.email.message_limits[0].messages", "a whole number such as 3"),
    ("per: 7 days", "per: week", 18, "channels.email.message_limits[0].per", "such as 7 days, 12 hours or 30 minutes"),
    ("per: 7 days", "per: 7", 18, "channels.email.message_limits[0].per", "a whole number and a unit"),
    ("per: 7 days", "per: 91 days", 18, "channels.email.message_limits[0].per", "between 1 minute and 90 days"),
    ("per: 7 days", "per: 0 days", 18, "channels.email.message_limits[0].per", "between 1 minute and 90 days"),
    ("- {messages", "- {mesages", 18, "channels.email.message_limits[0].mesages", "did you mean 'messages'?"),
    (
        "opening: now",
        "opening: later",
        21,
        "channels.app.send_windows.opening",
        "must be the word now, or hours such as",
    ),
    ("    category: polos\n", "", 23, "contents.polo.category", "polo has no category; add one"),
    (
        "control_share: 0.1",
        "reward_window: 1 day",
        7,
        "reward_window",
        "here; it belongs to send_nothing",
    ),
    ("category: polos", "catgory: polos", 24, "contents.polo.catgory", "did you mean 'category'?"),
    ("category: polos", "category: ''", 24, "contents.polo.category", "must have 1 to 128 characters, but has 0"),
    ("category: polos", "quiet_hours: x", 24, "contents.polo.quiet_hours", "here; it belongs to channels.<name>"),
    ("price: 29.90", "price: $29.90", 25, "contents.polo.price", "must be a plain number such as 0.5, without unit"),
    ("price: 29.90", "price: 29,90", 25, "contents.polo.price", "must be a plain number"),
    ("price: 29.90", "price: -1", 25, "contents.polo.price", "must be at least 0"),
    ("[email, app]", "[email, ap]", 26, "contents.polo.channels[1]", "did you mean 'app'?"),
    ("[email, app]", "email", 26, "contents.polo.channels", "must be a list such as [email, sms], but is 'email'"),
    ("[email, app]", "[]", 26, "contents.polo.channels", "must have at least one entry"),
    ("[email, app]", "[email, 3]", 26, "contents.polo.channels[1]", "item 2 of channels must be text"),
    ("2026-09-01", "01/09/2026", 27, "contents.polo.valid_from", "must be a date such as 2026-12-24"),
    ("2026-09-01", "2026-02-30", 27, "contents.polo.valid_from", "must be a date such as"),
    ("2026-09-01", "2026-09-01T08:00", 27, "contents.polo.valid_from", "a time with its offset from UTC such as"),
    ("2026-09-01", "0001-01-01", 27, "contents.polo.valid_from", "between the years 1970 and 9990"),
    ("2026-12-24", "2026-08-31", 28, "contents.polo.valid_until", "comes before valid_from 2026-09-01"),
    (
        "pattern: striped",
        "pattern: [a]",
        29,
        "contents.polo.features.pattern",
        "must be text, a number, or true or false",
    ),
    ("pieces: 2", "pieces: 2e6", 29, "contents.polo.features.pieces", "must be a number between"),
    ("pattern: striped", "pattern: " + "é" * 129, 29, "contents.polo.features.pattern", "at most 256 bytes"),
    ("pattern: striped", "'': striped", 29, 'contents.polo.features[""]', "must not be an empty name"),
    ("  tie:\n    category: ties", "  tie: ties", 30, "contents.tie", "must have fields of its own below it"),
    # YAML that is refused, or that is none
    ("ties", "&a ties", 31, "contents.tie.category", "a YAML anchor"),
    ("ties", "*a", 31, "contents.tie.category", "a YAML alias"),
    ("ties", "!!str ties", 31, "contents.tie.category", "a YAML tag"),
    ("ties", "ties\n---\na: b", 32, "source", "a second document begins here"),
    ("ties", "[[[[[[[[[[[[a]]]]]]]]]]]]", 31, "source", "deeper than any field of a campaign"),
    ("ties", "'ties", 31, "source", "the quote that begins here is never closed"),
    ("ties", "[ties", 31, "source", "is not closed or lacks a comma"),
    ("ties", "{ties: 1", 31, "source", "are not closed or lack a comma"),
    ("ties", "@ties", 31, "source", "put quotes around the text"),
    ("ties", '"a\\q"', 31, "source", "use single quotes"),
    ("ties", "hats: ties", 31, "source", "needs quotes around it"),
    ("    category: ties", "\tcategory: ties", 31, "source", "a tab stands here, which cannot indent"),
    ("    category: ties", "   category: ties\n  ? [a]\n  : b", 32, "contents", "a field's name must be plain text"),
    ("    price: 29.90", "   price: 29.90", 25, "source", "does not line up"),
    ("ties", "ti\x00es", 31, "source", "the character U+0000 cannot stand here; delete it"),
    ("ties", "ti\ud800es", 31, "source", "the character U+D800"),
    ("ties", "x" * 20_001, 31, "source", "over 20000 characters; break it into several"),
)


def problems(text: str) -> list[tuple[str, str]]:
    """Return what is wrong with a text, as (field, sentence) pairs; fails where nothing is."""
    with pytest.raises(CampaignInvalid) as refused:
        load_campaign(text)
    return list(refused.value.violations)


def test_the_text_without_mistakes_is_accepted() -> None:
    """What the mistakes below are made in is itself a valid campaign."""
    assert load_campaign(TEXT).name == "autumn"


@pytest.mark.parametrize(("written", "instead", "line", "field", "mend"), MISTAKES)
def test_mistakes_are_told_with_their_line_field_and_mend(
    written: str, instead: str, line: int, field: str, mend: str
) -> None:
    """Each mistake is told on its own line, at its own field, with words that say what to write."""
    assert written in TEXT
    told = problems(TEXT.replace(written, instead, 1))
    assert any(path == field and text.startswith(f"line {line}: ") and mend in text for path, text in told), told
