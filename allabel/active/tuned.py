"""The backend `tuned`: the model that `allabel finetune` made, as an annotator."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from allabel.active.base import FloatArray, Prediction, TokenTagger
from allabel.active.sentence import Sentence
from allabel.active.tuning import Tuned, describe, open_tagger
from allabel.annotate.base import Annotator, Demonstration
from allabel.annotate.pieces import runs
from allabel.config import Settings
from allabel.document import DocId, Document
from allabel.errors import InputError, LabelError
from allabel.reply import Grounding, Proposal, Reply, Status
from allabel.schema import LabelSchema

BACKEND = "tuned"


def tuned(schema: LabelSchema, settings: Settings) -> Annotator:
    """Return the annotator with the project's tuned model. Raises InputError where there is none.

    Raises LabelError where it learned other labels than the schema's.
    """
    return TunedAnnotator(schema, settings.tuned_model, settings.finetune.tagger)


class TunedAnnotator:
    """Tags texts with a fine-tuned tagger; demonstrations are not shown to it, it learned from them before.

    folder: of the tuned model. asked: the tagger that the settings name, see `open_tagger`. Where `allabel finetune`
    puts another model there, the next texts are tagged with that one. A mention's score is the probability of its
    words' tags and that it ends there, each word by itself: exact for taggers that decide on each word alone.
    Perplexity is `exp(-mean log P(tags | text))` a word.
    """

    name = BACKEND

    def __init__(self, schema: LabelSchema, folder: Path, asked: str = "") -> None:
        self._schema, self._folder, self._asked = schema, folder, asked
        self._open: tuple[str, TokenTagger] | None = None
        self.described()

    @property
    def model(self) -> str:
        """Name the tuned model: its tagger, and a digest of its weights."""
        return self.described().model

    def described(self) -> Tuned:
        """Return what is known of the model. Raises InputError where there is none, LabelError for other labels."""
        found = describe(self._folder)
        if found is None:
            raise InputError("there is no tuned model yet", file=self._folder, remedy="train one: allabel finetune")
        check_labels(found, self._schema)
        return found

    def annotate(self, texts: Sequence[str], demonstrations: Sequence[Demonstration]) -> list[Reply]:
        """Return one reply a text, in order."""
        if not texts:
            return []
        tagger = self._tagger()
        sentences = [Sentence.of_document(Document(DocId(str(i)), text)) for i, text in enumerate(texts)]
        return [
            reply_of(sentence, prediction, probabilities, tagger.tags)
            for sentence, prediction, probabilities in zip(sentences, *tagger.predict_both(sentences), strict=True)
        ]

    def _tagger(self) -> TokenTagger:
        tuned = self.described()
        if self._open is None or self._open[0] != tuned.model:
            self._open = (tuned.model, open_tagger(tuned, self._asked))
        return self._open[1]


def check_labels(tuned: Tuned, schema: LabelSchema) -> None:
    """Raise LabelError where the model learned other labels than the schema's; their order does not matter."""
    learned = tuned.lesson.labels
    if set(learned) != set(schema.names):
        raise LabelError(
            f"the tuned model {tuned.model} knows the labels {', '.join(learned)}, and the schema has "
            f"{', '.join(schema.names)}",
            remedy="train it anew: allabel finetune; or put the labels back into labels.toml",
        )


def span_probability(probabilities: FloatArray, tags: Sequence[str], decided: Sequence[str], run: range) -> float:
    """Return the probability that these words bear their tags and that the entity ends with them.

    probabilities: (n_words, n_tags), a column for each of `tags`. decided: the tag of each word. Words count as
    independent.
    """
    column = {tag: i for i, tag in enumerate(tags)}
    score = float(np.prod([probabilities[i, column[decided[i]]] for i in run]))
    if run.stop < len(decided):
        score *= 1 - float(probabilities[run.stop, column[f"I-{decided[run.start].partition('-')[2]}"]])
    return min(1.0, max(0.0, score))


def reply_of(sentence: Sentence, prediction: Prediction, probabilities: FloatArray, tags: Sequence[str]) -> Reply:
    """Return what a tagger decided as a reply. probabilities: (n_words, n_tags), a column for each of `tags`."""
    if not len(sentence):
        return Reply(Status.OK, (), 1.0)
    perplexity = math.exp(min(700.0, -prediction.log_probability / len(sentence)))
    found = []
    runs_ = [range(first, end) for first, end, _ in runs(prediction.tags)]
    for span, run in zip(sentence.spans(prediction.tags), runs_, strict=True):
        score = span_probability(probabilities, tags, prediction.tags, run)
        found.append(Proposal(span.label, sentence.text[span.start : span.end], span, Grounding.EXACT, score))
    return Reply(Status.OK, tuple(found), perplexity)
