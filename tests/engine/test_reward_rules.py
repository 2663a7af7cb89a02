"""The rule of rewards: one table to check by eye, and a second writing of the rule that random histories are held to.

How to read the table. A message leaves at minute 0; its window, where it has one, is 10 minutes. `0.5@3` is an outcome
worth 0.5 that happened and was received in minute 3, `0.5@3:12` one that happened in minute 3 and was received in
minute 12, `again@4` the reward before it sent once more under the same id, `done@5` the report that the message was
carried out. At the end an hour passes.

`provisionally` and `at_close` are the lessons that the campaign's `learn` setting gives: `0.5` learns 0.5, `0.5>0.75`
is the second half of a lesson that comes to 0.75 and was half learned at 0.5, `-` is no lesson. `final` is the last
logged final value. `any` stands for every way to combine; under activation it stands for `assumed` and for `required`
with `done@0` (which give the lessons of the row), and for `required` without a report (which gives none, and the same
final value).
"""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.engine import Engine
from engine.opening import open_engine
from tests.reward_rule import Rule, closed, final_value, lessons
from tests.rewarded_histories import (
    MINUTE_US,
    Activate,
    Decide,
    Played,
    Reward,
    Step,
    Tick,
    named,
    play,
    spied,
    windowed,
)
from tests.wardrobe import KEY, NOON_US

