"""Laws of message limits: no rolling window ever holds one message too many, and none is refused without need."""

from hypothesis import given
from hypothesis import strategies as st

from engine.campaign.spec import MessageLimit
from engine.customers.memory import DAY_US
from engine.customers.message_limits import within_limits

HOUR_US = DAY_US // 24
hours = st.lists(st.integers(0, 200), min_size=0, max_size=40)
limits = st.builds(
    lambda messages, per: MessageLimit.model_validate({"messages": messages, "per": f"{per} hours"}),
    st.integers(1, 4),
    st.integers(1, 72),
)


def fullest_window(times: list[int], per_us: int) -> int:
    """Count by force the most messages in any window [start, start + per)."""
    return max((sum(start <= time < start + per_us for time in times) for start in times), default=0)


@given(hours, st.lists(limits, min_size=1, max_size=3))
def test_messages_let_through_never_exceed_a_limit_in_any_window(tries: list[int], rules: list[MessageLimit]) -> None:
    """Whatever the order in which sends are planned, every window of every limit holds at most its number."""
    sent: list[int] = []
    for hour in tries:
        if within_limits(sorted(sent), hour * HOUR_US, rules):
            sent.append(hour * HOUR_US)
    assert all(fullest_window(sent, rule.per_us) <= rule.messages for rule in rules)


@given(hours, st.lists(limits, min_size=1, max_size=3))
def test_a_message_is_refused_only_where_it_would_exceed_a_limit(tries: list[int], rules: list[MessageLimit]) -> None:
    """A refusal is never over-careful: the refused message would have overfilled some window."""
    sent: list[int] = []
    for hour in tries:
        time_us = hour * HOUR_US
        if within_limits(sorted(sent), time_us, rules):
            sent.append(time_us)
        else:
            assert any(fullest_window([*sent, time_us], rule.per_us) > rule.messages for rule in rules)
