"""Results of an experiment made by hand: each text has one entity a label, and one prediction that is right or not."""

from collections.abc import Sequence

import numpy as np

from allabel.document import DocId
from eval.experiments.measured import Cost, Measured, Spot

LABELS = ("Chemical", "Disease")


def made(
    arm: str,
    right: Sequence[int] | Sequence[Sequence[int]],
    *,
    n_texts: int = 100,
    budget: str = "",
    seed: int = 0,
    data: str = "bc5cdr",
    strategy: str = "uniform",
    docs: Sequence[str] = (),
    cost: Cost | None = None,
) -> Measured:
    """F1 is the share of ones. right: 0 or 1 a text, or a list a text with one of each label of LABELS."""
    tp = np.array(right).reshape(len(right), -1)
    one = np.ones_like(tp)
    return Measured(
        Spot(data, seed, strategy, budget or str(n_texts), arm),
        cost or Cost(n_texts, 20 * n_texts, 3 * n_texts, 1.5 * n_texts),
        tuple(map(DocId, docs or (f"text {i}" for i in range(len(tp))))),
        LABELS[: tp.shape[1]],
        np.stack([tp, one, one], axis=-1),
        {},
        tp.size,
        0,
    )
