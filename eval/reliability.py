"""Whether an annotator's scores can be believed: of proposals scored 0.8, are eight in ten right?"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from allabel.document import Document
from allabel.errors import InputError
from allabel.reply import Reply, Status
from eval.value import items_of

# The 0.975 quantile of the normal distribution.
_Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Bin:
    """Proposals whose score is in [low, high), the last one's high included.

    score: their mean score. right: the share that is right, with its 95 % Wilson interval.
    """

    low: float
    high: float
    n: int
    score: float
    right: float
    right_low: float
    right_high: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """How scores and truth agree.

    bins: those that hold a proposal, lowest first. n_unscored: proposals without a score; they are in no bin.
    ece: expected calibration error, the mean distance of `score` and `right` over proposals; 0 is best.
    brier: the mean squared distance of score and truth, 0 or 1; 0 is best. Both are None where nothing is scored.
    """

    bins: tuple[Bin, ...]
    n_scored: int
    n_unscored: int
    ece: float | None
    brier: float | None


def reliability(judged: Iterable[tuple[float | None, bool]], n_bins: int = 10) -> Reliability:
    """Compare scores with truth in bins of equal width.

    judged: each proposal's score, None where it has none, and whether it is right.
    Raises InputError where a score is not in [0, 1], or there is no bin.
    Source: Naeini, Cooper and Hauskrecht 2015 (bins, expected calibration error); Brier 1950; Wilson 1927.
    """
    if n_bins < 1:
        raise InputError(f"{n_bins} bins hold nothing", remedy="take at least one")
    held: list[list[tuple[float, bool]]] = [[] for _ in range(n_bins)]
    n_unscored = 0
    for score, right in judged:
        if score is None:
            n_unscored += 1
            continue
        if not 0 <= score <= 1:
            raise InputError(
                f"the score {score} of a proposal is no probability",
                remedy="give scores from 0 to 1, or null where the annotator cannot tell",
            )
        held[min(int(score * n_bins), n_bins - 1)].append((score, right))
    bins = tuple(_bin(i / n_bins, (i + 1) / n_bins, inside) for i, inside in enumerate(held) if inside)
    n = sum(b.n for b in bins)
    return Reliability(
        bins,
        n,
        n_unscored,
        sum(b.n * abs(b.score - b.right) for b in bins) / n if n else None,
        sum((score - right) ** 2 for inside in held for score, right in inside) / n if n else None,
    )


def judged(document: Document, reply: Reply) -> Iterator[tuple[float | None, bool]]:
    """Yield each proposal's score and whether it is right: its span is gold or, where gold has values only, its string.

    Nothing comes of a reply that is not `ok`. Runs of white space count as one space.
    """
    values = items_of(document.values or {})
    for p in reply.proposals if reply.status is Status.OK else ():
        if document.entities is not None:
            yield p.score, p.span in document.entities
        else:
            string = p.mention if p.span is None else document.text[p.span.start : p.span.end]
            yield p.score, (p.label, " ".join(string.split())) in values


def wilson(n_right: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share. Source: Wilson 1927. Raises InputError where n is not positive."""
    if not 0 <= n_right <= n or n < 1:
        raise InputError(f"{n_right} of {n} is no share", remedy="give at least one case, and no more right ones")
    share, spread = n_right / n, _Z**2 / n
    middle = share + spread / 2
    reach = math.sqrt(spread * (share * (1 - share) + spread / 4))
    # Rounding must not push the ends past what a share can be.
    return max(0.0, (middle - reach) / (1 + spread)), min(1.0, (middle + reach) / (1 + spread))


def _bin(low: float, high: float, inside: list[tuple[float, bool]]) -> Bin:
    n, n_right = len(inside), sum(right for _, right in inside)
    return Bin(low, high, n, sum(score for score, _ in inside) / n, n_right / n, *wilson(n_right, n))
