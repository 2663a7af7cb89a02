"""Exposure: what one policy's messages have done to people. Never a taste, never a choice.

When each was sent what, how tired she is, what she has seen, which channels she refused, and what was sold.
"""

import numpy as np

from simulators.world.arrays import DAY_US, HOUR_US, Bools, Floats, Ints
from simulators.world.catalogue import LIMIT_HOURS, Catalogue
from simulators.world.personas import CHANNELS
from simulators.world.reactions import Message

TIRED_HALF_LIFE_US = 3 * DAY_US
SEEN_HALF_LIFE_US = 7 * DAY_US
_KEPT = 8
_LONG_AGO_US = -(10**17)


class Exposure:
    """The traces of one policy's messages among N people; everything else about them is the same for every policy."""

    def __init__(self, count: int, catalogue: Catalogue, weekly_stock: Floats) -> None:
        """`weekly_stock` (K,) is what comes in of each content every week, infinite where it never runs out."""
        contents = len(catalogue.items)
        self._sent_us = np.full((count, len(CHANNELS), _KEPT), _LONG_AGO_US)
        self._next = np.zeros((count, len(CHANNELS)), np.int64)
        self._tired, self._tired_us = np.zeros(count), np.zeros(count, np.int64)
        self._seen, self._seen_us = np.zeros((count, contents)), np.zeros(count, np.int64)
        self._limit_us = np.array([LIMIT_HOURS[channel] * HOUR_US for channel in CHANNELS])
        self._weekly_stock = weekly_stock
        self.stock = weekly_stock.copy()
        self.refused: Bools = np.zeros((count, len(CHANNELS)), bool)

    def restock(self) -> None:
        """Let the week's goods come in; what is left of the last is not added to."""
        self.stock = self._weekly_stock.copy()

    def within_limits(self, who: Ints, channel: Ints, send_us: Ints) -> Bools:
        """Tell whether one more message on a channel (P,) at these times (B, P) keeps its limit; shape (B, P)."""
        apart = np.abs(self._sent_us[who][:, channel, :] - send_us[:, :, None])
        kept: Bools = np.all(apart >= self._limit_us[channel][None, :, None], axis=2)
        return kept

    def tired(self, who: Ints, now_us: int) -> Floats:
        """Return how many recent messages weigh on these people."""
        return self._tired[who] * _left(now_us - self._tired_us[who], TIRED_HALF_LIFE_US)

    def seen(self, who: Ints, now_us: int) -> Floats:
        """Return how many recent sights of each content these people have had, shape (B, K)."""
        return self._seen[who] * _left(now_us - self._seen_us[who], SEEN_HALF_LIFE_US)[:, None]

    def sent(self, who: Ints, sent: Message, now_us: int, opened: Bools) -> None:
        """Remember messages to different people, and which of them were opened."""
        place = self._next[who, sent.channel]
        self._sent_us[who, sent.channel, place] = sent.send_us
        self._next[who, sent.channel] = (place + 1) % _KEPT
        self._tired[who], self._tired_us[who] = self.tired(who, now_us) + 1.0, now_us
        self._seen[who], self._seen_us[who] = self.seen(who, now_us), now_us
        self._seen[who, sent.content] += opened

    def sold(self, content: int) -> None:
        """Take one unit out of the stock."""
        self.stock[content] = max(self.stock[content] - 1, 0.0)


def _left(elapsed_us: Ints, half_life_us: int) -> Floats:
    left: Floats = np.exp2(-np.maximum(elapsed_us, 0) / half_life_us)
    return left
