"""One round of active learning: what was bought, what was learned, how good it is."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from allabel.active.base import Fitted, IntArray
from allabel.active.costs import Cost
from allabel.active.flat import BoolArray, Words
from allabel.active.sentence import Sentence
from allabel.document import DocId


@dataclass(frozen=True, slots=True)
class Pick:
    """The words of one sentence that were bought in one round, by position, ascending."""

    id: DocId
    words: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """What a round came to. next: the places of the words to buy for the round after it, None after the last."""

    fitted: Fitted
    scores: Mapping[str, float]
    next: IntArray | None


@dataclass(frozen=True, slots=True)
class Round:
    """A round of active learning; round 0 is the start. All counts are of everything bought so far.

    picks: what was bought for this round, in the pool's order. n_words: annotated words; share: of the pool's words.
    n_sentences, n_entities: with at least one annotated word. n_whole_entities: with all words annotated.
    n_shown: sentences shown to a person, again in each round they are shown. seconds: estimated, of a person's time.
    fitted: what training did. scores: of the tagger trained on it.
    """

    number: int
    picks: tuple[Pick, ...]
    n_words: int
    share: float
    n_sentences: int
    n_entities: int
    n_whole_entities: int
    n_shown: int
    seconds: float
    fitted: Fitted
    scores: Mapping[str, float]

    @classmethod
    def of(
        cls,
        number: int,
        words: Words,
        pool: Sequence[Sentence],
        known: BoolArray,
        bought: IntArray,
        cost: Cost,
        done: Done,
    ) -> Self:
        """Count what is known. known: (n_words,) with what was bought for this round; cost: of everything so far."""
        in_entity = words.entity >= 0
        whole = np.bincount(words.entity[in_entity & known], minlength=words.n_entities)
        n_known = int(known.sum())
        return cls(
            number,
            picks_of(words, pool, bought),
            n_known,
            n_known / len(words),
            int(np.count_nonzero(words.count(known))),
            int(np.count_nonzero(whole)),
            int(np.count_nonzero(whole == np.bincount(words.entity[in_entity], minlength=words.n_entities))),
            cost.n_shown,
            cost.seconds,
            done.fitted,
            dict(done.scores),
        )

    def to_json(self) -> dict[str, Any]:
        """Give the round as one JSON object."""
        return asdict(self)

    def __str__(self) -> str:
        """Say it in one line."""
        scores = "".join(f", {name} {value:.4f}" for name, value in self.scores.items())
        return (
            f"round {self.number}: {self.n_words:,} words annotated ({100 * self.share:.1f} % of the pool), "
            f"about {self.seconds / 60:.0f} min of a person's time{scores}"
        )


def picks_of(words: Words, pool: Sequence[Sentence], bought: IntArray) -> tuple[Pick, ...]:
    """Return places of words, ascending, sentence by sentence."""
    sentences, first = np.unique(words.sentence[bought], return_index=True)
    positions = bought - words.starts[words.sentence[bought]]
    parts = np.split(positions, first[1:]) if len(bought) else []
    return tuple(Pick(pool[i].id, tuple(part.tolist())) for i, part in zip(sentences.tolist(), parts, strict=True))
