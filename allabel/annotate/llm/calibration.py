"""Scores turned into probabilities of being right, learned from mentions whose gold is known.

Sources: Guo et al. 2017 (temperature scaling, expected calibration error); Zadrozny & Elkan 2002 (isotonic
regression); Niculescu-Mizil & Caruana 2005 (isotonic regression overfits below a thousand examples).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt
from scipy.optimize import isotonic_regression, minimize_scalar
from scipy.special import expit, logit

from allabel.document import Span
from allabel.errors import InputError
from allabel.reply import Proposal

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Method = Literal["temperature", "isotonic"]
METHODS: tuple[Method, ...] = ("temperature", "isotonic")

FEWEST = 50
N_BINS, N_FOLDS = 15, 5
# Scores of 0 and 1 have no logit.
_LEAST = 1e-6
# A step between two scores that are almost equal has no finite slope.
_DIGITS = 9
_LOG_TEMPERATURES = (-3.0, 5.0)


class Curve(Protocol):
    """A monotone map of scores to probabilities, both (n,) in [0, 1]."""

    def __call__(self, scores: FloatArray) -> FloatArray:
        """Return the probability that each mention is right."""
        ...


@dataclass(frozen=True, slots=True)
class Temperature:
    """sigmoid(logit(score) / temperature), temperature > 0: above 1 it takes confidence back. One number to learn."""

    temperature: float

    def __post_init__(self) -> None:
        if not 0 < self.temperature < np.inf:
            raise ValueError(f"the temperature {self.temperature} is not a finite number above 0")

    def __call__(self, scores: FloatArray) -> FloatArray:
        """Return the probability that each mention is right."""
        return np.asarray(expit(_logit(scores) / self.temperature), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Isotonic:
    """The monotone curve through (scores, probabilities), straight between them and level beyond the ends."""

    scores: tuple[float, ...]
    probabilities: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.scores or len(self.scores) != len(self.probabilities):
            raise ValueError(f"{len(self.scores)} scores and {len(self.probabilities)} probabilities make no curve")
        for points in (self.scores, self.probabilities):
            # A NaN fails every comparison.
            if not all(0 <= x <= 1 for x in points) or not all(a <= b for a, b in pairwise(points)):
                raise ValueError("the points of a curve ascend and lie in [0, 1]")

    def __call__(self, scores: FloatArray) -> FloatArray:
        """Return the probability that each mention is right."""
        return np.interp(scores.round(_DIGITS), self.scores, self.probabilities)


@dataclass(frozen=True, slots=True)
class Quality:
    """How far scores are from probabilities: expected calibration error and Brier score, both in [0, 1], 0 is best."""

    ece: float
    brier: float

    @classmethod
    def of(cls, scores: FloatArray, correct: BoolArray) -> "Quality":
        """Measure scores (n,) against what was right (n,); n >= 1. ECE over 15 bins of equal width."""
        which = np.minimum((scores * N_BINS).astype(np.int64), N_BINS - 1)
        gaps = np.bincount(which, weights=correct - scores, minlength=N_BINS)
        return cls(float(np.abs(gaps).sum() / len(scores)), float(np.mean((scores - correct) ** 2)))


@dataclass(frozen=True, slots=True)
class Calibration:
    """A learned curve, from how many mentions, and what it is worth.

    before: of the scores as they are. after: of calibrated scores that each come from a curve fitted without them
    (five folds), so that a curve which only knows its own data by heart does not look good.
    """

    curve: Temperature | Isotonic
    n: int
    before: Quality
    after: Quality

    @property
    def method(self) -> Method:
        """The kind of its curve."""
        return "temperature" if isinstance(self.curve, Temperature) else "isotonic"

    @property
    def is_better(self) -> bool:
        """Whether calibrated scores are nearer to probabilities than the scores as they are, by the Brier score."""
        return self.after.brier < self.before.brier

    def __call__(self, scores: Sequence[float | None]) -> list[float | None]:
        """Return the calibrated scores, in order; what has no score keeps none."""
        known = [i for i, score in enumerate(scores) if score is not None]
        found: list[float | None] = [None] * len(scores)
        for i, value in zip(known, self.curve(np.array([scores[i] for i in known], dtype=np.float64)), strict=True):
            found[i] = float(value)
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data for JSON; `from_dict` gives it back."""
        return {"method": self.method, **asdict(self)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Calibration":
        """Read what `to_dict` wrote. Raises InputError where it is something else."""
        try:
            curve: Temperature | Isotonic
            if data["method"] not in METHODS:
                raise ValueError(f"unknown method {data['method']!r}")
            if data["method"] == "temperature":
                curve = Temperature(float(data["curve"]["temperature"]))
            else:
                points = data["curve"]
                curve = Isotonic(tuple(map(float, points["scores"])), tuple(map(float, points["probabilities"])))
            before, after = (Quality(float(data[q]["ece"]), float(data[q]["brier"])) for q in ("before", "after"))
            return cls(curve, int(data["n"]), before, after)
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"this is no calibration: {error!r}", remedy="calibrate anew") from error


