"""Words: what a simulation found, said to whoever has never seen one. Never a plot, never markup."""

import re
from collections.abc import Mapping

from simulators.measures import CONSTANT, ENGINE, Measured, end_of, share_of
from simulators.results import Report

ORACLE, RANDOM = "oracle", "random"
TARGET_DECISIONS, TARGET_SEEDS = 30_000, 5
"""What the measures' targets are set for."""
MET, MISSED, UNKNOWN, NONE = "met", "not met", "cannot be told", "no target"

QUESTIONS: Mapping[str, str] = {
    "steady": "How near does it come to the best there is, where people stay as they are?",
    "ryan": "Does it notice that customers' lives have changed, and stop sending what no longer fits them?",
    "silent-move": "Does it notice a new life from what people do, when nobody says a word about it?",
    "taste-flip": "How soon is it back, when from one day to the next everyone wants something else?",
    "season": "Does it keep up, where the season changes for all and lives change here and there?",
    "new-content": "Does it give a message that nobody has seen a fair trial, without paying much for that?",
    "late-rewards": "Does it learn as well, where clicks and purchases take days to come?",
    "dirty-data": "Does it bear reports that are wrong, doubled, or from machines?",
    "fatigue": "Does it see that each message takes from the next, and when to be silent?",
    "stock": "What does it do, when the best runs out?",
    "one-message": "What does it cost to look for differences where there are none?",
    "channels-differ": "Does each channel learn its own lesson, where what works on one fails on the next?",
    "cold-start": "How well does it serve people of whom it knows nothing yet?",
}
"""What each scenario is there to find out."""

POLICIES: Mapping[str, str] = {
    ENGINE: "this engine, on its defaults",
    ORACLE: "knows every hidden taste; nothing does better",
    RANDOM: "any permitted choice, all equally probable",
    CONSTANT: "the one choice that earns most if all get it, known in hindsight",
    "segments": "the best by group of customers, found in the first fifth, then kept",
    "frozen": "the engine, which learns nothing more after the first fifth",
    "lin-ucb": "linear bandits with upper confidence bounds, one a stage",
    "plain-vw": "Vowpal Wabbit as it comes, with its own exploration",
    "shared-model": "one model for all channels",
    "isolated-channels": "a model for each channel, which learn nothing from each other",
    "mabwiser": "linear Thompson sampling of the library MABWiser",
    "bayesianbandits": "Thompson sampling of the library bayesianbandits",
}
"""What each policy is, in a few words."""


def end_share(report: Report, policy: str) -> float | None:
    """Return a policy's oracle share over the last fifth, the mean of the seeds that have one."""
    known = [value for run in report.runs if run.policy == policy and (value := share_of(end_of(run))) is not None]
    return sum(known) / len(known) if known else None


def headline(report: Report) -> str:
    """Return in one sentence what the report found."""
    mine = end_share(report, ENGINE)
    if mine is None:
        return "This report has no finished figures of the engine."
    said = f"At the end the engine reached {mine:.2f} of what an oracle would"
    beside = end_share(report, CONSTANT)
    name = "the best constant message"
    if beside is None:
        name, beside = best_peer(report)
    return f"{said}, {_beside(mine, beside, name)}." if beside is not None else f"{said}."


def best_peer(report: Report) -> tuple[str, float | None]:
    """Return the policy that did best at the end beside engine and oracle, and its share."""
    names = dict.fromkeys(run.policy for run in report.runs if run.policy not in {ENGINE, ORACLE, RANDOM})
    known = [(share, name) for name in names if (share := end_share(report, name)) is not None]
    return (max(known)[1], max(known)[0]) if known else ("", None)


def beside_peers(report: Report) -> str:
    """Return how the engine did beside the best of its peers; empty where it had none."""
    (name, share), mine = best_peer(report), end_share(report, ENGINE)
    if share is None or mine is None:
        return ""
    if share > mine:
        return f"Better than the engine was {name}, with {share:.2f}."
    return f"The best of the others was {name}, with {share:.2f}."


def conditions(report: Report) -> str:
    """Return what the run was, and what keeps its figures from being compared with the targets."""
    asked = report.settings
    seeds = f"{len(asked.seeds)} seeds" if len(asked.seeds) != 1 else "one seed"
    said = f"{asked.decisions:,} decisions for {asked.customers:,} customers in {asked.days} days, {seeds}."
    if report.interrupted:
        return f"{said} It was interrupted; these are the figures as far as it came."
    if asked.decisions < TARGET_DECISIONS or len(asked.seeds) < TARGET_SEEDS:
        return f"{said} The targets are set for {TARGET_DECISIONS:,} decisions and {TARGET_SEEDS} seeds."
    return said


def verdict(one: Measured, *, complete: bool = True) -> str:
    """Return whether a measure's mean over seeds meets its target; `complete` says that the engine's runs ended."""
    asked = re.fullmatch(r"(<=|>=|<|>) ([0-9.]+)", one.target)
    if not one.target:
        return NONE
    if len(one.known) < len(one.values) and never(one, complete=complete):
        return MISSED
    if asked is None or not one.known:
        return UNKNOWN
    mean, bound = sum(one.known) / len(one.known), float(asked[2])
    met = {"<=": mean <= bound, ">=": mean >= bound, "<": mean < bound, ">": mean > bound}
    return MET if met[asked[1]] else MISSED


def never(one: Measured, *, complete: bool) -> bool:
    """Tell whether a value that is not known means that what is counted until did not come within a whole run."""
    return complete and "until" in one.name


def ended(report: Report) -> bool:
    """Tell whether the engine lived all its runs to their end."""
    mine = [run for run in report.runs if run.policy == ENGINE]
    return bool(mine) and all(run.decisions >= run.planned for run in mine)


def target_words(target: str) -> str:
    """Return a target as it is said."""
    words = {"<=": "at most", ">=": "at least", "<": "below", ">": "above"}
    sign, _, rest = target.partition(" ")
    return f"{words[sign]} {rest}" if sign in words else target


def _beside(mine: float, other: float, name: str) -> str:
    gap = mine - other
    if abs(gap) < 0.005:
        return f"as much as {name}"
    return f"{abs(gap):.2f} {'above' if gap > 0 else 'below'} {name}"
