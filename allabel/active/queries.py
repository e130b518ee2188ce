"""Query strategies: what to ask a tagger for, and the scores that come of it. The LOWER, the sooner annotated."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np

from allabel.active import scores
from allabel.active.base import FloatArray, IntArray, Samples, TokenTagger
from allabel.active.scores import Aggregate, aggregate_each
from allabel.active.sentence import Sentence
from allabel.errors import InputError

N_PASSES = 100
# Samples are held a batch at a time: 100 passes over a pool of millions of words would not fit.
_BATCH_WORDS = 100_000


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of sentences, the lower the sooner annotated.

    words: (n_words,) of all sentences, one after the other; None where the query scores whole sentences only.
    sentences: (n_sentences,), from the words that are not annotated yet; infinite where there is none.
    """

    words: FloatArray | None
    sentences: FloatArray


@dataclass(frozen=True, slots=True)
class Asking:
    """How a query is asked. seed: of its generator. n_passes: for samples. aggregate: None for the query's own."""

    seed: int
    n_passes: int = N_PASSES
    aggregate: Aggregate | None = None


class Query(Protocol):
    """A query strategy, registered under the entry points `allabel.queries`.

    scores_words: whether it can choose words, and not whole sentences only. needs_samples: whether the tagger must
    fill the seam `Samples`.
    """

    @property
    def name(self) -> str:
        """The name it is registered by."""
        ...

    @property
    def scores_words(self) -> bool:
        """Whether it scores words."""
        ...

    @property
    def needs_samples(self) -> bool:
        """Whether it needs stochastic passes."""
        ...

    def __call__(self, tagger: TokenTagger, sentences: Sequence[Sentence], asking: Asking) -> Scores:
        """Score sentences; words with a tag are annotated already and do not count for their sentence's score."""
        ...


@dataclass(frozen=True, slots=True)
class OfProbabilities:
    """Scores words by their distributions over tags: (n_words, n_tags) to (n_words,)."""

    name: str
    score: Callable[[FloatArray], FloatArray]
    aggregate: Aggregate = "min"
    scores_words: bool = True
    needs_samples: bool = False

    def __call__(self, tagger: TokenTagger, sentences: Sequence[Sentence], asking: Asking) -> Scores:
        """Score words by `predict_proba`, sentences by their most doubtful word."""
        found = tagger.predict_proba(sentences)
        _check_lengths(self.name, sentences, [len(probs) for probs in found])
        words = self.score(np.concatenate(found)) if found else np.zeros(0)
        return _of_words(words, sentences, asking.aggregate or self.aggregate)


@dataclass(frozen=True, slots=True)
class OfSamples:
    """Scores words by the decisions of stochastic passes: (n_passes, n_words) to (n_words,)."""

    name: str
    score: Callable[[IntArray], FloatArray]
    aggregate: Aggregate = "mean"
    scores_words: bool = True
    needs_samples: bool = True

    def __call__(self, tagger: TokenTagger, sentences: Sequence[Sentence], asking: Asking) -> Scores:
        """Score words by `sample`, sentences by the mean of their words. Raises InputError where it has no samples."""
        check_tagger(self, type(tagger))
        assert isinstance(tagger, Samples)  # as check_tagger says
        found: list[FloatArray] = []
        for batch in _batches(sentences):
            # One seed for all batches would drop the same units in each.
            seed = int(np.random.SeedSequence([asking.seed, len(found)]).generate_state(1)[0])
            samples = tagger.sample(batch, asking.n_passes, seed)
            _check_lengths(self.name, batch, [one.shape[1] for one in samples])
            found.append(self.score(np.concatenate(samples, axis=1)))
        return _of_words(np.concatenate(found) if found else np.zeros(0), sentences, asking.aggregate or self.aggregate)


@dataclass(frozen=True, slots=True)
class OfSequence:
    """Scores whole sentences by the log probability of the decided tags and the number of words."""

    name: str
    score: Callable[[float, int], float]
    scores_words: bool = False
    needs_samples: bool = False

    def __call__(self, tagger: TokenTagger, sentences: Sequence[Sentence], asking: Asking) -> Scores:
        """Score sentences by `predict`."""
        found = tagger.predict(sentences)
        _check_lengths(self.name, sentences, [len(prediction.tags) for prediction in found])
        of_each = [
            self.score(prediction.log_probability, len(sentence)) if sentence.n_known < len(sentence) else np.inf
            for prediction, sentence in zip(found, sentences, strict=True)
        ]
        return Scores(None, np.array(of_each, dtype=np.float64))


@dataclass(frozen=True, slots=True)
class AtRandom:
    """Scores words and sentences uniformly at random, whatever the tagger: a long sentence is drawn like a short."""

    name: str
    scores_words: bool = True
    needs_samples: bool = False

    def __call__(self, tagger: TokenTagger, sentences: Sequence[Sentence], asking: Asking) -> Scores:
        """Score without a look at the tagger."""
        rng = np.random.default_rng(asking.seed)
        of_sentences = scores.random_scores(len(sentences), rng)
        done = np.array([sentence.n_known == len(sentence) for sentence in sentences], dtype=bool)
        words = scores.random_scores(sum(map(len, sentences)), rng)
        return Scores(words, np.where(done, np.inf, of_sentences))


breaking_ties = OfProbabilities("breaking_ties", scores.breaking_ties)
least_confidence = OfProbabilities("least_confidence", scores.least_confidence)
prediction_entropy = OfProbabilities("prediction_entropy", scores.prediction_entropy)
random = AtRandom("random")
sequence_lc = OfSequence("sequence_lc", lambda log_probability, n_words: scores.sequence_lc(log_probability))
mnlp = OfSequence("mnlp", scores.mnlp)
bald = OfSamples("bald", scores.bald)


def check_tagger(query: Query, tagger: type[TokenTagger]) -> None:
    """Raise InputError where the query needs samples and taggers of this class have none."""
    if query.needs_samples and not issubclass(tagger, Samples):
        raise InputError(
            f"the query {query.name} needs a tagger with dropout, and {tagger.__name__} has none to sample from",
            remedy="choose a neural tagger, or the query breaking_ties, which needs one pass",
        )


def _of_words(words: FloatArray, sentences: Sequence[Sentence], how: Aggregate) -> Scores:
    open_ = np.fromiter((tag is None for sentence in sentences for tag in sentence.tags), dtype=bool, count=len(words))
    lengths = np.array([len(sentence) - sentence.n_known for sentence in sentences], dtype=np.int64)
    return Scores(words, aggregate_each(words[open_], lengths, how))


def _batches(sentences: Sequence[Sentence]) -> list[Sequence[Sentence]]:
    ends = np.cumsum([len(sentence) for sentence in sentences]) // _BATCH_WORDS
    cuts = [0, *(np.flatnonzero(np.diff(ends)) + 1).tolist(), len(sentences)]
    return [sentences[first:end] for first, end in pairwise(cuts) if end > first]


def _check_lengths(name: str, sentences: Sequence[Sentence], lengths: Sequence[int]) -> None:
    if len(lengths) != len(sentences):
        raise InputError(
            f"the tagger answered for {len(lengths)} of {len(sentences)} sentences, so {name} cannot score them",
            remedy="a tagger answers for each sentence, in order",
        )
    for sentence, length in zip(sentences, lengths, strict=True):
        if length != len(sentence):
            raise InputError(
                f"the tagger answered for {length} of the {len(sentence)} words of {sentence.id!r}",
                remedy="a tagger answers for every word, also of a text longer than its window",
            )
