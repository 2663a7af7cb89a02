"""The service's settings: names, units, bounds, defaults, and where they are read. Never a default elsewhere.

Precedence: command line, then environment (`DECISIONING_SERVER_*`), then TOML file, then default.
`python -m server.settings` prints them all as the README's table.
"""

import argparse
import difflib
import os
import re
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

ENVIRONMENT_PREFIX = "DECISIONING_SERVER_"
DEFAULT_FILE = Path("decisioning.toml")
ADDRESS = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s:\[\]]+):(?P<port>\d{1,5})")


class SettingsRefused(Exception):
    """A setting is unknown or out of bounds; each line of the text names one and says what is wrong."""


def _split(paths: object) -> object:
    return [path for path in paths.split(",") if path] if isinstance(paths, str) else paths


class Settings(BaseSettings):
    """Decides what to say to a customer, where and when, and learns from what came of it."""

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX,
        extra="forbid",
        frozen=True,
        cli_exit_on_error=False,
        cli_hide_none_type=True,
        cli_implicit_flags=True,
        cli_kebab_case=True,
        cli_prog_name="python -m server",
    )

    settings_file: Path | None = Field(
        None, description=f"TOML file to read settings from; ./{DEFAULT_FILE} is read where it exists."
    )
    address: str = Field("127.0.0.1:50051", description="Host and port to listen on; port 0 takes any free one.")
    data: Path = Field(Path("data"), description="Folder of the log and the snapshots; made where it does not exist.")
    durability: Literal["power", "process"] = Field(
        "power", description="What an acknowledged event survives: loss of power, or only the end of the process."
    )
    campaign: Annotated[tuple[Path, ...], NoDecode, BeforeValidator(_split)] = Field(
        (), description="Campaign files (YAML) to apply at start; repeat the flag, or separate with commas."
    )
    secret_key: SecretStr | None = Field(
        None,
        min_length=16,
        max_length=64,
        description="Key, 16 to 64 bytes, that customer ids are hashed with; without one, one is made and kept in the "
        "data folder.",
    )
    simulated_time: bool = Field(
        False,
        description="Take the time from the requests (decide_time, occur_time, activate_time) instead of the clock.",
    )
    tick_seconds: float = Field(
        1.0,
        ge=0.05,
        le=3_600,
        description="Time in seconds between two looks for reward windows that have ended while nobody called; not in "
        "simulated time.",
    )
    snapshot_every_events: int = Field(
        10_000,
        ge=1,
        le=100_000_000,
        description="Events between two snapshots, tracked ones counting a twentieth; more means a slower start.",
    )
    snapshots_kept: int = Field(3, ge=1, le=1_000, description="Snapshots kept; older ones are deleted.")
    customers_in_memory: int = Field(
        20_000,
        ge=100,
        le=100_000_000,
        description="Customers held in memory, those of late, up to some 10 KB each; the others are read from the data "
        "folder.",
    )
    gate: Literal["on", "off"] = Field(
        "on", description="Whether facts that can hardly be true are put aside; off is for measurement only."
    )
    amount_max: float = Field(
        1_000_000,
        ge=0,
        le=1_000_000_000_000,
        description="Largest plausible amount of a tracked event, in your currency.",
    )
    event_age_max_days: int = Field(
        730, ge=1, le=36_500, description="Age in days up to which a tracked event is believed."
    )
    test_accounts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)] = Field(
        (),
        description="Identities, each TYPE:VALUE such as email:tester@example.com, of which nothing is learned; repeat "
        "the flag, or separate with commas.",
    )
    max_message_bytes: int = Field(
        4 * 1024 * 1024, ge=1024, le=64 * 1024 * 1024, description="Largest request taken, in bytes."
    )
    max_concurrent_rpcs: int = Field(
        1_000, ge=1, le=100_000, description="Calls in flight; the next is refused with RESOURCE_EXHAUSTED."
    )
    max_batch: int = Field(1_000, ge=1, le=1_000, description="Decisions in one BatchDecide.")
    drain_seconds: float = Field(
        10.0, ge=0, le=3_600, description="Time in seconds that calls in flight are given to finish after SIGTERM."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe lines of the service's own log; every call is one line at info."
    )
    tls_certificate: Path | None = Field(None, description="PEM file of the certificate chain; needs tls_key as well.")
    tls_key: Path | None = Field(None, description="PEM file of the private key; needs tls_certificate as well.")

    @field_validator("address")
    @classmethod
    def _check_address(cls, address: str) -> str:
        match = ADDRESS.fullmatch(address)
        if match is None or int(match["port"]) > 65_535:
            raise ValueError("must be a host and a port (0..65535), such as 127.0.0.1:50051")
        return address

    @field_validator("test_accounts")
    @classmethod
    def _check_accounts(cls, accounts: tuple[str, ...]) -> tuple[str, ...]:
        for number, account in enumerate(accounts, start=1):
            kind, _, value = account.partition(":")
            if not (kind and value):
                raise ValueError(f"must each be a type, a colon and a value, which number {number} is not")
        return accounts

    @model_validator(mode="after")
    def _check_tls(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key must be given together")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  pydantic calls all of these by name
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return the sources that follow the command line; a TOML file's values are the init's."""
        return env_settings, init_settings


def load_settings(arguments: Sequence[str]) -> Settings:
    """Return the settings in force; raises SettingsRefused, and SystemExit(0) after `--help`."""
    values = _read_file(_settings_file(arguments)) | {"_cli_parse_args": list(arguments)}
    try:
        return Settings(**values)
    except ValidationError as error:
        raise SettingsRefused("\n".join(_explain(problem) for problem in error.errors())) from None
    except SettingsError as error:
        raise SettingsRefused(f"{str(error).removeprefix('error parsing CLI: ')}; see --help") from None


def unknown_variables() -> list[str]:
    """Return the names of environment variables that look like settings and are none: probably misspelt.

    They are no ground to refuse: orchestrators set such variables for a service that is called "decisioning".
    """
    known = {ENVIRONMENT_PREFIX + name.upper() for name in Settings.model_fields}
    return sorted(name for name in os.environ if name.startswith(ENVIRONMENT_PREFIX) and name.upper() not in known)


def _settings_file(arguments: Sequence[str]) -> Path | None:
    """Return the file to read, asked for before the rest because the rest depends on it."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--settings-file")
    try:
        named, _ = parser.parse_known_args(arguments)
    except argparse.ArgumentError as error:
        raise SettingsRefused(str(error)) from None
    file = named.settings_file or os.environ.get(ENVIRONMENT_PREFIX + "SETTINGS_FILE")
    if file:
        return Path(file)
    return DEFAULT_FILE if DEFAULT_FILE.exists() else None


