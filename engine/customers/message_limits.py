"""Message limits: whether one more message may be sent at a time. Never a customer, never a clock."""

from collections.abc import Iterable

from engine.campaign.channels import MessageLimit


def within_limits(times: list[int], send_time_us: int, limits: Iterable[MessageLimit]) -> bool:
    """Tell whether one more message at this time keeps every rolling window of every limit at or under its number.

    Messages already planned for later count as well: a window is over its limit exactly when limit + 1 neighbours in
    time lie less than its length apart.
    """
    if not times:
        return True  # a limit is at least one message
    planned = sorted([*times, send_time_us])
    return all(
        last - first >= limit.per_us
        for limit in limits
        for first, last in zip(planned, planned[limit.messages :], strict=False)
        if first <= send_time_us <= last
    )
