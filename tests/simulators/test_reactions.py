"""What comes of a message: the closed form is the mean of what is drawn, and it goes the way of the people."""

from math import sqrt

import numpy as np
import pytest
from msgspec import structs

from simulators.world.catalogue import WORTHS
from simulators.world.people import RYAN
from simulators.world.personas import CHANNELS, DEVICES
from simulators.world.reactions import STEPS, UNIFORMS, Chances, Lens, Message, chances, drawn, expected
from tests.simulators.small_worlds import world

DRAWS = 40_000


def taken(slot: int, content: int) -> tuple[Chances, Message, float]:
    """Return the chances of Ryan being sent one thing over and over, what is sent, and what it is worth."""
    shop = world()
    moments = shop.moments(np.array([RYAN]), 0, 1_772_409_600_000_000)
    found = shop.chances(moments)
    value = float(expected(found, shop.catalogue)[0, slot, content])
    many = Chances(*(np.repeat(getattr(found, field), DRAWS, axis=0) for field in Chances.__struct_fields__))
    fill = np.full(DRAWS, slot)
    sent = Message(fill, shop.catalogue.slot_channel[fill], np.full(DRAWS, content), np.zeros(DRAWS, np.int64))
    return many, sent, value


@pytest.mark.parametrize(("slot", "content"), [(3, 0), (3, 3), (8, 9), (12, 1)])
def test_the_expected_reward_is_the_mean_of_the_draws(slot: int, content: int) -> None:
    """Within five standard errors, for liked and unwanted messages on three channels."""
    many, sent, value = taken(slot, content)
    courses = drawn(many, sent, np.random.default_rng(11).random((DRAWS, UNIFORMS)), np.ones(5))
    worths = np.cumsum([0.0, *(WORTHS[step] for step in STEPS)])
    rewards = worths[courses.steps] + courses.left * WORTHS["unsubscribed"]
    assert abs(rewards.mean() - value) < 5 * rewards.std() / sqrt(DRAWS)
    assert rewards.std() > 0


def test_no_course_of_events_leaves_the_rewards_range() -> None:
    """Every sum of outcomes that can come about lies within -1 and 1, so that no clipping bends an expectation."""
    sums = np.cumsum([WORTHS[step] for step in STEPS])
    assert (np.abs(sums) <= 1).all()
    assert abs(WORTHS["opened"] + WORTHS["unsubscribed"]) <= 1


def test_outcomes_come_one_after_the_other_after_the_sending() -> None:
    """No click is told before its opening, and nothing before the message left."""
    many, sent, _ = taken(3, 0)
    courses = drawn(many, sent, np.random.default_rng(12).random((DRAWS, UNIFORMS)), np.ones(5))
    assert (courses.time_us[:, 0] > sent.send_us).all()
    assert (np.diff(courses.time_us, axis=1) >= 0).all()


def test_slowness_delays_clicks_and_not_what_they_are() -> None:
    """The same luck gives the same outcomes, later."""
    many, sent, _ = taken(3, 0)
    luck = np.random.default_rng(13).random((DRAWS, UNIFORMS))
    quick, slow = (drawn(many, sent, luck, np.array([1, by, by, by, 1])) for by in (1, 150))
    assert np.array_equal(quick.steps, slow.steps)
    assert np.array_equal(quick.time_us[:, 0], slow.time_us[:, 0])
    assert (slow.time_us[:, 1] > quick.time_us[:, 1]).mean() > 0.99


def test_a_desktop_only_offer_needs_a_desktop() -> None:
    """The same customer clicks on it less, the less she sits at one."""
    shop = world()
    people, who = shop.lives.people, np.array([RYAN])
    contents = len(shop.catalogue.items)
    lens = Lens(np.zeros(1), np.zeros((1, contents)), np.zeros(contents), np.zeros((len(CHANNELS), contents)))
    on_phone = people.device.copy()
    on_phone[RYAN] = [name == "phone" for name in DEVICES]
    noticing = np.ones((1, len(shop.catalogue.slots)))
    at_desk, mobile = (
        chances(each, who, noticing, lens, shop.catalogue)
        for each in (people, structs.replace(people, device=on_phone))
    )
    lost = mobile.click / at_desk.click
    assert (lost[:, :, shop.catalogue.desktop_only] < 0.1).all()
    assert lost[:, :, ~shop.catalogue.desktop_only] == pytest.approx(1.0)


def test_messages_tire_and_sights_bore() -> None:
    """Each recent message costs attention, each recent sight of a content interest in it, and both wear off."""
    shop = world()
    start_us = 1_772_409_600_000_000
    moments = shop.moments(np.array([RYAN]), 0, start_us)
    fresh = shop.chances(moments)
    sent = Message(np.array([3]), np.array([0]), np.array([1]), moments.send_us[:, 3])
    shop.exposure.sent(moments.who, sent, start_us, np.array([True]))
    tired, later = shop.chances(moments), shop.moments(moments.who, 1, start_us + 28 * 86_400_000_000)
    rested = shop.chances(later)
    assert (tired.notice < fresh.notice).all()
    assert (tired.click[:, :, 1] < fresh.click[:, :, 1]).all()
    assert tired.click[:, :, 0] == pytest.approx(fresh.click[:, :, 0])
    assert rested.click[:, :, 1] == pytest.approx(fresh.click[:, :, 1], rel=0.01)
