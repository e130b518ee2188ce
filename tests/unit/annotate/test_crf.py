"""The CRF's decoding against CRFsuite's own tagger and against counting every tag sequence."""

import itertools
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pycrfsuite
import pytest

from allabel.annotate.crf import Crf
from allabel.annotate.features import word_features
from allabel.annotate.pieces import Piece, iob2, pieces
from allabel.document import Document

Features = list[list[str]]
TINY: list[Features] = [[["a"], ["b"], ["c"]], [["b", "x"], ["a"]], [["c"]], [["a", "x"], ["a"], ["b"], ["c"]]]
TINY_TAGS = [["O", "B-p", "I-p"], ["B-p", "O"], ["B-q"], ["O", "O", "B-q", "I-p"]]


def features(tokens: list[Piece]) -> Features:
    return [list(word_features(t.chunk, t.nth, 0)) for t in tokens]


@pytest.fixture(scope="module")
def corpus(bc5cdr: Callable[[str, int], list[Document]]) -> tuple[list[Features], list[list[str]]]:
    documents = bc5cdr("train", 150)
    tokens = [pieces(d.text) for d in documents]
    return [features(t) for t in tokens], [iob2(t, d.entities or ()) for t, d in zip(tokens, documents, strict=True)]


@pytest.fixture(scope="module")
def crf(corpus: tuple[list[Features], list[list[str]]]) -> Crf:
    return Crf(*corpus)


@pytest.fixture(scope="module")
def tiny() -> Crf:
    return Crf(TINY, TINY_TAGS)


def emissions(crf: Crf, sequence: Features) -> np.ndarray:
    return crf.emissions(sequence)


def test_tags_and_probabilities_are_those_of_crfsuite(
    crf: Crf,
    corpus: tuple[list[Features], list[list[str]]],
    bc5cdr: Callable[[str, int], list[Document]],
    tmp_path: Path,
) -> None:
    trainer = pycrfsuite.Trainer(verbose=False)
    trainer.set_params(
        {"c1": 0.05, "c2": 0.1, "max_iterations": 80, "epsilon": 1e-4, "feature.possible_transitions": True}
    )
    for sequence, tags in zip(*corpus, strict=True):
        trainer.append(sequence, tags)
    trainer.train(str(tmp_path / "model"))
    tagger = pycrfsuite.Tagger()
    tagger.open(str(tmp_path / "model"))

    texts = [*(d.text for d in bc5cdr("test", 200)), "aspirin", "😀", "unheard of words"]
    sequences = [features(pieces(text)) for text in texts]
    n_entities = 0
    for sequence, decoded in zip(sequences, crf.decode([emissions(crf, s) for s in sequences]), strict=True):
        tags = [crf.tags[i] for i in decoded.tags]
        assert tags == tagger.tag(sequence)
        # CRFsuite gives the probability itself, which is coarse where it is tiny.
        assert math.exp(decoded.log_probability) == pytest.approx(tagger.probability(tags), abs=1e-6, rel=1e-6)
        n_entities += sum(tag.startswith("B-") for tag in tags)
    assert n_entities > 50


def every_path(crf: Crf, scores: np.ndarray) -> dict[tuple[int, ...], float]:
    """Every tag sequence with its probability, by counting."""
    raw = {
        path: math.exp(
            sum(scores[t, tag] for t, tag in enumerate(path))
            + sum(crf.transitions[left, right] for left, right in itertools.pairwise(path))
        )
        for path in itertools.product(range(len(crf.tags)), repeat=len(scores))
    }
    total = sum(raw.values())
    return {path: value / total for path, value in raw.items()}


@pytest.mark.parametrize("sequence", [[["a"]], [["c"], ["b"]], TINY[0], TINY[3], [["?"], ["a"], [], ["x"], ["c"]]])
def test_the_best_sequence_and_its_probability_are_those_of_counting(tiny: Crf, sequence: Features) -> None:
    scores = emissions(tiny, sequence)
    paths = every_path(tiny, scores)
    (decoded,) = tiny.decode([scores])
    assert paths[tuple(decoded.tags)] == pytest.approx(max(paths.values()))
    assert math.exp(decoded.log_probability) == pytest.approx(max(paths.values()))


@pytest.mark.parametrize("length", [1, 2, 4, 5])
@pytest.mark.parametrize("continuing", [None, "I-p"])
def test_a_spans_probability_is_the_sum_over_all_sequences_that_hold_it(
    tiny: Crf, length: int, continuing: str | None
) -> None:
    rng = np.random.default_rng(length)
    scores = rng.normal(0, 2, (length, len(tiny.tags)))
    paths = every_path(tiny, scores)
    (decoded,) = tiny.decode([scores])
    onward = None if continuing is None else tiny.tags.index(continuing)
    for first, end in itertools.combinations(range(length + 1), 2):
        expected = sum(
            p
            for path, p in paths.items()
            if list(path[first:end]) == list(decoded.tags[first:end])
            and (end == length or onward is None or path[end] != onward)
        )
        assert decoded.span_probability(first, end, onward) == pytest.approx(expected)


def test_a_batch_of_mixed_lengths_decodes_each_as_if_alone(tiny: Crf) -> None:
    rng = np.random.default_rng(0)
    many = [rng.normal(0, 2, (length, len(tiny.tags))) for length in rng.integers(1, 30, 1100)]
    together = tiny.decode(many)
    for i in (0, 1, 511, 512, 513, 1024, 1099):
        (alone,) = tiny.decode([many[i]])
        assert together[i].tags.tolist() == alone.tags.tolist()
        assert together[i].log_probability == pytest.approx(alone.log_probability)
        assert together[i].span_probability(0, 1, None) == pytest.approx(alone.span_probability(0, 1, None))


def test_nothing_to_decode_gives_nothing(tiny: Crf) -> None:
    assert tiny.decode([]) == []


def test_scores_far_from_zero_do_not_overflow(tiny: Crf) -> None:
    scores = np.array([[2000.0, 0, 0, 0], [0, -3000.0, 0, 1500.0]])
    (decoded,) = tiny.decode([scores])
    assert decoded.tags.tolist() == [0, 3]
    assert decoded.log_probability == pytest.approx(0, abs=1e-6)
    assert decoded.span_probability(0, 2, None) == pytest.approx(1)


def test_features_never_seen_weigh_nothing(tiny: Crf) -> None:
    assert tiny.emissions([["never", "seen"]]).tolist() == [[0.0] * len(tiny.tags)]
    np.testing.assert_allclose(tiny.emissions([["a", "never"]]), tiny.emissions([["a"]]))
    assert tiny.emissions([["a"]]).any()


def test_training_twice_gives_the_same_weights(tiny: Crf) -> None:
    again = Crf(TINY, TINY_TAGS)
    assert (again.tags, again.attributes) == (tiny.tags, tiny.attributes)
    np.testing.assert_array_equal(again.state, tiny.state)
    np.testing.assert_array_equal(again.transitions, tiny.transitions)


def test_one_tag_alone_is_certain() -> None:
    crf = Crf([[["a"], ["b"]]], [["O", "O"]])
    (decoded,) = crf.decode([emissions(crf, [["a"], ["b"]])])
    assert [crf.tags[i] for i in decoded.tags] == ["O", "O"]
    assert decoded.log_probability == pytest.approx(0)
