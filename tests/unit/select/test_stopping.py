"""The four stop signals: each number against its definition, each verdict against a case that must go that way."""

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from allabel.annotate.base import Demonstration
from allabel.annotate.embedded import EmbeddedAnnotator
from allabel.document import Annotation, DocId, Document, Span
from allabel.reply import Grounding, Proposal, Reply, Status
from allabel.select.base import Pool
from allabel.stopping.agreement import agreement, change_bound, kappa
from allabel.stopping.base import Signal, Verdict, overall
from allabel.stopping.coverage import changed_share, coverage_gain, gains, turnover
from allabel.stopping.curve import MOST_TEXTS, Curve, cross_validate, expected_gain, learning_curve
from allabel.stopping.rounds import before_last, rounds
from allabel.stopping.signals import NAMES, stop_signals
from retrieval.bm25 import Bm25

Sentences = Callable[[str, int], list[Document]]


class Lookup:
    """A fake annotator: marks every word that the demonstrations mark."""

    name = model = "lookup"

    def annotate(self, texts: Sequence[str], demonstrations: Sequence[Demonstration]) -> list[Reply]:
        known = {d.text[s.start : s.end]: s.label for d in demonstrations for s in d.entities}
        replies = []
        for text in texts:
            found, start = [], 0
            for word in text.split(" "):
                if word in known:
                    span = Span(start, start + len(word), known[word])
                    found.append(Proposal(known[word], word, span, Grounding.EXACT))
                start += len(word) + 1
            replies.append(Reply(Status.OK, tuple(found)))
        return replies


def shown(text: str, *entities: str, id: str = "") -> Demonstration:
    spans = [Span(text.index(e), text.index(e) + len(e), "C") for e in entities]
    return Demonstration(DocId(id or text), text, tuple(spans))


@pytest.fixture(scope="module")
def corpus(bc5cdr: Sentences) -> list[Demonstration]:
    return [Demonstration(d.id, d.text, d.entities or ()) for d in bc5cdr("train", 300)]


def test_kappa_is_cohens() -> None:
    # The textbook's table: 20 and 15 agreed, 5 and 10 not; (0.70 - 0.50) / (1 - 0.50).
    assert kappa("y" * 25 + "n" * 25, "y" * 20 + "n" * 5 + "y" * 10 + "n" * 15) == pytest.approx(0.4)
    assert kappa("OBO", "OBO") == 1
    assert kappa("OOO", "OOO") == 1
    assert kappa("OB", "BO") == pytest.approx(-1)
    with pytest.raises(ValueError, match="no tokens"):
        kappa("", "")


def test_the_change_of_f_is_bounded_by_kappa() -> None:
    assert change_bound(1) == 0
    assert change_bound(0.99) == pytest.approx(4 * 0.01 / 0.99)
    assert change_bound(0.5) == change_bound(0) == change_bound(-1) == 1


def test_predictions_that_no_longer_change_may_stop_and_others_go_on() -> None:
    stop_set = ["NaCl in water", "KCl in water", "pure water"] * 20
    before = [shown("NaCl dissolved", "NaCl")]
    same = agreement(Lookup(), before, [*before, shown("more NaCl", "NaCl")], stop_set)
    assert (same.verdict, same.values["kappa"]) == (Verdict.MAY_STOP, 1)
    new = agreement(Lookup(), before, [*before, shown("KCl too", "KCl")], stop_set)
    assert new.verdict == Verdict.GO_ON
    assert 0 < new.values["kappa"] < 0.9
    none = agreement(Lookup(), [shown("nothing")], [shown("nothing"), shown("still nothing")], stop_set)
    assert none.verdict == Verdict.CANNOT_TELL
    assert agreement(Lookup(), before, before, []).verdict == Verdict.CANNOT_TELL


def test_the_change_of_predictions_is_told_plainly_and_the_bound_only_where_it_is_tight() -> None:
    before = [shown("NaCl dissolved", "NaCl")]
    stop_set = ["NaCl in water", "KCl in water", "pure water"] * 20
    new = agreement(Lookup(), before, [*before, shown("KCl too", "KCl"), shown("more KCl", "KCl")], stop_set)
    # 20 of 160 words: KCl.
    assert new.sentence.startswith(
        "the last 2 annotations changed the label of 12.5 % of the words in the 60 texts that nobody annotated; "
        "kappa 0."
    )
    assert new.sentence.endswith("too loose to tell")
    same = agreement(Lookup(), before, [*before, shown("more NaCl", "NaCl")], stop_set, 500)
    assert "changed the label of 0.0 % of the words in 60 texts drawn from the 500 not annotated" in same.sentence
    assert same.sentence.endswith("the bound on how far F1 changed is 0 points")


