"""Holds the house together: rooms, import directions, sizes and names, as the design lays them out."""

import ast
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("engine", "server", "simulators", "benchmarks", "tests")
ALLOWED_IMPORTS = {
    "engine": {"engine"},
    "server": {"server", "engine", "decisioning"},
    "simulators": {"simulators", "engine", "decisioning"},
    "benchmarks": {"benchmarks", "server", "simulators", "engine", "decisioning"},
}
HOUSE = {"engine", "server", "simulators", "benchmarks", "tests", "decisioning", "grpc", "google"}
TOP_LEVEL = {"pyproject.toml", "README.md", "Makefile", "LICENSE", "requirements.txt", *ROOMS, "protos"}
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "core", "manager", "misc"}
CLOCKS = {("time", "time"), ("time", "time_ns"), ("time", "monotonic"), ("datetime", "now"), ("datetime", "utcnow")}


def sources(room: str) -> list[Path]:
    """Return a room's own Python files."""
    return sorted((ROOT / room).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """Yield the full name of every module a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def written_files() -> list[Path]:
    """Return every committed file; skips outside a git checkout, where they cannot be told from what a run left."""
    if not shutil.which("git"):
        pytest.skip("git is not installed, so what is committed cannot be listed")
    listed = subprocess.run(["git", "ls-files", "--cached"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip(f"git cannot list what is committed here: {listed.stderr.strip()}")
    return [Path(line) for line in listed.stdout.splitlines()]


@pytest.mark.parametrize("room", sorted(ALLOWED_IMPORTS))
def test_each_room_imports_only_what_the_design_lets_it(room: str) -> None:
    """No room reaches into one that stands above or beside it; the engine knows neither gRPC nor the wire."""
    strangers = {
        (str(path.relative_to(ROOT)), name)
        for path in sources(room)
        for name in imported(path)
        if (top := name.split(".")[0]) in HOUSE
        and top not in ALLOWED_IMPORTS[room]
        and not (room != "engine" and top in {"grpc", "google"})
    }
    assert not strangers


PEER = "simulators/baselines/plain_vowpal_wabbit.py"
"""What the engine is measured against there is Vowpal Wabbit without the engine, so it speaks for itself."""


@pytest.mark.parametrize(("library", "home"), [("vowpalwabbit", "engine/vowpal_wabbit"), ("sqlite3", "engine/log/")])
def test_each_foreign_tongue_is_spoken_in_one_place(library: str, home: str) -> None:
    """Vowpal Wabbit and SQLite can be replaced by rewriting one place each."""
    speakers = {
        str(path.relative_to(ROOT))
        for room in ("engine", "server", "simulators")
        for path in sources(room)
        if library in {name.split(".")[0] for name in imported(path)}
    }
    speakers.discard(PEER)
    assert speakers
    assert all(speaker.startswith(home) for speaker in speakers)


def test_the_engine_reads_no_clock_and_no_global_random_generator() -> None:
    """Time and randomness are handed in, so a replay is a replay; only opening a new folder makes a secret."""
    for path in sources("engine"):
        names = set(imported(path))
        assert not names & {"random", "numpy.random", "time"}, path
        assert "secrets" not in names or path.name == "opening.py"
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                assert (node.value.id, node.attr) not in CLOCKS, path


def test_only_the_rooms_of_the_design_stand_at_the_top() -> None:
    """A newcomer finds the layout the design promises and nothing else."""
    tops = {path.parts[0] for path in written_files()}
    assert {top for top in tops if not top.startswith(".")} <= TOP_LEVEL


def test_no_module_has_a_name_that_says_nothing() -> None:
    """Every file says by its name what it is about."""
    stems = {path.stem for room in ROOMS for path in sources(room)}
    assert not stems & FORBIDDEN_NAMES


@pytest.mark.parametrize("room", ROOMS)
def test_files_and_functions_stay_small_enough_to_read(room: str) -> None:
    """No function is over 70 lines and no source file over 300, so one person can hold each in the head."""
    for path in sources(room):
        text = path.read_text()
        assert len(text.splitlines()) <= 300, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert (node.end_lineno or 0) - node.lineno < 70, f"{path}:{node.name}"


@pytest.mark.parametrize("room", [*ROOMS, "protos"])
def test_every_module_opens_with_a_line_that_says_what_it_is(room: str) -> None:
    """A reader knows after one line what a file holds; every test says the behaviour it keeps."""
    for path in sources(room):
        if path.stem.endswith(("_pb2", "_pb2_grpc")):
            continue
        tree = ast.parse(path.read_text())
        assert ast.get_docstring(tree), path
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                assert ast.get_docstring(node), f"{path}:{node.name}"


def test_nothing_committed_names_a_registry_or_a_machine() -> None:
    """The repository works anywhere: no package index and no home folder is written into it."""
    marks = ("index" + "-url", "find" + "-links ", "pypi" + ".org", "/ro" + "ot/", "/wo" + "rk/")
    for path in written_files():
        file = ROOT / path
        if file.is_file() and file.suffix not in {".png"}:
            text = file.read_text(errors="replace")
            assert not [mark for mark in marks if mark in text and path.name != "Makefile"], path
