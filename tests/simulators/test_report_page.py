"""The page of a simulation holds all it should, needs nothing else, and says what the figures say."""

from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest
from msgspec import structs

from simulators.measures import Measured
from simulators.policies import policies_of
from simulators.report.__main__ import FINISHED, REFUSED
from simulators.report.__main__ import main as make_again
from simulators.report.page import SECTIONS, page
from simulators.report.words import MET, MISSED, NONE, POLICIES, QUESTIONS, UNKNOWN, headline, verdict
from simulators.results import Report, Run
from simulators.simulate import main as simulate
from simulators.world.scenarios import SCENARIOS

HOSTILE = "<script>alert('1')</script>\"&"


class Reader(HTMLParser):
    """What a browser meets on a page: the elements left open, the anchors, addresses that it would fetch, its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.fetched: list[str] = []
        self.said = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        """Note an element that opens, and what it refers to."""
        self.open.append(tag)
        self._note(tag, attrs)

    def handle_startendtag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        """Note an element that is closed at once."""
        self._note(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        """Note an element that closes, and whether it was the last that opened."""
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.said += data

    def _note(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "id" and value:
                self.ids.append(value)
            if name in {"src", "srcset", "href", "data", "action", "poster"} and not (value or "").startswith("#"):
                self.fetched.append(value or "")


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the figures of a small run with a change, two seeds and a peer; its page stands beside."""
    path = tmp_path_factory.mktemp("report") / "ryan.json"
    asked = ["ryan", "--decisions", "500", "--seeds", "1,2", "--policies", "engine,oracle,random,best-constant"]
    assert simulate([*asked, "--json", str(path), "--html", str(path.with_suffix(".html"))]) == FINISHED
    return path


@pytest.fixture(scope="module")
def report(figures: Path) -> Report:
    """Return the figures, read back."""
    return msgspec.json.decode(figures.read_bytes(), type=Report)


def test_a_simulation_writes_the_page_that_its_figures_give_again(figures: Path, report: Report) -> None:
    """The page is a pure function of the figures: the same bytes from the run, from its file, and a second time."""
    target = figures.with_suffix(".html")
    written = target.read_bytes()
    assert page(report).encode() == written
    target.unlink()
    assert make_again([str(figures)]) == FINISHED
    assert target.read_bytes() == written


def test_every_section_is_there_with_an_anchor_and_a_link_to_it(report: Report) -> None:
    """Each heading can be gone to from the top, and each plot stands in an image of its own with words for it."""
    text = page(report)
    read = Reader(text)
    assert set(SECTIONS) == set(read.ids)
    assert all(f'href="#{name}"' in text and heading in read.said for name, heading in SECTIONS.items())
    assert text.count('class="plot"') == 11
    assert text.count('role="img" aria-label="') == text.count('class="plot"') + text.count('class="strip"')


def test_the_page_is_well_formed(report: Report) -> None:
    """Every element is closed in its turn, and every image is XML as SVG has to be."""
    text = page(report)
    read = Reader(text)
    assert not read.open
    assert not read.wrong
    for image in text.split("<svg")[1:]:
        ElementTree.fromstring("<svg" + image.split("</svg>")[0] + "</svg>")  # noqa: S314  our own page


def test_the_page_needs_nothing_from_elsewhere_and_runs_nothing(report: Report) -> None:
    """Nothing is fetched, no address stands in it, and there is no script: it can be mailed and kept."""
    text = page(report)
    read = Reader(text)
    assert not read.fetched
    assert not {"script", "link", "iframe", "object"} & set(read.tags)
    assert "http://" not in text
    assert "https://" not in text
    assert "url(" not in text
    assert "@import" not in text


def test_hostile_names_are_text_and_nothing_else(report: Report) -> None:
    """Whatever names, descriptions and outcomes hold, the page has the same elements as with harmless ones."""
    run = report.runs[0]
    contact = structs.replace(run.timeline[0], channel=HOSTILE, content=HOSTILE, outcomes=(HOSTILE,))
    contact = structs.replace(contact, send_time=contact.time, best_content=HOSTILE, best_channel=HOSTILE)
    visit = structs.replace(run.visits[0], kind=HOSTILE, category=HOSTILE, device=HOSTILE, place=HOSTILE)
    counts = {HOSTILE: 3}
    bins = tuple(structs.replace(one, channels=counts, contents=counts) for one in run.bins)
    hostile = structs.replace(run, bins=bins, timeline=(contact,), visits=(visit,), life=(f"day 1: {HOSTILE}",))
    peer = structs.replace(hostile, policy=HOSTILE)
    settings = structs.replace(report.settings, scenario=HOSTILE, target=HOSTILE, personas=HOSTILE, policies=(HOSTILE,))
    found = structs.replace(
        report,
        description=HOSTILE,
        settings=settings,
        commit=HOSTILE,
        runs=(hostile, peer),
        left_out={HOSTILE: HOSTILE},
        categories={HOSTILE: HOSTILE},
        shifts=(structs.replace(report.shifts[0], event=HOSTILE),),
    )
    text = page(found)
    read = Reader(text)
    assert "script" not in read.tags
    assert HOSTILE in read.said
    assert not read.open
    assert not read.wrong
    assert "<script" not in text.lower()