def test_a_share_of_drawn_texts_says_that_they_were_drawn(corpus: list[Demonstration]) -> None:
    index = Bm25([d.text for d in corpus])
    queries, before, last = np.arange(100, 300), np.arange(60), np.arange(60, 100)
    told = "200 texts drawn from the 5000 not annotated"
    assert told in turnover(index, queries, before, last, 5, 5000).sentence
    assert told in coverage_gain(index, queries, [before, last], 5000).sentence
    assert "the 200 texts that nobody annotated" in turnover(index, queries, before, last, 5, 200).sentence
    many = [shown(f"water {i}", "water") for i in range(MOST_TEXTS + 1)]
    sentence = learning_curve(Lookup(), many, np.random.default_rng(0)).sentence
    assert sentence.endswith("on 600 texts drawn from the 601 annotated")


def test_a_round_gains_what_its_closer_demonstrations_add() -> None:
    ranks = np.array([[1, 3, 2], [4, 1, np.inf]])
    assert gains(ranks) == pytest.approx([(1 / 2 + 1 / 5) / 2, (1 / 2 - 1 / 5) / 2, 0])


def test_a_round_of_copies_gains_nothing_and_one_of_new_words_does() -> None:
    texts = ["aspirin asthma", "aspirin asthma fever", "rat liver", "rat liver tumour", "aspirin asthma", "rat liver"]
    texts += [f"another text {i}" for i in range(20)]
    queries = np.array([1, 3])
    copies = coverage_gain(Bm25(texts), queries, [np.array([0, 2]), np.array([4, 5])])
    assert (copies.verdict, copies.values["gain_relative_to_first_round"]) == (Verdict.MAY_STOP, 0)
    fresh = coverage_gain(Bm25(texts), queries, [np.array([0]), np.array([2])])
    assert fresh.verdict == Verdict.GO_ON
    assert fresh.values["gain_relative_to_first_round"] > 0.5
    assert coverage_gain(Bm25(texts), np.array([], dtype=np.int64), [queries]).verdict == Verdict.CANNOT_TELL


@pytest.mark.parametrize("k", [1, 3, 5])
def test_changed_demonstrations_are_those_that_a_search_would_find(corpus: list[Demonstration], k: int) -> None:
    texts = [d.text for d in corpus[:120]]
    before, last, queries = np.arange(30), np.arange(30, 40), np.arange(40, 120)
    index = Bm25(texts)
    n_changed = 0
    for _, block in index.blocks(queries):
        for row in block:
            best = sorted(range(40), key=lambda i: (-row[i], i))[:k]
            n_changed += any(i >= 30 for i in best)
    assert changed_share(index, queries, before, last, k) == n_changed / len(queries)
    assert 0 < n_changed < len(queries)


def test_turnover_is_told_for_twenty_texts(corpus: list[Demonstration]) -> None:
    texts = [d.text for d in corpus]
    got = turnover(Bm25(texts), np.arange(100, 300), np.arange(60), np.arange(60, 100), 5)
    share = got.values["changed_share"]
    assert got.values["changed_share_per_20"] == pytest.approx(1 - math.sqrt(1 - share))
    assert got.verdict == Verdict.GO_ON
    empty = [*texts[:60], *["nothing that any other would share zzz"] * 40, *texts[100:]]
    still = turnover(Bm25(empty), np.arange(100, 300), np.arange(60), np.arange(60, 100), 1)
    assert still.verdict == Verdict.MAY_STOP
    assert turnover(Bm25(texts), np.arange(9), np.arange(9, 60), np.arange(60, 70), 0).verdict == Verdict.CANNOT_TELL


def drawn(f1: Callable[[float], float], sizes: Sequence[int], n: int, size: int = 20) -> Curve:
    rng = np.random.default_rng(0)
    rights = np.stack([rng.binomial(size, f1(s), size=n) for s in sizes], axis=1)
    return Curve(np.array(sizes, dtype=float), np.stack([rights, np.full_like(rights, 2 * size)], axis=2).astype(float))


def test_a_known_curve_is_extended_rightly_with_an_interval_around_the_truth() -> None:
    def f1(n: float) -> float:
        return 0.8 - 2 / math.sqrt(n)

    curve = drawn(f1, [25, 50, 100, 150, 200], 400)
    gain, low, high = expected_gain(curve, 250, 100, np.random.default_rng(0))
    truth = f1(350) - f1(250)
    assert low < truth < high
    assert gain == pytest.approx(truth, abs=0.01)
    few = drawn(f1, [25, 50, 100, 150, 200], 40)
    _, low_few, high_few = expected_gain(few, 250, 100, np.random.default_rng(0))
    assert high_few - low_few > high - low


