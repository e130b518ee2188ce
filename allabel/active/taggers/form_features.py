"""What the forms of words say, for words cut in any way: the features of the embedded annotator, word by word."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import chain

from allabel.active.sentence import Sentence
from allabel.annotate.features import (
    LEXICON_OFFSETS,
    OFFSETS,
    OUTSIDE,
    Lexicon,
    lexicon,
    lexicon_features,
    word_features,
)
from allabel.annotate.pieces import Piece, pieces
from allabel.document import DocId


def told(sentence: Sentence, counts: Lexicon | None, own: Lexicon) -> list[list[str]]:
    """Return the features of each word.

    counts: the tags of words in all annotated sentences, None for no such features. own: those of this sentence, left
    out of the counts; {} where it is not among the annotated ones.
    """
    parts, words = _parts(sentence), lower_words(sentence)
    spoken = {
        offset: [_form(some, word, offset) for some, word in zip(parts, words, strict=True)] for offset in OFFSETS
    }
    if counts is not None:
        for offset in LEXICON_OFFSETS:
            for said, word in zip(spoken[offset], words, strict=True):
                said.extend(lexicon_features(word, counts, own, offset))
    n = len(sentence)
    return [
        list(
            chain.from_iterable(
                spoken[offset][i + offset] if 0 <= i + offset < n else [f"{offset}|{OUTSIDE}"] for offset in OFFSETS
            )
        )
        for i in range(n)
    ]


def tagged_words(sentences: Sequence[Sentence]) -> tuple[Lexicon, list[Lexicon]]:
    """Return the tags of all words, and of each sentence those that are left out in training: its own and its copies'.

    Copies bear the id of their original. Words that are not known count nowhere.
    """
    pairs = [_known(sentence) for sentence in sentences]
    of_id: dict[DocId, list[tuple[list[str], list[str]]]] = defaultdict(list)
    for sentence, pair in zip(sentences, pairs, strict=True):
        of_id[sentence.id].append(pair)
    own = {id: lexicon(some) for id, some in of_id.items()}
    return lexicon(pairs), [own[sentence.id] for sentence in sentences]


def _known(sentence: Sentence) -> tuple[list[str], list[str]]:
    known = [(word, tag) for word, tag in zip(lower_words(sentence), sentence.tags, strict=True) if tag is not None]
    return [word for word, _ in known], [tag for _, tag in known]


def lower_words(sentence: Sentence) -> list[str]:
    """Return the words in lower case."""
    return [word.lower() for word in sentence.words]


def _form(parts: Sequence[Piece], word: str, offset: int) -> list[str]:
    said = list(chain.from_iterable(word_features(part.chunk, part.nth, offset) for part in parts))
    if len(parts) == 1 and parts[0].word == word:
        return said
    # The word is more, or less, than one piece: what its pieces say, and itself.
    return [*dict.fromkeys(said), f"{offset}|whole={word}"]


def _parts(sentence: Sentence) -> list[list[Piece]]:
    """Return the pieces that each word overlaps; both stand in order."""
    found: list[list[Piece]] = []
    tokens, first = pieces(sentence.text), 0
    for start, end in sentence.offsets:
        while first < len(tokens) and tokens[first].end <= start:
            first += 1
        last = first
        while last < len(tokens) and tokens[last].start < end:
            last += 1
        found.append(tokens[first:last])
    return found
