"""Strict scores against seqeval and conlleval on valid and invalid tags; SemEval against brute force and nervaluate."""

from itertools import combinations, permutations

import conlleval
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nervaluate.evaluator import Evaluator
from seqeval.metrics import classification_report
from seqeval.metrics import f1_score as seqeval_f1
from seqeval.metrics.sequence_labeling import precision_recall_fscore_support

from allabel.document import Span
from allabel.formats.conll.tags import decode
from eval.counts import Counts
from eval.semeval import SemEval, Tally, match, semeval
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


def test_strict_equals_conlleval_and_seqeval_on_two_thousand_random_corpora():
    rng = np.random.default_rng(2000)
    for _ in range(2000):
        gold, predicted = _random_corpus(rng)
        scores = strict(_decoded(gold), _decoded(predicted))
        chunks = conlleval.evaluate(_conll_lines(gold, predicted))["slots"]["chunks"]
        assert {label: _conll_counts(found) for label, found in chunks.items()} == dict(scores.per_label)
        if scores.per_label:  # seqeval cannot report on nothing
            theirs = np.transpose(precision_recall_fscore_support(gold, predicted, average=None, zero_division=0))
            ours = [(c.precision, c.recall, c.f1, c.gold) for _, c in sorted(scores.per_label.items())]
            assert np.allclose(ours, theirs, rtol=0, atol=1e-12)
        assert scores.micro.f1 == pytest.approx(seqeval_f1(gold, predicted, zero_division=0), abs=1e-12)


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


# nervaluate's README, "Usage example": tags, and the tables it prints for them.
USAGE = [
    ("O B-PER I-PER O O O B-ORG I-ORG", "O O B-PER I-PER O O B-ORG I-ORG"),
    ("O B-LOC B-PER I-PER O O B-DATE", "O B-LOC I-LOC B-PER O O B-DATE"),
]
# nervaluate's README, "Evaluation Scenarios" I to VI, one sentence each.
SCENARIOS = [
    ("O B-LOC I-LOC O", "O B-LOC I-LOC O"),
    ("O O O O", "O B-ORG I-ORG O"),
    ("O B-LOC I-LOC O", "O O O O"),
    ("O O O B-LOC I-LOC O", "O O O B-ORG I-ORG O"),
    ("O B-PER I-PER O", "B-PER I-PER I-PER O"),
    ("O B-PER I-PER O", "B-ORG I-ORG I-ORG O"),
]


# nervaluate's README, "Defining evaluation metrics": tikosyn, healthy, of warfarin, propranolol, phenytoin, one more
# right (the table counts one that its list of scenarios leaves out), oral contraceptives.
DRUGS = [
    (
        "B-BRAND O O B-DRUG B-DRUG B-DRUG B-GROUP O B-GROUP",
        "O B-BRAND B-DRUG I-DRUG B-BRAND B-DRUG B-GROUP B-DRUG I-DRUG",
    )
]


@pytest.mark.parametrize(
    ("published", "type_", "partial", "exact", "f1"),
    [
        (USAGE, Tally(5), Tally(2, partial=3), Tally(2, 3), (1.0, 0.7, 0.4)),
        (SCENARIOS, Tally(2, 2, 0, 1, 1), Tally(2, 0, 2, 1, 1), Tally(2, 2, 0, 1, 1), (0.4, 0.6, 0.4)),
        (DRUGS, Tally(3, 2, 0, 1, 1), Tally(3, 0, 2, 1, 1), Tally(3, 2, 0, 1, 1), (0.5, 2 / 3, 0.5)),
    ],
)
def test_the_examples_that_nervaluate_publishes(published, type_, partial, exact, f1):
    gold, predicted = ([tags.split() for tags in side] for side in zip(*published, strict=True))
    found = semeval(_decoded(gold), _decoded(predicted))
    assert (found.type, found.partial, found.exact) == (type_, partial, exact)
    assert (found.type.f1, found.partial.f1, found.exact.f1) == pytest.approx(f1)
    assert _ours(found) == _nervaluate(gold, predicted)


def test_flat_spans_score_as_in_nervaluate_wherever_none_overlaps_two():
    """Elsewhere the two part, for nervaluate matches anew in each scheme, prediction by prediction from the left.

    One matching for all schemes has as many same bounds, at least as many same labels, and at most as many pairs.
    """
    rng = np.random.default_rng(9)
    n_same = 0
    for _ in range(1000):
        gold, predicted = _random_corpus(rng)
        ours, theirs = _ours(semeval(_decoded(gold), _decoded(predicted))), _nervaluate(gold, predicted)
        if all(_overlaps_one_at_most(*both) for both in zip(_decoded(gold), _decoded(predicted), strict=True)):
            assert ours == theirs
            n_same += 1
        assert ours["exact"][0] == theirs["exact"][0]
        assert ours["type"][0] >= theirs["type"][0]
        assert ours["partial"][2] <= theirs["partial"][2]
    assert n_same > 200


def test_a_label_goes_before_a_pair_and_a_pair_is_not_lost_for_a_scheme():
    # The first prediction overlaps B and A, the second A alone.
    gold, predicted = [["B-B", "I-B", "B-A", "I-A"]], [["O", "B-A", "I-A", "B-B"]]
    assert _nervaluate(gold, predicted) == {
        "partial": (0, 0, 2, 0, 0),
        "type": (1, 0, 0, 1, 1),
        "exact": (0, 2, 0, 0, 0),
    }
    assert semeval(_decoded(gold), _decoded(predicted)) == SemEval(
        partial=Tally(partial=1, missed=1, spurious=1),
        type=Tally(correct=1, missed=1, spurious=1),
        exact=Tally(incorrect=1, missed=1, spurious=1),
    )
    # Where both predictions are A, the second serves A as well, and the first is left for B.
    both_a = [["O", "B-A", "I-A", "B-A"]]
    assert _nervaluate(gold, both_a)["type"] == (1, 0, 0, 1, 1)
    assert semeval(_decoded(gold), _decoded(both_a)).type == Tally(correct=1, incorrect=1)


def _nervaluate(gold, predicted):
    labels = {tag[2:] for tags in gold + predicted for tag in tags if tag != "O"}
    found = Evaluator(gold, predicted, tags=sorted(labels), loader="list")
    overall = found.evaluate()["overall"]
    return {
        ours: (o.correct, o.incorrect, o.partial, o.missed, o.spurious)
        for ours, o in (("partial", overall["partial"]), ("type", overall["ent_type"]), ("exact", overall["exact"]))
    }


def _ours(found):
    tallies = {"partial": found.partial, "type": found.type, "exact": found.exact}
    return {name: (t.correct, t.incorrect, t.partial, t.missed, t.spurious) for name, t in tallies.items()}


def _overlaps_one_at_most(gold, predicted):
    return all(
        sum(one.overlaps(other) for other in others) <= 1
        for side, others in ((gold, predicted), (predicted, gold))
        for one in side
    )


def _random_corpus(rng):
    """Tags in any order; stretches of gold are copied, so that there are true positives, whole and broken ones."""
    lengths = rng.integers(1, 11, rng.integers(1, 7))
    gold, predicted = ([[TAGS[i] for i in rng.integers(0, len(TAGS), n)] for n in lengths] for _ in range(2))
    for g, p in zip(gold, predicted, strict=True):
        start, end = sorted(rng.integers(0, len(g) + 1, 2))
        p[start:end] = g[start:end]
    return gold, predicted


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
