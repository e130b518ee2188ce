"""Signal (a), stabilising predictions: does the last round still change what the annotator says?

Source: Bloodgood & Vijay-Shanker 2009 (Cohen's kappa between successive models on an unlabelled stop set);
Bloodgood & Grothendieck 2013 (the bound on the change of F).
"""

from collections.abc import Sequence

import numpy as np

from allabel.annotate import pieces
from allabel.annotate.base import Annotator, Demonstration
from allabel.coefficients import cohen_kappa
from allabel.stopping.base import Signal, Verdict, nobodys

NAME, ENOUGH, STOP_SET = "predictions", 0.99, 1000
# A bound on the change of F above this says nothing that the share of changed labels does not say better.
TIGHT = 0.1


def kappa(before: Sequence[str], after: Sequence[str]) -> float:
    """Return Cohen's kappa of two labellings of the same tokens, O included; 1 where both give one same label.

    Raises ValueError where they differ in length or are empty.
    """
    if not before:
        raise ValueError("kappa of no tokens is undefined")
    found = cohen_kappa(before, after)
    return 1.0 if found is None else found


def change_bound(k: float) -> float:
    """Return the most that F can have changed, 4 (1 - k) / k, at most 1: F lies in [0, 1]."""
    return min(1.0, 4 * (1 - k) / k) if k > 0 else 1.0


def agreement(
    annotator: Annotator,
    before: Sequence[Demonstration],
    after: Sequence[Demonstration],
    stop_set: Sequence[str],
    n_open: int | None = None,
) -> Signal:
    """Compare what the annotator says of the stop set from the annotations before the last round, and from all.

    n_open: how many texts nobody annotated, where the stop set was drawn from them.
    """
    labels = [token_labels(annotator, stop_set, shown) for shown in (before, after)]
    if not labels[0]:
        return Signal.unknown(NAME, "no text is left without annotation to compare predictions on")
    k = kappa(*labels)
    bound = change_bound(k)
    enough = k >= ENOUGH
    if {*labels[0], *labels[1]} == {"O"}:
        return Signal.unknown(NAME, "neither round of annotations makes the annotator find any entity")
    changed = float(np.mean([a != b for a, b in zip(*labels, strict=True)]))
    sentence = (
        f"the last {len(after) - len(before)} annotations changed the label of {100 * changed:.1f} % of the words in "
        f"{nobodys(len(stop_set), n_open or len(stop_set))}; kappa {k:.3f} ({ENOUGH} is stable); the bound on how far "
        + (f"F1 changed is {100 * bound:.0f} points" if bound <= TIGHT else "F1 changed is too loose to tell")
    )
    verdict = Verdict.MAY_STOP if enough else Verdict.GO_ON
    values = {"changed_share": changed, "kappa": k, "f1_change_at_most": bound, "stop_set": len(stop_set)}
    return Signal(NAME, verdict, sentence, values)


def token_labels(annotator: Annotator, texts: Sequence[str], shown: Sequence[Demonstration]) -> list[str]:
    """Return the label of every token of the texts, O where there is no entity, one text after the other."""
    replies = annotator.annotate(texts, shown)
    return [label for t, r in zip(texts, replies, strict=True) for label in pieces.token_labels(t, r.spans)]
