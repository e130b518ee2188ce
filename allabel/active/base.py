"""The tagger's seam: annotated sentences in, a distribution over tags for each word out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self, runtime_checkable

import numpy as np
import numpy.typing as npt

from allabel.active.sentence import Sentence, labels_of
from allabel.errors import InputError, LabelError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Tell = Callable[[str], None]
# Hears how many epochs are done, of at most how many.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Prediction:
    """The tags a tagger decides on.

    tags: IOB2, one a word. log_probability: of all of them together, `log P(y_1..y_n | x)` <= 0; 0 for no words.
    """

    tags: tuple[str, ...]
    log_probability: float


@dataclass(frozen=True, slots=True)
class Fitted:
    """What training did.

    n_sentences, n_words: learned from; only words with a known tag count. n_epochs, n_steps: passes and updates.
    held_out_f1: best strict F1 on the held-out sentences, None where none were. seconds: wall clock. stopped: why it
    ended, in words.
    """

    n_sentences: int
    n_words: int
    n_epochs: int
    n_steps: int
    held_out_f1: float | None
    seconds: float
    stopped: str


class TokenTagger(Protocol):
    """Tags words. Made with the labels of the schema, so that its tags do not depend on what was annotated so far.

    Words whose tag is None take no part in the loss and stay in the input. A sentence without words is allowed
    everywhere and gets empty answers.
    """

    @property
    def name(self) -> str:
        """The name it is registered by."""
        ...

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags, as `tag_set(labels)`; the columns of `predict_proba`."""
        ...

    @property
    def learns_partly(self) -> bool:
        """Whether it learns from sentences of which some words are not annotated; a property of the class."""
        ...

    def fit(self, sentences: Sequence[Sentence], *, seed: int, tell: Tell = ..., progress: Progress = ...) -> Fitted:
        """Train. Same sentences and seed, same machine: same weights.

        tell: hears a line an epoch. progress: hears how many epochs are done before each of those lines.
        Raises InputError where no word is annotated, or one of a sentence is not and it does not learn partly;
        LabelError where a tag is not among `tags`.
        """
        ...

    def predict_proba(self, sentences: Sequence[Sentence]) -> list[FloatArray]:
        """Return (n_words, n_tags) for each sentence, in order; rows sum to 1."""
        ...

    def predict(self, sentences: Sequence[Sentence]) -> list[Prediction]:
        """Return the tags it decides on for each sentence, in order."""
        ...

    def predict_both(self, sentences: Sequence[Sentence]) -> tuple[list[Prediction], list[FloatArray]]:
        """Return what `predict` and `predict_proba` return, from one pass over the sentences."""
        ...

    def save(self, folder: Path) -> None:
        """Write all that `load` needs; what was there before is replaced only when everything is written."""
        ...

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read a saved tagger. Raises InputError naming the folder and what is wrong with it."""
        ...


@runtime_checkable
class Samples(Protocol):
    """A tagger with dropout, for BALD."""

    def sample(self, sentences: Sequence[Sentence], n_passes: int, seed: int) -> list[IntArray]:
        """Return (n_passes, n_words) positions in `tags` for each sentence: the decision of each stochastic pass."""
        ...


def annotated(sentences: Sequence[Sentence]) -> list[Sentence]:
    """Return the sentences of which some word is annotated. Raises InputError where there is none."""
    found = [sentence for sentence in sentences if sentence.n_known]
    if not found:
        raise InputError(
            f"none of the {len(sentences)} sentences is annotated, so there is nothing to learn",
            remedy="annotate some, or give those that are",
        )
    return found


def check_tags(sentences: Sequence[Sentence], tags: Sequence[str]) -> None:
    """Raise LabelError where a known tag is not among `tags`, naming the sentence."""
    known = set(tags)
    for sentence in sentences:
        for tag in sentence.tags:
            if tag is not None and tag not in known:
                labels = labels_of(tags)
                raise LabelError(
                    f"the sentence {sentence.id!r} bears the tag {tag!r}, and the tagger's labels are "
                    f"{', '.join(labels)}",
                    remedy="make the tagger with all labels of the schema, or mend the sentence",
                )
