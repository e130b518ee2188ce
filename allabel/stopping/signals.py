"""All four stop signals of one project's texts and annotations."""

from collections.abc import Callable, Sequence

import numpy as np

from allabel.annotate.base import Annotator, Demonstration
from allabel.document import DocId
from allabel.select.base import Pool
from allabel.stopping import agreement, coverage, curve
from allabel.stopping.base import FEWEST_ANNOTATED, FEWEST_IN_ROUND, Signal
from allabel.stopping.rounds import before_last
from retrieval.base import IntArray, Similarity

NAMES = (agreement.NAME, coverage.GAIN, coverage.TURNOVER, curve.NAME)
QUERIES = 2000  # a share over so many drawn texts is known to about a per cent


def stop_signals(
    pool: Pool,
    annotated: Sequence[Demonstration],
    rounds: Sequence[Sequence[DocId]],
    annotator: Annotator,
    similarity: Callable[[Sequence[str]], Similarity],
    *,
    shots: int,
    seed: int = 0,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Signal]:
    """Return the four signals, in the order of `NAMES`.

    rounds: the annotated ids, oldest round first (see `allabel.stopping.rounds`). annotator: a quick one, trained some
    thirty times. similarity: builds that of the pool's texts. progress: is told what begins.
    """
    earlier, last = before_last(rounds)
    if len(annotated) < FEWEST_ANNOTATED:
        reason = f"{len(annotated)} texts are annotated, and below {FEWEST_ANNOTATED} no signal can be trusted"
        return [Signal.unknown(name, reason) for name in NAMES]
    if len(last) < FEWEST_IN_ROUND or not earlier:
        raise ValueError(f"a last round of {len(last)} texts after {len(earlier)}: `rounds` makes larger ones")
    by_id = {d.id: d for d in annotated}
    position = {id: i for i, id in enumerate(pool.ids)}
    rest = Pool(pool.ids, pool.texts, frozenset(position[id] for id in by_id)).candidates
    draw, train = np.random.default_rng([seed, 0]), np.random.default_rng([seed, 1])
    stop_set = _drawn(rest, agreement.STOP_SET, draw)
    queries = _drawn(rest, QUERIES, draw)
    places = [np.array(sorted(position[id] for id in group), dtype=np.int64) for group in rounds]
    before = np.concatenate(places[:-1])
    progress("comparing the demonstrations before and after the last round")
    pairs = similarity(pool.texts)
    gain = coverage.coverage_gain(pairs, queries, places, len(rest))
    turnover = coverage.turnover(pairs, queries, before, places[-1], shots, len(rest))
    progress("comparing the predictions before and after the last round")
    shown = [by_id[id] for id in earlier]
    agreed = agreement.agreement(annotator, shown, list(annotated), [pool.texts[i] for i in stop_set], len(rest))
    progress("drawing the learning curve by cross-validation")
    return [agreed, gain, turnover, curve.learning_curve(annotator, annotated, train)]


def _drawn(positions: IntArray, n: int, rng: np.random.Generator) -> IntArray:
    return np.sort(rng.permutation(positions)[:n])
