"""The contract explains itself: every element has a comment, and names keep to one style."""

import re
import runpy
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

PROTOS = Path(__file__).parents[2] / "protos"
KINDS = {4: "message", 5: "enum", 6: "service"}
PARTS = {("message", 2): "field", ("message", 3): "message", ("message", 4): "enum", ("message", 8): "oneof",
         ("enum", 2): "value", ("service", 2): "rpc"}  # fmt: skip


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> list[FileDescriptorProto]:
    """Return the files of the contract with their comments."""
    target = tmp_path_factory.mktemp("descriptors") / "contract.bin"
    generator = runpy.run_path(str(PROTOS / "generate.py"))
    generator["run_protoc"](generator["proto_files"](), "--include_source_info", f"--descriptor_set_out={target}")
    return list(FileDescriptorSet.FromString(target.read_bytes()).file)


def elements(file: FileDescriptorProto) -> Iterator[tuple[str, str, str]]:
    """Yield the kind, name and leading comment of every declared element of a file."""
    for location in file.source_code_info.location:
        path = list(location.path)
        if len(path) < 2 or len(path) % 2 or path[0] not in KINDS:
            continue
        kind, element = KINDS[path[0]], getattr(file, f"{KINDS[path[0]]}_type" if path[0] < 6 else "service")[path[1]]
        for part, index in zip(path[2::2], path[3::2], strict=True):
            if (kind, part) not in PARTS:
                break
            element = getattr(element, element.DESCRIPTOR.fields_by_number[part].name)[index]
            kind = PARTS[kind, part]
        else:
            yield kind, element.name, location.leading_comments.strip()


def test_every_element_of_the_contract_is_documented(contract: list[FileDescriptorProto]) -> None:
    """Each service, call, message, field, enumeration and value has a comment of one sentence or more."""
    found = [(file.name, *element) for file in contract for element in elements(file)]
    assert {kind for _, kind, _, _ in found} >= {"service", "rpc", "message", "field", "enum", "value", "oneof"}
    assert [names for *names, comment in found if not comment.endswith((".", ":"))] == []
    declared = sum(
        len(file.message_type) + len(file.enum_type) + len(file.service)
        + sum(len(message.field) for message in file.message_type)
        + sum(len(enum.value) for enum in file.enum_type)
        + sum(len(service.method) for service in file.service)
        for file in contract
    )  # fmt: skip
    assert sum(kind != "oneof" for _, kind, _, _ in found) == declared


def test_names_keep_to_one_style(contract: list[FileDescriptorProto]) -> None:
    """Names follow the style guide: files are in their package's folder, requests are named after their call."""
    styles = {"field": r"[a-z][a-z0-9]*(_[a-z0-9]+)*", "value": r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*", "oneof": r"[a-z_]+"}
    for file in contract:
        assert file.package == "decisioning.v1"
        assert file.name.startswith("decisioning/v1/")
        for kind, name, _ in elements(file):
            assert re.fullmatch(styles.get(kind, r"([A-Z][a-z0-9]*)+"), name), (kind, name)
        for enum in file.enum_type:
            prefix = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", enum.name).upper()
            assert all(value.name.startswith(f"{prefix}_") for value in enum.value)
            assert enum.value[0].name.endswith("_UNSPECIFIED")
        for service in file.service:
            assert service.name.endswith("Service")
            assert all(method.input_type.endswith(f".{method.name}Request") for method in service.method)


def test_times_say_so_and_booleans_have_no_prefix(contract: list[FileDescriptorProto]) -> None:
    """Every timestamp's name ends in _time and no boolean's begins with is_ or has_."""
    for file in contract:
        for message in file.message_type:
            for field in message.field:
                if field.type_name == ".google.protobuf.Timestamp":
                    assert field.name.endswith("_time")
                if field.type == field.TYPE_BOOL:
                    assert not field.name.startswith(("is_", "has_"))