HOUR_US = 60 * MINUTE_US
TABLE = """
arrives                | window | default | combine | activation | provisionally        | at_close | final
                       |        |         |         |            |                      |          |
                       | open   |         | any     | any        | 0 0>0                | 0        |
                       | open   | -0.125  | any     | any        | -0.125 -0.125>-0.125 | -0.125   |
                       | none   | -0.125  | any     | assumed    | -                    | -        |
0.5@1                  | open   | -0.125  | any     | any        | 0.5 0.5>0.5          | 0.5      | 0.5
0.5@1 again@2          | open   | -0.125  | any     | any        | 0.5 0.5>0.5          | 0.5      | 0.5
0.5@1 again@12         | open   | -0.125  | any     | any        | 0.5 0.5>0.5          | 0.5      | 0.5
0.25@1 0.5@5           | open   | -0.125  | sum     | any        | 0.25 0.25>0.75       | 0.75     | 0.75
0.25@1 0.5@5           | open   | -0.125  | max     | any        | 0.25 0.25>0.5        | 0.5      | 0.5
0.25@1 0.5@5           | open   | -0.125  | first   | any        | 0.25 0.25>0.25       | 0.25     | 0.25
0.25@1 0.5@5           | open   | -0.125  | last    | any        | 0.25 0.25>0.5        | 0.5      | 0.5
0.25@1 0.5@5 again@6   | open   | -0.125  | sum     | any        | 0.25 0.25>0.75       | 0.75     | 0.75
0.25@1 0.5@5 -0.5@6    | open   | -0.125  | sum     | any        | 0.25 0.25>0.25       | 0.25     | 0.25

revised in the window  |        |         |         |            |                      |          |
0.25@1 -1@5            | open   | -0.125  | sum     | any        | 0.25 0.25>-0.75      | -0.75    | -0.75
0.25@1 -1@5            | open   | -0.125  | max     | any        | 0.25 0.25>0.25       | 0.25     | 0.25
0.25@1 -1@5            | open   | -0.125  | first   | any        | 0.25 0.25>0.25       | 0.25     | 0.25
0.25@1 -1@5            | open   | -0.125  | last    | any        | 0.25 0.25>-1         | -1       | -1

revised after it       |        |         |         |            |                      |          |
0.25@1 -1@12           | open   | -0.125  | sum     | any        | 0.25 0.25>0.25       | 0.25     | -0.75
0.25@1 -1@12           | open   | -0.125  | max     | any        | 0.25 0.25>0.25       | 0.25     | 0.25
0.25@1 -1@12           | open   | -0.125  | first   | any        | 0.25 0.25>0.25       | 0.25     | 0.25
0.25@1 -1@12           | open   | -0.125  | last    | any        | 0.25 0.25>0.25       | 0.25     | -1
0.25@1 -1@12 again@13  | open   | -0.125  | sum     | any        | 0.25 0.25>0.25       | 0.25     | -0.75

late                   |        |         |         |            |                      |          |
0.5@12                 | open   | -0.125  | any     | any        | -0.125 -0.125>-0.125 | -0.125   | 0.5
0.5@3:12               | open   | -0.125  | any     | any        | -0.125 -0.125>-0.125 | -0.125   | 0.5
0.5@10                 | open   | -0.125  | any     | any        | -0.125 -0.125>-0.125 | -0.125   | 0.5
0.5@12                 | open   |         | any     | any        | 0 0>0                | 0        | 0.5
0.5@5:6 0.25@2:12      | open   | -0.125  | sum     | any        | 0.5 0.5>0.5          | 0.5      | 0.75
0.5@5:6 0.25@2:12      | open   | -0.125  | max     | any        | 0.5 0.5>0.5          | 0.5      | 0.5
0.5@5:6 0.25@2:12      | open   | -0.125  | first   | any        | 0.5 0.5>0.5          | 0.5      | 0.25
0.5@5:6 0.25@2:12      | open   | -0.125  | last    | any        | 0.5 0.5>0.5          | 0.5      | 0.5

out of order           |        |         |         |            |                      |          |
0.25@4 0.5@2:6         | open   | -0.125  | sum     | any        | 0.25 0.25>0.75       | 0.75     | 0.75
0.25@4 0.5@2:6         | open   | -0.125  | max     | any        | 0.25 0.25>0.5        | 0.5      | 0.5
0.25@4 0.5@2:6         | open   | -0.125  | first   | any        | 0.25 0.25>0.5        | 0.5      | 0.5
0.25@4 0.5@2:6         | open   | -0.125  | last    | any        | 0.25 0.25>0.25       | 0.25     | 0.25
0.25@1:3 0.5@1:4       | open   | -0.125  | first   | any        | 0.25 0.25>0.25       | 0.25     | 0.25
0.25@1:3 0.5@1:4       | open   | -0.125  | last    | any        | 0.25 0.25>0.5        | 0.5      | 0.5

clipped to the range   |        |         |         |            |                      |          |
1@1 1@2                | open   | -0.125  | sum     | any        | 1 1>1                | 1        | 1
1@1 1@2 -0.5@3         | open   | -0.125  | sum     | any        | 1 1>1                | 1        | 1
-0.5@1 -1@2            | open   | -0.125  | sum     | any        | -0.5 -0.5>-1         | -1       | -1

carried out in between |        |         |         |            |                      |          |
done@5                 | open   | -0.125  | any     | required   | -0.125 -0.125>-0.125 | -0.125   |
done@5 again@6         | open   | -0.125  | any     | required   | -0.125 -0.125>-0.125 | -0.125   |
0.5@1 done@5           | open   | -0.125  | any     | required   | 0.5 0.5>0.5          | 0.5      | 0.5
done@5 0.5@14          | open   | -0.125  | any     | required   | 0.5 0.5>0.5          | 0.5      | 0.5
done@5 0.5@15          | open   | -0.125  | any     | required   | -0.125 -0.125>-0.125 | -0.125   | 0.5
0.25@1 0.5@2 done@5    | open   | -0.125  | sum     | required   | 0.75 0.75>0.75       | 0.75     | 0.75
0.25@1 0.5@2 done@5    | open   | -0.125  | max     | required   | 0.5 0.5>0.5          | 0.5      | 0.5
0.25@1 0.5@2 done@5    | open   | -0.125  | first   | required   | 0.25 0.25>0.25       | 0.25     | 0.25
0.25@1 0.5@2 done@5    | open   | -0.125  | last    | required   | 0.5 0.5>0.5          | 0.5      | 0.5
0.25@1 done@5 0.5@12   | open   | -0.125  | sum     | required   | 0.25 0.25>0.75       | 0.75     | 0.75
done@9 0.5@18 -1@20    | open   | -0.125  | sum     | required   | 0.5 0.5>0.5          | 0.5      | -0.5
0.5@1 done@12          | open   | -0.125  | any     | required   | -                    | -        | 0.5
0.5@1 done@10          | open   | -0.125  | any     | required   | -                    | -        | 0.5
0.5@12 done@13         | open   | -0.125  | any     | required   | -                    | -        | 0.5

each stands by itself  |        |         |         |            |                      |          |
0.5@1                  | none   | -0.125  | any     | assumed    | 0.5                  | 0.5      | 0.5
0.5@1 again@2          | none   | -0.125  | any     | assumed    | 0.5                  | 0.5      | 0.5
0.5@1 0.25@50          | none   | -0.125  | any     | assumed    | 0.5 0.25             | 0.5 0.25 | 0.25
0.5@1 -1@50            | none   | -0.125  | any     | assumed    | 0.5 -1               | 0.5 -1   | -1
"""
COMBINES = ("sum", "max", "first", "last")
ROWS = [[cell.strip() for cell in line.split("|")] for line in TABLE.strip().splitlines()[1:]]
Taught = list[tuple[float, float | None]]


