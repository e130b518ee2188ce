"""How far people agree on the texts that two or more of them answered.

Sources: Hripcsak & Rothschild 2005 (F1 as agreement where the negative cases cannot be counted, as with spans);
Efron & Tibshirani 1993 (bootstrap over texts); for kappa and alpha see `allabel.coefficients`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from allabel.annotate.pieces import token_labels
from allabel.coefficients import cohen_kappa, krippendorff_alpha
from allabel.document import Annotation, DocId, Span
from allabel.review.answers import Answers, twice_answered
from retrieval.base import FloatArray

LEVEL, RESAMPLES = 0.95, 1000
# Below this an interval over texts would say more of luck than of people.
FEWEST_FOR_INTERVAL = 5
NO_TEXTS = "no text was answered by two people yet; ask for double annotation with the setting 'double_share'"
NOBODY = "nobody marked anything in these texts"
ONE_CATEGORY = "every token bears the same label for everybody, so agreement by chance is complete already"


@dataclass(frozen=True, slots=True)
class Disputed:
    """A text whose answers differ. f1: mean over pairs of people. n_differing: spans that not all of them marked."""

    doc_id: DocId
    people: tuple[str, ...]
    f1: float
    n_differing: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far people agree; each coefficient is None where it is undefined, and `reasons` says why by its name.

    f1: strict F1, micro over texts, then the mean over pairs of people, in [0, 1], and its 95 % interval over texts.
    cohen: Cohen's kappa over tokens, the mean over pairs of people. krippendorff: alpha over tokens, nominal.
    per_label: strict F1 of each label, all pairs counted together. by_pair: F1 of each pair of people.
    disputed: the texts whose answers differ, most disputed first; n_same: how many have the same answer from all.
    """

    n_texts: int
    people: tuple[str, ...] = ()
    f1: float | None = None
    f1_low: float | None = None
    f1_high: float | None = None
    cohen: float | None = None
    krippendorff: float | None = None
    per_label: Mapping[str, float] = field(default_factory=dict)
    by_pair: Mapping[tuple[str, str], float] = field(default_factory=dict)
    disputed: tuple[Disputed, ...] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)

    @property
    def n_same(self) -> int:
        """How many of the texts have the same answer from everybody."""
        return self.n_texts - len(self.disputed)


def agreement(history: Iterable[Annotation], texts: Mapping[DocId, str], rng: np.random.Generator) -> Agreement:
    """Measure agreement on the texts that two or more people answered on their own (see `review.answers`).

    history: every answer, oldest first. texts: the text of each id. rng: for the interval.
    """
    shared = twice_answered(history)
    if not shared:
        return Agreement(0, reasons=dict.fromkeys(("f1", "interval", "cohen", "krippendorff"), NO_TEXTS))
    people = tuple(sorted({person for answers in shared.values() for person in answers}))
    pairs = list(combinations(people, 2))
    counts = np.array([[_counts(shared[id], pair) for pair in pairs] for id in shared], dtype=np.float64)
    reasons: dict[str, str] = {}
    f1 = _optional(_mean_f1(counts.sum(axis=0)))
    if f1 is None:
        reasons["f1"] = NOBODY
    low, high = None, None
    if len(shared) < FEWEST_FOR_INTERVAL:
        reasons["interval"] = f"{len(shared)} texts are too few for an interval: {FEWEST_FOR_INTERVAL} at least"
    elif f1 is None:
        reasons["interval"] = NOBODY
    else:
        low, high = _interval(counts, rng)
    cohen, alpha = _over_tokens(shared, texts, pairs)
    if cohen is None:
        reasons["cohen"] = ONE_CATEGORY
    if alpha is None:
        reasons["krippendorff"] = ONE_CATEGORY
    sums = counts.sum(axis=0)
    by_pair = {pair: 2 * hits / marked for pair, (hits, marked) in zip(pairs, sums.tolist(), strict=True) if marked}
    return Agreement(
        len(shared), people, f1, low, high, cohen, alpha, _per_label(shared), by_pair, _disputed(shared), reasons
    )


def _spans(answers: Mapping[str, Annotation], pair: Sequence[str]) -> tuple[set[Span], set[Span]] | None:
    a, b = pair
    return (set(answers[a].entities), set(answers[b].entities)) if a in answers and b in answers else None


def _counts(answers: Mapping[str, Annotation], pair: Sequence[str]) -> tuple[int, int]:
    """Return how many spans both marked, and how many they marked in all; zeros where one did not answer."""
    both = _spans(answers, pair)
    return (len(both[0] & both[1]), len(both[0]) + len(both[1])) if both else (0, 0)


def _mean_f1(sums: FloatArray) -> FloatArray:
    """Give the mean of F1 over the pairs of people that marked anything; NaN where none did.

    sums: (…, n_pairs, 2), right and marked. Returns (…).
    """
    hits, marked = sums[..., 0], sums[..., 1]
    known = marked > 0
    f1 = np.divide(2 * hits, marked, out=np.zeros_like(hits), where=known)
    n_known = known.sum(axis=-1)
    mean: FloatArray = np.divide(
        f1.sum(axis=-1), n_known, out=np.full(n_known.shape, np.nan, dtype=np.float64), where=n_known > 0
    )
    return mean


def _optional(value: FloatArray) -> float | None:
    return None if np.isnan(value) else float(value)


def _interval(counts: FloatArray, rng: np.random.Generator) -> tuple[float, float]:
    """counts: (n_texts, n_pairs, 2), something marked in at least one text."""
    n = len(counts)
    drawn = rng.multinomial(n, np.full(n, 1 / n), size=RESAMPLES).astype(np.float64)
    f1 = _mean_f1(np.einsum("rt,tpc->rpc", drawn, counts))
    low, high = np.nanquantile(f1, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _over_tokens(
    shared: Answers, texts: Mapping[DocId, str], pairs: Sequence[tuple[str, str]]
) -> tuple[float | None, float | None]:
    labels = {
        id: {person: token_labels(texts[id], answer.entities) for person, answer in answers.items()}
        for id, answers in shared.items()
    }
    kappas = []
    for a, b in pairs:
        both = [given for given in labels.values() if a in given and b in given]
        kappa = cohen_kappa([x for given in both for x in given[a]], [x for given in both for x in given[b]])
        if kappa is not None:
            kappas.append(kappa)
    alpha = krippendorff_alpha(unit for given in labels.values() for unit in zip(*given.values(), strict=True))
    return (sum(kappas) / len(kappas) if kappas else None), alpha


def _per_label(shared: Answers) -> dict[str, float]:
    hits: Counter[str] = Counter()
    marked: Counter[str] = Counter()
    for answers in shared.values():
        for one, other in combinations(answers.values(), 2):
            a, b = set(one.entities), set(other.entities)
            hits.update(span.label for span in a & b)
            marked.update(span.label for spans in (a, b) for span in spans)
    return {label: 2 * hits[label] / marked[label] for label in sorted(marked)}


def _disputed(shared: Answers) -> tuple[Disputed, ...]:
    found = []
    for id, answers in shared.items():
        spans = [set(answer.entities) for answer in answers.values()]
        n_marked = Counter(span for marked in spans for span in marked)
        n_differing = sum(n < len(spans) for n in n_marked.values())
        if n_differing:
            f1 = [2 * len(a & b) / (len(a) + len(b)) if a or b else 1.0 for a, b in combinations(spans, 2)]
            found.append(Disputed(id, tuple(answers), sum(f1) / len(f1), n_differing))
    return tuple(sorted(found, key=lambda one: (one.f1, -one.n_differing)))
