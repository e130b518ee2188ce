"""A fine-tuned tagger as an annotator: it is trained anew on the demonstrations it is given."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from allabel.active.base import TokenTagger
from allabel.active.imbalance.methods import NONE, balanced
from allabel.active.sentence import Sentence
from allabel.active.tuned import reply_of
from allabel.active.tuning import make
from allabel.annotate.base import Annotator, Demonstration
from allabel.config import Finetune
from allabel.document import DocId, Document
from allabel.reply import Reply
from allabel.schema import LabelSchema


@runtime_checkable
class Learns(Annotator, Protocol):
    """An annotator that learns from the demonstrations before a text comes; `annotate` does it where nobody did."""

    def fit(self, demonstrations: Sequence[Demonstration]) -> object:
        """Learn from these."""
        ...


class LearnedAnnotator:
    """Tags texts with a tagger that has learned from all demonstrations; it is shown none.

    Raises what `make` does, at once. Same demonstrations and seed, same machine: same replies.
    """

    def __init__(self, schema: LabelSchema, asked: Finetune) -> None:
        make(asked, schema.names)
        self._schema, self._asked = schema, asked
        self._tagger: TokenTagger | None = None
        self._learned: tuple[Demonstration, ...] = ()

    def __repr__(self) -> str:
        return f"LearnedAnnotator({self._asked!r})"

    @property
    def name(self) -> str:
        """The tagger's name."""
        return self._asked.tagger

    @property
    def model(self) -> str:
        """The encoder, where there is one."""
        return self._asked.encoder or self._asked.tagger

    def fit(self, demonstrations: Sequence[Demonstration]) -> None:
        """Train on these, unless it was trained on just these. Raises InputError where there is nothing to learn."""
        if self._tagger is not None and self._learned == tuple(demonstrations):
            return
        sentences = [Sentence.of_document(Document(d.id, d.text, d.entities)) for d in demonstrations]
        seed, labels = self._asked.seed, self._schema.names
        taught = balanced(self._asked.imbalance or NONE, [s for s in sentences if len(s)], labels, seed)
        tagger = make(self._asked, labels)
        tagger.fit(taught, seed=seed)
        self._tagger, self._learned = tagger, tuple(demonstrations)

    def annotate(self, texts: Sequence[str], demonstrations: Sequence[Demonstration]) -> list[Reply]:
        """Return one reply a text, in order."""
        self.fit(demonstrations)
        assert self._tagger is not None
        sentences = [Sentence.of_document(Document(DocId(str(i)), text)) for i, text in enumerate(texts)]
        both = zip(sentences, *self._tagger.predict_both(sentences), strict=True)
        return [reply_of(sentence, found, probabilities, self._tagger.tags) for sentence, found, probabilities in both]
