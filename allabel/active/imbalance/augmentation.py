"""New sentences made of annotated ones, whose tags are known. Source: Dai & Adel 2020, METHODS.md section 4."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import groupby

import numpy as np

from allabel.active.imbalance.synonyms import Synonyms
from allabel.active.sentence import OUTSIDE, Sentence
from allabel.annotate.pieces import runs

SHARE = 0.3
Words = tuple[list[str], list[str | None]]
Change = Callable[[Sentence, np.random.Generator], Words]


def replaced_tokens(sentences: Sequence[Sentence], share: float = SHARE) -> Change:
    """Replace words by words of the same tag, drawn as often as they bear it. Words that are not known stay."""
    bearing: dict[str, list[str]] = defaultdict(list)
    for sentence in sentences:
        for word, tag in zip(sentence.words, sentence.tags, strict=True):
            if tag is not None:
                bearing[tag].append(word)

    def change(sentence: Sentence, rng: np.random.Generator) -> Words:
        words = list(sentence.words)
        for i, (tag, drawn) in enumerate(zip(sentence.tags, rng.random(len(words)) < share, strict=True)):
            if drawn and tag is not None:
                words[i] = bearing[tag][rng.integers(len(bearing[tag]))]
        return words, list(sentence.tags)

    return change


def replaced_by_synonyms(synonyms: Synonyms, share: float = SHARE) -> Change:
    """Replace words by synonyms; one of several words goes on with the entity that the word began or went on with."""

    def change(sentence: Sentence, rng: np.random.Generator) -> Words:
        words: list[str] = []
        tags: list[str | None] = []
        for word, tag, drawn in zip(sentence.words, sentence.tags, rng.random(len(sentence)) < share, strict=True):
            found = synonyms(word) if drawn else ()
            new = found[rng.integers(len(found))].split() if found else [word]
            onward = "I-" + tag[2:] if tag not in (None, OUTSIDE) else tag
            words += new
            tags += [tag, *[onward] * (len(new) - 1)]
        return words, tags

    return change


def replaced_mentions(sentences: Sequence[Sentence], share: float = SHARE) -> Change:
    """Replace entities by others of their type, drawn as often as they occur; the number of words may change."""
    of_type: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for sentence in sentences:
        words = sentence.words
        for first, end, label in runs(_read(sentence)):
            of_type[label].append(words[first:end])

    def change(sentence: Sentence, rng: np.random.Generator) -> Words:
        words, tags = list(sentence.words), list(sentence.tags)
        found = runs(_read(sentence))
        for (first, end, label), drawn in reversed(list(zip(found, rng.random(len(found)) < share, strict=True))):
            if drawn:
                new = of_type[label][rng.integers(len(of_type[label]))]
                words[first:end] = new
                tags[first:end] = ["B-" + label, *["I-" + label] * (len(new) - 1)]
        return words, tags

    return change


def shuffled_segments(share: float = SHARE) -> Change:
    """Shuffle the words within entities and within stretches outside of them; tags stay where they are."""

    def change(sentence: Sentence, rng: np.random.Generator) -> Words:
        words = list(sentence.words)
        for segment in _segments(sentence.tags):
            if rng.random() < share and sentence.tags[segment[0]] is not None:
                for i, word in zip(segment, rng.permutation([words[i] for i in segment]).tolist(), strict=True):
                    words[i] = word
        return words, list(sentence.tags)

    return change


def augmented(sentences: Sequence[Sentence], changes: Sequence[Change], seed: int) -> list[Sentence]:
    """Return each sentence, and after it a new one by one of these changes, drawn by chance.

    Where nothing was changed, there is no new one. A new sentence has the id of the one it was made of, its words are
    joined by one space. Sentences of which nothing is known are not changed.
    """
    rng = np.random.default_rng(seed)
    found: list[Sentence] = []
    for sentence in sentences:
        found.append(sentence)
        if sentence.n_known:
            words, tags = changes[int(rng.integers(len(changes)))](sentence, rng)
            if (tuple(words), tuple(tags)) != (sentence.words, sentence.tags):
                found.append(Sentence.of_words(sentence.id, words, tags))
    return found


def _read(sentence: Sentence) -> list[str]:
    return [tag or OUTSIDE for tag in sentence.tags]


def _segments(tags: Sequence[str | None]) -> list[list[int]]:
    """Return the positions of each entity, and of each stretch of words outside, or not known, between them."""
    entity: dict[int, int] = {}
    for n, (first, end, _) in enumerate(runs([tag or OUTSIDE for tag in tags])):
        entity |= dict.fromkeys(range(first, end), n)
    of = [(entity.get(i, -1), tag is None) for i, tag in enumerate(tags)]
    return [list(some) for _, some in groupby(range(len(tags)), key=of.__getitem__)]
