"""A CRF on features of the words' forms, trained by CRFsuite: quick, without torch, good on little data."""

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import ClassVar, Self

import numpy as np
from pydantic import Field

from allabel.active.base import Fitted, FloatArray, Prediction, Progress, Tell, annotated, check_tags
from allabel.active.sentence import OUTSIDE, Sentence, tag_set, well_formed
from allabel.active.taggers.folder import damaged, describe, description, replacing
from allabel.active.taggers.form_features import tagged_words, told
from allabel.active.taggers.kept import Described, weights_of
from allabel.annotate.crf import Crf, Decoded
from allabel.annotate.features import Lexicon
from allabel.errors import InputError

_WEIGHTS = "weights.npz"


class _Kept(Described):
    tags: list[str] = Field(min_length=1)
    attributes: list[str]


class CrfTagger:
    """A linear chain over the words' forms, their neighbours, and the tags that the same words bear elsewhere.

    lexicon: whether the tags of a word in the other annotated sentences are features. Trained anew each time: there are
    no weights that a second training could go on from. Source: Lafferty et al. 2001.
    """

    name = "crf"
    learns_partly: ClassVar[bool] = False

    def __init__(self, labels: Sequence[str], *, lexicon: bool = True) -> None:
        self._labels, self._with_lexicon = tuple(labels), lexicon
        self._crf: Crf | None = None
        self._lexicon: Lexicon | None = None

    @property
    def tags(self) -> tuple[str, ...]:
        """The IOB2 tags; the columns of `predict_proba`."""
        return tag_set(self._labels)

    def fit(
        self,
        sentences: Sequence[Sentence],
        *,
        seed: int,
        tell: Tell = lambda line: None,
        progress: Progress = lambda done, of: None,
    ) -> Fitted:
        """Train on the sentences that are annotated; nothing is left to chance, so `seed` changes nothing.

        Raises InputError where a sentence is annotated in part, or none is; LabelError where a tag is not among `tags`.
        """
        check_tags(sentences, self.tags)
        for sentence in sentences:
            if 0 < sentence.n_known < len(sentence):
                raise InputError(
                    f"the sentence {sentence.id!r} is annotated in {sentence.n_known} of {len(sentence)} words, and "
                    "CRFsuite learns from whole sentences only",
                    remedy='leave out the words that are not annotated (partial="drop_unknowns"), annotate whole '
                    "sentences, or use another tagger",
                )
        whole = annotated(sentences)
        began = perf_counter()
        tags = [[tag or OUTSIDE for tag in sentence.tags] for sentence in whole]
        counts, own = tagged_words(whole)
        self._lexicon = counts if self._with_lexicon else None
        self._crf = Crf([told(s, self._lexicon, mine) for s, mine in zip(whole, own, strict=True)], tags)
        seconds = perf_counter() - began
        n_words = sum(map(len, whole))
        progress(1, 1)
        tell(f"learned from {n_words} words of {len(whole)} sentences in {seconds:.1f} s")
        return Fitted(len(whole), n_words, 1, 1, None, seconds, "CRFsuite ended; nothing was held out")

    def predict_proba(self, sentences: Sequence[Sentence]) -> list[FloatArray]:
        """Return (n_words, n_tags), the marginals of the chain; tags that training never saw have probability 0."""
        return [self._probabilities(decoded) for decoded in self._decoded(sentences)]

    def predict(self, sentences: Sequence[Sentence]) -> list[Prediction]:
        """Return the likeliest sequence; an `I-` that nothing goes before is given as `B-`, and ends as it would."""
        return [self._prediction(decoded) for decoded in self._decoded(sentences)]

    def predict_both(self, sentences: Sequence[Sentence]) -> tuple[list[Prediction], list[FloatArray]]:
        """Return what `predict` and `predict_proba` return; each sentence's features are made once."""
        decoded = self._decoded(sentences)
        return [self._prediction(one) for one in decoded], [self._probabilities(one) for one in decoded]

    def save(self, folder: Path) -> None:
        """Write the weights and the words' tags."""
        crf = self._trained
        with replacing(folder) as new:
            np.savez(new / _WEIGHTS, state=crf.state, transitions=crf.transitions)
            kept = {
                "labels": self._labels,
                "lexicon": self._with_lexicon,
                "tags": crf.tags,
                "attributes": list(crf.attributes),
                "words": self._lexicon,
            }
            describe(new, self.name, kept)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read a saved tagger. Raises InputError naming the folder and what is wrong with it."""
        try:
            kept = _Kept.model_validate(description(folder, cls.name))
            made = cls(kept.labels, lexicon=kept.lexicon)
            if len({*kept.tags}) < len(kept.tags) or not {*kept.tags} <= {*made.tags}:
                raise ValueError("its tags are not those of its labels")
            made._crf = Crf.of_weights(
                kept.tags, kept.attributes, *weights_of(folder / _WEIGHTS, "state", "transitions")
            )
            made._lexicon = kept.words
        except (OSError, ValueError) as error:
            raise damaged(folder / _WEIGHTS, error) from error
        return made

    @property
    def _trained(self) -> Crf:
        if self._crf is None:
            raise InputError("the tagger is not trained yet", remedy="call fit, or load one that was saved")
        return self._crf

    def _prediction(self, decoded: Decoded | None) -> Prediction:
        if decoded is None:
            return Prediction((), 0.0)
        tags = well_formed([self._trained.tags[tag] for tag in decoded.tags])
        return Prediction(tuple(tags), decoded.log_probability)

    def _probabilities(self, decoded: Decoded | None) -> FloatArray:
        found = np.zeros((0 if decoded is None else len(decoded.tags), len(self.tags)))
        if decoded is not None:
            found[:, [self.tags.index(tag) for tag in self._trained.tags]] = decoded.marginals()
        return found

    def _decoded(self, sentences: Sequence[Sentence]) -> list[Decoded | None]:
        crf = self._trained
        features = [told(sentence, self._lexicon, {}) for sentence in sentences]
        emissions = crf.emissions([word for sentence in features for word in sentence])
        ends = np.cumsum([len(sentence) for sentence in features], dtype=np.int64)
        parts = np.split(emissions, ends[:-1]) if features else []
        decoded = iter(crf.decode([part for part in parts if len(part)]))
        return [next(decoded) if len(part) else None for part in parts]
