"""Tables of the page: the measures with their targets, the policies, the settings. Never a plot."""

from collections.abc import Callable, Mapping, Sequence

from simulators.measures import ENGINE, Measured, end_of, mean_reward, measures, share_of
from simulators.report.curves import rate, runs_by_policy
from simulators.report.markup import Markup, element, joined
from simulators.report.words import MET, MISSED, NONE, POLICIES, UNKNOWN, ended, never, target_words, verdict
from simulators.results import Report, Run

_SIGNS = {MET: "✓", MISSED: "✗", UNKNOWN: "?", NONE: "–"}


def measure_cards(report: Report) -> Markup:
    """Return a card for each measure: its value, what it means, and whether its target is met, in words."""
    return element("div", *(_card(one, complete=ended(report)) for one in measures(report)), class_="cards")


def policy_table(report: Report, colours: Mapping[str, str]) -> Markup:
    """Return a row for each policy, best at the end first."""
    found = runs_by_policy(report)
    order = sorted(found, key=lambda name: _mean(found[name], _end_share) or 0.0, reverse=True)
    heads = ("policy", "share at the end", "over the whole run", "reward a decision", "sent nothing", "explored")
    wide = {"over the whole run", "sent nothing", "explored"}
    head = element("tr", *(element("th", name, class_="wide" if name in wide else None, scope="col") for name in heads))
    rows = [_policy(name, found[name], colours[name]) for name in order]
    return element("table", element("thead", head), element("tbody", *rows), class_="policies")


def settings_list(report: Report) -> Markup:
    """Return what was asked for and what it ran on."""
    asked = report.settings
    facts = {
        "scenario": asked.scenario,
        "decisions a run": f"{asked.decisions:,}",
        "customers": f"{asked.customers:,}",
        "days": str(asked.days),
        "seeds": ", ".join(map(str, asked.seeds)),
        "policies": ", ".join(asked.policies),
        "engine": f"the service at {asked.target}" if asked.target else "in process",
        "people": asked.personas,
        "code": f"commit {report.commit}" if report.commit else "commit unknown",
        "time a decision": _times(report),
        "facts refused by the engine": f"{sum(run.refused for run in report.runs if run.policy == ENGINE):,}",
    }
    facts |= {f"{name} was left out": why for name, why in report.left_out.items()}
    return element("dl", *(element("div", element("dt", key), element("dd", value)) for key, value in facts.items()))


def _card(one: Measured, *, complete: bool) -> Markup:
    found = verdict(one, complete=complete)
    target = f"Target: {target_words(one.target)}. " if one.target else ""
    said = element("p", element("b", f"{_SIGNS[found]} ", found.capitalize()), class_="verdict")
    parts = [
        element("h3", one.name),
        element("p", _value(one, complete=complete), class_="figure"),
        element("p", _spread(one, complete=complete), class_="spread"),
        element("p", f"{target}{one.meaning[:1].upper()}{one.meaning[1:]}.", class_="meaning"),
    ]
    return element("article", *parts, said, class_=f"card {found.replace(' ', '-')}")


def _value(one: Measured, *, complete: bool) -> str:
    if not one.known:
        return "never" if never(one, complete=complete) else "–"
    return _short(sum(one.known) / len(one.known))


def _spread(one: Measured, *, complete: bool) -> str:
    missing = len(one.values) - len(one.known)
    why = "never" if never(one, complete=complete) else "cannot be told"
    lacking = f"{missing} of {len(one.values)} seeds: {why}" if missing else ""
    if len(one.known) < 2:
        return lacking if len(one.values) > 1 else "one seed"
    spread = f"{_short(min(one.known))} to {_short(max(one.known))} over seeds"
    return f"{spread}; {lacking}" if lacking else spread


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _policy(name: str, runs: Sequence[Run], colour: str) -> Markup:
    chief = name == ENGINE
    end = _mean(runs, _end_share)
    width = f"width:{100 * min(max(end or 0.0, 0.0), 1.0):.0f}%"
    bar = element("span", element("span", class_=f"fill {colour}", style=width), class_="gauge")
    title = element("th", name, element("small", POLICIES.get(name, "")), scope="row")
    cells = [
        element("td", _range(runs, _end_share), bar, class_="share"),
        element("td", _shown(_mean(runs, lambda run: share_of(run.bins)), ".2f"), class_="wide"),
        element("td", _shown(_mean(runs, lambda run: mean_reward(run.bins)), "+.4f")),
        element("td", _shown(_mean(runs, lambda run: rate("silent")(run.bins)), ".1%"), class_="wide"),
        element("td", _shown(_mean(runs, lambda run: rate("explored")(end_of(run))), ".1%"), class_="wide"),
    ]
    return element("tr", title, *cells, class_="chief-row" if chief else None)


def _end_share(run: Run) -> float | None:
    return share_of(end_of(run))


def _mean(runs: Sequence[Run], value: Callable[[Run], float | None]) -> float | None:
    known = [one for run in runs if (one := value(run)) is not None]
    return sum(known) / len(known) if known else None


def _range(runs: Sequence[Run], value: Callable[[Run], float | None]) -> Markup:
    known = [one for run in runs if (one := value(run)) is not None]
    mean = element("b", _shown(_mean(runs, value), ".2f"))
    if len(known) < 2:
        return mean
    return joined([mean, element("small", f"{_shown(min(known), '.2f')} to {_shown(max(known), '.2f')}")])


def _shown(value: float | None, form: str) -> str:
    """Return a value in a form such as +.2f, with a real minus sign and without a negative zero."""
    return "–" if value is None else format(value, form.replace(".", "z.")).replace("-", "−")


def _times(report: Report) -> str:
    """Return how long the engine took, and the world."""
    mine = [one for one in report.timings if one.policy == ENGINE]
    decisions = sum(run.decisions for run in report.runs if run.policy == ENGINE)
    if not mine or not decisions:
        return "not measured"
    engine, world = (
        1e6 * sum(seconds) / decisions
        for seconds in zip(*((o.policy_seconds, o.world_seconds) for o in mine), strict=True)
    )
    return f"{engine:,.0f} µs in the engine, its reports of outcomes included; {world:,.0f} µs in the world"
