import numpy as np
import pytest
from scipy.stats import binomtest

from allabel.document import DocId, Document, Span
from allabel.errors import InputError
from allabel.reply import Grounding, Proposal, Reply, Status
from eval.reliability import judged, reliability, wilson


def test_bins_hold_mean_score_and_share_right():
    found = reliability([(0.12, False), (0.18, True), (0.95, True), (1.0, True)])
    assert [(b.low, b.high, b.n) for b in found.bins] == [(0.1, 0.2, 2), (0.9, 1.0, 2)]
    assert [(b.score, b.right) for b in found.bins] == [pytest.approx((0.15, 0.5)), pytest.approx((0.975, 1.0))]
    assert found.ece == pytest.approx((2 * 0.35 + 2 * 0.025) / 4)
    assert found.brier == pytest.approx((0.12**2 + 0.82**2 + 0.05**2) / 4)


def test_proposals_without_a_score_are_counted_and_in_no_bin():
    found = reliability([(None, True), (0.5, True), (None, False)])
    assert (found.n_scored, found.n_unscored) == (1, 2)
    assert sum(b.n for b in found.bins) == 1


def test_without_scores_there_is_no_error_to_speak_of():
    found = reliability([(None, True)])
    assert (found.bins, found.ece, found.brier, found.n_unscored) == ((), None, None, 1)


def test_scores_that_tell_the_truth_have_next_to_no_error():
    rng = np.random.default_rng(0)
    scores = rng.random(20_000)
    found = reliability(zip(scores.tolist(), (rng.random(20_000) < scores).tolist(), strict=True), n_bins=15)
    assert len(found.bins) == 15
    assert found.ece == pytest.approx(0, abs=0.015)
    # E (s - y)² = E s (1 - s) = 1/6
    assert found.brier == pytest.approx(1 / 6, abs=0.005)


@pytest.mark.parametrize("score", [-0.1, 1.01, float("nan")])
def test_a_score_that_is_no_probability_is_refused(score):
    with pytest.raises(InputError, match="no probability"):
        reliability([(score, True)])


def test_no_bins_are_refused():
    with pytest.raises(InputError, match="0 bins"):
        reliability([], n_bins=0)


@pytest.mark.parametrize(("n_right", "n"), [(0, 1), (0, 20), (1, 1), (3, 8), (50, 50), (499, 1000)])
def test_the_interval_is_wilsons(n_right, n):
    expected = binomtest(n_right, n).proportion_ci(method="wilson")
    assert wilson(n_right, n) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize(("n_right", "n"), [(0, 0), (2, 1), (-1, 1)])
def test_what_is_no_share_is_refused(n_right, n):
    with pytest.raises(InputError, match="no share"):
        wilson(n_right, n)


def test_a_failed_reply_proposes_nothing():
    proposal = Proposal("A", "x", Span(0, 1, "A"), Grounding.EXACT, 0.5)
    document = Document(DocId("a"), "x", (Span(0, 1, "A"),))
    assert list(judged(document, Reply(Status.TRUNCATED, (proposal,)))) == []
    assert list(judged(document, Reply(Status.OK, (proposal,)))) == [(0.5, True)]
