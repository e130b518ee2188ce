"""The figures beside a text: pace, time left, budget used, what the next texts are worth, why this one."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from allabel.annotate.base import Annotator, Demonstration
from allabel.document import Annotation, DocId, Document
from allabel.select.budget import Budget, Unit, count_tokens
from allabel.select.cost import PAUSE, CostModel, Logged
from allabel.stopping import curve
from allabel.stopping.base import FEWEST_ANNOTATED
from allabel.store.records import Pick, Selection
from retrieval.base import FloatArray

LEVEL, RESAMPLES = 0.95, 200
# Fewer logged times say nothing of their own scatter.
FEWEST_TIMES = 5
# Refitting grows with the times; above so many, that many are drawn.
MOST_TIMES = 500


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the last answers came. texts_an_hour leaves pauses out; n: answers with a time behind it."""

    n: int
    median_s: float
    texts_an_hour: float


def pace(seconds: Sequence[float]) -> Pace | None:
    """Return the pace of answers that took so many seconds, each above 0; None where there are none.

    seconds: of the last twenty, say: `Store.recent_seconds`. A time above ten medians is a pause (the telephone rang),
    and counts in the median alone.
    """
    if not seconds:
        return None
    median = float(np.median(seconds))
    return Pace(len(seconds), median, 3600 / float(np.mean([s for s in seconds if s <= PAUSE * median])))


@dataclass(frozen=True, slots=True)
class TimeLeft:
    """The minutes that the queue takes, and the 95 % interval; None where fewer than five times are logged."""

    minutes: float
    low: float | None
    high: float | None
    n_texts: int
    n_times: int


def logged(annotated: Iterable[Document]) -> list[Logged]:
    """Return what time is estimated from: tokens, entities and seconds of annotated texts (`Project.annotated`)."""
    return [Logged(count_tokens(d.text), len(d.entities or ()), d.seconds) for d in annotated]


def time_left(queued: Sequence[str], times: Sequence[Logged], rng: np.random.Generator) -> TimeLeft:
    """Estimate how long the queued texts take by the cost model, from the texts annotated so far.

    The interval comes from refitting to resampled times (bootstrap), and from the scatter of single texts around what
    is expected of them.
    """
    cost = CostModel.fit(times)
    n_tokens = np.array([count_tokens(text) for text in queued], dtype=np.float64)
    minutes = float(cost.minutes_of(n_tokens).sum())
    timed = [text for text in times if text.seconds is not None]
    if cost.n_logged < FEWEST_TIMES or not queued:
        return TimeLeft(minutes, None, None, len(queued), cost.n_logged)
    expected = np.array([60 * cost.minutes(text.n_tokens, text.n_entities) for text in timed])
    ratio = np.array([text.seconds or 0.0 for text in timed]) / np.maximum(expected, 1e-9)
    scatter = float(np.std(ratio[ratio <= PAUSE]))
    totals = np.empty(RESAMPLES)
    for i in range(RESAMPLES):
        drawn = [timed[j] for j in rng.integers(len(timed), size=min(len(timed), MOST_TIMES))]
        each = CostModel.fit(drawn).minutes_of(n_tokens)
        totals[i] = each.sum() + rng.normal() * scatter * np.sqrt((each**2).sum())
    low, high = np.quantile(np.maximum(totals, 0.0), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return TimeLeft(minutes, float(low), float(high), len(queued), cost.n_logged)


@dataclass(frozen=True, slots=True)
class Spent:
    """How much of one selection's budget is annotated, in its unit (texts for a share of the pool)."""

    unit: Unit
    used: float
    total: float

    @property
    def share(self) -> float:
        """The used part of the total, at least 0; above 1 where more was annotated than the budget paid for."""
        return self.used / self.total if self.total else 0.0

    def sentence(self) -> str:
        """Say it in words."""
        unit = "texts" if self.unit == "%" else self.unit
        return f"{self.used:,.0f} of {self.total:,.0f} {unit} ({100 * self.share:.0f} %)"


def spent(
    selection: Selection,
    picks: Collection[Pick],
    texts: Mapping[DocId, str],
    annotations: Mapping[DocId, Annotation],
    cost: CostModel,
) -> Spent:
    """Return how much of a selection's budget its annotated texts took.

    picks: of this selection. texts: all of the pool. annotations: the latest of each text. Minutes are those logged,
    and those expected by the cost model where none were.
    """
    budget = Budget.parse(selection.budget, cost)
    done = [pick.doc_id for pick in picks if pick.doc_id in annotations]
    prices: FloatArray = budget.prices([texts[id] for id in done])
    if budget.unit == "minutes":
        seconds = [annotations[id].seconds for id in done]
        prices = np.array([e if s is None else s / 60 for e, s in zip(prices.tolist(), seconds, strict=True)])
    return Spent(budget.unit, float(prices.sum()), budget.total(len(texts)))


@dataclass(frozen=True, slots=True)
class Worth:
    """The gain of F1 to expect of the next texts, in [-1, 1], with its 95 % interval; None where nobody can tell."""

    gain: float | None
    low: float | None
    high: float | None
    n_annotated: int
    ahead: int = curve.AHEAD


def next_worth(annotator: Annotator, annotated: Sequence[Demonstration], rng: np.random.Generator) -> Worth:
    """Say what the next texts would bring, by the learning curve of those there are; takes seconds.

    annotator: a quick one, trained some twenty times. A good strategy takes the most useful texts first, so the next
    ones bring rather less than this says. See `allabel.stopping.curve`.
    """
    n = len(annotated)
    found = curve.learning_curve(annotator, annotated, rng).values if n >= FEWEST_ANNOTATED else {}
    return Worth(found.get("gain"), found.get("low"), found.get("high"), n)


def why_chosen(pick: Pick | None) -> str:
    """Say in a sentence why a text is in the queue."""
    if pick is None:
        return "nobody chose this text: it was opened by itself"
    return f"chosen as number {pick.rank} by {pick.stage}" + (f": {pick.reason}" if pick.reason else "")
