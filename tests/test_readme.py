"""The README keeps its promise: every block in it is run, every setting in it is the server's."""

import json
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
from google.protobuf import json_format
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from engine.campaign.loader import load_campaign
from engine.campaign.spec import Campaign, Channel, Content, SellThrough
from engine.customers.profile import FEATURES
from engine.eligibility.removals import Because
from server.settings import settings_table
from simulators.world.scenarios import SCENARIOS
from tests.conftest import ROOT, StartedServer, server_environment

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
RETAIL = ROOT / "simulators" / "campaigns" / "retail.yaml"
ADDRESS = "localhost:50051"
RUNNERS = {"sh", "python", "sql", "yaml", ""}


def blocks(language: str) -> list[str]:
    """Return the README's blocks in a language, in order."""
    return [text for found, text in BLOCKS if found == language]


def commands(program: str) -> list[str]:
    """Return the README's shell lines that start a program."""
    return [line for text in blocks("sh") for line in text.splitlines() if line.split()[0] == program]


@dataclass(frozen=True)
class Running:
    """A server with the shipped campaign, and the folder of its data."""

    server: StartedServer
    data: Path


@pytest.fixture
def running(start_server: Callable[..., StartedServer], tmp_path: Path) -> Running:
    """Start what `make serve` starts."""
    data = tmp_path / "data"
    return Running(start_server("--data", data, "--campaign", RETAIL), data)


def test_every_block_is_of_a_kind_that_some_test_runs() -> None:
    """No block is left to rot: each language has a test below, and plain blocks show the layout."""
    assert {language for language, _ in BLOCKS} == RUNNERS
    assert {line.split()[0] for text in blocks("sh") for line in text.splitlines()} == {"make", "grpcurl"}


