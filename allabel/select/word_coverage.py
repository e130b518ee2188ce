"""Word coverage: texts that together hold the words of the pool, the frequent ones several times. Our own default.

Source: Lin & Bilmes 2011 and Wei, Iyer & Bilmes 2015 (feature-based submodular functions, for summaries and for active
learning); what counts as a feature and what it weighs is ours: docs/adr/004-choosing.md.
"""

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
import numpy.typing as npt

from allabel.select.base import Choice, Pool, Tools
from allabel.select.budget import count_tokens
from allabel.select.lazily import lazily
from allabel.wording import counted
from retrieval.base import FloatArray, IntArray
from retrieval.counts import Vocabulary

Row = npt.NDArray[np.int32]

# Words named in a reason: so many at most, none that more than this share of the texts hold, none shorter than this.
NAMED, TELLING, SHORTEST = 3, 0.05, 3


class WordCoverage:
    """Picks texts that together hold the words of the pool, for the tokens that they cost.

    Maximises `Σ_w sqrt(D_w) sqrt(c_w)` greedily per token: `D_w` texts of the pool and `c_w` chosen or annotated ones
    hold the word w. A word of one text alone counts nothing. Takes time in proportion to the pool, and no similarity.
    """

    name = "word_coverage"
    needs_annotations = False

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> list[Choice]:
        """Return the first `n` candidates of the greedy order, ties by position; score: the gain per token."""
        candidates = pool.candidates
        if n <= 0 or not len(candidates):
            return []
        vocabulary = Vocabulary()
        held = vocabulary.count(pool.texts, grow=True)
        held.data[:] = 1
        worth = np.sqrt(np.asarray(held.T @ self._weights(pool)).ravel())
        n_texts = np.bincount(held.indices, minlength=held.shape[1])
        worth[n_texts < 2] = 0
        rows = [held.indices[held.indptr[i] : held.indptr[i + 1]] for i in range(len(pool))]
        n_tokens = np.array([max(1, count_tokens(text)) for text in pool.texts])
        names = vocabulary.terms
        choices = []
        for position, gain, new in islice(_greedy(rows, worth, n_tokens, candidates, sorted(pool.labelled)), n):
            telling = new[n_texts[new] <= max(2, TELLING * len(pool))]
            by_worth = telling[np.argsort(-worth[telling], kind="stable")].tolist()
            best = islice((word for word in by_worth if _says_something(names[word])), NAMED)
            told = [f"{names[word]} (in {n_texts[word]} texts)" for word in best]
            reason = f"{self._reason(told, len(new), gain)}; {counted(int(n_tokens[position]), 'token')}"
            choices.append(Choice(position, gain, reason))
        return choices

    def _weights(self, pool: Pool) -> FloatArray:
        """Return how much each text's words count: (n_texts,), 1 for the average text."""
        return np.ones(len(pool))

    def _reason(self, told: Sequence[str], n_new: int, gain: float) -> str:
        """Say why; told: words it is the first to hold, of `n_new`; gain: 0 where it adds nothing."""
        if n_new:
            return ", ".join([f"first to hold {counted(n_new, 'word')} that other texts hold too", *told])
        if gain:
            return "chosen texts hold all words that it shares with others, some of them only a few times"
        return "it shares no word with another text of the pool"


def _says_something(word: str) -> bool:
    return len(word) >= SHORTEST and any(c.isalpha() for c in word)


def _greedy(
    rows: Sequence[Row], worth: FloatArray, costs: IntArray, open_: IntArray, taken: Sequence[int]
) -> Iterator[tuple[int, float, Row]]:
    """Yield `(position, gain per token, words it is the first to hold)` in greedy order, ties by position."""
    seen = np.zeros(len(worth), dtype=np.int64)
    for position in taken:
        seen[rows[position]] += 1
    steps = worth * (np.sqrt(seen + 1) - np.sqrt(seen))
    for position, gain in lazily(open_.tolist(), lambda i: float(steps[rows[i]].sum()) / int(costs[i])):
        row = rows[position]
        yield position, gain, row[(seen[row] == 0) & (worth[row] > 0)]
        seen[row] += 1
        steps[row] = worth[row] * (np.sqrt(seen[row] + 1) - np.sqrt(seen[row]))
