"""Coverage against brute force: facility location on 1 / (1 + rank)."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from scipy.stats import rankdata

from allabel.document import DocId, Document
from allabel.reply import Reply
from allabel.select.base import Choice, Pool, Tools
from allabel.select.budget import count_tokens
from allabel.select.coverage import Coverage, CoveragePerRootToken, CoveragePerToken
from allabel.select.queries import drawn
from retrieval.bm25 import Bm25


def nobody(texts: Sequence[str]) -> list[Reply]:
    raise AssertionError("this stage needs no annotator")


def pool_of(texts: Sequence[str], labelled: Sequence[int] = ()) -> Pool:
    return Pool(tuple(DocId(str(i)) for i in range(len(texts))), tuple(texts), frozenset(labelled))


def choose(stage: type[Coverage], pool: Pool, n: int, seed: int = 0) -> list[Choice]:
    return stage(Tools(Bm25, nobody)).select(pool, n, np.random.default_rng(seed))


@pytest.fixture(scope="module")
def texts(bc5cdr: Callable[[str, int], list[Document]]) -> list[str]:
    return [document.text for document in bc5cdr("train", 150)]


@pytest.fixture(scope="module")
def values(texts: list[str]) -> np.ndarray:
    """values[j, i]: how well text i serves text j."""
    matrix = Bm25(texts).scores(texts)
    np.fill_diagonal(matrix, np.inf)
    return 1 / rankdata(-matrix, axis=1)


def greedily(values: np.ndarray, costs: np.ndarray, labelled: Sequence[int], n: int) -> list[int]:
    chosen, best = list(labelled), np.zeros(len(values))
    if chosen:
        best = np.where(np.isin(np.arange(len(values)), chosen), 1, values[:, chosen].max(axis=1))
    for _ in range(n):
        gains = np.maximum(values - best[:, None], 0).sum(axis=0) / costs
        gains[chosen] = -1
        chosen.append(int(gains.argmax()))
        best = np.maximum(best, values[:, chosen[-1]])
    return chosen[len(labelled) :]


def covered(values: np.ndarray, chosen: Sequence[int]) -> float:
    return float(values[:, chosen].max(axis=1).sum())


@pytest.mark.parametrize("stage", [Coverage, CoveragePerToken, CoveragePerRootToken])
@pytest.mark.parametrize("labelled", [[], [3, 50, 51]])
def test_the_greedy_choice_of_brute_force(
    stage: type[Coverage], labelled: list[int], texts: list[str], values: np.ndarray
) -> None:
    costs = np.array([count_tokens(text) for text in texts]) ** stage.cost_exponent
    unlabelled = np.setdiff1d(np.arange(len(texts)), labelled)
    found = [choice.position for choice in choose(stage, pool_of(texts, labelled), 20)]
    expected = greedily(values[unlabelled], costs, labelled, 20)
    # Scores are told apart at a resolution, so picks may differ where two are as good.
    worth = covered(values[unlabelled], [*labelled, *found]) / covered(values[unlabelled], [*labelled, *expected])
    assert worth > 0.999
    assert len(set(found) & set(expected)) >= 17


def test_the_score_is_the_gain_and_falls(texts: list[str], values: np.ndarray) -> None:
    choices = choose(Coverage, pool_of(texts), 30)
    scores = [choice.score for choice in choices]
    assert scores == sorted(scores, reverse=True)
    assert sum(scores) == pytest.approx(covered(values, [c.position for c in choices]), rel=1e-3)


def test_the_reason_counts_whom_it_serves() -> None:
    texts = ["NaCl in water", "NaCl in hot water", "NaCl in cold water", "aspirin induced asthma"]
    first, second = choose(Coverage, pool_of(texts), 2)
    assert "NaCl" in texts[first.position]
    assert second.position == 3
    assert "for 4 texts, 4 of which had none" in first.reason


def test_long_texts_are_chosen_less_when_tokens_count(texts: list[str]) -> None:
    def tokens(stage: type[Coverage]) -> float:
        return float(np.mean([count_tokens(texts[c.position]) for c in choose(stage, pool_of(texts), 20)]))

    assert tokens(CoveragePerToken) < tokens(CoveragePerRootToken) < tokens(Coverage)


def test_queries_are_drawn_from_many_only_and_by_the_generator() -> None:
    positions = np.arange(0, 100, 2)
    assert drawn(positions, np.random.default_rng(0)).tolist() == positions.tolist()
    some = [drawn(positions, np.random.default_rng(seed), all_below=40, n=10).tolist() for seed in (0, 0, 1)]
    assert some[0] == some[1] != some[2]
    assert some[0] == sorted(set(some[0]) & set(positions.tolist()))
    assert len(some[0]) == 10