def test_a_flat_curve_promises_nothing() -> None:
    gain, low, high = expected_gain(drawn(lambda _: 0.7, [25, 50, 100, 200], 400), 250, 20, np.random.default_rng(0))
    assert -0.002 < low <= gain <= high < 0.002


def test_the_curve_is_of_models_that_did_not_see_the_text() -> None:
    # Every text names another substance: a model that had seen it would know it.
    corpus = [shown(f"sub{i} dissolved", f"sub{i}") for i in range(30)]
    assert not cross_validate(Lookup(), corpus, np.random.default_rng(0)).f1.any()
    assert learning_curve(Lookup(), corpus, np.random.default_rng(0)).verdict == Verdict.CANNOT_TELL
    told = [shown(f"water {i}", "water") for i in range(30)]
    curve = cross_validate(Lookup(), told, np.random.default_rng(0))
    assert curve.f1 == pytest.approx(1)
    assert curve.counts.shape == (30, len(curve.sizes), 2)
    assert learning_curve(Lookup(), told, np.random.default_rng(0)).verdict == Verdict.MAY_STOP


def answers(n: int) -> dict[DocId, Annotation]:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    # The store gives them in import order; here the last to be imported was annotated first.
    return {
        DocId(f"d{i}"): Annotation(DocId(f"d{i}"), (), "a", "s", start + timedelta(minutes=n - i)) for i in range(n)
    }


def test_each_selection_is_a_round_and_what_was_imported_is_the_first() -> None:
    chosen = {DocId(f"d{i}"): 1 if i < 20 else 2 for i in range(10, 30)}
    got = rounds(answers(30), chosen)
    assert [set(group) for group in got] == [{f"d{i}" for i in range(a, a + 10)} for a in (0, 10, 20)]
    assert before_last(got) == ([*got[0], *got[1]], got[2])


def test_each_stage_of_a_selection_is_a_round_too() -> None:
    chosen = {DocId(f"d{i}"): (1, i // 10) if i < 20 else (2, 0) for i in range(30)}
    own = [DocId(f"own{i}") for i in range(10)]
    told = answers(30)
    told |= {id: Annotation(id, (), "a", "s", datetime(2026, 2, 1, tzinfo=UTC)) for id in own}
    got = rounds(told, chosen)
    assert [set(group) for group in got] == [set(own), *({f"d{i}" for i in range(a, a + 10)} for a in (0, 10, 20))]


def test_a_round_too_small_to_judge_by_joins_the_one_before() -> None:
    chosen = {DocId(f"d{i}"): 1 + (i >= 60) + (i >= 97) for i in range(100)}
    assert [len(group) for group in rounds(answers(100), chosen)] == [60, 40]


def test_a_single_round_is_divided_by_time() -> None:
    got = rounds(answers(50), {DocId(f"d{i}"): 1 for i in range(50)})
    assert [len(group) for group in got] == [40, 10]
    assert got[1] == [f"d{i}" for i in range(9, -1, -1)]
    assert [len(group) for group in rounds(answers(20), {})] == [15, 5]
    assert rounds({}, {}) == []


def test_below_twenty_annotated_texts_nothing_can_be_told(corpus: list[Demonstration]) -> None:
    pool = Pool(tuple(d.id for d in corpus), tuple(d.text for d in corpus))
    got = stop_signals(pool, corpus[:19], [[d.id for d in corpus[:19]]], Lookup(), Bm25, shots=5)
    assert [s.name for s in got] == list(NAMES)
    assert {s.verdict for s in got} == {Verdict.CANNOT_TELL}
    assert all("19 texts are annotated" in s.sentence for s in got)
    assert overall(got) == "none of the 4 signals can tell yet whether more annotation is worth it"


def test_the_signals_of_a_young_project_say_go_on_and_are_the_same_twice(corpus: list[Demonstration]) -> None:
    pool = Pool(tuple(d.id for d in corpus), tuple(d.text for d in corpus))
    groups = [[d.id for d in corpus[:20]], [d.id for d in corpus[20:40]]]

    def run() -> list[Signal]:
        return stop_signals(pool, corpus[:40], groups, EmbeddedAnnotator(), Bm25, shots=5)

    got = run()
    assert [s.name for s in got] == list(NAMES)
    assert [s.verdict for s in got[:3]] == [Verdict.GO_ON] * 3
    assert got == run()


def test_the_overall_line_counts_the_verdicts() -> None:
    signals = [Signal("a", v, "", {}) for v in (Verdict.MAY_STOP, Verdict.GO_ON, Verdict.CANNOT_TELL, Verdict.MAY_STOP)]
    assert overall(signals) == "2 of 4 signals say that more annotation changes little; 1 cannot tell"
    assert overall(signals[:2]) == "1 of 2 signals say that more annotation changes little"
