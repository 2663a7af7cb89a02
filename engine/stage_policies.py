"""Stage policies: who gives the probabilities of a stage, and what changes them where something speaks for an action.

Models, rules, prices of stock and newcomers. Never a draw, never what is eligible.
"""

from collections.abc import Callable, Collection, Mapping, Sequence

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
    *,
    newcomers: Collection[str],
    bonuses: Mapping[str, float],
) -> StagePolicy:
    """Return the policy that asks each stage's model; one that is missing or fails degrades its stage to uniform.

    So does one that was begun anew and has not learned since: an empty model has no opinion, but not every exploration
    is uniform over none. `newcomers` and `bonuses`, in parts of the reward unit, are of contents.
    """

    def probabilities(name: str, lines: Mapping[str, str]) -> tuple[Sequence[float], str, str]:
        back = put_back.get(name)
        if back is not None and begun_anew(back):
            return _uniform(len(lines)), UNIFORM, back.problem
        model = models.get(name)
        if model is None:
            return _uniform(len(lines)), UNIFORM, f"there is no model {name}"
        of_contents = name.endswith("/content")
        new = [content_id in newcomers for content_id in lines] if of_contents and newcomers else ()
        bonus = [bonuses.get(content_id, 0.0) for content_id in lines] if of_contents and bonuses else ()
        wary, actions = name.endswith("/router"), tuple(lines.values())
        try:
            found = explored(model, shared, actions, exploration, new=new, bonus=bonus, wary=wary)
            return found, name, back.problem if back else ""
        except (ModelFailed, UnsoundProbabilities) as error:
            return _uniform(len(lines)), UNIFORM, str(error)

    return probabilities


def begun_anew(back: PutBack | None) -> bool:
    """Tell whether a model was put back to its beginning, in which it has no opinion."""
    return back is not None and not back.to_seq


def explored(
    model: Bandit,
    shared: str,
    actions: tuple[str, ...],
    exploration: Exploration,
    *,
    new: Sequence[bool] = (),
    bonus: Sequence[float] = (),
    wary: bool = False,
) -> list[float]:
    """Return the probabilities of action lines, as a model and a campaign's exploration have them.

    Maillard sampling knows of each action how often it was tried, but not with whom. Where one is silence, what drives
    most away would soon be tried with nobody, those who like it among them, and silence teaches nothing of it. A stage
    that has to be `wary` of that leaves half of its draws to inverse gap weighting, whose tail is longer.

    What is `new` among actions that are known has its share (`engine.newcomers`), and is tried with those whom the
    others tell it suits, as if it were known: for being unknown alone it would be tried with everybody. A `bonus`, in
    reward units, is added to what is expected of an action; inverse gap weighting and epsilon-greedy, which are told no
    expectation, have their odds tilted by it.

    A model that was saved before what it tried was counted is explored by SquareCB until it is learned anew. Raises
    ModelFailed and UnsoundProbabilities.
    """
    (raw, costs), tried = model.asked(shared, actions), model.tried
    greed, floor = exploration.greed / GREED, exploration.floor
    if exploration.method == "mixed" and tried is not None:
        if any(bonus):
            costs = [cost - one for cost, one in zip(costs, bonus, strict=True)]
        lessons = tried.lessons_of(actions)
        if any(new):
            lessons = [max(TRIES, number) if is_new else number for number, is_new in zip(lessons, new, strict=True)]
        found = maillard(costs, lessons, tried.variance, greed, floor)
        if wary:
            found = mixed(found, squarecb(raw, len(actions), greed * SQUARECB_PART, floor))
    else:
        found = _told_no_expectation(raw, len(actions), exploration)
        if any(bonus):
            found = floored(tilted(found, bonus), floor)
    return floored(lifted(found, new), floor) if any(new) else found


def _told_no_expectation(raw: Sequence[float], count: int, exploration: Exploration) -> list[float]:
    if exploration.method == "epsilon_greedy":
        return epsilon_greedy(raw, count, exploration.epsilon, exploration.floor)
    return squarecb(raw, count, exploration.greed / GREED, exploration.floor)


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
