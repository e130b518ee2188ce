"""Multinomial logistic regression on features of the words' forms: each word by itself, by any loss, without torch."""

from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from time import perf_counter
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import minimize

from allabel.active.base import Fitted, FloatArray, IntArray, Prediction, Progress, Tell, annotated, check_tags
from allabel.active.imbalance.losses import LOSSES, WordLoss
from allabel.active.sentence import Sentence, tag_set, well_formed
from allabel.active.taggers.folder import damaged, describe, description, replacing
from allabel.active.taggers.form_features import tagged_words, told
from allabel.active.taggers.kept import Described, weights_of
from allabel.annotate.features import Lexicon
from allabel.errors import InputError

_WEIGHTS = "weights.npz"
_ITERATIONS = 200


class _Kept(Described):
    loss: str
    l2: float
    features: list[str]


class SoftmaxTagger:
    """A softmax over the features of each word, its neighbours, and the tags that the same words bear elsewhere.

    loss: cross_entropy, focal or dice. l2: half of it times the squared weights is added to the loss summed over words.
    lexicon: whether the tags of a word in the other annotated sentences are features. Learned by L-BFGS from zero
    weights, anew each time. Source: Wang & Wang 2022, appendix B, with features of forms for their word embeddings.
    """

    name = "softmax"
    learns_partly: ClassVar[bool] = True

    def __init__(
        self, labels: Sequence[str], *, loss: str = "cross_entropy", l2: float = 0.5, lexicon: bool = True
    ) -> None:
        if loss not in LOSSES:
            raise InputError(f"there is no loss {loss!r}", remedy=f"known are {', '.join(LOSSES)}")
        self._labels, self._loss, self._l2, self._with_lexicon = tuple(labels), loss, l2, lexicon
        self._weights: FloatArray | None = None
        self._features: dict[str, int] = {}
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
        """Train on the words that are annotated; nothing is left to chance, so `seed` changes nothing.

        Raises InputError where none is; LabelError where a tag is not among `tags`.
        """
        check_tags(sentences, self.tags)
        learned = annotated(sentences)
        began = perf_counter()
        counts, own = tagged_words(learned)
        self._lexicon = counts if self._with_lexicon else None
        known = [tag is not None for sentence in learned for tag in sentence.tags]
        spoken = chain.from_iterable(told(s, self._lexicon, mine) for s, mine in zip(learned, own, strict=True))
        words = [features for features, is_known in zip(spoken, known, strict=True) if is_known]
        self._features = {name: i for i, name in enumerate(dict.fromkeys(chain.from_iterable(words)))}
        place = {tag: i for i, tag in enumerate(self.tags)}
        gold = np.array([place[tag] for s in learned for tag in s.tags if tag is not None], dtype=np.int64)
        self._weights, n_steps = _learned(self._matrix(words), gold, len(self.tags), LOSSES[self._loss], self._l2)
        seconds = perf_counter() - began
        progress(1, 1)
        tell(f"learned from {len(words)} words of {len(learned)} sentences in {seconds:.1f} s")
        stopped = "the loss fell no more" if n_steps < _ITERATIONS else f"stopped after {n_steps} steps"
        return Fitted(len(learned), len(words), 1, n_steps, None, seconds, f"{stopped}; nothing was held out")

    def predict_proba(self, sentences: Sequence[Sentence]) -> list[FloatArray]:
        """Return (n_words, n_tags) for each sentence, in order; rows sum to 1."""
        if self._weights is None:
            raise InputError("the tagger is not trained yet", remedy="call fit, or load one that was saved")
        words = list(chain.from_iterable(told(sentence, self._lexicon, {}) for sentence in sentences))
        ends = np.cumsum([len(sentence) for sentence in sentences], dtype=np.int64)
        return np.split(_softmax(self._matrix(words) @ self._weights), ends[:-1]) if len(sentences) else []

    def predict(self, sentences: Sequence[Sentence]) -> list[Prediction]:
        """Return the likeliest tag of each word; an `I-` that nothing goes before is given as `B-`."""
        return self.predict_both(sentences)[0]

    def predict_both(self, sentences: Sequence[Sentence]) -> tuple[list[Prediction], list[FloatArray]]:
        """Return what `predict` and `predict_proba` return; each sentence's features are made once."""
        shares = self.predict_proba(sentences)
        return [self._prediction(own) for own in shares], shares

    def save(self, folder: Path) -> None:
        """Write the weights and the words' tags."""
        if self._weights is None:
            raise InputError("the tagger is not trained yet", remedy="call fit before save")
        with replacing(folder) as new:
            np.savez(new / _WEIGHTS, weights=self._weights)
            kept = {
                "labels": self._labels,
                "loss": self._loss,
                "l2": self._l2,
                "lexicon": self._with_lexicon,
                "features": list(self._features),
                "words": self._lexicon,
            }
            describe(new, self.name, kept)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read a saved tagger. Raises InputError naming the folder and what is wrong with it."""
        try:
            kept = _Kept.model_validate(description(folder, cls.name))
            made = cls(kept.labels, loss=kept.loss, l2=kept.l2, lexicon=kept.lexicon)
            made._features = {name: i for i, name in enumerate(kept.features)}
            made._lexicon = kept.words
            (made._weights,) = weights_of(folder / _WEIGHTS, "weights")
            if made._weights.shape != (shape := (len(made._features), len(made.tags))):
                raise ValueError(f"the weights have the shape {made._weights.shape}, not {shape}")
        except (OSError, ValueError) as error:
            raise damaged(folder / _WEIGHTS, error) from error
        return made

    def _prediction(self, shares: FloatArray) -> Prediction:
        tags = well_formed([self.tags[i] for i in shares.argmax(axis=1)])
        return Prediction(tuple(tags), float(np.log(shares.max(axis=1)).sum()))

    def _matrix(self, words: Sequence[Iterable[str]]) -> sparse.csr_array:
        """Return which features each word has, (n_words, n_features); those that training never saw are left out."""
        rows = [[i for i in map(self._features.get, features) if i is not None] for features in words]
        ends = np.cumsum([0, *map(len, rows)])
        columns = np.fromiter(chain.from_iterable(rows), dtype=np.int64, count=int(ends[-1]))
        return sparse.csr_array((np.ones(len(columns)), columns, ends), shape=(len(rows), len(self._features)))


def _learned(words: sparse.csr_array, gold: IntArray, n_tags: int, loss: WordLoss, l2: float) -> tuple[FloatArray, int]:
    """Return weights (n_features, n_tags) and how many steps it took."""
    shape, turned = (words.shape[1], n_tags), words.T.tocsr()

    def objective(flat: npt.NDArray[np.float64]) -> tuple[float, FloatArray]:
        weights = flat.reshape(shape)
        losses, gradient = loss(_softmax(words @ weights), gold)
        return float(losses.sum() + l2 / 2 * flat @ flat), (turned @ gradient + l2 * weights).ravel()

    found = minimize(
        objective, np.zeros(shape[0] * shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": _ITERATIONS}
    )
    return found.x.reshape(shape), int(found.nit)


def _softmax(scores: FloatArray) -> FloatArray:
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))
