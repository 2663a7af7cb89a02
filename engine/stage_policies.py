"""Stage policies that change what a model says where something speaks for it. Never a draw, never a model."""

from collections.abc import Mapping, Sequence

from engine.exploration import floored
from engine.newcomers import lifted
from engine.policy import StagePolicy


def trying(newcomers: Mapping[str, int], policy: StagePolicy, floor: float) -> StagePolicy:
    """Return the policy that lets newcomers have their share of what a model says of contents; rules are left alone."""

    def probabilities(name: str, lines: Mapping[str, str]) -> tuple[Sequence[float], str, str]:
        found, given_by, problem = policy(name, lines)
        if given_by != name or not name.endswith("/content") or newcomers.keys().isdisjoint(lines):
            return found, given_by, problem
        new = [content_id in newcomers for content_id in lines]
        return floored(lifted(found, new), floor), given_by, problem

    return probabilities
