"""Rare types: texts in which the annotator on board suggests entities of types that few words bear. Our own.

The rareness of a type is that of Wang & Wang 2022 (sCR), METHODS.md 4, of suggested words in place of annotated ones.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from allabel.errors import AllabelError
from allabel.rareness import rareness
from allabel.reply import Status
from allabel.select.base import Choice, Pool, Tools
from allabel.select.budget import count_tokens
from allabel.select.lazily import lazily
from allabel.select.word_coverage import WordCoverage
from allabel.wording import counted
from retrieval.base import FloatArray, IntArray

# Types named in a reason.
NAMED = 3


@dataclass(frozen=True, slots=True)
class _Suggested:
    """What is suggested in the texts that count. lengths: (n_texts,) tokens; counts: (n_texts, n_types) of them."""

    types: tuple[str, ...]
    lengths: IntArray
    counts: IntArray

    @property
    def rareness(self) -> FloatArray:
        """Return the rareness of each type, (n_types,). Of spans that overlap, a token counts for each."""
        return rareness(self.counts.sum(axis=0), int(self.lengths.sum()))


class RareTypes:
    """Picks texts that hold much of the rare types that the annotator on board suggests, per token.

    Maximises `Σ_t r_t sqrt(C_t)` greedily per token: `C_t` suggested tokens of the type t that chosen and annotated
    texts hold, `r_t` minus the logarithm of its share of all tokens. So a type that many chosen texts hold already
    counts less. Near-duplicates that are never chosen count for nothing. Texts in which nothing is suggested come last,
    by `word_coverage`, and their reasons say so.
    """

    name = "rare_types"
    needs_annotations = True
    asks_annotator = False

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> list[Choice]:
        """Return the first `n` candidates of the greedy order, ties by position; score: the gain per token.

        Texts in which nothing is suggested have the score 0. Raises AllabelError where a text could not be tagged.
        """
        if n <= 0 or not len(pool.candidates):
            return []
        choices = list(islice(_greedy(pool, self._suggested(pool)), n))
        if len(choices) == n:
            return choices
        left = pool.with_chosen([choice.position for choice in choices])
        told = "the annotator on board suggests nothing of a rare type in what is left; by word coverage: "
        rest = WordCoverage(self._tools).select(left, n - len(choices), rng)
        return [*choices, *(Choice(one.position, 0.0, told + one.reason) for one in rest)]

    def _suggested(self, pool: Pool) -> _Suggested:
        """Tag what may be chosen and what is taken already; rows of other texts are empty."""
        positions = sorted({*pool.candidates.tolist(), *(i for i in pool.labelled if pool.texts[i].strip())})
        tag = self._tools.on_board or self._tools.annotate
        replies = tag([pool.texts[i] for i in positions])
        if failed := [reply for reply in replies if reply.status is not Status.OK]:
            raise AllabelError(
                f"{len(failed)} of {len(positions)} texts could not be tagged, and what is rare among them is unknown; "
                f"the first: {failed[0].status}" + (f", {failed[0].error}" if failed[0].error else "")
            )
        types = tuple(sorted({span.label for reply in replies for span in reply.spans}))
        counts = np.zeros((len(pool), len(types)), dtype=np.int64)
        lengths = np.zeros(len(pool), dtype=np.int64)
        for i, reply in zip(positions, replies, strict=True):
            lengths[i] = max(1, count_tokens(pool.texts[i]))
            for span in reply.spans:
                counts[i, types.index(span.label)] += count_tokens(pool.texts[i][span.start : span.end])
        return _Suggested(types, lengths, counts)


def _greedy(pool: Pool, found: _Suggested) -> Iterator[Choice]:
    """Yield the candidates with something to gain, in greedy order."""
    rare = found.rareness
    held = found.counts[sorted(pool.labelled)].sum(axis=0)

    def gains(i: int) -> FloatArray:
        return np.asarray(rare * (np.sqrt(held + found.counts[i]) - np.sqrt(held)))

    telling = [i for i in pool.candidates.tolist() if found.counts[i] @ rare > 0]
    for position, gain in lazily(telling, lambda i: float(gains(i).sum()) / int(found.lengths[i])):
        by_gain = np.argsort(-gains(position), kind="stable").tolist()
        told = [
            f"{counted(int(found.counts[position, t]), 'word')} of {found.types[t]} "
            f"({100 * np.exp(-rare[t]):.2g} % of all words; {int(held[t])} of them in chosen texts)"
            for t in by_gain
            if found.counts[position, t]
        ]
        yield Choice(position, gain, _reason(told, int(found.lengths[position])))
        held += found.counts[position]


def _reason(told: Sequence[str], n_tokens: int) -> str:
    more = f", and {counted(len(told) - NAMED, 'other type')}" if len(told) > NAMED else ""
    return f"suggested in it: {', '.join(told[:NAMED])}{more}; {counted(n_tokens, 'token')}"
