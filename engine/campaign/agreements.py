"""What the parts of a campaign must agree on with each other. Never a rule about one value alone."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from difflib import get_close_matches
from zoneinfo import ZoneInfo

from msgspec import Struct

from engine.campaign.channels import QuietHours, SendWindow
from engine.campaign.contents import Content, end_instant_us, first_instant_us
from engine.campaign.objective import NamedChoice, RewardRange, SendNothing
from engine.campaign.send_windows import week_intervals
from engine.campaign.values import Path, shown
from engine.types import NOTHING

Disagreements = Iterator[tuple[Path, str]]
"""Where a field disagrees with another, and a whole sentence that says how and what to do."""

OPT_OUTS = frozenset({"unsubscribed", "complained"})
"""Outcomes that take consent back where a campaign does not say which do."""
NOTICED = frozenset({"opened", "open", "seen", "viewed"})
"""Outcomes that tell that a message was noticed where a campaign does not say which do."""


class Draft(Struct, frozen=True):
    """The readable parts of a campaign; None, or absent from a mapping, is what could not be read.

    `windows` and `quiet_hours` are by channel name; `windowless` channels say no reward_window. A content's unreadable
    fields stand at their defaults. `declared` are the names of all outcomes.
    """

    reward: RewardRange | None
    outcomes: Mapping[str, float]
    declared: Collection[str]
    opt_out_outcomes: Collection[object]
    noticed_outcomes: Collection[object]
    default_reward: float | None
    activation: str
    windowless: Collection[str]
    send_nothing: SendNothing | None
    windows: Mapping[str, Mapping[str, SendWindow | None]]
    quiet_hours: Mapping[str, QuietHours | None]
    contents: Mapping[str, Content]
    fallback: NamedChoice | None
    zone: ZoneInfo


def disagreements(draft: Draft) -> Disagreements:
    """Yield every disagreement between readable parts, and none that an unreadable part might explain."""
    yield from _beyond_reward(draft)
    yield from _undeclared(draft, "opt_out_outcomes", draft.opt_out_outcomes)
    yield from _undeclared(draft, "noticed_outcomes", draft.noticed_outcomes)
    yield from _unbounded_activation(draft)
    yield from _silenced_windows(draft)
    for content_id, content in draft.contents.items():
        yield from _unknown_channels(draft, content_id, content)
        yield from _backward_validity(draft, content_id, content)
        yield from _sell_through(draft, content_id, content)
    yield from _channels_without_content(draft)
    if draft.fallback is not None:
        yield from _fallback(draft, draft.fallback)


def nearest(text: str, known: Iterable[str]) -> str:
    """Return "; did you mean ...?" with the nearest known name, or "; known are ..." with the first ten."""
    names = [str(name) for name in known]
    near = get_close_matches(text, names, n=1) or [name for name in names if name.casefold() == text.casefold()]
    if near:
        return f"; did you mean {shown(near[0])}?"
    more = ", …" if len(names) > 10 else ""
    return "; known are " + ", ".join(map(shown, names[:10])) + more if names else ""


def _beyond_reward(draft: Draft) -> Disagreements:
    if draft.reward is None:
        return
    lowest, highest = draft.reward.lowest, draft.reward.highest
    for outcome, value in draft.outcomes.items():
        if not lowest <= value <= highest:
            yield (
                ("outcomes", outcome),
                f"the outcome {shown(outcome)} is worth {value:g}, outside the reward's {lowest:g} to {highest:g}; "
                "change its worth or widen the reward",
            )
    if draft.default_reward is not None and not lowest <= draft.default_reward <= highest:
        yield ("default_reward",), f"default_reward must lie in the reward's {lowest:g} to {highest:g}"
    if draft.send_nothing is not None and abs(draft.send_nothing.price) > draft.reward.scale:
        scale = draft.reward.scale
        yield ("send_nothing", "price"), f"price must lie between -{scale:g} and {scale:g}, the size of the reward"


def _undeclared(draft: Draft, field: str, outcomes: Collection[object]) -> Disagreements:
    for index, outcome in enumerate(outcomes):
        if isinstance(outcome, str) and draft.declared and outcome not in draft.declared:
            yield (
                (field, index),
                f"{shown(outcome)} is not an outcome of this campaign{nearest(outcome, draft.declared)}",
            )


def _unbounded_activation(draft: Draft) -> Disagreements:
    if draft.activation == "required":
        for channel in draft.windowless:
            yield (
                ("channels", channel),
                f"activation is required, but the channel {shown(channel)} says no reward_window, so nothing would say "
                "until when it is waited for; add one, for example `reward_window: 3 days`",
            )


def _silenced_windows(draft: Draft) -> Disagreements:
    for channel, windows in draft.windows.items():
        quiet = draft.quiet_hours.get(channel)
        for name, window in windows.items():
            if window is not None and not week_intervals(window, quiet):
                yield (
                    ("channels", channel, "send_windows", name),
                    f"the send window {shown(name)} lies wholly in the quiet hours of {shown(channel)}, so nothing "
                    "could ever be sent in it; move it, or shorten the quiet hours",
                )


def _unknown_channels(draft: Draft, content_id: str, content: Content) -> Disagreements:
    for index, channel in enumerate(content.channels):
        if draft.windows and channel not in draft.windows:
            yield (
                ("contents", content_id, "channels", index),
                f"{shown(channel)} is not a channel of this campaign{nearest(channel, draft.windows)}",
            )


def _backward_validity(draft: Draft, content_id: str, content: Content) -> Disagreements:
    if content.valid_from is None or content.valid_until is None:
        return
    if first_instant_us(content.valid_from, draft.zone) >= end_instant_us(content.valid_until, draft.zone):
        yield (
            ("contents", content_id, "valid_until"),
            f"valid_until {content.valid_until} comes before valid_from {content.valid_from}; exchange or mend them",
        )


def _sell_through(draft: Draft, content_id: str, content: Content) -> Disagreements:
    target = content.sell_through
    if target is None:
        return
    path = ("contents", content_id, "sell_through")
    if content.sku is None:
        yield path, "sell_through counts the sales of a sku, and the content has none; add one, such as `sku: polo-41`"
    if first_instant_us(target.from_moment, draft.zone) >= end_instant_us(target.until, draft.zone):
        yield (*path, "until"), f"until {target.until} comes before from {target.from_moment}; exchange or mend them"
    if draft.reward is not None and target.bonus > draft.reward.scale:
        yield (*path, "bonus"), f"bonus must be at most {draft.reward.scale:g}, the size of the reward"


def _channels_without_content(draft: Draft) -> Disagreements:
    known = draft.windows.keys()
    # a content without channels fits all of them, and one with a misspelt channel may mean any
    fitted = [
        content.channels if content.channels and known >= set(content.channels) else ()
        for content in draft.contents.values()
    ]
    for channel in known if fitted else ():
        if all(channels and channel not in channels for channels in fitted):
            yield (
                ("channels", channel),
                f"no content fits the channel {shown(channel)}; name it in some content's channels, or remove it",
            )


def _fallback(draft: Draft, fallback: NamedChoice) -> Disagreements:
    if fallback.channel == NOTHING:
        yield from _silent_fallback(draft, fallback)
        return
    if draft.windows and fallback.channel not in draft.windows:
        known = nearest(fallback.channel, draft.windows)
        yield ("fallback", "channel"), f"{shown(fallback.channel)} is not a channel of this campaign{known}"
    yield from _fallback_content(draft, fallback)
    yield from _fallback_window(draft, fallback)


def _silent_fallback(draft: Draft, fallback: NamedChoice) -> Disagreements:
    if draft.send_nothing is not None and not draft.send_nothing.allowed:
        yield (
            ("fallback", "channel"),
            "the fallback sends nothing, which is not allowed; set `allowed: true` under send_nothing",
        )
    for field in ("content", "send_window"):
        if getattr(fallback, field):
            yield ("fallback", field), f"a fallback that sends nothing has no {field}; delete it"


def _fallback_content(draft: Draft, fallback: NamedChoice) -> Disagreements:
    content = draft.contents.get(fallback.content)
    path, named = ("fallback", "content"), shown(fallback.content)
    if not fallback.content:
        yield ("fallback",), "fallback names no content; add one, for example `content: striped-polo`"
    elif content is None and draft.contents:
        yield path, f"{named} is not a content of this campaign{nearest(fallback.content, draft.contents)}"
    elif content is not None and content.channels and fallback.channel not in content.channels:
        yield path, f"{named} does not fit the channel {shown(fallback.channel)}; choose a content that does"


def _fallback_window(draft: Draft, fallback: NamedChoice) -> Disagreements:
    windows = draft.windows.get(fallback.channel)
    if not fallback.send_window:
        yield ("fallback",), "fallback names no send window; add one, for example `send_window: morning`"
    elif windows and fallback.send_window not in windows:
        named, known = shown(fallback.send_window), nearest(fallback.send_window, windows)
        yield ("fallback", "send_window"), f"{named} is not a send window of {shown(fallback.channel)}{known}"
