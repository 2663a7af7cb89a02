"""The report of a simulation on a terminal: policies, measures, and Ryan in a few lines. Never a file."""

from collections.abc import Callable, Iterable, Sequence

from rich.console import Console
from rich.table import Table

from simulators.measures import end_of, mean_reward, measures, share_of
from simulators.results import Bin, Contact, Report, Run

LINES_OF_RYAN = 12


def print_report(report: Report, console: Console) -> None:
    """Print what a simulation found out."""
    asked = report.settings
    state = "interrupted; " if report.interrupted else ""
    console.print(f"{asked.scenario}: {report.description}", markup=False, highlight=False)
    console.print(
        f"{state}{asked.decisions:,} decisions for {asked.customers:,} customers in {asked.days} days, "
        f"seeds {', '.join(map(str, asked.seeds))}, commit {report.commit or 'unknown'}",
        markup=False,
        highlight=False,
    )
    console.print(_policies(report))
    console.print(_measures(report))
    for line in _ryan(report.runs):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    for name, why in report.left_out.items():
        console.print(f"{name} was left out: {why}", markup=False, highlight=False)


def _policies(report: Report) -> Table:
    table = Table(
        title="means over seeds; oracle share = (policy - random) / (oracle - random), where the policy stands"
    )
    for heading in (
        "policy",
        "reward",
        "share",
        "last fifth",
        "earned",
        "silent",
        "explored at the end",
        "us a decision",
    ):
        table.add_column(heading, justify="left" if heading == "policy" else "right")
    for name in dict.fromkeys(run.policy for run in report.runs):
        runs = [run for run in report.runs if run.policy == name and run.bins]
        seconds = [one.policy_seconds for one in report.timings if one.policy == name]
        decisions = sum(run.decisions for run in runs)
        table.add_row(
            name,
            _mean(runs, lambda run: mean_reward(run.bins), "+.4f"),
            _mean(runs, lambda run: share_of(run.bins), ".3f"),
            _mean(runs, lambda run: share_of(end_of(run)), ".3f"),
            _mean(runs, lambda run: _rate(run.bins, "earned"), "+.4f"),
            _mean(runs, lambda run: _rate(run.bins, "silent"), ".3f"),
            _mean(runs, lambda run: _rate(end_of(run), "explored"), ".3f"),
            f"{1e6 * sum(seconds) / decisions:,.0f}" if decisions else "–",
        )
    return table


def _measures(report: Report) -> Table:
    table = Table("measure of the engine", "mean", "least .. greatest", "target", "meaning")
    for one in measures(report):
        known = one.known
        mean = f"{sum(known) / len(known):.4g}" if known else "–"
        spread = f"{min(known):.4g} .. {max(known):.4g}" if known else "–"
        if len(known) < len(one.values) and known:
            spread += f" ({len(one.values) - len(known)} of {len(one.values)} seeds: never)"
        table.add_row(one.name, mean, spread, one.target, one.meaning)
    return table


def _ryan(runs: Sequence[Run]) -> Iterable[str]:
    """Yield what the first engine's Ryan was sent last, and what happened in his life."""
    mine = next((run for run in runs if run.timeline), None)
    if mine is None:
        return
    life = "; ".join(mine.life) or "no life event"
    yield f"Ryan under {mine.policy}, seed {mine.seed}: {len(mine.timeline)} contacts; {life}. The last of them:"
    for contact in mine.timeline[-LINES_OF_RYAN:]:
        yield f"  {_contact(contact)}"


def _contact(contact: Contact) -> str:
    if not contact.channel:
        return f"{contact.time}  nothing (best: {contact.best_content or 'nothing'})"
    came = ", ".join(contact.outcomes) or "nothing came of it"
    best = f"{contact.best_content} by {contact.best_channel}" if contact.best_content else "nothing"
    sent = f"{contact.send_time}  {contact.content} by {contact.channel}: {came}"
    return f"{sent} ({contact.expected:+.3f} of {contact.best:.3f}; best: {best})"


def _mean(runs: Sequence[Run], of: Callable[[Run], float | None], form: str) -> str:
    known = [value for run in runs if (value := of(run)) is not None]
    return format(sum(known) / len(known), form) if known else "–"


def _rate(bins: Sequence[Bin], field: str) -> float | None:
    decisions = sum(one.decisions for one in bins)
    return sum(getattr(one, field) for one in bins) / decisions if decisions else None
