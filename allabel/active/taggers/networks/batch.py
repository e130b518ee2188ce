"""Sentences as rows of numbers: each distinct word is spelled once, however often it stands there."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from allabel.active.base import IntArray
from allabel.active.sentence import Sentence
from allabel.active.taggers.iobes import Iobes
from allabel.active.taggers.vocabulary import BEGIN, END, PAD, Vocabulary, spelled


@dataclass(frozen=True, slots=True)
class Batch:
    """Sentences of similar length.

    words: (b, n + 2), rows of word embeddings, [BOS] before, [EOS] and [PAD] after. spellings: (b, n + 2), rows of
    `characters`. characters: (n_distinct, c), rows of character embeddings. lengths: (b,), in words. allowed:
    (b, n, k), the IOBES tags that a word may have; None where nobody asks for a loss.
    """

    words: Tensor
    spellings: Tensor
    characters: Tensor
    lengths: Tensor
    allowed: Tensor | None = None

    def to(self, device: torch.device) -> "Batch":
        """Return the batch on a device."""
        allowed = None if self.allowed is None else self.allowed.to(device)
        words, spellings = self.words.to(device), self.spellings.to(device)
        return Batch(words, spellings, self.characters.to(device), self.lengths.to(device), allowed)


class Rows:
    """The sentences of one call as numbers.

    distinct: the words as they stand in the texts, each once; the first is the empty one, of [BOS], [EOS] and [PAD].
    characters: (n_distinct, c). lengths: (n_sentences,).
    """

    def __init__(
        self, sentences: Sequence[Sentence], words: Vocabulary, characters: Vocabulary, *, lowercase: bool
    ) -> None:
        spellings: dict[str, int] = {"": 0}
        self._spellings = [
            np.array([spellings.setdefault(word, len(spellings)) for word in sentence.words], dtype=np.int64)
            for sentence in sentences
        ]
        self.distinct = list(spellings)
        self.characters: IntArray = spelled(self.distinct, characters)
        self._words = np.array(words.rows(form(word, lowercase) for word in self.distinct), dtype=np.int64)
        self.lengths: IntArray = np.array([len(row) for row in self._spellings], dtype=np.int64)

    def batch(self, chosen: Sequence[int] | IntArray) -> Batch:
        """Return the chosen sentences without `characters`: they are spelled once for all batches."""
        spellings, words, lengths = self._padded(chosen)
        return Batch(_tensor(words), _tensor(spellings), _tensor(self.characters[:0]), _tensor(lengths))

    def training_batch(self, chosen: Sequence[int] | IntArray, sentences: Sequence[Sentence], scheme: Iobes) -> Batch:
        """Return the chosen sentences with what is known of their tags; `characters` are those of their words only."""
        spellings, words, lengths = self._padded(chosen)
        distinct, inverse = np.unique(spellings, return_inverse=True)
        characters = self.characters[distinct]
        characters = characters[:, : int((characters != PAD).sum(axis=1).max())]
        allowed = scheme.allowed((sentences[i].tags for i in chosen), int(lengths.max()))
        return Batch(
            _tensor(words),
            _tensor(inverse.reshape(words.shape)),
            _tensor(characters),
            _tensor(lengths),
            torch.from_numpy(allowed),
        )

    def _padded(self, chosen: Sequence[int] | IntArray) -> tuple[IntArray, IntArray, IntArray]:
        lengths = self.lengths[chosen]
        spellings = np.zeros((len(lengths), int(lengths.max()) + 2), dtype=np.int64)
        for row, i in zip(spellings, chosen, strict=True):
            row[1 : self.lengths[i] + 1] = self._spellings[i]
        words = np.where(spellings == 0, PAD, self._words[spellings])
        words[:, 0] = BEGIN
        words[np.arange(len(lengths)), lengths + 1] = END
        return spellings, words, lengths


def form(word: str, lowercase: bool) -> str:
    """Return the word as its embedding knows it: in lower case, if so wished; the characters tell the case."""
    return word.lower() if lowercase else word


def _tensor(numbers: IntArray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(numbers))