@pytest.mark.parametrize("line", commands("make"))
def test_every_make_target_exists(line: str) -> None:
    """Each make line names targets that the Makefile has and files that exist (data beside the project excepted)."""
    words = shlex.split(line, comments=True)
    planned = subprocess.run(
        ["make", "--dry-run", *words[1:]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=server_environment(),
        check=False,
    )
    assert planned.returncode == 0, planned.stderr
    for word in words[1:]:
        setting, _, value = word.partition("=")
        if setting == "SCENARIO":
            assert value in SCENARIOS, word
        elif setting != "TARGET" and value and "shared/data" not in word:
            assert (ROOT / value).exists(), word


def test_the_python_client_decides_and_is_rewarded(running: Running) -> None:
    """The first screen's client is ten lines, runs as it stands, and prints a choice and what a click is worth."""
    (client,) = blocks("python")
    assert len([line for line in client.splitlines() if line]) <= 10
    answer = subprocess.run(
        [sys.executable, "-c", client.replace(ADDRESS, running.server.address)],
        capture_output=True, text=True, env=server_environment(), check=False,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    choice, worth = answer.stdout.splitlines()
    assert choice.split()[0] in {"email", "sms", "push", "app", "web", "nothing"}
    assert worth == "0.2"


def by_reflection(address: str, method: str, request: str) -> dict[str, object]:
    """Make a call as grpcurl does: the contract from the server's reflection, request and reply as JSON."""
    with grpc.insecure_channel(address) as channel:
        pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
        service, _, name = method.partition("/")
        found = pool.FindServiceByName(service).methods_by_name[name]
        message = json_format.Parse(request, GetMessageClass(found.input_type)())
        call = channel.unary_unary(
            f"/{method}", type(message).SerializeToString, GetMessageClass(found.output_type).FromString
        )
        return json_format.MessageToDict(call(message), preserving_proto_field_name=True)


def called(line: str, address: str) -> dict[str, object]:
    """Run a grpcurl line with grpcurl where it is installed, by the same means in Python where it is not."""
    words = shlex.split(line.replace(ADDRESS, address))
    if shutil.which("grpcurl"):
        return json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
    return by_reflection(address, words[-1], words[words.index("-d") + 1])


def test_the_grpcurl_lines_do_what_they_say(running: Running) -> None:
    """The listed services are there, and each call is answered as the README tells it."""
    listing, *calls = commands("grpcurl")
    assert listing.endswith(" list")
    with grpc.insecure_channel(running.server.address) as channel:
        services = ProtoReflectionDescriptorDatabase(channel).get_services()
    services_named = {
        f"decisioning.v1.{name}Service" for name in ("Decisioning", "Campaign", "Customer", "Model", "Stock")
    }
    assert services_named <= set(services)
    answers = {line.rpartition("/")[2]: called(line, running.server.address) for line in calls}
    told, shown = {"Decide", "Track", "Link", "Identify", "SetStock"}, {"GetCampaign", "ListSnapshots", "GetModel"}
    customers = {"GetCustomer", "ExportCustomer", "EraseCustomer", "ListQuarantine"}
    assert answers.keys() == told | shown | customers
    assert answers["SetStock"]["units"] == 120
    assert answers["Decide"]["decision_id"]
    assert answers["Link"]["one_customer"]
    assert int(answers["Track"]["seq"]) > int(answers["Identify"]["seq"]) > int(answers["Link"]["seq"])
    assert answers["GetCampaign"]["name"] == "autumn-wardrobe"
    assert answers["Track"]["quarantined"] == "schema"
    assert [fact["seq"] for fact in answers["ListQuarantine"]["facts"]] == [answers["Track"]["seq"]]
    assert [one["value"] for one in answers["GetCustomer"]["attributes"]] == ["Chicago", "America/Chicago"]
    exported = json.loads(answers["ExportCustomer"]["json"])
    assert {one["type"] for one in exported["customer"]["identities"]} == {"cookie", "email"}
    assert answers["EraseCustomer"]["files_clean"]
    assert len(answers["ListSnapshots"]["snapshots"]) == 1  # the erasure's
    assert [model["name"].rpartition("/")[2] for model in answers["GetModel"]["models"]] == ["content", "send_slot"]


def test_every_campaign_shown_is_valid() -> None:
    """A marketer who copies the example has a campaign that the engine takes."""
    assert [load_campaign(text).name for text in blocks("yaml")] == ["winter-coats"]


@pytest.fixture
def rewarded(running: Running) -> Iterator[sqlite3.Connection]:
    """Open the log of a server that has decided and been rewarded a few hundred times."""
    script = ROOT / "tests" / "rewarded_decisions.py"
    subprocess.run([sys.executable, str(script), running.server.address], env=server_environment(), check=True)
    with closing(sqlite3.connect(f"file:{running.data / 'log.db'}?mode=ro", uri=True)) as connection:
        yield connection


def test_the_three_queries_answer_beside_the_running_server(rewarded: sqlite3.Connection) -> None:
    """A researcher's queries find contents by channel, treated against control, and an off-policy estimate."""
    by_channel, lift, estimates = (rewarded.execute(text).fetchall() for text in blocks("sql"))
    assert by_channel
    assert by_channel[0][3] >= by_channel[-1][3]
    assert {row[0] for row in lift} == {"control", "treated"}
    total, rewards = rewarded.execute(
        "SELECT count(*), sum(reward) FROM logged_events WHERE channel = 'email' AND NOT control AND reward IS NOT NULL"
    ).fetchone()
    assert sum(row[2] for row in estimates) == total
    assert rewards > 0
    assert all(row[1] >= 0 for row in estimates)


def test_the_settings_are_the_servers() -> None:
    """Every setting stands in the README with its variable, unit, default and meaning, and no other."""
    between = README.split("<!-- settings -->")[1].split("<!-- /settings -->")[0]
    assert between.strip() == settings_table().strip()


def test_the_features_are_the_profiles() -> None:
    """Every feature a model may be told of a customer stands in the README with its terms, and no other."""
    rows = ["| feature | meaning | unit | half-life | purpose | from level |", "|---|---|---|---|---|---|"]
    for one in FEATURES:
        half_life = "" if one.half_life_days is None else f"{one.half_life_days:g} days"
        terms = f"{one.purpose} | {one.least.name.lower()}"
        rows.append(f"| `{one.name}` | {one.meaning} | {one.unit} | {half_life} | {terms} |")
    between = README.split("<!-- features -->")[1].split("<!-- /features -->")[0]
    assert between.strip() == "\n".join(rows)


def test_every_rule_is_explained() -> None:
    """Each reason for a removal stands in the README by its name in the contract."""
    assert [because.name for because in Because if f"`{because.name}`" not in README] == []


def test_every_field_of_a_campaign_is_in_its_table() -> None:
    """A marketer finds each field of the campaign, of a channel, of a content and of a sell-through target."""
    for entry in (Campaign, Channel, Content, SellThrough):
        written = {field.alias or name for name, field in entry.model_fields.items()}
        assert [field for field in sorted(written) if not re.search(rf"`{field}`", README)] == []
