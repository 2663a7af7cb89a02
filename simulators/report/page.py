"""The page: a report as one HTML file that needs nothing else, the same bytes for the same report. Never a clock."""

from collections.abc import Iterable, Mapping

from simulators.measures import ENGINE, measures
from simulators.report import sections
from simulators.report.markup import Markup, element, joined
from simulators.report.style import COLOURS, STYLE
from simulators.report.tables import measure_cards, policy_table, settings_list
from simulators.report.words import (
    MET,
    MISSED,
    ORACLE,
    QUESTIONS,
    RANDOM,
    beside_peers,
    conditions,
    ended,
    headline,
    verdict,
)
from simulators.results import Report

SECTIONS: Mapping[str, str] = {
    "measures": "What it is measured by",
    "policies": "The engine and its peers",
    "time": "Over time",
    "change": "When a life changes",
    "choices": "What was sent, and when",
    "ryan": "Ryan",
    "settings": "How it was made",
}
"""Anchors of the sections and their headings, in their order."""


def page(report: Report) -> str:
    """Return the HTML of a report."""
    policies = policy_colours(run.policy for run in report.runs)
    categories = category_colours(report)
    inside = {
        "measures": measure_cards(report),
        "policies": joined([element("p", _SHARE, class_="note"), policy_table(report, policies)]),
        "time": sections.over_time(report, policies),
        "change": sections.around_change(report, policies),
        "choices": sections.choices(report, categories),
        "ryan": sections.ryan(report, categories),
    }
    shown = {name: body for name, body in inside.items() if body}
    body = element("main", *(_section(name, content) for name, content in shown.items()))
    foot = element("footer", element("h2", SECTIONS["settings"], id="settings"), settings_list(report), _AGAIN)
    return "<!doctype html>\n" + element(
        "html", _head(report), element("body", _header(report, [*shown, "settings"]), body, foot), lang="en"
    )


def policy_colours(names: Iterable[str]) -> dict[str, str]:
    """Return each policy's colour; the engine has its own, oracle and chance have none."""
    peers = (name for name in dict.fromkeys(names) if name not in {ENGINE, ORACLE, RANDOM})
    return {ENGINE: "chief", ORACLE: "plain", RANDOM: "plain", **_given_out(peers)}


def category_colours(report: Report) -> dict[str, str]:
    """Return each category's colour, in the order in which the contents name them."""
    own = (one.category for run in report.runs[:1] for one in run.visits)
    return _given_out(name for name in dict.fromkeys([*report.categories.values(), *own]) if name)


def _given_out(names: Iterable[str]) -> dict[str, str]:
    return {name: COLOURS[number] if number < len(COLOURS) else "none" for number, name in enumerate(names)}


def _head(report: Report) -> Markup:
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", f"{report.settings.scenario}: {headline(report)}"),
        element("style", Markup(STYLE)),
    )


def _header(report: Report, shown: Iterable[str]) -> Markup:
    scenario = report.settings.scenario
    links = [element("a", SECTIONS[name], href=f"#{name}") for name in shown]
    return element(
        "header",
        element("p", f"Simulation “{scenario}”", class_="kicker"),
        element("h1", headline(report)),
        element("p", QUESTIONS.get(scenario, ""), class_="question"),
        element("p", report.description),
        element("p", element("b", _targets(report)), " ", beside_peers(report)),
        element("p", conditions(report), class_="conditions"),
        element("nav", *links, aria_label="Sections"),
    )


def _targets(report: Report) -> str:
    found = [verdict(one, complete=ended(report)) for one in measures(report)]
    asked = sum(one in {MET, MISSED} for one in found)
    if not asked:
        return "No target of this scenario can be judged by this run."
    return f"{found.count(MET)} of {asked} target{'s' if asked > 1 else ''} met."


def _section(name: str, content: Markup) -> Markup:
    return element("section", element("h2", SECTIONS[name], id=name), content)


_SHARE = (
    "Oracle share is how far a policy came from choosing at random (0) to an oracle that knows every hidden taste (1), "
    "in expected reward, at the moments that it came to itself. At the end: over the last fifth of the run, mean and "
    "range over seeds."
)
_AGAIN = element(
    "p",
    "This page holds all that it shows, and is made again from the figures beside it with ",
    element("code", "python -m simulators.report FIGURES.json"),
    ".",
    class_="note",
)
