"""Facility location against brute force."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from allabel.document import DocId, Document
from allabel.select import facility_location
from allabel.select.base import Pool, Tools
from allabel.select.facility_location import FacilityLocation
from retrieval.base import Similarity
from retrieval.bm25 import Bm25
from retrieval.dense import Dense


def pool_of(texts: Sequence[str], labelled: Sequence[int] = ()) -> Pool:
    return Pool(tuple(DocId(str(i)) for i in range(len(texts))), tuple(texts), frozenset(labelled))


def picked(similarity: Similarity, pool: Pool, n: int) -> list[tuple[int, float]]:
    stage = FacilityLocation(Tools(lambda texts: similarity, lambda texts: []))
    return [(choice.position, choice.score) for choice in stage.select(pool, n, np.random.default_rng(0))]


def brute_force(matrix: np.ndarray, labelled: Sequence[int], n: int) -> list[tuple[int, float]]:
    """matrix[j, i] is U(j, i): how well text i serves text j."""
    matrix = np.maximum(matrix, 0)
    chosen, found = list(labelled), []
    for _ in range(n):
        best = matrix[:, chosen].max(axis=1) if chosen else np.zeros(len(matrix))
        gains = np.maximum(matrix - best[:, None], 0).sum(axis=0)
        gains[chosen] = -1
        position = int(gains.argmax())
        found.append((position, float(gains[position])))
        chosen.append(position)
    return found


@pytest.mark.parametrize("labelled", [[], [3, 17, 40]])
@pytest.mark.parametrize("room", [None, 5], ids=["all columns kept", "few columns kept"])
def test_it_is_greedy_by_brute_force_on_60_texts(
    bc5cdr: Callable[[str, int], list[Document]],
    monkeypatch: pytest.MonkeyPatch,
    labelled: list[int],
    room: int | None,
) -> None:
    if room:
        monkeypatch.setattr(facility_location, "KEPT_BYTES", room * 4 * 60)
        monkeypatch.setattr(facility_location, "BATCH", room)
    texts = [document.text for document in bc5cdr("train", 60)]
    vectors = np.random.default_rng(0).standard_normal((60, 5))
    for index in (Bm25(texts), Dense.of_vectors(vectors)):
        matrix = np.concatenate([block for _, block in index.blocks()]).astype(float)
        found, expected = picked(index, pool_of(texts, labelled), 30), brute_force(matrix, labelled, 30)
        assert [i for i, _ in found] == [i for i, _ in expected]
        assert [gain for _, gain in found] == pytest.approx([gain for _, gain in expected], rel=1e-4)


def test_the_chosen_text_is_the_candidate_and_the_others_ask() -> None:
    texts = ["NaCl", "NaCl KCl HCl", "KCl", "HCl", "benzene", "toluene", "hexane"]
    matrix = Bm25(texts).scores(texts)
    (choice,) = picked(Bm25(texts), pool_of(texts), 1)
    assert choice[0] == int(matrix.sum(axis=0).argmax()) == 1


def test_a_blank_text_asks_for_nothing() -> None:
    index = Dense.of_vectors(np.eye(3)[[0, 0, 1, 2, 2, 2]])
    assert [i for i, _ in picked(index, pool_of(["a", "b", "c", "", " ", "d"]), 3)] == [0, 2, 5]


def test_the_value_is_that_of_another_implementation() -> None:
    apricot = pytest.importorskip("apricot")
    vectors = np.random.default_rng(2).standard_normal((200, 10))
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    matrix = np.maximum(unit @ unit.T, 0)
    theirs = apricot.FacilityLocationSelection(20, metric="precomputed", optimizer="lazy").fit(matrix).ranking
    ours = [i for i, _ in picked(Dense.of_vectors(vectors), pool_of(["x"] * 200), 20)]
    values = [float(matrix[:, list(chosen)].max(axis=1).sum()) for chosen in (ours, theirs)]
    assert values[0] == pytest.approx(values[1], rel=1e-4)