def rules() -> list[tuple[str, ...]]:
    """Return the rows that state a rule, one for each way to combine."""
    stated = [row for row in ROWS if len(row) == 8 and row[1]]
    return [(*row[:3], way, *row[4:]) for row in stated for way in (COMBINES if row[3] == "any" else (row[3],))]


def fresh(folder: Path, source: str) -> Engine:
    """Open an engine without a gate, which would stop random outcomes, over a new folder, with a campaign applied."""
    engine = open_engine(folder, durability="process", secret_key=KEY, gate=None)
    engine.apply_campaign(source, NOON_US)
    return engine


def told(arrives: str, channel: str) -> list[Step]:
    """Return the steps that a row tells."""
    steps: list[Step] = [Decide(0, channel)]
    for number, word in enumerate(arrives.split()):
        what, when = word.split("@")
        happened, received = (int(part) * MINUTE_US for part in (when.split(":") * 2)[:2])
        match what, steps[-1]:
            case "again", Reward(reward_id=same):
                steps.append(Reward(received, 0, 0.0, 0, same))
            case "again" | "done", _:
                steps.append(Activate(received, 0, happened))
            case _:
                steps.append(Reward(received, 0, float(what), happened, f"r{number}"))
    return [*steps, Tick(HOUR_US)]


def taught(cell: str) -> Taught:
    """Return the lessons of a cell as (value, value learned before)."""
    pairs = [word.rpartition(">") for word in cell.split() if word != "-"]
    return [(float(value), float(before) if before else None) for before, _, value in pairs]


def happened(folder: Path, row: tuple[str, ...], steps: list[Step], **settings: str) -> tuple[Taught, float | None]:
    """Return the lessons an engine took of the steps, and the last final value."""
    _, window, default, combine, *_ = row
    source = windowed(combine=combine, default=default or "null", **settings)
    unused = ("email:", "web:" if window == "open" else "app:", "default_reward: null")
    kept = [line for line in source.splitlines() if not line.strip().startswith(unused)]
    engine = fresh(folder, "\n".join(kept))
    with spied() as noted:
        _, played = play(engine, steps)
    engine.close()
    finals = [receipt.final_value for receipt in played.receipts.values()]
    return [(value, before) for _, value, before in noted], finals[-1] if finals else None


@pytest.mark.parametrize("learn", ["provisionally", "at_close"])
@pytest.mark.parametrize("row", rules(), ids="-".join)
def test_the_table(tmp_path: Path, row: tuple[str, ...], learn: str) -> None:
    """Every row of the table is what the engine learns and logs."""
    arrives, window, _, _, activation, provisionally, at_close, final = row
    steps = told(arrives, "app" if window == "open" else "web")
    expected = taught(provisionally if learn == "provisionally" else at_close), float(final) if final else None
    if activation != "required":
        assert happened(tmp_path / "assumed", row, steps, learn=learn, activation="assumed") == expected
    if activation != "assumed":
        done = [steps[0], Activate(0, 0, 0), *steps[1:]] if activation == "any" else steps
        assert happened(tmp_path / "required", row, done, learn=learn, activation="required") == expected
    if activation == "any":
        never = happened(tmp_path / "never", row, steps, learn=learn, activation="required")
        assert never == ([], expected[1])


def test_the_table_is_whole() -> None:
    """No line of the table is lost to a slip of the pen."""
    stated = [row for row in ROWS if any(row[1:])]
    assert all(len(row) == 8 for row in ROWS if row != [""])
    assert all(row[1] in {"open", "none"} and row[3] in {"any", *COMBINES} for row in stated)
    assert len(rules()) > 100


def test_a_control_decision_never_teaches(tmp_path: Path) -> None:
    """Neither an outcome nor its absence is learned of a customer in the control group."""
    engine = fresh(tmp_path, windowed(control_share=0.5, default=0.5))
    steps: list[Step] = [Decide(0) for _ in range(40)]
    steps += [Reward(MINUTE_US, number, 0.25, MINUTE_US, f"r{number}") for number in range(0, 40, 2)]
    with spied() as noted:
        _, played = play(engine, [*steps, Tick(HOUR_US)])
    engine.close()
    control = {str(number) for number, (_, place) in enumerate(played.decisions) if played.facts[place].control}
    assert 10 < len(control) < 30
    assert {who for who, _, _ in noted} == {str(number) for number in range(40)} - control