def calibrate(
    scores: Sequence[float | None],
    correct: Sequence[bool],
    method: Method | Literal["auto"] = "temperature",
    groups: Sequence[int] | None = None,
) -> Calibration:
    """Learn a calibration from mentions with gold; those without a score are left out.

    method: `temperature` from 50 mentions on; `isotonic` bends to any monotone shape, and wants a thousand; `auto` for
    the one with the lower Brier score on mentions it was not fitted to, `temperature` where they are equal.
    groups: the text that each mention stands in, so that no fold measures by a text that it was fitted to.
    Raises InputError below 50 scored mentions, and where all of them are right or all are wrong.
    """
    if method == "auto":
        return min((calibrate(scores, correct, each, groups) for each in METHODS), key=lambda made: made.after.brier)
    places = range(len(scores)) if groups is None else groups
    known = [
        (score, right, place) for score, right, place in zip(scores, correct, places, strict=True) if score is not None
    ]
    n_right = sum(right for _, right, _ in known)
    if len(known) < FEWEST or n_right in (0, len(known)):
        raise InputError(
            f"scores cannot be calibrated on {len(known)} scored mentions, {n_right} of them right",
            remedy=f"at least {FEWEST} are needed, right and wrong ones among them: annotate more of the tagged texts",
        )
    x, y = np.array([score for score, _, _ in known], dtype=np.float64), np.array([right for _, right, _ in known])
    outside = np.empty_like(x)
    folds = _folds([place for _, _, place in known])
    for fold in range(N_FOLDS):
        held = folds == fold
        outside[held] = fit(x[~held], y[~held], method)(x[held])
    return Calibration(fit(x, y, method), len(x), Quality.of(x, y), Quality.of(outside, y))


def fit(scores: FloatArray, correct: BoolArray, method: Method) -> Temperature | Isotonic:
    """Fit a curve to scores (n,) in [0, 1] and what was right (n,), n >= 1."""
    return _temperature(scores, correct) if method == "temperature" else _isotonic(scores, correct)


def judged(proposals: Iterable[Proposal], gold: Iterable[Span]) -> tuple[list[float | None], list[bool]]:
    """Return the scores of one text's grounded proposals, each span and label once, and whether gold has them."""
    wanted = set(gold)
    best = {proposal.span: proposal.score for proposal in proposals if proposal.span is not None}
    return list(best.values()), [span in wanted for span in best]


def _folds(groups: Sequence[int]) -> npt.NDArray[np.int64]:
    """Return each mention's fold, those of one group in the same; mention by mention where groups are too few."""
    number = {group: n for n, group in enumerate(dict.fromkeys(groups))}
    places = [number[group] for group in groups] if len(number) >= N_FOLDS else range(len(groups))
    return np.array(places, dtype=np.int64) % N_FOLDS


def _temperature(scores: FloatArray, correct: BoolArray) -> Temperature:
    logits = _logit(scores)
    signed = np.where(correct, logits, -logits)

    def loss(log_temperature: float) -> float:
        return float(np.logaddexp(0, -signed / np.exp(log_temperature)).mean())

    best = minimize_scalar(loss, bounds=_LOG_TEMPERATURES, method="bounded")
    return Temperature(float(np.exp(best.x)))


def _isotonic(scores: FloatArray, correct: BoolArray) -> Isotonic:
    x, place, counts = np.unique(scores.round(_DIGITS), return_inverse=True, return_counts=True)
    means = np.bincount(place, weights=correct) / counts
    fitted = isotonic_regression(means, weights=counts)
    # Of each level stretch only the two ends are kept.
    ends = np.unique([fitted.blocks[:-1], fitted.blocks[1:] - 1])
    return Isotonic(tuple(x[ends].tolist()), tuple(fitted.x[ends].tolist()))


def _logit(scores: FloatArray) -> FloatArray:
    return np.asarray(logit(np.clip(scores, _LEAST, 1 - _LEAST)), dtype=np.float64)
