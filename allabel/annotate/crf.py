"""A linear-chain CRF: python-crfsuite learns the weights, matrix operations decode whole batches.

Differential test: the same tags and probabilities as CRFsuite's own tagger. Source: Lafferty et al. 2001.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import pycrfsuite
from scipy import sparse

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Decoded:
    """The likeliest tags of one sequence.

    tags: (n_tokens,) positions in `Crf.tags`. log_probability: of all of them together, <= 0.
    """

    tags: IntArray
    log_probability: float
    _emissions: FloatArray
    _forward: FloatArray
    _backward: FloatArray
    _transitions: FloatArray

    def span_probability(self, first: int, end: int, continuing: int | None) -> float:
        """Return the probability that tokens `first..end-1` bear their tags and the entity ends there.

        continuing: the tag that would carry the entity on (`I-label`), or None where the schema has none.
        """
        tags, moves = self.tags, self._transitions
        log_z = np.logaddexp.reduce(self._forward[-1])
        score = self._forward[first, tags[first]]
        for t in range(first + 1, end):
            score += moves[tags[t - 1], tags[t]] + self._emissions[t, tags[t]]
        if end < len(tags):
            onward = moves[tags[end - 1]] + self._emissions[end] + self._backward[end]
            if continuing is not None:
                onward = np.delete(onward, continuing)
            score += np.logaddexp.reduce(onward)
        return float(min(1.0, np.exp(score - log_z)))

    def marginals(self) -> FloatArray:
        """Return each token's distribution over the tags: (n_tokens, n_tags), rows sum to 1."""
        logs = self._forward + self._backward
        shares = np.exp(logs - logs.max(axis=1, keepdims=True))
        return np.asarray(shares / shares.sum(axis=1, keepdims=True))