def test_weights_follow_the_lessons(tmp_path: Path) -> None:
    """What teaches moves every model of its channel, and what does not leaves every weight where it was."""
    engine = fresh(tmp_path, windowed(learn="at_close", default=0.5))

    def weights() -> list[np.ndarray]:
        return [model.weights() for model in engine.state.models.values()]

    before = weights()
    play(engine, [Decide(0), Reward(MINUTE_US, 0, 0.5, MINUTE_US, "r1")])
    assert all(map(np.array_equal, before, weights()))
    engine.tick(NOON_US + 10 * MINUTE_US)
    at_close = weights()
    assert not any(map(np.array_equal, before, at_close))
    engine.tick(NOON_US + 20 * MINUTE_US)
    assert all(map(np.array_equal, at_close, weights()))
    engine.close()


# ---------------------------------------------------------------------- the rule written twice

PACES_US = st.sampled_from([0, 1, 30_000_000, *(minutes * MINUTE_US for minutes in (3, 7, 10, 20, 30, 360))])
VALUES = st.integers(-8, 8).map(lambda eighths: eighths / 8)  # sums of eighths are exact


@st.composite
def histories(draw: st.DrawFn) -> list[Step]:
    """Draw decisions, rewards, repeats, reports and ticks, in an order that a channel service might send them in."""
    steps: list[Step] = []
    latest_us, decided = 0, []
    for number in range(draw(st.integers(3, 25))):
        latest_us += draw(PACES_US)
        kind = draw(st.sampled_from(["decide", "reward", "reward", "reward", "activate", "tick"])) if decided else ""
        chosen = draw(st.integers(0, len(decided) - 1)) if decided else 0
        back_us = draw(st.sampled_from([0, 0, 0, 4 * MINUTE_US]))  # a clock that was set back
        clock_us = max(latest_us - back_us, decided[chosen] if decided else 0)
        if kind in {"", "decide"}:
            steps.append(Decide(clock_us, draw(st.sampled_from(["app", "email", "web"]))))
            decided.append(clock_us)
        elif kind == "reward":
            occur_us = draw(st.integers(decided[chosen], clock_us))
            steps.append(Reward(clock_us, chosen, draw(VALUES), occur_us, f"r{draw(st.integers(number - 3, number))}"))
        elif kind == "activate":
            steps.append(Activate(clock_us, chosen, draw(st.integers(decided[chosen], clock_us))))
        else:
            steps.append(Tick(clock_us))
    return [*steps, Tick(latest_us + 24 * HOUR_US)]


def check(played: Played, noted: list[tuple[str, float, float | None]], rule: Rule) -> None:
    """Hold what an engine did against the rule."""
    facts = played.facts
    assert noted == named(lessons(facts, rule), played)
    for place, receipt in played.receipts.items():
        assert receipt.final_value == final_value(facts, place, rule)
        assert receipt.late == closed(facts, facts[place].decision, place)
    for place, refused in played.refused:
        assert closed([*facts[:place], refused], refused.decision, place)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    steps=histories(),
    rule=st.builds(Rule, st.sampled_from(COMBINES), st.sampled_from(["provisionally", "at_close"]), VALUES),
    required=st.booleans(),
    shares=st.sampled_from([(0, "false"), (0.4, "false"), (0, "true")]),
)
def test_random_histories_teach_what_the_rule_says(
    steps: list[Step], rule: Rule, required: bool, shares: tuple[float, str]
) -> None:
    """Whatever arrives in whatever order, lessons, lateness and final values are those of the rule's second writing."""
    if required:  # a channel without window is another rule's matter
        steps = [replace(step, channel="app") if step == Decide(step.at_us, "web") else step for step in steps]
    source = windowed(
        combine=rule.combine,
        learn=rule.learn,
        default=rule.default,
        activation="required" if required else "assumed",
        control_share=shares[0],
        silence=shares[1],
    )
    with TemporaryDirectory() as name:
        engine = fresh(Path(name), source)
        with spied() as noted:
            _, played = play(engine, steps)
        engine.close()
    check(played, noted, rule)
