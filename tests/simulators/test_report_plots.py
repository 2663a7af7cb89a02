"""Plots stand where their figures say, worked out by hand."""

import pytest
from msgspec import structs

from simulators.report.axes import Axis, apart, round_marks, short
from simulators.report.before_after import band, shares, sides
from simulators.report.curves import around_change, channels, contact_share, over_time, regret, share
from simulators.report.life import life_of
from simulators.report.markup import Markup, element
from simulators.results import Bin, Change, Contact, Report, Run, Settings, Shift, Visit

SETTINGS = Settings(
    scenario="ryan", decisions=5_000, customers=10, days=50, seeds=(1, 2), policies=("engine",), target="", personas="p"
)


def stretch(got: float, day: int, **channels: int) -> Bin:
    """Return 1,000 decisions until a day with this share of an oracle's reward of 1 each."""
    return Bin(
        decisions=1_000, expected=1_000 * got, earned=0.0, best=1_000.0, uniform=0.0, silent=0, explored=0,
        channels=channels, contents=channels, hours=(0,) * 24, last_day=day,
    )  # fmt: skip


def run(seed: int, *bins: Bin, policy: str = "engine", **more: object) -> Run:
    """Return a run of some stretches."""
    found = Run(
        policy=policy, seed=seed, planned=5_000, decisions=5_000, bins=bins, changes=(), newcomers=(), timeline=(),
        life=(), refused=0,
    )  # fmt: skip
    return structs.replace(found, **more)


def report(*runs: Run, **more: object) -> Report:
    """Return a report of some runs."""
    found = Report(
        description="", settings=SETTINGS, commit="", interrupted=False, runs=runs, timings=(), left_out={},
        categories={"striped-polo": "casual", "navy-suit": "business"}, shifts=(Shift("move", 20, 29),),
    )  # fmt: skip
    return structs.replace(found, **more)


def days(*channel_counts: dict[str, int]) -> tuple[Bin, ...]:
    """Return stretches of ten days each."""
    return tuple(stretch(0.5, 10 * number + 9, **counts) for number, counts in enumerate(channel_counts))


def test_a_curve_is_the_mean_over_seeds_within_the_least_and_the_greatest() -> None:
    """At 0.2 and 0.4 the curve stands at 0.3, at the decision that the stretch ends with."""
    found = over_time(report(run(1, stretch(0.2, 9), stretch(0.6, 19)), run(2, stretch(0.4, 9))), share)
    assert [one.policy for one in found] == ["engine"]
    first, second = found[0].points
    assert (first.x, first.mean, first.low, first.high) == pytest.approx((1_000, 0.3, 0.2, 0.4))
    assert (second.x, second.mean, second.low, second.high) == pytest.approx((2_000, 0.6, 0.6, 0.6))


def test_regret_adds_up_from_the_beginning() -> None:
    """A share of 0.75 loses 250 of 1,000 to the oracle, one of 0.5 then 500 more."""
    points = regret(report(run(1, stretch(0.75, 9), stretch(0.5, 19))))[0].points
    assert [one.mean for one in points] == pytest.approx([250, 750])


def test_the_contacts_around_a_life_event_are_never_taken_across_it() -> None:
    """All was well before and nothing is after: the first contact after the event shows nothing of before."""
    before = tuple(Change(number, 1, 1.0, 1.0, 0.0, 1, 0) for number in range(-12, 0))
    after = tuple(Change(number, 1, 0.0, 1.0, 0.0, 1, 0) for number in range(3))
    found = around_change(report(run(1, stretch(0.5, 9), changes=(*before, *after))), contact_share)
    assert {one.x: one.mean for one in found[0].points} == {
        **{float(number): 1.0 for number in range(-12, 0)},
        0.0: 0.0,
        1.0: 0.0,
        2.0: 0.0,
    }


