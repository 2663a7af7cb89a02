"""Every benchmark at its smallest, so that none is found broken when its figures are wanted; never how fast it is."""

import importlib
import os
import sys
from pathlib import Path

import pytest
from msgspec import structs

from benchmarks import contextual_worlds, recipe_study, turning_worlds

WORLDS = tuple(structs.replace(contextual_worlds.KINDS[place], decisions=100) for place in (3, -1))
CHANGED = tuple(
    (name, structs.replace(kind, decisions=40, **dict.fromkeys(turning_worlds.CHANGES[name], 20)))
    for name, kind in turning_worlds.CHANGED[1:4:2]
)
RECIPES = (recipe_study.SHIPPED, recipe_study.VARIANTS[2], recipe_study.VARIANTS[-1])
ROOT = Path(__file__).parents[2]
SMALLEST: dict[str, tuple[list[str], dict[str, object]]] = {
    "contextual_worlds": ([], {"KINDS": WORLDS, "SEEDS": (1,)}),
    "customer_scale": (["40"], {"WARM_UP": 2, "CALLS": 5, "STREAMED_MEANWHILE": 4_000}),
    "dirty_data": ([], {"CUSTOMERS": 3, "DAYS": 4, "SEEDS": (1, 2), "SHARES": (0.2,)}),
    "long_lives": ([], {"IDENTITIES": (1, 2), "DAYS": 2, "ROUNDS": 2}),
    "many_campaigns": (["1"], {}),
    "rebuild_speed": (["100"], {"TEMPLATES": 10, "BEFORE_SECONDS": 0.1, "LOOK_EVERY": 10}),
    "recipe_study": (["40"], {"SCENARIO_IDS": ("steady",), "SEEDS": (1, 2), "VARIANTS": RECIPES}),
    "reward_delays": (
        [],
        {"DELAYS": {"minutes": (10, "30 minutes")}, "SEEDS": (1,), "BEFORE": 2_000, "AFTER": 20, "ROLLING": 10},
    ),
    "simulation_speed": (["steady", "50"], {}),
    "turning_worlds": ([], {"CHANGED": CHANGED, "SEEDS": (1,), "HALF": 20, "PART": 10}),
}
"""By benchmark: its arguments, and what of its plan is made small. Those in folders have tests of their own."""


def test_no_benchmark_is_left_out() -> None:
    """Every module that is run as a benchmark is run here, or has a folder and tests of its own."""
    assert {path.stem for path in (ROOT / "benchmarks").glob("[!_]*.py")} == SMALLEST.keys()


@pytest.mark.parametrize("name", SMALLEST)
def test_a_benchmark_measures_and_prints(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """At its smallest it goes all its way and prints where it was measured and a table."""
    arguments, plan = SMALLEST[name]
    module = importlib.import_module(f"benchmarks.{name}")
    for constant, value in plan.items():
        monkeypatch.setattr(module, constant, value)
    if name == "dirty_data":  # which has its plan for a default as well
        monkeypatch.setitem(module.lived.__kwdefaults__, "customers", plan["CUSTOMERS"])
        monkeypatch.setitem(module.lived.__kwdefaults__, "days", plan["DAYS"])
    monkeypatch.setattr(sys, "argv", [name, *arguments])
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{ROOT / 'protos'}")
    module.main()
    printed = capsys.readouterr().out
    assert "commit" in printed
    assert "│" in printed
