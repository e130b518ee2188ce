"""Strict scores against seqeval and conlleval on valid and invalid tags; SemEval against brute force."""

from itertools import combinations, permutations

import conlleval
import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics import classification_report
from seqeval.metrics import f1_score as seqeval_f1

from allabel.document import Span
from allabel.formats.conll.tags import decode
from eval.counts import Counts
from eval.semeval import match, semeval
from eval.strict import strict

TAGS = ["O", *(f"{prefix}-{label}" for prefix in "BI" for label in ("Chemical", "Disease", "Solvent-Type"))]


@st.composite
def corpora(draw):
    """Sentences of gold and predicted tags in any order: I- after O, I-Y after B-X and B- after B- included."""
    lengths = draw(st.lists(st.integers(1, 10), min_size=1, max_size=6))
    side = st.tuples(*(st.lists(st.sampled_from(TAGS), min_size=n, max_size=n) for n in lengths)).map(list)
    gold, predicted = draw(side), draw(side)
    # Free draws seldom agree: copying stretches of gold makes true positives, whole and broken ones.
    for g, p in zip(gold, predicted, strict=True):
        start, end = sorted(draw(st.tuples(st.integers(0, len(g)), st.integers(0, len(g)))))
        p[start:end] = g[start:end]
    return gold, predicted


@given(corpora())
def test_strict_equals_seqeval_by_default(corpus):
    gold, predicted = corpus
    scores = strict(_decoded(gold), _decoded(predicted))
    report = _seqeval_report(gold, predicted)
    f1 = seqeval_f1(gold, predicted, zero_division=0)
    assert scores.micro.f1 == pytest.approx(f1, abs=1e-9)
    labels = {name: row for name, row in report.items() if not name.endswith(" avg")}
    assert set(scores.per_label) == set(labels)
    for name, row in labels.items():
        counts = scores.per_label[name]
        assert (counts.precision, counts.recall, counts.f1) == pytest.approx(
            (row["precision"], row["recall"], row["f1-score"]), abs=1e-9
        )
        assert counts.gold == row["support"]
    if labels:
        assert scores.macro_f1 == pytest.approx(report["macro avg"]["f1-score"], abs=1e-9)


@given(corpora())
def test_strict_equals_conlleval(corpus):
    gold, predicted = corpus
    result = conlleval.evaluate(_conll_lines(gold, predicted))
    scores = strict(_decoded(gold), _decoded(predicted))
    assert scores.micro == _conll_counts(result["overall"]["chunks"])
    assert scores.micro.f1 == pytest.approx(result["overall"]["chunks"]["evals"]["f1"], abs=1e-9)
    for label, chunks in result["slots"]["chunks"].items():
        assert scores.per_label.get(label, Counts()) == _conll_counts(chunks)
    assert set(scores.per_label) <= set(result["slots"]["chunks"])


@pytest.mark.parametrize(
    ("tags", "spans"),
    [
        (["I-A", "I-A"], [(0, 2, "A")]),
        (["O", "I-A"], [(1, 2, "A")]),
        (["B-A", "I-B"], [(0, 1, "A"), (1, 2, "B")]),
        (["B-A", "B-A", "I-A"], [(0, 1, "A"), (1, 3, "A")]),
    ],
)
def test_invalid_tag_orders_mean_what_conlleval_takes_them_for(tags, spans):
    assert _decoded([tags]) == [[Span(*span) for span in spans]]


SMALL = st.sets(
    st.tuples(st.integers(0, 6), st.integers(1, 4), st.sampled_from("AB")).map(lambda t: Span(t[0], t[0] + t[1], t[2])),
    max_size=4,
)


@given(SMALL, SMALL)
def test_the_matching_is_the_best_of_all_one_to_one_matchings(gold, predicted):
    pairs = match(gold, predicted)
    assert len({g for g, _ in pairs}) == len({p for _, p in pairs}) == len(pairs)
    assert all(g.overlaps(p) for g, p in pairs)
    assert _kinds(pairs) == max(_kinds(candidate) for candidate in _all_matchings(list(gold), list(predicted)))


@given(st.lists(st.tuples(SMALL, SMALL), max_size=3))
def test_swapping_gold_and_prediction_swaps_precision_and_recall(corpus):
    there = semeval([g for g, _ in corpus], [p for _, p in corpus])
    back = semeval([p for _, p in corpus], [g for g, _ in corpus])
    for a, b in ((there.partial, back.partial), (there.type, back.type), (there.exact, back.exact)):
        assert (a.correct, a.incorrect, a.partial) == (b.correct, b.incorrect, b.partial)
        assert (a.missed, a.precision) == (b.spurious, b.recall)


@given(st.lists(st.tuples(SMALL, SMALL), max_size=3))
def test_the_lenient_schemes_are_never_below_strict(corpus):
    gold, predicted = [g for g, _ in corpus], [p for _, p in corpus]
    lenient, counts = semeval(gold, predicted), strict(gold, predicted).micro
    for tally in (lenient.partial, lenient.type, lenient.exact):
        assert (tally.possible, tally.actual) == (counts.gold, counts.predicted)
        assert tally.f1 >= counts.f1 - 1e-12


def _decoded(sentences):
    return [decode(tags) for tags in sentences]


def _seqeval_report(gold, predicted):
    if all(tag == "O" for sentence in gold + predicted for tag in sentence):
        return {}  # seqeval cannot report on nothing
    return classification_report(gold, predicted, output_dict=True, zero_division=0)


def _conll_lines(gold, predicted):
    for g, p in zip(gold, predicted, strict=True):
        yield from (f"w {a} {b}" for a, b in zip(g, p, strict=True))
        yield ""


def _conll_counts(chunks):
    return Counts(chunks["stats"]["correct"], chunks["stats"]["pred"], chunks["stats"]["gold"])


def _kinds(pairs):
    bounds = [(g.start, g.end) == (p.start, p.end) for g, p in pairs]
    label = [g.label == p.label for g, p in pairs]
    return sum(g == p for g, p in pairs), sum(bounds), sum(label), len(pairs)


def _all_matchings(gold, predicted):
    for size in range(min(len(gold), len(predicted)) + 1):
        for some in combinations(gold, size):
            for order in permutations(predicted, size):
                pairs = list(zip(some, order, strict=True))
                if all(g.overlaps(p) for g, p in pairs):
                    yield pairs
