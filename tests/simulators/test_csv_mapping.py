"""What is wrong with a mapping, its campaign or its CSV is said with its line, its field and what to do."""

from pathlib import Path

import pytest

from simulators.csv_rows import read_rows
from simulators.experiment import Experiment, read_campaign, survey
from simulators.mapping_file import MappingError, load_mapping
from tests.simulators.synthetic_experiment import CAMPAIGN, MAPPING, ExperimentFiles, write_experiment

ROOT = Path(__file__).parents[2]


@pytest.fixture
def files(tmp_path: Path) -> ExperimentFiles:
    """Return a good experiment, for each test to spoil one thing of."""
    return write_experiment(tmp_path, rows=60)


def surveyed(files: ExperimentFiles) -> Experiment:
    """Read all that a replay reads before its first row is sent."""
    file = load_mapping(files.mapping)
    _, campaign = read_campaign(file)
    return survey(read_rows(files.csv, file), file, campaign)


def complaint(files: ExperimentFiles) -> str:
    """Return what the survey complains of."""
    with pytest.raises(MappingError) as caught:
        surveyed(files)
    return str(caught.value)


def test_a_good_mapping_is_taken_as_it_is(files: ExperimentFiles) -> None:
    """The experiment that the other tests spoil is fine as it stands."""
    found = surveyed(files)
    assert found.rows == 60
    assert found.shares == {"Mantel": 1 / 3, "Schal": 1 / 3, "Kontrolle": 1 / 3}
    assert found.best_action == "Mantel"
    assert not found.rate


def test_the_mapping_that_ships_fits_the_campaign_that_ships() -> None:
    """Hillstrom's mapping names only decisions and outcomes that its campaign has."""
    file = load_mapping(ROOT / "simulators/mappings/hillstrom.yaml")
    _, campaign = read_campaign(file)
    assert campaign.name == "hillstrom"
    assert set(file.mapping.action.values) == {"Mens E-Mail", "Womens E-Mail", "No E-Mail"}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("encoding: latin-1", "encodin: latin-1", "line 4, encodin: unknown field; did you mean 'encoding'?"),
        ("encoding: latin-1", "encoding: latin-77", "line 4, encoding: 'latin-77' is no encoding; utf-8"),
        ('delimiter: ";"', 'delimiter: ";;"', "line 3, delimiter: string should have at most 1 character"),
        ("campaign: campaign.yaml\n", "", "line 1, campaign: is missing; add it"),
        ("Schal: {channel: e-mail, content: scarf}", "Schal: {chanel: e-mail, content: scarf}",
         "line 14, action.values.Schal.chanel: unknown field; did you mean 'channel'?"),
        ("Kontrolle: nothing", "Kontrolle: nothin", "line 15, action.values.Kontrolle: must be `nothing` or a message"),
        ("Schal: {channel: e-mail, content: scarf}", "Schal: nothing",
         "line 12, action.values: 'Schal' and 'Kontrolle' stand for the same decision; give each its own"),
        ("divide_by: 200", "divide_by: 0", "line 17, reward.value.divide_by: must not be 0"),
        ("divide_by: 200", "divide_by: two", "line 17, reward.value.divide_by: input should be a valid number"),
        ("reward:\n  value: {column: Umsatz, divide_by: 200}", "reward: {}",
         "line 16, reward: must have an `outcome` or a `value`"),
        ("  column: Gruppe\n", "  column: Gruppe\n  shares: {Mantel: 0.5, Schal: 0.5}\n",
         "line 10, action: shares must name exactly the entries of values"),
        ("  column: Gruppe\n", "  column: Gruppe\n  shares: {Mantel: 0.5, Schal: 0.4, Kontrolle: 0.3}\n",
         "line 10, action: shares must sum to 1, not 1.2"),
        ("metric: {", "metric: {{", "line 19: is not YAML: "),
        ("customer_column: Kunde", "customer_column: Kunde\ncustomer_column: Kunde",
         'line 7: is not YAML: found duplicate key "customer_column"'),
    ],
)  # fmt: skip
def test_a_mapping_error_names_the_line_the_field_and_the_mend(
    files: ExperimentFiles, old: str, new: str, said: str
) -> None:
    """Every mistake in the mapping's own form is told where it stands, with what to write instead."""
    assert old in MAPPING
    files.mapping.write_text(MAPPING.replace(old, new, 1), encoding="utf-8")
    assert said in complaint(files)
    assert str(files.mapping) in complaint(files)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("column: Gruppe", "column: Grupe",
         "line 11, action.column: the CSV has no column 'Grupe'; did you mean 'Gruppe'?"),
        ("age: Alter", "age: alter",
         "line 8, context.numbers.age: the CSV has no column 'alter'; did you mean 'Alter'?"),
        ("[Stadt]", "[Postleitzahl]", "there are 'Kunde', 'Alter', 'Stadt', 'Gruppe', 'Umsatz'"),
        ("metric: {column: Umsatz", "metric: {column: umsatz",
         "line 18, metric.column: the CSV has no column 'umsatz'"),
        ('delimiter: ";"', 'delimiter: ","',
         "the CSV has no column 'Kunde'; there are 'Kunde;Alter;Stadt;Gruppe;Umsatz'"),
        ("e-mail, content: scarf", "mail, content: scarf", "has no channel 'mail'; did you mean 'e-mail'?"),
        ("e-mail, content: scarf", "app, content: scarf",
         "line 14, action.values.Schal.content: channel 'app' has no content"),
        ("divide_by: 200", "divide_by: 2", "outside the reward's 0 to 1; divide by more, or widen the range"),
        ("value: {column: Umsatz, divide_by: 200}", "outcome: {column: Gruppe, values: {Mantel: bougt}}",
         "line 17, reward.outcome.values.Mantel: campaign 'winter coats' has no outcome 'bougt'; did you mean"),
        ("value: {column: Umsatz, divide_by: 200}", "outcome: {column: Gruppe, values: {Mantel: bought}}",
         "column 'Gruppe': reward.outcome.values has no 'Schal'; there are 'Mantel'"),
        ("    Kontrolle: nothing\n", "", "column 'Gruppe': action.values has no 'Kontrolle' (nor action.leave_out)"),
        ("metric: {column: Umsatz", "metric: {column: Stadt",
         "not a finite number with the decimal sign ','; mend the cell"),
        ("encoding: latin-1", "encoding: utf-8", "name its encoding in the mapping"),
        ('decimal: ","', 'decimal: "."', "not a finite number with the decimal sign '.'"),
        ("  column: Gruppe\n", "  column: Gruppe\n  shares: {Mantel: 0.96, Schal: 0.02, Kontrolle: 0.02}\n",
         "line 12, action.shares: 'Mantel' was given to"),
        ("campaign: campaign.yaml", "campaign: campagne.yaml", "line 2, campaign: "),
    ],
)  # fmt: skip
def test_what_the_file_or_the_campaign_does_not_have_is_named(
    files: ExperimentFiles, old: str, new: str, said: str
) -> None:
    """A mapping that speaks of something that is not there is refused before anything is sent."""
    assert old in MAPPING
    files.mapping.write_text(MAPPING.replace(old, new, 1), encoding="utf-8")
    assert said in complaint(files)


