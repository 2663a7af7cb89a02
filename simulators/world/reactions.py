"""Reactions: what comes of a message, in expectation and as one draw. Never a policy, never a rule.

A message is noticed or not; noticed, it is opened, then perhaps clicked, then put into the basket, then bought, then
perhaps sent back; opened and not wanted, it may make her leave the channel. No course of events leaves the reward's
range, so that the expected reward is a sum of products, in closed form.
"""

import numpy as np
from msgspec import Struct

from simulators.world.arrays import HOUR_US, Floats, Ints, logistic
from simulators.world.catalogue import WORTHS, Catalogue
from simulators.world.people import People
from simulators.world.personas import CHANNELS, DEVICES

UNIFORMS = 12
"""Random numbers that one decision's reaction uses at most."""
ELSEWHERE = 0.06
"""What a desktop-only offer keeps of its clicks on another device."""
LINGERS_HOURS = {"email": 8, "sms": 2}
"""How long a message that is not noticed at once may still be; elsewhere it is noticed at once or not at all."""
MINUTES = {"email": 90.0, "sms": 10.0, "push": 6.0, "app": 1.0, "web": 1.0}
"""Mean minutes from the sending of a message to its opening."""
CLICK_MINUTES, BASKET_MINUTES, PURCHASE_MINUTES, RETURN_MINUTES = 2.0, 4.0, 25.0, 6 * 24 * 60.0
"""Mean minutes from the step before; a return comes days later."""
STEPS = ("opened", "clicked", "added_to_basket", "purchased", "returned")


class Chances(Struct, frozen=True):
    """Chances of each step for B moments, given the step before.

    `notice` (B, P) by send slot, `click` (B, C, K), `basket` (B, K), `buy` and `send_back` (B,), and `leave` (B,) of
    those who opened and did not click.
    """

    notice: Floats
    click: Floats
    basket: Floats
    buy: Floats
    send_back: Floats
    leave: Floats


class Lens(Struct, frozen=True):
    """What a message has done to B people so far, and how contents do on channels.

    `tired` (B,) counts recent messages, `seen` (B, K) recent sights of a content. `appeal` (K,) and `fit` (C, K) are
    log-odds.
    """

    tired: Floats
    seen: Floats
    appeal: Floats
    fit: Floats


def attention(people: People) -> Floats:
    """Return the chance of noticing by channel, kind of day and hour of sending; shape (N, C, 2, 24)."""
    kernels = np.array([_lingering(LINGERS_HOURS.get(channel, 0)) for channel in CHANNELS])
    felt: Floats = np.einsum("nwh,chs->ncws", people.rhythm, kernels)
    return felt * people.reach[:, :, None, None]


def _lingering(hours: int) -> Floats:
    """Return what each hour's attention (row) adds for a message sent at an hour (column); columns sum to 1."""
    kernel = np.eye(24) * (1.0 if hours == 0 else 0.6)
    for later in range(1, hours + 1):
        kernel += np.roll(np.eye(24), -later, axis=1) * 0.4 / hours
    return kernel


def chances(people: People, who: Ints, noticing: Floats, lens: Lens, catalogue: Catalogue) -> Chances:
    """Return the chances of `who` (B,), with `noticing` (B, P) their attention at each slot's send time."""
    price = people.price_sensitivity[who, None] * catalogue.price_level
    taste = people.taste[who][:, catalogue.category]
    liking = taste - price + lens.appeal
    click = logistic(liking[:, None, :] + lens.fit)
    novelty = np.exp(-people.boredom[who, None] * lens.seen)
    desktop = people.device[who, DEVICES.index("desktop")]
    handy = np.where(catalogue.desktop_only, (ELSEWHERE + (1 - ELSEWHERE) * desktop)[:, None], 1.0)
    return Chances(
        notice=noticing * np.exp(-people.fatigue[who] * lens.tired)[:, None],
        click=click * (novelty * handy)[:, None, :],
        basket=logistic(0.5 * liking),
        buy=people.buys[who],
        send_back=people.returns[who],
        leave=np.minimum(people.unsubscribes[who] * (1 + 0.3 * lens.tired), 1.0),
    )


def expected(found: Chances, catalogue: Catalogue) -> Floats:
    """Return the expected reward of each slot and content, shape (B, P, K)."""
    kept = WORTHS["purchased"] + found.send_back * WORTHS["returned"]
    basket = found.basket * (WORTHS["added_to_basket"] + (found.buy * kept)[:, None])
    opened = WORTHS["opened"] + found.click * (WORTHS["clicked"] + basket[:, None, :])
    opened = opened + (1 - found.click) * (found.leave * WORTHS["unsubscribed"])[:, None, None]
    worth: Floats = found.notice[:, :, None] * opened[:, catalogue.slot_channel, :]
    return worth


class Courses(Struct, frozen=True):
    """What came of B messages: how many steps of `STEPS` each took, whether she left, and when each step happened.

    `steps` (B,) 0 to 5, `left` (B,) booleans, `time_us` (B, 5) of each step (of leaving: the opening's).
    """

    steps: Ints
    left: Ints
    time_us: Ints


class Message(Struct, frozen=True):
    """B messages that leave: each one's slot, channel and content by number, and its send time; all (B,)."""

    slot: Ints
    channel: Ints
    content: Ints
    send_us: Ints


def drawn(found: Chances, sent: Message, uniforms: Floats, slowness: Floats) -> Courses:
    """Draw what came of messages from uniforms (B, 12); `slowness` (5,) multiplies the mean time of each step."""
    slot, channel, content, send_us = sent.slot, sent.channel, sent.content, sent.send_us
    rows = np.arange(len(slot))
    click = found.click[rows, channel, content]
    passed = np.column_stack(
        [
            uniforms[:, 0] < found.notice[rows, slot],
            uniforms[:, 1] < click,
            uniforms[:, 2] < found.basket[rows, content],
            uniforms[:, 3] < found.buy,
            uniforms[:, 4] < found.send_back,
        ]
    )
    steps = np.cumprod(passed, axis=1).sum(axis=1)
    means = np.empty((len(slot), len(STEPS)))
    means[:, 0] = np.array([MINUTES[name] for name in CHANNELS])[channel]
    means[:, 1:] = CLICK_MINUTES, BASKET_MINUTES, PURCHASE_MINUTES, RETURN_MINUTES
    waits = -np.log1p(-uniforms[:, 6 : 6 + len(STEPS)]) * means * slowness
    time_us = send_us[:, None] + np.cumsum(waits * (HOUR_US / 60), axis=1).astype(np.int64) + 1_000
    left = (steps == 1) & (uniforms[:, 5] < found.leave)
    return Courses(steps, left.astype(np.int64), time_us)
