"""The figures beside a text: pace, time left, budget, what the next texts are worth, why this one."""

from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allabel.annotate.base import Demonstration
from allabel.annotate.embedded import EmbeddedAnnotator
from allabel.document import Annotation, DocId, Document, Span
from allabel.select.cost import CostModel, Logged
from allabel.store.records import Pick, Selection
from allabel.worth import Pace, logged, next_worth, pace, spent, time_left, why_chosen

AT = datetime(2026, 5, 3, tzinfo=UTC)


def answer(seconds: float | None, doc: str = "1", *spans: Span) -> Annotation:
    return Annotation(DocId(doc), spans, "ann", "app", AT, seconds)


def test_the_pace_is_the_median_and_the_texts_an_hour():
    assert pace([20.0] * 10 + [40.0] * 10) == Pace(20, 30.0, 120.0)
    assert pace([]) is None


def test_a_pause_does_not_slow_the_texts_an_hour():
    assert pace([36.0] * 9 + [3600.0]) == Pace(10, 36.0, 100.0)


@given(st.lists(st.floats(0.01, 1e5), min_size=1, max_size=40))
def test_the_pace_is_a_positive_number(seconds: list[float]):
    found = pace(seconds)
    assert found is not None
    assert 0 < found.texts_an_hour < float("inf")


def times(n: int, factor: float = 1.0) -> list[Logged]:
    rng = np.random.default_rng(0)
    sizes = rng.integers(10, 60, n)
    return [Logged(int(t), int(t) // 10, factor * (5 + 0.5 * t) * float(rng.uniform(0.7, 1.3))) for t in sizes]


def test_time_left_is_what_the_cost_model_expects_with_an_interval_that_holds_it():
    queued = ["a word " * 10] * 50
    took = times(60)
    found = time_left(queued, took, np.random.default_rng(0))
    assert found.minutes == pytest.approx(float(CostModel.fit(took).minutes_of(np.full(50, 20.0)).sum()))
    assert found.low < found.minutes < found.high
    assert (found.n_texts, found.n_times) == (50, 60)
    assert found.high - found.low < found.minutes / 2
    assert found == time_left(queued, took, np.random.default_rng(0))


def test_the_interval_covers_what_the_rest_of_the_texts_really_took():
    covered = 0
    for seed in range(25):
        rng = np.random.default_rng(seed)
        sizes = rng.integers(10, 60, 60)
        took = (6 + 0.6 * sizes) * rng.lognormal(0, 0.4, 60)
        known = [Logged(int(t), int(t) // 10, float(s)) for t, s in zip(sizes[:30], took[:30], strict=True)]
        found = time_left([" ".join("a" * int(t)) for t in sizes[30:]], known, rng)
        covered += found.low <= took[30:].sum() / 60 <= found.high
    assert covered >= 21


def test_without_logged_times_there_is_an_assumption_and_no_interval():
    found = time_left(["one two three"], [Logged(10, 1)], np.random.default_rng(0))
    assert found.minutes > 0
    assert (found.low, found.high, found.n_times) == (None, None, 0)


def test_times_are_logged_from_annotated_texts():
    annotated = [Document(DocId("1"), "NaCl in water", (Span(0, 4, "Salt"),), seconds=7.0), Document(DocId("2"), "a")]
    assert logged(annotated) == [Logged(3, 1, 7.0), Logged(1, 0, None)]


def test_an_empty_queue_takes_no_time():
    assert time_left([], times(20), np.random.default_rng(0)).minutes == 0


TEXTS = {DocId("1"): "one two three", DocId("2"): "one two", DocId("3"): "one", DocId("4"): "one"}
PICKS = [Pick(DocId(i), "core_set", r, 0.0, "", 1) for r, i in enumerate("123", 1)]


@pytest.mark.parametrize(
    ("budget", "used", "total", "said"),
    [
        ("75%", 2, 3, "2 of 3 texts (67 %)"),
        ("3", 2, 3, "2 of 3 texts"),
        ("6tokens", 5, 6, "5 of 6 tokens (83 %)"),
        ("4min", 2 + CostModel().minutes(2, 0.2), 4, "2 of 4 minutes (53 %)"),
    ],
)
def test_the_budget_used_is_counted_in_its_own_unit(budget: str, used: float, total: float, said: str):
    selection = Selection(1, "adaptive", budget, 3, 0, AT)
    annotations = {DocId("1"): answer(120.0), DocId("2"): answer(None, "2"), DocId("4"): answer(9.0, "4")}
    found = spent(selection, PICKS, TEXTS, annotations, CostModel())
    assert (found.used, found.total) == (pytest.approx(used), total)
    assert said in found.sentence()


def test_a_budget_nobody_began_is_unused():
    found = spent(Selection(1, "adaptive", "2", 2, 0, AT), PICKS, TEXTS, {}, CostModel())
    assert (found.used, found.share) == (0, 0)


def test_what_the_next_texts_are_worth_needs_twenty_annotated_ones():
    found = next_worth(EmbeddedAnnotator(), [Demonstration(DocId("1"), "NaCl", ())], np.random.default_rng(0))
    assert (found.gain, found.low, found.high, found.n_annotated) == (None, None, None, 1)


def test_a_corpus_without_entities_has_no_curve():
    corpus = [Demonstration(DocId(str(i)), f"step {i} was done", ()) for i in range(20)]
    found = next_worth(EmbeddedAnnotator(), corpus, np.random.default_rng(0))
    assert (found.gain, found.low, found.high, found.n_annotated) == (None, None, None, 20)


def test_the_next_texts_are_worth_a_gain_within_its_interval(bc5cdr: Callable[[str, int], list[Document]]):
    corpus = [Demonstration(d.id, d.text, d.entities or ()) for d in bc5cdr("train", 40)]
    found = next_worth(EmbeddedAnnotator(), corpus, np.random.default_rng(0))
    assert found.low <= found.gain <= found.high
    assert found.gain > 0
    assert (found.ahead, found.n_annotated) == (20, 40)


def test_why_a_text_was_chosen_is_said_with_stage_and_reason():
    pick = Pick(DocId("1"), "core_set", 3, 0.5, "farthest from all others, 0.91", 1)
    assert why_chosen(pick) == "chosen as number 3 by core_set: farthest from all others, 0.91"
    assert "nobody chose" in why_chosen(None)