def test_before_and_after_leave_out_the_days_of_the_change() -> None:
    """Of five stretches of ten days with a change from day 20 to day 29, two are before, one is neither, two after."""
    bins = days({"email": 4, "sms": 0}, {"email": 4, "sms": 0}, {"email": 9, "sms": 9}, {"sms": 1}, {"sms": 1})
    made = report(run(1, *bins))
    cut = sides(made)
    assert (cut.before, cut.after) == ("before “move”", "after “move”")
    assert shares(made.runs, cut.first, "channels") == {"email": 1.0, "sms": 0.0}
    assert shares(made.runs, cut.second, "channels") == {"sms": 1.0}
    marked = band(made)
    assert marked is not None
    assert (marked.name, marked.first, marked.last) == ("move", 2_000, 3_000)


def test_a_run_that_ends_before_the_change_is_cut_into_fifths_and_marks_nothing() -> None:
    """Where nothing came after a change there is nothing to hold against what was before."""
    made = report(run(1, *days({"email": 1}, {"sms": 1})))
    assert sides(made).after == "last fifth of the run"
    assert band(made) is None


def test_channels_share_the_messages() -> None:
    """Of 1,000 messages 250 by text message are a quarter."""
    made = report(run(1, stretch(0.5, 9, email=750, sms=250)))
    assert {one.policy: one.points[0].mean for one in channels(made, "engine")} == {"email": 0.75, "sms": 0.25}


def test_ryans_messages_stand_at_their_send_time_in_days_of_the_run() -> None:
    """A message decided on day 3 for noon of day 4, Chicago's, stands at 17 or 18 hours UTC, as summer time says."""
    contact = Contact(
        day=3, time="2026-03-05T07:00-06:00", channel="push", content="navy-suit", slot="ride-home",
        send_time="2026-03-06T12:00-06:00", expected=0.1, best=0.4, best_channel="email", best_content="striped-polo",
        best_slot="evening", desktop_only=False, outcomes=("opened", "clicked"),
    )  # fmt: skip
    visit = Visit("2026-03-02T06:00-06:00", "browse", "business", "phone", "web")
    lived = life_of(report(run(1, stretch(0.5, 9), timeline=(contact,), visits=(visit,), life=("day 2: move, told",))))
    assert lived is not None
    sent, own = lived.sent[0], lived.own[0]
    assert sent.day == pytest.approx(4.75)
    assert (sent.lane, sent.category, sent.best_category, sent.reached, sent.lost) == (
        "push", "business", "casual", 2, False
    )  # fmt: skip
    assert sent.worth == pytest.approx(0.25)
    assert own.day == pytest.approx(0.5)
    assert lived.events == ((2.0, "move, told"),)
    assert lived.days == 5


def test_labels_keep_their_distance_and_their_order() -> None:
    """Three that want the same place stand a gap apart, the outermost within bounds."""
    places = apart([100.0, 100.0, 99.0], 0.0, 110.0, gap=10.0)
    assert sorted(places) == pytest.approx([90.0, 100.0, 110.0])
    assert places[2] == min(places)


@pytest.mark.parametrize(
    ("low", "high", "marks"),
    [(0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]), (-0.25, 1, [-0.25, 0, 0.25, 0.5, 0.75, 1]), (7, 7, [7])],
)
def test_marks_are_round_and_within_the_axis(low: float, high: float, marks: list[float]) -> None:
    """Nobody reads an axis of 0.1837."""
    assert round_marks(low, high) == pytest.approx(marks)
    assert short(30_000) == "30,000"


def test_a_value_beyond_its_axis_is_held_at_the_end() -> None:
    """A curve never leaves its plot."""
    axis = Axis(0.0, 1.0, 200.0, 0.0)
    assert (axis.at(-5), axis.at(0.5), axis.at(7)) == (200, 100, 0)


def test_text_is_escaped_and_markup_is_not() -> None:
    """What is put into an element is text unless an element made it; attributes are always text."""
    inner = element("b", "<i>", title='"&')
    assert inner == '<b title="&quot;&amp;">&lt;i&gt;</b>'
    assert element("p", inner, "&") == f"<p>{inner}&amp;</p>"
    assert isinstance(inner, Markup)
