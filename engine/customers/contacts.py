"""The contact ledger: when each customer is contacted on which channel. Never a rule's own numbers, never a clock."""

from bisect import insort
from collections.abc import Iterable

from engine.campaign.spec import MessageLimit

DAY_US = 86_400_000_000
HORIZON_US = 98 * DAY_US
"""The longest window a message limit may have, 90 days, and the week that a send slot may lie ahead."""


class ContactLedger:
    """Every customer's contacts of the last 98 days, as (send time, channel), oldest first.

    A message counts from the moment it is decided, at its send time, over all campaigns: a customer does not care which
    campaign fills her inbox.
    """

    def __init__(self, contacts: dict[str, list[tuple[int, str]]] | None = None) -> None:
        self.contacts = contacts if contacts is not None else {}

    def record(self, customer: str, channel: str, send_time_us: int) -> None:
        """Count one message, and forget those that left the horizon before it."""
        mine = self.contacts.setdefault(customer, [])
        insort(mine, (send_time_us, channel))
        horizon = send_time_us - HORIZON_US
        while mine[0][0] <= horizon:
            del mine[0]

    def times(self, customer: str, channel: str) -> list[int]:
        """Return the customer's send times on a channel, oldest first."""
        return [time for time, contacted in self.contacts.get(customer, ()) if contacted == channel]


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
