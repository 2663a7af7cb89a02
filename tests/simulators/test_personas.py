"""Personas live in a file that anyone can extend, and whatever is wrong in it is told with its line and field."""

from pathlib import Path

import numpy as np
import pytest

from simulators.world.people import Mixture, born
from simulators.world.personas import PERSONAS_FILE, PersonasError, load_personas

ONE = """\
hermit:
  who: Lives far out.
  share: 1
  cities: {Denver: 1}
  ages: {50-64: 1}
  tiers: {none: 1}
  tastes: {outdoors: 1}
  price_sensitivity: 1
  devices: {desktop: 1}
  channels: {email: 0.5, sms: 0.1, push: 0.1, app: 0.1, web: 0.1}
  weekdays: {evening: 1}
  weekend: {evening: 1}
  visits_per_week: 1
  fatigue: 0.1
  boredom: 0.1
  buys: 0.5
  returns: 0.1
  unsubscribes: 0.1
"""


def written(tmp_path: Path, text: str) -> Path:
    """Return a file that holds a text."""
    path = tmp_path / "people.yaml"
    path.write_text(text)
    return path


def test_ryan_and_at_least_nine_unlike_him_are_shipped() -> None:
    """No two of them want, use and live by the same."""
    found = load_personas()
    assert len(found) >= 11
    assert {"ryan", "ryan-in-chicago"} <= found.keys()
    kinds = {(str(one.tastes), str(one.weekdays), str(one.channels)) for one in found.values()}
    assert len(kinds) == len(found)


def test_a_persona_that_someone_adds_is_born(tmp_path: Path) -> None:
    """A file with one more persona gives a population with people of it, and the first is still Ryan."""
    found = load_personas(written(tmp_path, PERSONAS_FILE.read_text() + ONE.replace("share: 1", "share: 100")))
    people = born(Mixture(found), 300, 1)
    assert (people.persona == list(found).index("hermit")).sum() > 50
    assert list(found)[people.persona[0]] == "ryan"


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        ("share: 1", "share: lots", "line 3, hermit.share: input should be a valid number"),
        ("tastes: {outdoors: 1}", "tastes: {outdoor: 1}", "line 7, hermit.tastes: 'outdoor' is none of what there is;"),
        ("sms: 0.1, ", "", "line 10, hermit.channels: lacks sms; give every channel its chance"),
        ("weekdays: {evening: 1}", "weekdays: {evening: 2}", "line 11, hermit.weekdays.evening: input should be less"),
        ("  buys: 0.5\n", "", "line 1, hermit.buys: is missing; add it"),
        ("  buys: 0.5", "  buyz: 0.5", "line 16, hermit.buyz: unknown field; did you mean 'buys'?"),
        ("share: 1", "share: 0", "line 3, hermit.share: is 0, as every persona's is; give one of them a share above 0"),
        ("devices: {desktop: 1}", "devices: {desktop: 0}", "line 9, hermit.devices: needs one weight above 0 at least"),
        ("{Denver: 1}", "{Denver: 1", "is not YAML"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line_and_field(tmp_path: Path, good: str, bad: str, said: str) -> None:
    """Wrong types, unknown names, missing and impossible values are each refused where they stand."""
    assert good in ONE
    with pytest.raises(PersonasError, match=r"people\.yaml") as refused:
        load_personas(written(tmp_path, ONE.replace(good, bad)))
    assert said in str(refused.value)


@pytest.mark.parametrize("text", ["", "- a list", "word"])
def test_a_file_without_personas_is_refused(tmp_path: Path, text: str) -> None:
    """An empty file, a list or a word holds nobody."""
    with pytest.raises(PersonasError, match="holds no personas"):
        load_personas(written(tmp_path, text))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """The error names the file."""
    with pytest.raises(PersonasError, match=r"nobody\.yaml cannot be read"):
        load_personas(tmp_path / "nobody.yaml")


def test_a_population_follows_the_shares_of_its_personas() -> None:
    """In 20,000 people each persona's part is its share, within five standard errors."""
    mixture = Mixture(load_personas())
    people = born(mixture, 20_000, 7)
    wanted = mixture.shares / mixture.shares.sum()
    found = np.bincount(people.persona, minlength=len(wanted)) / 20_000
    assert (np.abs(found - wanted) <= 5 * np.sqrt(wanted * (1 - wanted) / 20_000) + 1 / 20_000).all()
