import math

import numpy as np
import pytest

from allabel.errors import InputError
from eval.bootstrap import paired_bootstrap
from eval.counts import Counts
from eval.detectable import from_gold

# z(0.975) + z(0.8)
FACTOR = 1.959964 + 0.841621


def test_before_a_run_only_the_number_of_entities_counts():
    # F = 1/2: F(1-F)((2-F)² + F) = 0.25 · 2.75; two annotators, half alike: 2 · (1 - 0.5) = 1; 400 entities.
    expected = FACTOR * math.sqrt(0.25 * 2.75 / 4 / 400)
    assert from_gold([2] * 200, 0.5, dispersion=1).difference == pytest.approx(expected, rel=1e-5)
    assert from_gold([4, 0] * 100, 0.5, dispersion=1.4).difference == pytest.approx(1.4 * expected, rel=1e-5)


def test_in_words():
    words = from_gold([5] * 161, 0.8, correlation=0.75, dispersion=1).in_words()
    # 2.802 · √(2 · 0.25 · 0.16 · 2.24 / 4 / 805) = 2.09 points
    assert words == (
        "with 161 test texts differences under 2.1 F1 will not show "
        "(power 80%, level 5%; F1 0.8, correlation 0.75 and dispersion 1 assumed)"
    )


@pytest.mark.parametrize(
    "fails",
    [
        lambda: from_gold([], 0.5),
        lambda: from_gold([0, 0], 0.5),
        lambda: from_gold([1, 1], 1.0),
        lambda: from_gold([1, 1], 0.5, dispersion=0),
    ],
)
def test_what_says_nothing_is_refused(fails):
    with pytest.raises(InputError, match="remedy"):
        fails()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n_docs", "f1", "alike", "clumped"), [(160, 0.7, 0.5, 1), (400, 0.5, 0.3, 1), (300, 0.6, 0.5, 3)]
)
def test_the_paired_bootstrap_finds_the_difference_in_four_of_five_runs(n_docs, f1, alike, clumped):
    """Texts are made by the model, `clumped` entities faring as one; a's F1 is above b's by what should show."""
    rng = np.random.default_rng(n_docs)
    n_entities = rng.poisson(3, n_docs) + 1
    found = from_gold((n_entities * clumped).tolist(), f1, correlation=alike, dispersion=math.sqrt(clumped))
    n_runs, seen = 600, 0
    for _ in range(n_runs):
        a, b = _made(n_entities, f1 + found.difference / 2, f1 - found.difference / 2, alike, clumped, rng)
        seen += paired_bootstrap(a, b, rng, n=400).excludes_zero
    assert seen / n_runs == pytest.approx(0.8, abs=0.05)


def _made(n_entities, f1_a, f1_b, alike, clumped, rng):
    """Counts of two annotators whose precision and recall are their F1; they share chances as often as `alike`."""
    text = np.repeat(np.arange(len(n_entities)), n_entities)

    def chances():
        common, own = rng.random(len(text)), rng.random((2, len(text)))
        return np.where(rng.random(len(text)) < alike, common, own)

    hit, invented = chances(), chances()
    sides = []
    for f1, h, v in zip((f1_a, f1_b), hit, invented, strict=True):
        # Poisson of mean 1 - f1, from its distribution's inverse: 0, 1, 2 or more cases hold all but a thousandth.
        steps = np.cumsum([math.exp(f1 - 1) * (1 - f1) ** k / math.factorial(k) for k in range(8)])
        right = np.bincount(text, h < f1, len(n_entities)).astype(int) * clumped
        wrong = np.bincount(text, np.searchsorted(steps, v), len(n_entities)).astype(int) * clumped
        gold = n_entities * clumped
        sides.append([Counts(int(r), int(r + w), int(g)) for r, w, g in zip(right, wrong, gold, strict=True)])
    return sides