class Crf:
    """Weights of a trained chain.

    tags: the tag names; attributes: feature name to row of `state`; state: (n_attributes, n_tags);
    transitions: (n_tags, n_tags), from row to column.
    """

    def __init__(self, sequences: Sequence[Sequence[Sequence[str]]], tags: Sequence[Sequence[str]]) -> None:
        """Train on feature names and tags, both per token of each sequence; sequences must not be empty."""
        trainer = pycrfsuite.Trainer(verbose=False)
        trainer.set_params(
            {"c1": 0.05, "c2": 0.1, "max_iterations": 80, "epsilon": 1e-4, "feature.possible_transitions": True}
        )
        for features, sequence_tags in zip(sequences, tags, strict=True):
            trainer.append(features, sequence_tags)
        with tempfile.TemporaryDirectory(prefix="allabel-crf-") as folder:
            path = str(Path(folder) / "model")
            trainer.train(path)
            tagger = pycrfsuite.Tagger()
            tagger.open(path)
            info = tagger.info()
            tagger.close()
        self.tags: tuple[str, ...] = tuple(sorted({tag for sequence in tags for tag in sequence}))
        position = {tag: i for i, tag in enumerate(self.tags)}
        self.attributes: dict[str, int] = {}
        for attribute, _ in info.state_features:
            self.attributes.setdefault(attribute, len(self.attributes))
        self.state = np.zeros((len(self.attributes), len(self.tags)))
        for (attribute, tag), weight in info.state_features.items():
            self.state[self.attributes[attribute], position[tag]] = weight
        self.transitions = np.zeros((len(self.tags), len(self.tags)))
        for (source, target), weight in info.transitions.items():
            self.transitions[position[source], position[target]] = weight

    @classmethod
    def of_weights(
        cls, tags: Sequence[str], attributes: Sequence[str], state: FloatArray, transitions: FloatArray
    ) -> Self:
        """Return a chain that was trained before. Raises ValueError where the shapes do not fit."""
        n, k = len({*attributes}), len({*tags})
        if state.shape != (n, k) or transitions.shape != (k, k):
            raise ValueError(
                f"the weights have the shapes {state.shape} and {transitions.shape}, not {(n, k)}, {(k, k)}"
            )
        made = cls.__new__(cls)
        made.tags, made.attributes = tuple(tags), {name: i for i, name in enumerate(attributes)}
        made.state, made.transitions = state, transitions
        return made

    def emissions(self, features: Sequence[Sequence[str]]) -> FloatArray:
        """Return the summed state weights of each token's features: (n_tokens, n_tags); unknown features count 0."""
        rows = [[row for row in map(self.attributes.get, told) if row is not None] for told in features]
        ends = np.cumsum([0, *map(len, rows)])
        columns = np.fromiter((row for token in rows for row in token), dtype=np.int64, count=int(ends[-1]))
        told_by = sparse.csr_array((np.ones(len(columns)), columns, ends), shape=(len(rows), len(self.attributes)))
        return np.asarray(told_by @ self.state)

    def decode(self, emissions: Sequence[FloatArray]) -> list[Decoded]:
        """Decode sequences of (n_tokens >= 1, n_tags) emissions, in order; batched by length."""
        order = sorted(range(len(emissions)), key=lambda i: len(emissions[i]))
        decoded: dict[int, Decoded] = {}
        # Batches of neighbours in length waste little padding, and 512 of them keep the arrays in cache.
        for start in range(0, len(order), 512):
            batch = order[start : start + 512]
            decoded.update(zip(batch, self._decode_batch([emissions[i] for i in batch]), strict=True))
        return [decoded[i] for i in range(len(emissions))]

    def _decode_batch(self, emissions: Sequence[FloatArray]) -> list[Decoded]:
        lengths = np.array([len(e) for e in emissions])
        n, longest, k = len(emissions), int(lengths.max()), len(self.tags)
        padded = np.zeros((n, longest, k))
        for row, emission in zip(padded, emissions, strict=True):
            row[: len(emission)] = emission
        forward, best, came_from = (
            np.empty_like(padded),
            np.empty_like(padded),
            np.empty((n, longest, k), dtype=np.int64),
        )
        forward[:, 0] = best[:, 0] = padded[:, 0]
        for t in range(1, longest):
            steps = best[:, t - 1, :, None] + self.transitions
            came_from[:, t] = steps.argmax(axis=1)
            best[:, t] = steps.max(axis=1) + padded[:, t]
            forward[:, t] = _log_product(forward[:, t - 1], self.transitions) + padded[:, t]
        backward = np.zeros_like(padded)
        for t in range(longest - 2, -1, -1):
            inside = (t + 1 < lengths)[:, None]
            step = _log_product(padded[:, t + 1] + backward[:, t + 1], self.transitions.T)
            backward[:, t] = np.where(inside, step, 0.0)
        return [
            self._trace(emission, forward[i, :m], backward[i, :m], best[i, :m], came_from[i, :m])
            for i, (emission, m) in enumerate(zip(emissions, lengths, strict=True))
        ]

    def _trace(
        self, emission: FloatArray, forward: FloatArray, backward: FloatArray, best: FloatArray, came_from: IntArray
    ) -> Decoded:
        tags = np.empty(len(best), dtype=np.int64)
        tags[-1] = best[-1].argmax()
        for t in range(len(best) - 1, 0, -1):
            tags[t - 1] = came_from[t, tags[t]]
        log_probability = float(best[-1].max() - np.logaddexp.reduce(forward[-1]))
        return Decoded(tags, min(0.0, log_probability), emission, forward, backward, self.transitions)


def _log_product(logs: FloatArray, log_matrix: FloatArray) -> FloatArray:
    """Return log(exp(logs) @ exp(log_matrix)) without overflow: (n, k) and (k, k) to (n, k)."""
    peak = logs.max(axis=1, keepdims=True)
    return np.asarray(np.log(np.exp(logs - peak) @ np.exp(log_matrix)) + peak)
