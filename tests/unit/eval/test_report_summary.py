import numpy as np
import pytest
from made_report import experiment

from allabel.document import DocId
from allabel.reply import Status
from eval.experiments.measured import Cost, Measured, Spot
from eval.report.summary import Place, budgets, by_label, cells, largest, lines, summaries


def _cell(counts, *, seed=0, strategy="uniform", budget="5%", arm="crf", n_texts=50, docs=None, money=None):
    """counts: (n_docs, n_labels, 3)."""
    counts = np.array(counts, dtype=np.int64)
    ids = tuple(DocId(d) for d in docs or (f"d{i}" for i in range(len(counts))))
    cost = Cost(n_texts, 10 * n_texts, n_texts, n_texts / 2, tag_s=4.0, money=money)
    labels = ("A", "B")[: counts.shape[1]]
    return Measured(Spot("made", seed, strategy, budget, arm), cost, ids, labels, counts, {Status.OK: len(ids)}, 8, 2)


def _with_f1(tenths, n_docs=4, **where):
    """Every text has F1 of so many tenths: the interval has no width."""
    return _cell([[[tenths, 10, 10]]] * n_docs, **where)


def _only(measured, **where):
    found = [s for s in summaries(cells(measured)) if all(getattr(s.place, k) == v for k, v in where.items())]
    assert len(found) == 1
    return found[0]


def test_f1_is_the_mean_over_seeds_and_costs_are_means() -> None:
    summary = _only([_with_f1(4, seed=0, n_texts=50, money=1.0), _with_f1(8, seed=1, n_texts=52, money=2.0)])
    assert summary.f1.difference == pytest.approx(0.6)
    assert (summary.cost["n_texts"], summary.cost["money"], summary.n_seeds, summary.n_docs) == (51, 1.5, 2, 4)
    assert summary.ungrounded_share == 0.25


def test_a_price_that_one_seed_lacks_is_unknown() -> None:
    assert _only([_with_f1(4, money=1.0), _with_f1(4, seed=1)]).cost["money"] is None


def test_alike_texts_and_seeds_leave_an_interval_without_width() -> None:
    summary = _only([_with_f1(4, seed=seed) for seed in range(3)])
    assert (summary.f1.low, summary.f1.high) == (pytest.approx(0.4), pytest.approx(0.4))


def test_seeds_that_lie_apart_widen_the_interval_to_the_seeds() -> None:
    # Of two seeds drawn twice, a quarter of the draws are the lower one alone, a quarter the upper.
    summary = _only([_with_f1(4, seed=0), _with_f1(8, seed=1)])
    assert (summary.f1.low, summary.f1.high) == (pytest.approx(0.4), pytest.approx(0.8))


def test_the_interval_is_that_of_a_bootstrap_written_out() -> None:
    rng = np.random.default_rng(7)
    hits = rng.integers(0, 4, size=(3, 60))
    measured = [_cell([[[h, 3, 4]] for h in seed], seed=i) for i, seed in enumerate(hits)]
    drawn = []
    for _ in range(4000):
        texts = rng.integers(60, size=60)
        drawn.append(np.mean([2 * hits[s, texts].sum() / (7 * 60) for s in rng.integers(3, size=3)]))
    low, high = np.quantile(drawn, [0.025, 0.975])
    summary = _only(measured)
    assert (summary.f1.low, summary.f1.high) == (pytest.approx(low, abs=0.012), pytest.approx(high, abs=0.012))


def test_wins_over_uniform_count_shared_seeds_on_shared_texts_and_ties_are_none() -> None:
    uniform = [_with_f1(f1, seed=seed) for seed, f1 in enumerate((4, 4, 4))]
    better = [_with_f1(f1, seed=seed, strategy="coverage") for seed, f1 in enumerate((5, 4, 3, 9))]
    assert _only([*uniform, *better], strategy="coverage").wins == (1, 3)
    assert _only([*uniform, *better], strategy="uniform").wins is None
    assert _only(better).wins is None


def test_retention_is_the_share_of_what_the_largest_budget_reaches() -> None:
    small = _with_f1(4, strategy="coverage")
    full = [_with_f1(6, budget="all", n_texts=900, strategy=name) for name in ("uniform", "coverage")]
    found = _only([small, *full], budget="5%")
    assert found.retention.difference == pytest.approx(4 / 6)
    assert _only([small, *full], budget="all", strategy="coverage").retention is None


def test_retention_counts_from_f1_without_annotated_texts_where_that_was_measured() -> None:
    measured = [_with_f1(2, budget="0", n_texts=0), _with_f1(5), _with_f1(8, budget="all", n_texts=900)]
    assert _only(measured, budget="5%").retention.difference == pytest.approx(0.5)
    assert _only(measured, budget="0").retention.difference == 0


def test_nothing_is_retained_of_nothing() -> None:
    assert _only([_with_f1(4), _with_f1(0, budget="all", n_texts=900)], budget="5%").retention is None


def test_retention_takes_the_texts_that_both_budgets_have() -> None:
    small = _cell([[[1, 2, 2]]], docs=["d1"])
    full = _cell([[[0, 2, 2]], [[2, 2, 2]]], budget="all", n_texts=900)
    assert _only([small, full], budget="5%").retention.difference == pytest.approx(0.5)


def test_labels_are_scored_each_for_itself_and_those_without_gold_are_left_out() -> None:
    found = cells([_cell([[[1, 2, 2], [0, 1, 0]], [[1, 1, 2], [0, 0, 0]]])])
    (one,) = by_label(found, "made", {"crf": "uniform"})
    assert (one.label, one.n_gold) == ("A", 4)
    assert one.f1.difference == pytest.approx(2 * 2 / 7)
    assert by_label(found, "made", {"crf": "coverage"}) == []


def test_budgets_come_by_size_and_lines_by_strategy() -> None:
    found = cells(
        [
            _with_f1(4, budget="20%", n_texts=200),
            _with_f1(4, budget="5%", arm="llm"),
            _with_f1(4, strategy="coverage"),
            _with_f1(4, arm="llm"),
        ]
    )
    assert budgets(found, "made") == ["5%", "20%"]
    assert lines(found, "made") == [("uniform", "crf"), ("uniform", "llm"), ("coverage", "crf")]


def test_the_same_results_give_the_same_numbers() -> None:
    measured = experiment(n_docs=10).measured()
    assert summaries(cells(measured)) == summaries(cells(measured))
    assert Place("made", "uniform", "2%", "crf") in cells(measured)


def test_the_largest_budget_is_that_of_the_arm_whatever_the_texts_of_a_strategy() -> None:
    found = cells(
        [
            _with_f1(4, strategy="coverage", budget="20%", n_texts=90),
            _with_f1(4, budget="20%", n_texts=110),
            _with_f1(4, budget="all", n_texts=900, arm="llm"),
        ]
    )
    assert largest(found, Place("made", "coverage", "5%", "crf")) == Place("made", "coverage", "20%", "crf")
    assert largest(found, Place("made", "random", "5%", "crf")).budget == "20%"
