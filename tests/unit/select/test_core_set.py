"""Core-set where only a list of the farthest texts is compared: still farthest first of all texts."""

from collections.abc import Sequence

import numpy as np
import pytest

from allabel.document import DocId
from allabel.select import core_set
from allabel.select.base import Choice, Pool, Tools
from allabel.select.core_set import CoreSet
from retrieval.dense import Dense


def farthest_first(matrix: np.ndarray, labelled: Sequence[int], n: int) -> list[int]:
    chosen = list(labelled)
    for _ in range(n):
        rest = [i for i in range(len(matrix)) if i not in chosen]
        if chosen:
            chosen.append(min(rest, key=lambda i: max(matrix[i, j] for j in chosen)))
        else:
            chosen.append(min(rest, key=lambda i: np.delete(matrix[i], i).mean()))
    return chosen[len(labelled) :]


def select(index: Dense, n: int, labelled: Sequence[int] = ()) -> list[Choice]:
    pool = Pool(tuple(DocId(str(i)) for i in range(len(index))), ("x",) * len(index), frozenset(labelled))
    return CoreSet(Tools(lambda texts: index, lambda texts: [])).select(pool, n, np.random.default_rng(0))


@pytest.mark.parametrize("labelled", [[], [3], [5, 40, 41, 199]])
@pytest.mark.parametrize("shortlist", [1, 7, 60, 1000])
def test_it_is_farthest_first_by_brute_force(
    monkeypatch: pytest.MonkeyPatch, labelled: list[int], shortlist: int
) -> None:
    monkeypatch.setattr(core_set, "SHORTLIST", shortlist)
    index = Dense.of_vectors(np.random.default_rng(0).standard_normal((200, 12)))
    matrix = np.concatenate([block for _, block in index.blocks()])
    choices = select(index, 80, labelled)
    expected = farthest_first(matrix, labelled, 80)
    assert [choice.position for choice in choices] == expected
    before = [*labelled, *expected]
    for rank, choice in enumerate(choices[1:], start=len(labelled) + 1):
        assert choice.score == pytest.approx(matrix[choice.position, before[:rank]].max(), abs=1e-6)
        to = "the one text there" if rank == 1 else f"any of {rank} texts"
        assert f"{to} is {choice.score:.2f}" in choice.reason


@pytest.mark.parametrize("shortlist", [1, 2, 1000])
def test_equal_texts_come_by_position_down_to_the_last(monkeypatch: pytest.MonkeyPatch, shortlist: int) -> None:
    monkeypatch.setattr(core_set, "SHORTLIST", shortlist)
    index = Dense.of_vectors(np.eye(3)[[0, 0, 1, 1, 2, 0]])
    found = [choice.position for choice in select(index, 9, labelled=[0])]
    assert found == [2, 4, 1, 3, 5]
