"""Which curve is taken, and that no curve is measured by a text it was fitted to."""

import numpy as np
import pytest
from scipy.special import expit

from allabel.annotate.llm.calibration import calibrate


def test_auto_takes_the_curve_that_is_better_on_what_it_was_not_fitted_to() -> None:
    rng = np.random.default_rng(0)
    high = 1 - rng.random(2000) * 0.1
    # A fifth of what scores above 0.9 is right: no temperature reaches below a half.
    seldom = (rng.random(2000) < 0.2).tolist()
    assert calibrate(high.tolist(), seldom, "auto").method == "isotonic"
    truth = rng.normal(0.7, 1.0, 200)
    bent, right = expit(3 * truth).tolist(), (rng.random(200) < expit(truth)).tolist()
    each = {method: calibrate(bent, right, method) for method in ("temperature", "isotonic")}
    best = min(each.values(), key=lambda made: made.after.brier)
    assert calibrate(bent, right, "auto") == best
    assert best.is_better


@pytest.mark.parametrize("n_texts", [40, 3])
def test_a_text_known_by_heart_makes_no_curve_look_good(n_texts: int) -> None:
    rng = np.random.default_rng(1)
    texts = np.repeat(np.arange(n_texts), 6)
    # All six mentions of a text have its score, and are right or wrong together: by chance.
    scores, right = rng.random(n_texts)[texts], (rng.random(n_texts) < 0.5)[texts]
    if len(scores) < 50:
        texts, scores, right = (np.concatenate([x] * 4) for x in (texts, scores, right))
        right[0] = not right[1]
    mixed = calibrate(scores.tolist(), right.tolist(), "isotonic")
    apart = calibrate(scores.tolist(), right.tolist(), "isotonic", texts.tolist())
    if n_texts == 40:
        assert apart.after.brier > 0.25 > mixed.after.brier
    else:
        # With fewer texts than folds there is no other way than mention by mention.
        assert apart.curve == mixed.curve


def test_scores_that_are_probabilities_already_are_not_made_better() -> None:
    # Of ten mentions at 0.9 nine are right, of ten at 0.1 one is, in each fold.
    scores, right = [], []
    for n in range(10):
        for _ in range(5):
            scores += [0.9, 0.1]
            right += [n > 0, n == 0]
    assert not calibrate(scores, right, "temperature").after.brier < calibrate(scores, right).before.brier - 1e-6
