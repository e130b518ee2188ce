"""A CRF with its lexicon and its demonstrations, and the tables that make it quick."""

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass

import numpy as np

from allabel.annotate.base import Demonstration
from allabel.annotate.crf import Crf, Decoded, FloatArray
from allabel.annotate.demonstrations import Demonstrations
from allabel.annotate.features import (
    LEXICON_OFFSETS,
    OFFSETS,
    OUTSIDE,
    Lexicon,
    demonstration_features,
    lexicon,
    lexicon_features,
    told_by,
    word_features,
)
from allabel.annotate.pieces import Piece, chunk_pieces, iob2, pieces
from allabel.document import longest_spans

Tagged = tuple[list[Piece], Decoded | None, list[Demonstration]]
Word = tuple[str, int]  # a chunk, and which of its pieces
_OUTSIDE: Word = ("", -1)
_TABLE_LIMIT = 20_000  # pieces whose emissions are kept, 10 MB at thirteen tags; then the table is begun anew


@dataclass(frozen=True, slots=True)
class Learned:
    """What training gave: the chain's weights, and how the annotated texts tagged each word."""

    crf: Crf
    lexicon: Lexicon


class Tagger:
    """Trained on construction; `tag` gives pieces, decoded tags and the demonstrations of each text.

    learned: what an earlier training gave, in place of training.
    """

    def __init__(self, demonstrations: Demonstrations, shots: int, learned: Learned | None = None) -> None:
        self._demonstrations, self._shots = demonstrations, shots
        self._labels: dict[str, dict[str, frozenset[str]]] = {}
        self.learned = learned or self._learn()
        self.crf, self._lexicon = self.learned.crf, self.learned.lexicon
        self._rows: dict[Word, int] = {}
        self._table = np.empty((0, len(OFFSETS), len(self.crf.tags)))
        self._demo_emissions: dict[frozenset[str], FloatArray] = {}

    def showing(self, demonstrations: Demonstrations) -> "Tagger":
        """Return a tagger that has learned the same, and is shown these demonstrations. Do not use the old one more."""
        made = copy(self)
        made._demonstrations, made._labels = demonstrations, {}
        return made

    def _learn(self) -> Learned:
        corpus = self._demonstrations.all
        tokens = [pieces(d.text) for d in corpus]
        words = [[piece.word for piece in t] for t in tokens]
        tags = [iob2(t, longest_spans(d.entities)) for t, d in zip(tokens, corpus, strict=True)]
        self._lexicon = lexicon(zip(words, tags, strict=True))
        self._labels = {d.id: _labels(w, t) for d, w, t in zip(corpus, words, tags, strict=True)}
        shown = self._demonstrations.nearest([d.text for d in corpus], self._shots)
        sequences = [
            self._features(t, w, lexicon([(w, own_tags)]), near)
            for t, w, own_tags, near in zip(tokens, words, tags, shown, strict=True)
        ]
        trained = [i for i, t in enumerate(tokens) if t]
        return Learned(Crf([sequences[i] for i in trained], [tags[i] for i in trained]), self._lexicon)

    def tag(self, texts: Sequence[str], shots: int | None = None) -> Iterator[Tagged]:
        """Decode the texts in order; a text without a piece has no decoded tags.

        shots: demonstrations shown for each text, as many as in training by default.
        """
        tokens = [pieces(text) for text in texts]
        shown = self._demonstrations.nearest(texts, self._shots if shots is None else shots)
        emissions = self._emissions(tokens)
        for text_tokens, near, emission in zip(tokens, shown, emissions, strict=True):
            self._add_demonstrations(emission, text_tokens, near)
        decoded = iter(self.crf.decode([e for e in emissions if len(e)]))
        for text_tokens, near in zip(tokens, shown, strict=True):
            yield text_tokens, next(decoded) if text_tokens else None, near

    def _features(
        self, tokens: list[Piece], words: list[str], own: Lexicon, near: list[Demonstration]
    ) -> list[list[str]]:
        """Spell out each token's features: what training reads, and what `_emissions` sums without spelling."""
        sequence = []
        shown = [self._labels_of(d) for d in near]
        for i, word in enumerate(words):
            found: list[str] = []
            for offset in OFFSETS:
                j = i + offset
                if 0 <= j < len(tokens):
                    found += word_features(tokens[j].chunk, tokens[j].nth, offset)
                    if offset in LEXICON_OFFSETS:
                        found += lexicon_features(words[j], self._lexicon, own, offset)
                else:
                    found.append(f"{offset}|{OUTSIDE}")
            found += demonstration_features(_union([m[word] for m in shown if word in m]))
            sequence.append(found)
        return sequence

    def _add_demonstrations(self, emission: FloatArray, tokens: list[Piece], near: list[Demonstration]) -> None:
        shown = [self._labels_of(d) for d in near]
        for i, token in enumerate(tokens):
            word = token.word
            borne = [labels[word] for labels in shown if word in labels]
            if borne:
                labels = _union(borne)
                if labels not in self._demo_emissions:
                    self._demo_emissions[labels] = self.crf.emissions([demonstration_features(labels)])[0]
                emission[i] += self._demo_emissions[labels]

    def _labels_of(self, shown: Demonstration) -> dict[str, frozenset[str]]:
        """Return the labels that each word bears in a demonstration."""
        if shown.id not in self._labels:
            tokens = pieces(shown.text)
            self._labels[shown.id] = _labels([t.word for t in tokens], iob2(tokens, longest_spans(shown.entities)))
        return self._labels[shown.id]

    def _emissions(self, tokens: Sequence[list[Piece]]) -> list[FloatArray]:
        """Sum each token's word features by table look-up: a list of (n_tokens, n_tags)."""
        margin = max(OFFSETS)
        if len(self._rows) > _TABLE_LIMIT:
            self._rows = {}
        laid: list[Word] = []
        for text_tokens in tokens:
            laid += [_OUTSIDE] * margin
            laid += [(token.chunk, token.nth) for token in text_tokens]
        laid += [_OUTSIDE] * margin
        self._keep([*dict.fromkeys(word for word in laid if word not in self._rows)])
        rows, n = np.array([self._rows[word] for word in laid]), len(laid)
        total = np.zeros((n, len(self.crf.tags)))
        for k, offset in enumerate(OFFSETS):
            low, high = max(0, -offset), n - max(0, offset)
            total[low:high] += self._table[rows[low + offset : high + offset], k]
        emissions, start = [], 0
        for text_tokens in tokens:
            start += margin
            emissions.append(total[start : start + len(text_tokens)])
            start += len(text_tokens)
        return emissions

    def _keep(self, new: Sequence[Word]) -> None:
        """Add rows. The table doubles when it is full: a copy for each new word would cost more than to tag."""
        if not new:
            return
        told = [self._told(*word, offset) for word in new for offset in OFFSETS]
        added = self.crf.emissions(told).reshape(len(new), len(OFFSETS), -1)
        start, end = len(self._rows), len(self._rows) + len(new)
        if end > len(self._table):
            grown = np.empty((max(end, 2 * len(self._table)), *self._table.shape[1:]))
            grown[:start] = self._table[:start]
            self._table = grown
        self._table[start:end] = added
        self._rows.update(zip(new, range(start, end), strict=True))

    def _told(self, chunk: str, index: int, offset: int) -> list[str]:
        if index < 0:
            return [f"{offset}|{OUTSIDE}"] if offset else []
        told = list(told_by(chunk, index, offset))
        if offset in LEXICON_OFFSETS:
            told += lexicon_features(chunk_pieces(chunk)[index][2], self._lexicon, {}, offset)
        return told


def _labels(words: Sequence[str], tags: Sequence[str]) -> dict[str, frozenset[str]]:
    """Return the labels (or O) that each word bears in one demonstration."""
    found: dict[str, set[str]] = {}
    for word, tag in zip(words, tags, strict=True):
        found.setdefault(word, set()).add(tag if tag == "O" else tag[2:])
    return {word: frozenset(labels) for word, labels in found.items()}


def _union(borne: Sequence[frozenset[str]]) -> frozenset[str]:
    return frozenset().union(*borne) if len(set(borne)) != 1 else borne[0]
