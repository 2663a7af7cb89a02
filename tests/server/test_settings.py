"""Settings: where they come from, which wins, and what is said of those that are wrong."""

from pathlib import Path

import pytest

from server.settings import Settings, SettingsRefused, load_settings, settings_table, unknown_variables


@pytest.fixture(autouse=True)
def _somewhere_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"DECISIONING_SERVER_{name.upper()}", raising=False)


def test_the_defaults_are_safe() -> None:
    """Without any setting the server listens on this machine only, survives a power cut and uses the clock."""
    settings = load_settings([])
    assert settings.address == "127.0.0.1:50051"
    assert settings.data == Path("data")
    assert settings.durability == "power"
    assert not settings.simulated_time
    assert settings.campaign == ()


def test_the_command_line_wins_over_environment_over_file_over_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each source overrides those below it, setting by setting."""
    Path("decisioning.toml").write_text("max_batch = 1\nsnapshots_kept = 1\ndrain_seconds = 1.5\n")
    monkeypatch.setenv("DECISIONING_SERVER_MAX_BATCH", "2")
    monkeypatch.setenv("DECISIONING_SERVER_SNAPSHOTS_KEPT", "2")
    settings = load_settings(["--max-batch", "3"])
    assert (settings.max_batch, settings.snapshots_kept, settings.drain_seconds) == (3, 2, 1.5)
    assert settings.max_concurrent_rpcs == 1_000


@pytest.mark.parametrize("named_by", ["flag", "flag with =", "environment"])
def test_another_file_can_be_named(named_by: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings file is the one that a flag or the environment names, in place of ./decisioning.toml."""
    Path("decisioning.toml").write_text("max_batch = 1\n")
    other = tmp_path / "other.toml"
    other.write_text("max_batch = 7\n")
    flags = {"flag": ["--settings-file", str(other)], "flag with =": [f"--settings-file={other}"], "environment": []}
    if named_by == "environment":
        monkeypatch.setenv("DECISIONING_SERVER_SETTINGS_FILE", str(other))
    assert load_settings(flags[named_by]).max_batch == 7


def test_campaigns_can_be_named_several_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Campaign files come from a repeated flag, a list in the file, or names with commas in the environment."""
    expected = (Path("a.yaml"), Path("b.yaml"))
    assert load_settings(["--campaign", "a.yaml", "--campaign", "b.yaml"]).campaign == expected
    Path("decisioning.toml").write_text('campaign = ["a.yaml", "b.yaml"]\n')
    assert load_settings([]).campaign == expected
    monkeypatch.setenv("DECISIONING_SERVER_CAMPAIGN", "c.yaml,d.yaml")
    assert load_settings([]).campaign == (Path("c.yaml"), Path("d.yaml"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('adress = "127.0.0.1:0"', ["adress", "did you mean address?"]),
        ("snapshots = 3", ["snapshots", "unknown setting"]),
        ('settings_file = "other.toml"', ["settings_file", "unknown setting"]),
        ("max_batch = ", ["decisioning.toml", "Invalid value"]),
        ("max_batch = 2000", ["max_batch", "less than or equal to 1000"]),
        ('durability = "hope"', ["durability", "'power' or 'process'"]),
    ],
)
def test_a_wrong_file_is_refused(text: str, told: list[str]) -> None:
    """A file with an unknown setting, a value out of bounds or no TOML at all is refused with what to look at."""
    Path("decisioning.toml").write_text(text)
    with pytest.raises(SettingsRefused) as refusal:
        load_settings([])
    assert all(words in str(refusal.value) for words in told)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--drain-seconds", "soon"], "drain_seconds (--drain-seconds, DECISIONING_SERVER_DRAIN_SECONDS)"),
        (["--drain-seconds", "nan"], "drain_seconds"),
        (["--tick-seconds", "0.04"], "tick_seconds"),
        (["--tick-seconds", "3601"], "tick_seconds"),
        (["--tick-seconds", "nan"], "tick_seconds"),
        (["--address", "127.0.0.1"], "address"),
        (["--address", "127.0.0.1:65536"], "address"),
        (["--nothing-like-it"], "--nothing-like-it"),
        (["--settings-file"], "--settings-file"),
        (["stray"], "stray"),
    ],
)
def test_wrong_flags_are_refused_in_one_line(flags: list[str], told: str) -> None:
    """A flag that is unknown or has a value out of bounds is named in one line."""
    with pytest.raises(SettingsRefused) as refusal:
        load_settings(flags)
    assert told in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("address", ["127.0.0.1:0", "[::1]:50051", "localhost:65535", "decisions.example:443"])
def test_addresses_are_a_host_and_a_port(address: str) -> None:
    """Names, IPv4 and bracketed IPv6 addresses are taken with any port."""
    assert load_settings(["--address", address]).address == address


def test_a_secret_key_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither settings in force nor a refusal of a key that is too short print it."""
    assert "a long enough key" not in repr(load_settings(["--secret-key", "a long enough key"]))
    monkeypatch.setenv("DECISIONING_SERVER_SECRET_KEY", "too short")
    with pytest.raises(SettingsRefused) as refusal:
        load_settings([])
    assert "too short" not in str(refusal.value)


def test_misspelt_variables_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables that look like settings and are none are listed, so that the service can warn of them."""
    monkeypatch.setenv("DECISIONING_SERVER_ADRESS", "127.0.0.1:0")
    monkeypatch.setenv("DECISIONING_SERVER_ADDRESS", "127.0.0.1:0")
    assert unknown_variables() == ["DECISIONING_SERVER_ADRESS"]


def test_the_table_has_a_row_for_every_setting() -> None:
    """The printed table names every setting with its flag, variable, values, default and description."""
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in settings_table().splitlines()[2:]]
    assert [row[0].strip("`") for row in rows] == list(Settings.model_fields)
    for name, flag, variable, values, _default, description in rows:
        assert flag.strip("`") == "--" + name.strip("`").replace("_", "-")
        assert variable.strip("`") == f"DECISIONING_SERVER_{name.strip('`').upper()}"
        assert values
        assert description


def test_test_accounts_have_a_type_and_a_value() -> None:
    """What is no identity is refused, without showing it."""
    settings = load_settings(["--test-accounts", "email:tester@example.com,customer_id:a:b"])
    assert settings.test_accounts == ("email:tester@example.com", "customer_id:a:b")
    with pytest.raises(SettingsRefused, match="number 2") as refused:
        load_settings(["--test-accounts", "email:a@b.com,tester"])
    assert "a@b" not in str(refused.value)
