"""Agreement between people: worked by hand, against other implementations, and where it is undefined."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allabel.annotate.pieces import token_labels
from allabel.coefficients import cohen_kappa, krippendorff_alpha
from allabel.document import Annotation, DocId, Span
from allabel.review.agreement import NO_TEXTS, NOBODY, ONE_CATEGORY, agreement
from allabel.review.answers import own_answers, twice_answered

AT = datetime(2026, 5, 3, tzinfo=UTC)
A, B = Span(0, 4, "Chemical"), Span(8, 13, "Solvent")
TEXT = "NaCl in water was weighed"


def answer(author: str, *spans: Span, doc: str = "1", **more: Any) -> Annotation:
    return Annotation(DocId(doc), spans, author, **{"source": "app", "at": AT, **more})


def measured(history: Sequence[Annotation], seed: int = 0):
    return agreement(history, {a.doc_id: TEXT for a in history}, np.random.default_rng(seed))


def test_agreement_is_as_worked_by_hand():
    # Ann and Bo share one of three spans: F1 2·1 / (2 + 1). Five tokens: C O S O O against C O O O O.
    found = measured([answer("ann", A, B), answer("bo", A)])
    assert found.f1 == pytest.approx(2 / 3)
    assert found.per_label == {"Chemical": 1.0, "Solvent": 0.0}
    # Observed 4/5; by chance (1·1 + 3·4) / 25.
    assert found.cohen == pytest.approx((4 / 5 - 13 / 25) / (1 - 13 / 25))
    # Ten values: 2 C, 1 S, 7 O; disagreement observed 2/10, expected (100 - 4 - 1 - 49) / 90.
    assert found.krippendorff == pytest.approx(1 - (2 / 10) / (46 / 90))
    assert [(d.doc_id, d.n_differing, d.people) for d in found.disputed] == [("1", 1, ("ann", "bo"))]
    assert (found.f1_low, found.f1_high) == (None, None)
    assert "too few" in found.reasons["interval"]


def test_f1_is_micro_over_texts_and_the_mean_over_pairs_of_people():
    history = [answer("a", A), answer("b", A), answer("c", B), answer("a", A, B, doc="2"), answer("b", doc="2")]
    found = measured(history)
    # a and b: 2·1 / (3 + 1); with c, who never agrees: 0.
    assert found.by_pair == {("a", "b"): 0.5, ("a", "c"): 0.0, ("b", "c"): 0.0}
    assert found.f1 == pytest.approx(0.5 / 3)
    assert found.people == ("a", "b", "c")
    # Both at F1 0 or above: the emptier agreement first.
    assert [d.doc_id for d in found.disputed] == ["2", "1"]


def test_the_interval_holds_f1_and_is_the_same_for_the_same_generator():
    history = [answer(p, *((A,) if p == "a" or i % 3 else (B,)), doc=str(i)) for i in range(30) for p in "ab"]
    found = measured(history)
    assert found.f1_low < found.f1 < found.f1_high
    assert found == measured(history)
    assert found.n_same == 20


@pytest.mark.parametrize("history", [[], [answer("ann", A)], [answer("ann", A), answer("ann", B)]])
def test_one_person_alone_agrees_with_nobody(history: list[Annotation]):
    found = measured(history)
    assert (found.n_texts, found.f1, found.cohen, found.krippendorff) == (0, None, None, None)
    assert set(found.reasons.values()) == {NO_TEXTS}


def test_where_nobody_marked_anything_nothing_is_claimed():
    found = measured([answer(p, doc=str(i)) for i in range(6) for p in "ab"])
    assert (found.n_texts, found.n_same) == (6, 6)
    assert (found.f1, found.f1_low, found.cohen, found.krippendorff) == (None, None, None, None)
    assert found.reasons["f1"] == found.reasons["interval"] == NOBODY
    assert found.reasons["cohen"] == found.reasons["krippendorff"] == ONE_CATEGORY


def test_a_label_on_every_token_by_everybody_leaves_kappa_undefined_and_f1_whole():
    whole = Span(0, len(TEXT), "Sentence")
    found = measured([answer("a", whole), answer("b", whole)])
    assert (found.f1, found.cohen, found.krippendorff) == (1.0, None, None)


def test_a_text_without_any_token_breaks_nothing():
    blank = [answer("a"), answer("b")]
    found = agreement(blank, {DocId("1"): "  "}, np.random.default_rng(0))
    assert (found.n_texts, found.f1, found.cohen) == (1, None, None)


def test_only_the_latest_answer_of_a_person_counts():
    assert measured([answer("a", B), answer("b", A), answer("a", A)]).f1 == 1.0


def test_a_review_and_what_began_from_anothers_answer_are_no_second_opinion():
    first = answer("a", A, seq=7)
    edit = answer("b", A, B, seq=8, based_on=7)
    review = answer("c", A, seq=9, source="review", based_on=0)
    restored = answer("c", A, seq=10, source="restore", based_on=0)
    assert twice_answered([first, edit, review, restored]) == {}
    own = answer("b", B, seq=11, based_on=0)
    again = answer("b", A, seq=12, based_on=11)
    assert own_answers([first, own, again]) == {"1": {"a": first, "b": again}}


def test_of_nested_spans_the_tokens_bear_the_longest():
    assert token_labels("NaCl in water", [Span(0, 13, "Solution"), Span(0, 4, "Chemical")]) == ["Solution"] * 3


LABELLINGS = st.integers(1, 40).flatmap(
    lambda n: st.tuples(*[st.lists(st.sampled_from("OCS"), min_size=n, max_size=n)] * 2)
)


@given(LABELLINGS)
def test_cohens_kappa_is_that_of_scikit_learn(both: tuple[list[str], list[str]]):
    metrics = pytest.importorskip("sklearn.metrics")
    ours = cohen_kappa(*both)
    if ours is None:
        assert len({*both[0], *both[1]}) == 1
    else:
        assert ours == pytest.approx(metrics.cohen_kappa_score(*both))


@given(st.lists(st.lists(st.sampled_from(["O", "C", "S", None]), min_size=3, max_size=3), min_size=1, max_size=30))
def test_alpha_is_that_of_the_krippendorff_package(units: list[list[str | None]]):
    other = pytest.importorskip("krippendorff")
    ours = krippendorff_alpha([[value for value in unit if value] for unit in units])
    pairable = [unit for unit in units if sum(value is not None for value in unit) > 1]
    if len({value for unit in pairable for value in unit if value}) < 2:
        assert ours is None
        return
    code = {"O": 0.0, "C": 1.0, "S": 2.0, None: np.nan}
    data = np.array([[code[unit[i]] for unit in pairable] for i in range(3)])
    assert ours == pytest.approx(other.alpha(reliability_data=data, level_of_measurement="nominal"))


def test_alpha_is_that_of_krippendorffs_own_example():
    # Krippendorff 2011, section C: four observers, twelve units, nominal alpha 0.743.
    a = [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None]
    b = [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3]
    c = [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None]
    d = [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None]
    units = [[v for v in unit if v is not None] for unit in zip(a, b, c, d, strict=True)]
    assert krippendorff_alpha(units) == pytest.approx(0.743, abs=5e-4)


SPANS = st.sets(st.sampled_from([A, B, Span(0, 7, "Chemical"), Span(14, 17, "Solvent")]))


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("12345678"), SPANS), max_size=40))
def test_agreement_stays_in_its_bounds_and_never_is_nan(given_: list[tuple[str, str, set[Span]]]):
    found = measured([answer(person, *sorted(spans), doc=doc) for person, doc, spans in given_])
    numbers = [found.f1, found.f1_low, found.f1_high, found.cohen, found.krippendorff, *found.per_label.values()]
    known = [x for x in numbers if x is not None]
    assert all(-1 <= x <= 1 for x in known)
    assert (found.f1 is None) == ("f1" in found.reasons)
    assert (found.cohen is None) == ("cohen" in found.reasons)
    assert (found.f1_low is None) == ("interval" in found.reasons)


def test_swapping_people_changes_nothing():
    history = [answer("a", A, B), answer("b", A), answer("a", B, doc="2"), answer("b", B, doc="2")]
    names = {"a": "z", "b": "y"}
    swapped = [answer(names[one.author], *one.entities, doc=one.doc_id) for one in history]
    one, other = measured(history), measured(swapped)
    assert (one.f1, one.cohen, one.krippendorff) == (other.f1, other.cohen, other.krippendorff)
