"""Stage policies: who gives the probabilities of a stage, and what changes them where something speaks for an action.

Models, rules, prices of stock and newcomers. Never a draw, never what is eligible.
"""

from collections.abc import Callable, Container, KeysView, Mapping, Sequence

from engine.campaign.spec import Campaign, Exploration
from engine.exploration import SQUARECB_PART, UnsoundProbabilities, epsilon_greedy, floored, maillard, mixed, squarecb
from engine.folds import PutBack
from engine.model_bytes import ModelFailed
from engine.newcomers import TRIES, lifted
from engine.stock import tilted
from engine.vowpal_wabbit import GREED, Bandit

ONLY, UNIFORM, NAMED = "only", "uniform", "named"
"""Policies that are rules, beside the models' names."""
SWITCHED = "the channel is switched to the campaign's fallback rule"
"""The problem of a stage that an operator took from its model."""

StagePolicy = Callable[[str, Mapping[str, str]], tuple[Sequence[float], str, str]]
"""From a stage's model name and its action lines by id: probabilities in their order, who gave them, and what went
wrong.
"""


def model_policy(
    models: Mapping[str, Bandit],
    put_back: Mapping[str, PutBack],
    shared: str,
    exploration: Exploration,
    newcomers: Container[str] = (),
) -> StagePolicy:
    """Return the policy that asks each stage's model; one that is missing or fails degrades its stage to uniform.

    So does one that was begun anew and has not learned since: an empty model has no opinion, but not every exploration
    is uniform over none.
    """

    def probabilities(name: str, lines: Mapping[str, str]) -> tuple[Sequence[float], str, str]:
        back = put_back.get(name)
        if back is not None and begun_anew(back):
            return _uniform(len(lines)), UNIFORM, back.problem
        model = models.get(name)
        if model is None:
            return _uniform(len(lines)), UNIFORM, f"there is no model {name}"
        try:
            new = [content_id in newcomers for content_id in lines] if newcomers and name.endswith("/content") else ()
            found = explored(model, shared, tuple(lines.values()), exploration, new)
            return found, name, back.problem if back else ""
        except (ModelFailed, UnsoundProbabilities) as error:
            return _uniform(len(lines)), UNIFORM, str(error)

    return probabilities


def begun_anew(back: PutBack | None) -> bool:
    """Tell whether a model was put back to its beginning, in which it has no opinion."""
    return back is not None and not back.to_seq


def explored(
    model: Bandit, shared: str, actions: tuple[str, ...], exploration: Exploration, new: Sequence[bool] = ()
) -> list[float]:
    """Return the probabilities of action lines, as a model and a campaign's exploration have them.

    What is `new` among actions that are known is tried by its share (`trying`), and with those whom the others tell it
    suits, as if it were known: for being unknown alone it would be tried with everybody.

    A model that was saved before what it tried was counted is explored by SquareCB until it is learned anew. Raises
    ModelFailed and UnsoundProbabilities.
    """
    (raw, costs), tried = model.asked(shared, actions), model.tried
    greed, floor = exploration.greed / GREED, exploration.floor
    if exploration.method == "mixed" and tried is not None:
        lessons = tried.lessons_of(actions)
        if new:
            lessons = [max(TRIES, number) if is_new else number for number, is_new in zip(lessons, new, strict=True)]
        likely = maillard(costs, lessons, tried.variance, greed)
        return mixed(likely, squarecb(raw, len(actions), greed * SQUARECB_PART, 0.0), floor)
    if exploration.method == "epsilon_greedy":
        return epsilon_greedy(raw, len(actions), exploration.epsilon, floor)
    return squarecb(raw, len(actions), greed, floor)


def switched_policy(names: frozenset[str], fallback: StagePolicy, otherwise: StagePolicy) -> StagePolicy:
    """Return the policy that puts the named models' stages on the fallback rule, and says so, and leaves the others."""

    def probabilities(name: str, lines: Mapping[str, str]) -> tuple[Sequence[float], str, str]:
        if name not in names:
            return otherwise(name, lines)
        found, given_by, _ = fallback(name, lines)
        return found, given_by, SWITCHED

    return probabilities


def fallback_policy(campaign: Campaign) -> StagePolicy:
    """Return the campaign's fallback rule: its named choice where that is eligible, otherwise uniform."""
    named = campaign.fallback
    wanted = (
        {} if named is None else {"router": named.channel, "content": named.content, "send_slot": named.send_window}
    )

    def probabilities(name: str, lines: Mapping[str, str]) -> tuple[Sequence[float], str, str]:
        choice = wanted.get(name.rsplit("/", 1)[-1])
        if choice not in lines:
            return _uniform(len(lines)), UNIFORM, ""
        return [1.0 if action == choice else 0.0 for action in lines], NAMED, ""

    return probabilities


def _uniform(count: int) -> list[float]:
    return [1 / count] * count


def tilting(prices: Mapping[str, float], unit: float, policy: StagePolicy, floor: float) -> StagePolicy:
    """Return the policy that tilts what a channel's content model says by prices, in parts of the reward unit.

    Rules are left as they are.
    """

    def tilt(found: Sequence[float], lines: Mapping[str, str]) -> Sequence[float]:
        return tilted(found, [prices.get(action, 0.0) for action in lines], unit)

    return _changed(policy, prices.keys(), tilt, floor)


def trying(newcomers: Mapping[str, int], policy: StagePolicy, floor: float) -> StagePolicy:
    """Return the policy that lets newcomers have their share of what a model says of contents; rules are left alone."""

    def lift(found: Sequence[float], lines: Mapping[str, str]) -> Sequence[float]:
        return lifted(found, [content_id in newcomers for content_id in lines])

    return _changed(policy, newcomers.keys(), lift, floor)


def _changed(
    policy: StagePolicy,
    concerned: KeysView[str],
    change: Callable[[Sequence[float], Mapping[str, str]], Sequence[float]],
    floor: float,
) -> StagePolicy:
    """Return the policy in which what a content model says is changed, where that concerns a content, and floored."""

    def probabilities(name: str, lines: Mapping[str, str]) -> tuple[Sequence[float], str, str]:
        found, given_by, problem = policy(name, lines)
        if given_by != name or not name.endswith("/content") or concerned.isdisjoint(lines):
            return found, given_by, problem
        return floored(change(found, lines), floor), given_by, problem

    return probabilities
