import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from allabel.annotate.llm.calibration import (
    Calibration,
    Isotonic,
    Quality,
    Temperature,
    calibrate,
    fit,
    judged,
)
from allabel.document import Span
from allabel.errors import InputError
from allabel.reply import Grounding, Proposal


def overconfident(n: int, temperature: float = 3.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Scores whose logits are `temperature` times what they should be, and which of them are right."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(0.7, 1.0, n)
    return expit(truth * temperature), rng.random(n) < expit(truth)


def bent(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Scores close to 1 of which the probability is a power: no temperature mends that."""
    rng = np.random.default_rng(seed)
    scores = 1 - rng.random(n) * 0.3
    return scores, rng.random(n) < ((scores - 0.7) / 0.3) ** 2


def test_the_temperature_that_bent_the_scores_is_found() -> None:
    curve = fit(*overconfident(20_000), "temperature")
    assert isinstance(curve, Temperature)
    assert curve.temperature == pytest.approx(3.0, rel=0.05)


@pytest.mark.parametrize("method", ["temperature", "isotonic"])
def test_overconfident_scores_become_probabilities(method: str) -> None:
    scores, correct = overconfident(4000)
    made = calibrate(scores.tolist(), correct.tolist(), method)
    assert made.before.ece > 0.12
    assert made.after.ece < 0.035
    assert made.after.brier < made.before.brier - 0.02
    unseen, right = overconfident(4000, seed=1)
    assert Quality.of(made.curve(unseen), right).ece < 0.035


def test_isotonic_mends_what_no_temperature_can() -> None:
    scores, correct = bent(4000)
    warm = calibrate(scores.tolist(), correct.tolist(), "temperature")
    free = calibrate(scores.tolist(), correct.tolist(), "isotonic")
    assert free.after.ece < 0.04 < 0.1 < warm.after.ece


def test_good_scores_stay_as_good() -> None:
    scores, correct = overconfident(4000, temperature=1.0)
    made = calibrate(scores.tolist(), correct.tolist())
    assert made.after.ece < made.before.ece + 0.01


def test_quality_by_hand() -> None:
    found = Quality.of(np.array([0.9, 0.9, 0.1, 1.0]), np.array([True, False, False, True]))
    assert found.ece == pytest.approx((0.8 + 0.1 + 0.0) / 4)
    assert found.brier == pytest.approx((0.01 + 0.81 + 0.01 + 0.0) / 4)


def test_isotonic_by_hand() -> None:
    scores, correct = np.array([0.1, 0.2, 0.3, 0.4, 0.4]), np.array([False, True, False, True, True])
    curve = fit(scores, correct, "isotonic")
    assert curve(np.array([0.0, 0.1, 0.2, 0.3, 0.4, 1.0])).tolist() == [0, 0, 0.5, 0.5, 1, 1]


def test_mentions_without_a_score_are_left_out_and_keep_none() -> None:
    scores, correct = overconfident(200)
    plain = calibrate(scores.tolist(), correct.tolist())
    mixed = calibrate([None, *scores.tolist()], [True, *correct.tolist()])
    assert mixed.curve == plain.curve
    assert mixed.n == 200
    assert mixed([None, 0.5])[0] is None
    assert mixed([]) == []


@pytest.mark.parametrize(
    ("scores", "correct"),
    [
        ([0.5] * 49, [True, False] * 24 + [True]),
        ([0.5] * 49 + [None] * 9, [True, False] * 29),
        ([0.5] * 90, [True] * 90),
        ([0.5] * 90, [False] * 90),
    ],
)
def test_too_little_to_learn_from_is_refused(scores: list[float | None], correct: list[bool]) -> None:
    with pytest.raises(InputError, match="at least 50"):
        calibrate(scores, correct)


@pytest.mark.parametrize("method", ["temperature", "isotonic"])
def test_a_calibration_survives_json(method: str) -> None:
    scores, correct = overconfident(300)
    made = calibrate(scores.tolist(), correct.tolist(), method)
    assert Calibration.from_dict(json.loads(json.dumps(made.to_dict()))) == made


@pytest.mark.parametrize("data", [{}, {"method": "temperature"}, {"method": "isotonic", "curve": 3}])
def test_what_is_no_calibration_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(InputError, match="no calibration"):
        Calibration.from_dict(data)


def test_isotonic_keeps_the_ends_of_level_stretches_only() -> None:
    curve = fit(*overconfident(4000), "isotonic")
    assert isinstance(curve, Isotonic)
    assert len(curve.scores) < 200


def test_a_span_is_judged_once_and_what_has_none_is_not() -> None:
    span, other = Span(0, 2, "C"), Span(0, 2, "D")
    proposals = [
        Proposal("C", "ab", span, Grounding.EXACT, 0.9),
        Proposal("C", "ab", span, Grounding.EXACT, 0.9),
        Proposal("D", "ab", other, Grounding.EXACT, None),
        Proposal("C", "x", None, Grounding.MISSING, 0.8),
    ]
    assert judged(proposals, [span]) == ([0.9, None], [True, False])


judgements = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=50, max_size=120).filter(
    lambda pairs: len({right for _, right in pairs}) == 2
)


@pytest.mark.parametrize("method", ["temperature", "isotonic"])
@given(judgements)
def test_a_curve_is_monotone_and_stays_in_0_1(method: str, pairs: list[tuple[float, bool]]) -> None:
    made = calibrate([score for score, _ in pairs], [right for _, right in pairs], method)
    curve = made.curve(np.linspace(0, 1, 101))
    assert np.all(np.diff(curve) >= 0)
    assert curve.min() >= 0
    assert curve.max() <= 1


@given(judgements)
def test_isotonic_has_no_worse_brier_score_on_its_own_data_and_no_bias(pairs: list[tuple[float, bool]]) -> None:
    scores, correct = np.array([score for score, _ in pairs]), np.array([right for _, right in pairs])
    curve = fit(scores, correct, "isotonic")
    before, after = Quality.of(scores, correct), Quality.of(curve(scores), correct)
    assert after.brier <= before.brier + 1e-9
    assert after.ece <= min(before.ece, 0) + 1e-9
    assert curve(scores).mean() == pytest.approx(correct.mean())
