import math

import pytest

from allabel.annotate.perplexity import perplexity


@pytest.mark.parametrize(
    ("logprobs", "expected"),
    [
        ([0.0, 0.0], 1.0),
        ([math.log(0.5)], 2.0),
        ([math.log(0.5), math.log(0.125)], 4.0),  # the geometric mean of 2 and 8
        ([1e-9], 1.0),
        ([-9999.0], math.inf),
        ([-math.inf, 0.0], math.inf),
        ([-1e308] * 3, math.inf),  # their sum is more than a float holds
        ([-math.inf, math.inf], math.inf),
    ],
)
def test_perplexity_is_the_inverse_geometric_mean_of_the_probabilities(logprobs: list[float], expected: float) -> None:
    assert perplexity(logprobs) == pytest.approx(expected)


@pytest.mark.parametrize("logprobs", [[], [math.nan], [-1.0, math.nan]])
def test_perplexity_is_unknown_without_probabilities(logprobs: list[float]) -> None:
    assert perplexity(logprobs) is None
