"""Sentences as taggers see them: a text cut into words, with what is known of each word's tag."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from allabel.annotate.pieces import iob2, pieces, runs
from allabel.document import DocId, Document, Span, longest_spans
from allabel.errors import InputError

OUTSIDE = "O"


@dataclass(frozen=True, slots=True)
class Sentence:
    """A text cut into words; it may be a paragraph.

    offsets: `(start, end)` of each word in the text, in code points, in order. tags: the IOB2 tag of each word, None
    where nobody annotated it. pos: the Penn part-of-speech tag of each word, `()` where nobody tagged them.
    Raises InputError where the lengths differ.
    """

    id: DocId
    text: str
    offsets: tuple[tuple[int, int], ...]
    tags: tuple[str | None, ...]
    pos: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.tags) != len(self.offsets) or (self.pos and len(self.pos) != len(self.offsets)):
            raise InputError(
                f"the sentence {self.id!r} has {len(self.offsets)} words, {len(self.tags)} tags and {len(self.pos)} "
                "part-of-speech tags",
                remedy="give one tag a word, None where it is not annotated",
            )

    @classmethod
    def of_words(
        cls, id: DocId, words: Sequence[str], tags: Sequence[str | None] | None = None, pos: Sequence[str] = ()
    ) -> "Sentence":
        """Join words by one space. tags: None where no word is annotated."""
        starts = accumulate((len(word) + 1 for word in words), initial=0)
        offsets = tuple((start, start + len(word)) for start, word in zip(starts, words, strict=False))
        return cls(id, " ".join(words), offsets, tuple(tags) if tags is not None else (None,) * len(words), tuple(pos))

    @classmethod
    def of_document(cls, document: Document) -> "Sentence":
        """Cut a text into pieces, fine enough for every annotated boundary; of overlapping entities the longest count.

        Where the document is not annotated, no tag is known.
        """
        found = pieces(document.text)
        spans = document.entities
        tags: Sequence[str | None] = [None] * len(found) if spans is None else iob2(found, longest_spans(spans))
        return cls(document.id, document.text, tuple((p.start, p.end) for p in found), tuple(tags))

    def __len__(self) -> int:
        return len(self.offsets)

    @property
    def words(self) -> tuple[str, ...]:
        """The words, as they stand in the text."""
        return tuple(self.text[start:end] for start, end in self.offsets)

    @property
    def spelled(self) -> tuple[str, ...]:
        """The words with a space before each that has white space there: byte-level pieces bear it in them."""
        return tuple(
            f" {word}" if start and self.text[start - 1].isspace() else word
            for (start, _), word in zip(self.offsets, self.words, strict=True)
        )

    @property
    def n_known(self) -> int:
        """How many words are annotated."""
        return len(self.tags) - self.tags.count(None)

    def with_tags(self, tags: Iterable[str | None]) -> "Sentence":
        """Return the sentence with other tags."""
        return replace(self, tags=tuple(tags))

    def unknown(self) -> "Sentence":
        """Return the sentence with no word annotated."""
        return self.with_tags((None,) * len(self))

    def keeping(self, positions: Sequence[int]) -> "Sentence":
        """Return a sentence of these words alone, joined by one space."""
        words = self.words
        pos = [self.pos[i] for i in positions] if self.pos else ()
        return Sentence.of_words(self.id, [words[i] for i in positions], [self.tags[i] for i in positions], pos)

    def spans(self, tags: Sequence[str] | None = None) -> tuple[Span, ...]:
        """Return the entities of these tags (None: its own, where a word that is not known counts as outside)."""
        read = [tag or OUTSIDE for tag in self.tags] if tags is None else tags
        return tuple(Span(self.offsets[first][0], self.offsets[end - 1][1], label) for first, end, label in runs(read))


def digest(sentences: Iterable[Sentence]) -> str:
    """Return a fingerprint of sentences: ids, texts, words, tags and parts of speech, in order."""
    found = hashlib.sha256()
    for s in sentences:
        found.update(json.dumps([s.id, s.text, s.offsets, s.tags, s.pos]).encode() + b"\n")
    return found.hexdigest()[:16]


def tag_set(labels: Iterable[str]) -> tuple[str, ...]:
    """Return the IOB2 tags of these labels: `O`, then `B-` and `I-` of each label, in order."""
    return (OUTSIDE, *(prefix + label for label in labels for prefix in ("B-", "I-")))


def labels_of(tags: Iterable[str]) -> tuple[str, ...]:
    """Return the labels of a `tag_set`, in order."""
    return tuple(tag[2:] for tag in tags if tag.startswith("B-"))


def well_formed(tags: Sequence[str]) -> list[str]:
    """Return IOB2 in which an `I-` that goes on with nothing is a `B-`; the entities stay as they are."""
    before = [OUTSIDE, *tags]
    return [
        "B-" + tag[2:] if tag.startswith("I-") and last[2:] != tag[2:] else tag
        for last, tag in zip(before, tags, strict=False)
    ]
