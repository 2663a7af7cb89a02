"""Sections of the page: each a heading, how to read it, and what is drawn. Never a figure, never a colour."""

from collections.abc import Iterator, Mapping, Sequence

from simulators.measures import ENGINE, mean_reward
from simulators.report import before_after, curves
from simulators.report.life import in_words, lanes, life_of
from simulators.report.line_plot import LEAST_SHARE, Band, Look, line_plot
from simulators.report.markup import Markup, element
from simulators.report.style import COLOURS
from simulators.report.timeline import key, timeline
from simulators.report.words import ORACLE, RANDOM
from simulators.results import Report

Colours = Mapping[str, str]


def figure(title: str, said: str, image: Markup) -> Markup:
    """Return an image under its title and a line on how to read it."""
    return element("figure", element("figcaption", element("h3", title), element("p", said)), image)


def over_time(report: Report, colours: Colours) -> Markup:
    """Return reward, oracle share, regret, exploration, silence and channels over the run."""
    change = before_after.band(report)
    return element("div", *_results(report, colours, change), *_conduct(report, colours, change), class_="plots")


def _results(report: Report, colours: Colours, change: Band | None) -> Iterator[Markup]:
    over = curves.window(report) * max((run.bins[0].decisions for run in report.runs if run.bins), default=0)
    seeds = len(report.settings.seeds)
    band = f"the band is the least and the greatest of {seeds} seeds" if seeds > 1 else "one seed, so no band"
    share = _without(curves.over_time(report, curves.share), {ORACLE, RANDOM})
    yield figure(
        "How near the best there is",
        f"1 is the oracle, 0 is chance. Over the last {over:,} decisions at each point; {band}.",
        line_plot(share, Look("decisions", "oracle share", LEAST_SHARE, 1.0, band=change), colours, ENGINE),
    )
    reward = curves.over_time(report, mean_reward)
    yield figure(
        "What a decision is worth",
        "Expected reward, in the campaign's unit: 1 is the most that a message can earn.",
        line_plot(reward, Look("decisions", "expected reward a decision", band=change), colours, ENGINE),
    )
    lost = _without(curves.regret(report), {ORACLE})
    yield figure(
        "What was lost to the oracle",
        "Reward missed since the beginning; the flatter, the better.",
        line_plot(lost, Look("decisions", "regret so far", band=change), colours, ENGINE),
    )


def _conduct(report: Report, colours: Colours, change: Band | None) -> Iterator[Markup]:
    explored = _without(curves.over_time(report, curves.rate("explored")), {ORACLE, RANDOM})
    yield figure(
        "How much was tried out",
        "Part of the decisions that took a less promising choice, to learn.",
        line_plot(explored, Look("decisions", "explored", percent=True, band=change), colours, ENGINE),
    )
    silent = _without(curves.over_time(report, curves.rate("silent")), {RANDOM})
    yield figure(
        "How often it was silent",
        "Part of the decisions that sent nothing.",
        line_plot(silent, Look("decisions", "sent nothing", percent=True, band=change), colours, ENGINE),
    )
    channels = curves.channels(report, ENGINE)
    own = {one.policy: COLOURS[number % len(COLOURS)] for number, one in enumerate(channels)}
    yield figure(
        "On which channels the engine wrote",
        "Part of its messages.",
        line_plot(channels, Look("decisions", "share of the messages", percent=True, band=change), own),
    )


def around_change(report: Report, colours: Colours) -> Markup:
    """Return how those fared whose life changed, contact by contact; nothing where no life did."""
    found = _without(curves.around_change(report, curves.contact_share), {ORACLE, RANDOM})
    if not found:
        return Markup("")
    offers = _without(curves.around_change(report, curves.contact_desktop), {RANDOM})
    event = Band("life event", 0.0, 0.0)
    x_name = "contacts from the life event"
    plots = [
        figure(
            "How near the best, for those whose life changed",
            "Over up to ten contacts at each point, none across the event; 1 is the oracle.",
            line_plot(found, Look(x_name, "oracle share", LEAST_SHARE, 1.0, band=event), colours, ENGINE),
        ),
        figure(
            "Offers for desktops only, to the same customers",
            "Part of what they were sent.",
            line_plot(offers, Look(x_name, "desktop-only offers", percent=True, band=event), colours, ENGINE),
        ),
    ]
    return element("div", *plots, class_="plots")


def choices(report: Report, categories: Colours) -> Markup:
    """Return what the engine sent by channel, content and hour, before and after the change."""
    runs = curves.runs_by_policy(report)
    mine, oracle = runs.get(ENGINE, []), runs.get(ORACLE, [])
    if not mine:
        return element("p", "The engine is not in this report.", class_="note")
    cut = before_after.sides(report)
    by_content = {name: categories.get(category, "none") for name, category in report.categories.items()}
    said = f"Hollow: {cut.before}. Full: {cut.after}." + (" Bar: what the oracle sent then." if oracle else "")
    plots = []
    for title, counted, colours in (
        ("By channel", "channels", {}),
        ("By content, in the colours of their categories", "contents", by_content),
    ):
        was, now = (before_after.shares(mine, pick, counted) for pick in (cut.first, cut.second))
        best = before_after.shares(oracle, cut.second, counted)
        names = _ordered(list(now or was), report.categories)
        plots.append(figure(title, said, before_after.dumbbells(names, was, now, best, colours)))
    hours = [before_after.hours(mine, pick) for pick in (cut.first, cut.second)]
    outline = f"Outline: {cut.before}. Bars: {cut.after}."
    plots.insert(1, figure("By hour of sending", outline, before_after.hour_plot(*hours)))
    first = element("div", *plots[:2], class_="stack")
    return element("div", first, plots[2], class_="plots")


def ryan(report: Report, categories: Colours) -> Markup:
    """Return Ryan's timeline, and the same in words."""
    life = life_of(report)
    if life is None:
        return element("p", "No decision was taken for him.", class_="note")
    run = next(run for run in report.runs if (run.policy, run.seed) == (life.policy, life.seed))
    said = (
        f"One customer under {life.policy}, seed {life.seed}: {len(life.sent)} decisions in {life.days:.0f} days. "
        "Top: the category of what would have been best at that moment. Then each message in its channel, the fuller "
        "the further he went. “How good” is what the choice was worth on average, beside the best."
    )
    rows = [element("tr", *(element("td", part) for part in in_words(contact))) for contact in run.timeline]
    table = element("table", element("tbody", *rows), class_="words")
    happened = element("p", f"In his life: {'; '.join(run.life)}." if run.life else "Nothing happened in his life.")
    return element(
        "div",
        element("p", said, class_="note"),
        happened,
        key(categories),
        element("figure", timeline(life, lanes(report), categories)),
        element("details", element("summary", f"All {len(rows)} decisions in words"), table),
        class_="together",
    )


def _without(found: Sequence[curves.Curve], names: set[str]) -> list[curves.Curve]:
    return [one for one in found if one.policy not in names]


def _ordered(names: Sequence[str], categories: Mapping[str, str]) -> list[str]:
    """Return names with those of a category together, in the order in which categories come."""
    order = list(dict.fromkeys(categories.values()))
    return sorted(names, key=lambda name: order.index(categories[name]) if name in categories else -1)
