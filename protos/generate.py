"""The contract's generator: turns `decisioning/v1/*.proto` into the committed Python stubs. Never anything by hand.

Run it as `python protos/generate.py [FOLDER]` (`make protos`); FOLDER defaults to `protos/` itself.
"""

import sys
import sysconfig
from importlib.metadata import distribution
from pathlib import Path

import grpc_tools
from grpc_tools import protoc

PROTOS = Path(__file__).resolve().parent


def proto_files() -> list[str]:
    """Return the contract's files relative to `protos/`, sorted so that every run is the same run."""
    return sorted(path.relative_to(PROTOS).as_posix() for path in PROTOS.glob("decisioning/**/*.proto"))


def include_flags() -> list[str]:
    """Return the folders to import from: ours, protobuf's own types, and those of googleapis-common-protos."""
    well_known = Path(grpc_tools.__path__[0]) / "_proto"
    installed = distribution("googleapis-common-protos").locate_file("")
    return [f"-I{PROTOS}", f"-I{well_known}", f"-I{installed}"]


def plugin_flags() -> list[str]:
    """Return where the plugins for types are: beside this Python, which need not be on the path."""
    scripts = Path(sysconfig.get_path("scripts"))
    return [f"--plugin={name}={scripts / name}" for name in ("protoc-gen-mypy", "protoc-gen-mypy_grpc")]


def run_protoc(names: list[str], *flags: str) -> None:
    """Run protoc over the named files of the contract; raises RuntimeError where it refuses."""
    if protoc.main(["protoc", *include_flags(), *plugin_flags(), *flags, *names]) != 0:
        raise RuntimeError(f"protoc refused {', '.join(names)}")


def generate(folder: Path) -> None:
    """Write every stub under `folder`: messages for all files, services for those that have one, and types for both."""
    names = proto_files()
    run_protoc(names, f"--python_out={folder}", f"--mypy_out=quiet:{folder}")
    services = [name for name in names if name.endswith("_service.proto")]
    run_protoc(services, f"--grpc_python_out={folder}", f"--mypy_grpc_out=quiet:{folder}")


if __name__ == "__main__":
    generate(Path(sys.argv[1]) if len(sys.argv) > 1 else PROTOS)
