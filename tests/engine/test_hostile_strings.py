"""Hostile strings: nothing a caller writes can become another feature, crash the engine or reach the log as itself."""

import random
from collections.abc import Callable

import pytest
from vowpalwabbit import Workspace

from engine.engine import Engine
from engine.errors import InvalidRequest
from engine.features import context_text, shared_text
from engine.times import local_time, zone
from engine.types import DecideRequest, Features
from tests.wardrobe import NOON_US

PIECES = (
    "|", ":", "\n", "\r", "\t", " ", "\0", "=", "%", "#", "'", '"', "\\", "👗", "é", "\u2028", "\ufeff", "\u202e",
    "\x1b[31m", "|A", "|X", "shared", "0:1:1", "1e308", "nan", "12", "@day", "../", "'; DROP TABLE events; --",
    "\ud800", "a", "city",
)  # fmt: skip
WHERE = zone("UTC")


def hostile(number: int) -> list[str]:
    """Make strings of hostile pieces, among them empty and megabyte ones, from a fixed seed."""
    generator = random.Random(20_261_122)
    made = dict.fromkeys(["", *PIECES, *(piece * (1_000_000 // len(piece)) for piece in PIECES)])
    while len(made) < number:
        made["".join(generator.choices(PIECES, k=generator.randrange(1, 9)))] = None
    return list(made)


HOSTILE = hostile(20_000)


def lengths_and_unicode_ok(text: str) -> bool:
    """Tell whether the door lets a text in."""
    try:
        return 0 < len(text.encode()) <= 256
    except UnicodeEncodeError:
        return False


@pytest.fixture(scope="module")
def workspace() -> Workspace:
    """Return a Vowpal Wabbit that shows what it parsed."""
    return Workspace("--cb_explore_adf --hash all --bit_precision 18 --quiet")


def features_seen(workspace: Workspace, text: str) -> list[tuple[int, float]]:
    """Return the (hash, value) pairs that Vowpal Wabbit reads in namespace X, and check that there is no other
    namespace.
    """
    example = workspace.example(f"shared |X {text}")
    assert example.num_namespaces() == (2 if text else 1)  # X and the constant
    return [(example.feature("X", i), example.feature_weight("X", i)) for i in range(example.num_features_in("X"))]


def test_a_hostile_name_or_value_is_exactly_one_feature_and_changes_no_other(workspace: Workspace) -> None:
    """Vowpal Wabbit reads the honest features unchanged beside every hostile one, and one feature more."""
    honest = features_seen(workspace, context_text(Features({"age": 30.0}, {"city": "Anytown"}), {"age": 0.5}))
    for text in filter(lengths_and_unicode_ok, HOSTILE):
        beside = Features({"age": 30.0, text: 2.0}, {"city": "Anytown", text + "!": text})
        seen = features_seen(workspace, context_text(beside, {"age": 0.5, text: 2.0}))
        assert len(seen) == 4, ascii(text)
        assert set(honest) <= set(seen)


def test_different_texts_never_become_the_same_feature() -> None:
    """The encoding is injective: names, values and the engine's own names stay apart."""
    texts = sorted({text for text in HOSTILE if lengths_and_unicode_ok(text)})
    assert len({context_text(Features({}, {text: "x"}), None) for text in texts}) == len(texts)
    assert len({context_text(Features({}, {"x": text}), None) for text in texts}) == len(texts)
    numbers = [context_text(Features({text: 1.0}, {}), told) for text in texts for told in ({text: 1.0}, None)]
    assert len(set(numbers)) == len(numbers)
    split = [("a=b", "c"), ("a", "b=c"), ("a b", "c"), ("a", "b c")]
    assert len({context_text(Features({}, dict([pair])), None) for pair in split}) == len(split)


def test_no_caller_can_write_the_engines_own_features() -> None:
    """The local day and hours are under names that the encoding never produces."""
    forged = shared_text(Features(categories={"@day": "6", "@hours": "00-04"}), None, local_time(NOON_US, WHERE))
    assert forged.count("@day=") == forged.count("@hours=") == 1


def attempts(text: str, number: int) -> list[DecideRequest]:
    """Put one hostile text into each field in turn."""
    usual = {"campaign": "wardrobe", "customer_id": f"customer-{number}"}
    return [
        DecideRequest(**usual, context=Features(numbers={text: 1.0})),
        DecideRequest(**usual, context=Features(categories={text: "x"})),
        DecideRequest(**usual, context=Features(categories={"city": text})),
        DecideRequest(campaign="wardrobe", customer_id=text),
        DecideRequest(**usual, content_ids=(text,)),
        DecideRequest(**usual, request_id=text),
        DecideRequest(**usual, time_zone=text),
    ]


def test_the_engine_answers_or_refuses_by_name_whatever_is_sent(engine: Engine) -> None:
    """Each of 20,000 strings is decided upon, or refused with the field it stands in; no other error escapes."""
    fields = (
        "context.numbers",
        "context.categories",
        "context.categories",
        "customer_id",
        "content_ids[0]",
        "request_id",
        "time_zone",
    )
    answered, refused = 0, []
    for number, text in enumerate(HOSTILE):
        field_index = number % 7
        try:
            engine.decide(attempts(text, number)[field_index], NOON_US)
            answered += 1
        except InvalidRequest as refusal:
            refused.append((fields[field_index], refusal))
    engine.commit()
    for field, refusal in refused:
        assert refusal.violations[0][0].startswith(field)
        assert len(str(refusal).encode()) < 1_000
    assert answered + len(refused) == len(HOSTILE) == 20_000
    assert answered > 5_000
    assert sum(1 for _ in engine.log.read()) == answered + 1


def test_the_log_never_holds_a_customer_id(opened: Callable[..., Engine]) -> None:
    """Only a customer's keyed pseudonym is written."""
    engine = opened()
    engine.decide(DecideRequest(campaign="wardrobe", customer_id="ryan@anytown.example"), NOON_US)
    engine.commit()
    engine.snapshot(NOON_US)
    folder = engine.log.folder
    engine.close()
    assert not [path for path in folder.iterdir() if b"ryan@anytown" in path.read_bytes()]
