"""What the contracts share: a tiny world that can be learned wholly, and a look at numpy's own chance."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from allabel.active.sentence import Sentence
from allabel.annotate.base import Demonstration
from allabel.document import DocId
from allabel.schema import LabelSchema

DRUGS, PLACES = ("aspirin", "codeine", "Heparin", "insulin"), ("Paris", "Oslo", "Rome", "Lima")
LABELS = ("drug", "place")
SCHEMA = LabelSchema.of(LABELS)


def lessons(n: int = 24) -> list[Sentence]:
    """Return annotated sentences: drugs of one word, places of one word or two."""
    found = []
    for i in range(n):
        drug, place = DRUGS[i % 4], PLACES[i // 4 % 4]
        words, tags = ["we", "gave", drug, "in", place], ["O", "O", "B-drug", "O", "B-place"]
        if i % 3 == 0:
            words, tags = [*words[:4], "New", place], [*tags, "I-place"]
        if i % 2:
            words, tags = [*words, "today", "."], [*tags, "O", "O"]
        found.append(Sentence.of_words(DocId(str(i)), words, tags))
    return found


def demonstrations(n: int = 24) -> list[Demonstration]:
    """Return the same as annotated texts, each text once."""
    found = {s.text: Demonstration(s.id, s.text, s.spans()) for s in lessons(n)}
    return list(found.values())


@contextmanager
def untouched_chance() -> Iterator[None]:
    """Fail where the block draws from numpy's own generator, or sets it: then other draws come of it."""
    np.random.seed(3)  # noqa: NPY002  this generator is what nobody should touch
    yield
    drawn = np.random.random()  # noqa: NPY002  as above
    np.random.seed(3)  # noqa: NPY002  as above
    assert drawn == np.random.random(), "numpy's own generator was drawn from or set"  # noqa: NPY002  as above
