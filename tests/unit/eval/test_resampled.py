import numpy as np
import pytest

from allabel.errors import InputError
from eval.bootstrap import paired_bootstrap
from eval.counts import Counts
from eval.resampled import draws, draws_by_text, interval_of, micro_f1, p_value, replicates, seed_draws

# Two texts of two labels: true positives, predicted, gold.
TEXTS = np.array([[[1, 2, 1], [0, 0, 2]], [[3, 4, 4], [0, 1, 0]]])


def test_micro_f1_takes_all_labels_together():
    # 4 right of 7 predicted and 7 gold
    assert micro_f1(TEXTS.sum(axis=0)) == pytest.approx(4 / 7)
    assert micro_f1(TEXTS) == pytest.approx([2 / 5, 6 / 9])


def test_nothing_predicted_of_nothing_there_scores_zero():
    assert micro_f1(np.zeros((2, 3))) == 0


def test_a_replicate_is_the_mean_over_drawn_seeds_of_f1_over_drawn_texts():
    other = np.array([[[1, 1, 1], [0, 0, 0]]])
    weights = [np.array([[2, 0], [1, 1], [0, 2]]), np.array([[1], [1], [1]])]
    seeds = np.array([[2, 0], [1, 1], [0, 2]])
    found = replicates([TEXTS, other], weights, seeds)
    assert found == pytest.approx([2 / 5, (4 / 7 + 1) / 2, 1])


def test_one_seed_gives_the_interval_of_the_paired_bootstrap():
    rng = np.random.default_rng(5)
    a, b = (np.stack([t := rng.integers(0, 4, 50), t + rng.integers(0, 3, 50), t + 1], axis=1) for _ in range(2))
    expected = paired_bootstrap(
        [Counts(*map(int, c)) for c in a], [Counts(*map(int, c)) for c in b], np.random.default_rng(1), n=500
    )
    weights, seeds = draws([50], 500, np.random.default_rng(1)), np.ones((500, 1), dtype=int)
    difference = replicates([a[:, None]], weights, seeds) - replicates([b[:, None]], weights, seeds)
    found = interval_of(difference, float(micro_f1(a.sum(axis=0)[None]) - micro_f1(b.sum(axis=0)[None])))
    assert (found.difference, found.low, found.high) == pytest.approx(
        (expected.difference, expected.low, expected.high), abs=1e-12
    )


def test_blocks_do_not_change_the_replicates(monkeypatch):
    rng = np.random.default_rng(2)
    weights, seeds = draws([2, 2], 40, rng), seed_draws(2, 40, rng)
    whole = replicates([TEXTS, TEXTS[::-1]], weights, seeds)
    monkeypatch.setattr("eval.resampled._BLOCK", 14)
    assert (replicates([TEXTS, TEXTS[::-1]], weights, seeds) == whole).all()


def test_each_row_draws_as_many_texts_and_seeds_as_there_are():
    rng = np.random.default_rng(0)
    assert [w.sum(axis=1).tolist() for w in draws([3, 5], 4, rng)] == [[3] * 4, [5] * 4]
    assert seed_draws(3, 4, rng).sum(axis=1).tolist() == [3] * 4


def test_a_text_that_seeds_share_is_drawn_as_often_in_each():
    first, second = draws_by_text([["a", "b", "c"], ["c", "d", "a"]], 50, np.random.default_rng(0))
    assert first[:, 0].tolist() == second[:, 2].tolist()
    assert first[:, 2].tolist() == second[:, 0].tolist()
    assert (first[:, 0] + first[:, 1] + second[:, 0] + second[:, 1]).tolist() == [4] * 50


@pytest.mark.parametrize(("shared", "low", "high"), [(True, 0.92, 0.98), (False, 0.6, 0.85)])
def test_seeds_over_the_same_texts_need_common_draws_for_an_interval_that_holds_what_it_promises(shared, low, high):
    # Five seeds, the same 60 texts, whose difficulty alone decides: the truth is a difference of 0.
    rng = np.random.default_rng(4)
    held = 0
    for _ in range(200):
        hard = rng.integers(0, 2, (2, 60))
        a, b = (np.stack([side, np.ones(60, int), np.ones(60, int)], axis=1)[:, None] for side in hard)
        docs = [list(range(60))] * 5
        weights = draws_by_text(docs, 200, rng) if shared else draws([60] * 5, 200, rng)
        seeds = seed_draws(5, 200, rng)
        interval = interval_of(replicates([a] * 5, weights, seeds) - replicates([b] * 5, weights, seeds), 0)
        held += interval.low <= 0 <= interval.high
    assert low < held / 200 < high


def test_the_interval_takes_in_how_seeds_differ():
    # Without seeds drawn, texts that are all alike within a seed would give no width.
    good, bad = np.array([[[1, 1, 1]]] * 9), np.array([[[0, 1, 1]]] * 9)
    rng = np.random.default_rng(0)
    found = interval_of(replicates([good, bad], draws([9, 9], 400, rng), seed_draws(2, 400, rng)), 0.5)
    assert (found.low, found.high) == (0, 1)


@pytest.mark.parametrize(
    ("drawn", "p"),
    [([1, 2, 3, 4], 1 / 5), ([-1, 2, 3, 4], 0.5), ([0, 0, 0, 0], 1), ([-1, 1, -2, 2], 1), ([0, 1, 2, 3], 0.5)],
)
def test_p_is_the_doubled_share_at_or_beyond_zero(drawn, p):
    assert p_value(np.array(drawn, dtype=float)) == pytest.approx(p)
    assert p_value(-np.array(drawn, dtype=float)) == pytest.approx(p)


def test_no_texts_no_seeds_and_misfits_are_refused():
    rng = np.random.default_rng(0)
    for fails in (
        lambda: draws([3, 0], 5, rng),
        lambda: draws([3], 0, rng),
        lambda: draws([], 5, rng),
        lambda: draws_by_text([["a"], []], 5, rng),
        lambda: seed_draws(0, 5, rng),
        lambda: replicates([TEXTS], draws([3], 5, rng), seed_draws(1, 5, rng)),
        lambda: replicates([TEXTS, TEXTS], draws([2, 2], 5, rng), seed_draws(1, 5, rng)),
    ):
        with pytest.raises(InputError, match="remedy"):
            fails()