def _read_file(file: Path | None) -> dict[str, Any]:
    """Return the file's settings by name; raises SettingsRefused where it cannot be read or names an unknown one."""
    if file is None:
        return {}
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsRefused(f"{file}: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsRefused(f"{file}: {error}") from None
    known = [name for name in Settings.model_fields if name != "settings_file"]
    unknown = [name for name in values if name not in known]
    if unknown:
        raise SettingsRefused("\n".join(f"{file}: {name}: unknown setting{_guess(name, known)}" for name in unknown))
    return values


def _guess(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _explain(problem: ErrorDetails) -> str:
    """Return one line: the setting by all its names, what is wrong, and what was given unless that is secret."""
    message = problem["msg"].removeprefix("Value error, ")
    if not problem["loc"]:
        return message
    name = str(problem["loc"][0])
    given = "" if name in ("secret_key", "test_accounts") else f", got {problem['input']!r}"
    return f"{name} ({_flag(name)}, {ENVIRONMENT_PREFIX}{name.upper()}): {message}{given}"


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def settings_table() -> str:
    """Return every setting as a Markdown table: name, flag, variable, values, default, description."""
    rows = ["| setting | flag | variable | values | default | |", "|---|---|---|---|---|---|"]
    for name, setting in Settings.model_json_schema()["properties"].items():
        variable = f"{ENVIRONMENT_PREFIX}{name.upper()}"
        default = "" if setting.get("default") in (None, []) else f"`{str(setting['default']).lower()}`"
        cells = [f"`{name}`", f"`{_flag(name)}`", f"`{variable}`", _values(setting), default, setting["description"]]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def _values(setting: dict[str, Any]) -> str:
    """Return what a setting may be, from its JSON schema."""
    schema = next((option for option in setting.get("anyOf", []) if option["type"] != "null"), setting)
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "minimum" in schema:
        return f"{schema['type']}, {schema['minimum']:,}..{schema['maximum']:,}"
    kind = "path" if schema.get("format") == "path" else str(schema["type"])
    if kind == "array":
        return "paths" if schema["items"].get("format") == "path" else "texts"
    return "text" if kind == "string" else kind


if __name__ == "__main__":
    sys.stdout.write(settings_table())
