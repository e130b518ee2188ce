"""What a comparison can show at all: the smallest difference of micro F1 that so many test texts are likely to find.

Micro F1 is F = 2 Σ tp / Σ s, with s = predicted + gold of a text. To first order a text moves it by u / n, where
u = (2 tp - F s) / mean(s). The difference of two annotators on n texts then has the standard error

    SE = sd(u_a - u_b) / √n = √(sd_a² + sd_b² - 2 r sd_a sd_b) / √n

with r the correlation of u_a and u_b over texts: what is hard for one is hard for the other. A 95 % interval of the
paired bootstrap then excludes zero in 80 % of all comparisons where the true difference is

    (z(0.975) + z(0.8)) SE = (1.960 + 0.842) SE

Before any run sd follows from a model of texts with g gold entities each: each entity is found with probability F, and
g (1 - F) are invented on average, so that precision and recall are F, each entity for itself:

    sd² = F (1 - F) ((2 - F)² + F) / (4 mean(g))

Entities of one text fare alike, so the real sd is `dispersion` times that.

Source: delta method for ratios, e.g. Cochran 1977, chapter 6; power as in Card et al. 2020, "With little power comes
great responsibility".
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from allabel.errors import InputError
from allabel.wording import counted
from eval.bootstrap import LEVEL

POWER = 0.8
# Measured: strict F1 of the annotator on board taught by 200 to 1,000 sentences of BC5CDR, on 800 test sentences, has
# correlation 0.43 to 0.57 and dispersion 1.2 to 1.4; value F1 of NERRE's recorded GPT-3 and Llama-2, on five folds of
# 62 abstracts, 0.37 to 0.65 and 1.1 to 2.0.
CORRELATION = 0.5
DISPERSION = 1.4


@dataclass(frozen=True, slots=True)
class Detectable:
    """The smallest difference of micro F1, in [0, 1], that 80 % of comparisons on n_docs texts would show.

    assumed: what it rests on, in words.
    """

    difference: float
    n_docs: int
    assumed: str

    def in_words(self) -> str:
        """Say it in one line, in points of F1."""
        return (
            f"with {counted(self.n_docs, 'test text')} differences under {100 * self.difference:.1f} F1 will not show "
            f"(power {POWER:.0%}, level {1 - LEVEL:.0%}; {self.assumed})"
        )


def from_gold(
    n_entities: Sequence[int], f1: float, *, correlation: float = CORRELATION, dispersion: float = DISPERSION
) -> Detectable:
    """Derive it before any run, from the gold of the test texts and the F1 that both annotators are likely to reach.

    n_entities: gold entities of each test text. f1: above 0 and below 1. correlation, dispersion: see the module.
    Raises InputError where there is no entity, or a number is out of its range.
    """
    mean = float(np.mean(n_entities)) if len(n_entities) else 0.0
    if mean <= 0 or min(n_entities) < 0 or not 0 < f1 < 1 or not dispersion > 0:
        raise InputError(
            f"{sum(n_entities)} entities in {len(n_entities)} texts, F1 {f1} and dispersion {dispersion} say nothing",
            remedy="give texts with entities, an F1 between 0 and 1, and a dispersion above 0",
        )
    sd = dispersion * math.sqrt(f1 * (1 - f1) * ((2 - f1) ** 2 + f1) / (4 * mean))
    r = _checked(correlation)
    assumed = f"F1 {f1:g}, correlation {r:g} and dispersion {dispersion:g} assumed"
    return _detectable(sd * math.sqrt(2 * (1 - r)), len(n_entities), assumed)


def _checked(correlation: float) -> float:
    if not -1 <= correlation < 1:
        raise InputError(f"{correlation} is no correlation of two annotators", remedy="give -1 to under 1")
    return correlation


def _detectable(spread: float, n_docs: int, assumed: str) -> Detectable:
    if n_docs < 1:
        raise InputError(f"{n_docs} test texts compare nothing", remedy="give at least one")
    normal = NormalDist()
    factor = normal.inv_cdf((1 + LEVEL) / 2) + normal.inv_cdf(POWER)
    return Detectable(factor * spread / math.sqrt(n_docs), n_docs, assumed)
