"""The committed stubs are what the contract generates."""

import runpy
from pathlib import Path

PROTOS = Path(__file__).parents[2] / "protos"


def test_the_stubs_are_in_step_with_the_contract(tmp_path: Path) -> None:
    """Generating the stubs again gives the committed ones byte by byte, none more and none less; else `make protos`."""
    runpy.run_path(str(PROTOS / "generate.py"))["generate"](tmp_path)
    generated = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*_pb2*")}
    committed = {path.relative_to(PROTOS): path.read_bytes() for path in PROTOS.rglob("*_pb2*.py*") if path.is_file()}
    committed = {path: data for path, data in committed.items() if path.suffix != ".pyc"}
    assert generated
    assert sorted(generated) == sorted(committed)
    assert [path for path in generated if generated[path] != committed[path]] == []