def test_nothing_must_be_allowed_by_the_campaign(files: ExperimentFiles) -> None:
    """A control group cannot be matched where the campaign must always send something."""
    files.campaign.write_text(CAMPAIGN.replace("allowed: true", "allowed: false"), encoding="utf-8")
    assert "line 15, action.values.Kontrolle: campaign 'winter coats' does not allow 'nothing'" in complaint(files)


def test_a_broken_campaign_is_told_as_the_campaign_says_it(files: ExperimentFiles) -> None:
    """What is wrong with the campaign's own file is told with that file's name and line."""
    files.campaign.write_text(CAMPAIGN.replace("category: coats", "colour: red"), encoding="utf-8")
    assert f"{files.campaign}" in complaint(files)
    assert "contents.coat" in complaint(files)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("kunde-x;40;Berlin;Mantel", "has 4 cells, the header 5; mend the line"),
        ("kunde-x;40;Berlin;Mantle;3,5", "did you mean 'Mantel'?"),
        ("kunde-x;forty;Berlin;Mantel;3,5", "column 'Alter': is 'forty', not a finite number"),
        ("kunde-x;40;Berlin;Mantel;1.234,5", "column 'Umsatz': is '1.234,5', not a finite number"),
        ("kunde-x;40;Berlin;Mantel;1.234", "column 'Umsatz': is '1.234', not a finite number"),
        ("kunde-x;40;Berlin;Mantel;nan", "column 'Umsatz': is 'nan', not a finite number"),
        ("kunde-x;40;Berlin;Mantel;", "column 'Umsatz': is '', not a finite number"),
        ('kunde-x;40;Berlin;"Mantel;3,5', "is no whole CSV"),
    ],
)
def test_a_bad_line_of_the_csv_is_named_before_anything_is_sent(files: ExperimentFiles, line: str, said: str) -> None:
    """A line in the middle of the file that cannot be read ends the survey with its number and its column."""
    lines = files.csv.read_text(encoding="latin-1").splitlines()
    files.csv.write_text("\n".join([*lines[:1], line, *lines[1:]]) + "\n", encoding="latin-1")
    assert said in complaint(files)
    assert "line 2" in complaint(files) or "whole CSV" in complaint(files)


@pytest.mark.parametrize("content", [b"", b"Kunde;Alter;Stadt;Gruppe;Umsatz\n"])
def test_a_csv_without_rows_is_refused(files: ExperimentFiles, content: bytes) -> None:
    """There is nothing to replay in an empty file or below a lone header, and it is said."""
    files.csv.write_bytes(content)
    assert "no column" in complaint(files) or "no row to replay" in complaint(files)


def test_a_missing_csv_is_named(files: ExperimentFiles) -> None:
    """A file that is not there is said to be not there, not shown as a traceback."""
    files.csv.unlink()
    assert f"{files.csv} cannot be read: No such file or directory" in complaint(files)


def test_a_column_named_twice_is_refused(files: ExperimentFiles) -> None:
    """Which of two columns of one name is meant cannot be known."""
    text = files.csv.read_text(encoding="latin-1").replace("Kunde;Alter", "Umsatz;Alter", 1)
    files.csv.write_text(text, encoding="latin-1")
    assert "line 1: 'Umsatz' names more than one column" in complaint(files)