def test_the_headline_says_how_far_the_engine_came_and_beside_whom(report: Report) -> None:
    """By hand: of what the oracle earns the engine has three quarters and the best constant half."""
    said = headline(structs.replace(report, runs=(at_share("engine", 0.75), at_share("best-constant", 0.5))))
    assert said == "At the end the engine reached 0.75 of what an oracle would, 0.25 above the best constant message."
    said = headline(structs.replace(report, runs=(at_share("engine", 0.25), at_share("lin-ucb", 0.5))))
    assert said == "At the end the engine reached 0.25 of what an oracle would, 0.25 below lin-ucb."
    assert headline(structs.replace(report, runs=())) == "This report has no finished figures of the engine."


def at_share(policy: str, share: float) -> Run:
    """Return a run of one stretch in which the oracle earns 1 and chance nothing."""
    return msgspec.convert(
        {
            "policy": policy, "seed": 1, "planned": 10, "decisions": 10, "changes": (), "newcomers": (), "timeline": (),
            "life": (), "refused": 0,
            "bins": [{"decisions": 10, "expected": 10 * share, "earned": 0.0, "best": 10.0, "uniform": 0.0, "silent": 0,
                      "explored": 0, "channels": {}, "contents": {}, "hours": [0] * 24}],
        },
        Run,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("target", "values", "said"),
    [
        (">= 0.85", (0.8, 0.9), MET),
        (">= 0.85", (0.8, 0.89), MISSED),
        ("< 0.05", (0.05,), MISSED),
        ("<= 30", (30.0,), MET),
        ("", (0.5,), NONE),
        (">= 0.9 of steady's", (0.9,), UNKNOWN),
        (">= 0.85", (None,), UNKNOWN),
    ],
)
def test_a_target_is_met_by_the_mean_over_seeds(target: str, values: tuple[float | None, ...], said: str) -> None:
    """Bounds count as they are written; what another run would have to tell is not judged."""
    assert verdict(Measured("share", "meaning", target, values)) == said


@pytest.mark.parametrize("values", [(None,), (10.0, None)])
def test_a_recovery_that_never_came_in_some_seed_misses_its_target(values: tuple[float | None, ...]) -> None:
    """Those seeds that recovered do not speak for those that did not; a run that was cut short tells nothing of it."""
    measured = Measured("contacts until recovered", "meaning", "<= 30", values)
    assert verdict(measured) == MISSED
    assert verdict(measured, complete=False) == (MET if measured.known else UNKNOWN)


def test_a_report_without_a_single_run_is_a_page_all_the_same(report: Report) -> None:
    """Ctrl-C before the first decision leaves a page that says so little."""
    read = Reader(page(structs.replace(report, runs=(), timings=(), interrupted=True)))
    assert not read.open
    assert "It was interrupted" in read.said


def test_figures_that_were_written_before_days_were_kept_give_a_page_too(report: Report) -> None:
    """Without days, categories, visits and changes the run is cut into its first and last fifth."""
    runs = []
    for run in report.runs:
        bins = tuple(structs.replace(one, last_day=-1) for one in run.bins)
        runs.append(structs.replace(run, visits=(), bins=bins))
    read = Reader(page(structs.replace(report, runs=tuple(runs), categories={}, shifts=())))
    assert not read.open
    assert "first fifth of the run" in read.said


def test_a_change_cuts_the_run_into_before_and_after(report: Report) -> None:
    """Where lives change between day 24 and day 33, what was sent is shown on both sides of it, by name."""
    read = Reader(page(report))
    assert "before “move”" in read.said
    assert "first fifth of the run" not in read.said


def test_what_is_no_report_is_refused_with_its_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing file and one of something else say which they are and what is wanted."""
    other = tmp_path / "other.json"
    other.write_text("{}")
    assert make_again([str(other)]) == REFUSED
    assert make_again([str(tmp_path / "missing.json")]) == REFUSED
    said = capsys.readouterr().err
    assert "other.json gives no page: Object missing required field" in said
    assert "missing.json gives no page" in said
    assert not other.with_suffix(".html").exists()


def test_every_scenario_has_its_question_and_every_policy_its_words() -> None:
    """Nobody has to guess what a page is about."""
    assert set(QUESTIONS) == set(SCENARIOS)
    assert {name for scenario in SCENARIOS for name in policies_of(scenario)} <= set(POLICIES)
