"""Each promise of `RetrieverContract` and `SimilarityContract` is broken by a retriever, and the contract says so."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from contract_cases import breaks, promises_of, run

from allabel.testing import RetrieverContract, SimilarityContract
from retrieval.base import FloatArray, IntArray, RetrievalError, ScoreArray, TopK
from retrieval.bm25 import Bm25
from retrieval.borrowed import Borrowed


class Plain(Borrowed):
    """BM25 as it is: keeps every promise."""

    def __init__(self, texts: Sequence[str]) -> None:
        super().__init__(Bm25(texts))

    def search(self, queries: Sequence[str], k: int) -> TopK:
        return self._index.search(queries, k)


class Rising(Plain):
    def search(self, queries: Sequence[str], k: int) -> TopK:
        found = super().search(queries, k)
        return TopK(found.ids[:, ::-1], found.scores[:, ::-1])


class TiesTurned(Plain):
    """Puts equal scores in the order of the last text first."""

    def search(self, queries: Sequence[str], k: int) -> TopK:
        found = super().search(queries, len(self))
        order = np.lexsort((-found.ids, -found.scores))[:, :k]
        return TopK(np.take_along_axis(found.ids, order, 1), np.take_along_axis(found.scores, order, 1))


class FirstTwice(Plain):
    def search(self, queries: Sequence[str], k: int) -> TopK:
        found = super().search(queries, k)
        ids = found.ids.copy()
        ids[:, -1:] = ids[:, :1]
        return TopK(ids, found.scores)


class Padding(Plain):
    """Fills up to k with the first text."""

    def search(self, queries: Sequence[str], k: int) -> TopK:
        found = super().search(queries, k)
        more = ((0, 0), (0, k - found.ids.shape[1]))
        return TopK(np.pad(found.ids, more), np.pad(found.scores, more))


class BestOnlyForMany(Plain):
    """Turns the order for small k."""

    def search(self, queries: Sequence[str], k: int) -> TopK:
        found = super().search(queries, len(self))
        return TopK(found.ids[:, ::-1][:, :k], found.scores[:, :k]) if k < 3 else super().search(queries, k)


class FailsWithoutQueries(Plain):
    def search(self, queries: Sequence[str], k: int) -> TopK:
        if not queries:
            raise RetrievalError("no query")
        return super().search(queries, k)


class FirstQueryForAll(Plain):
    """Answers every query of a batch as the first."""

    def search(self, queries: Sequence[str], k: int) -> TopK:
        return super().search([queries[0]] * len(queries) if queries else queries, k)


class AtRandom(Plain):
    def search(self, queries: Sequence[str], k: int) -> TopK:
        ids = np.array([np.random.default_rng().permutation(len(self))[:k] for _ in queries], dtype=np.int64)
        return TopK(ids.reshape(len(queries), -1), np.zeros(ids.shape))


class NeedsTwo(Plain):
    def __init__(self, texts: Sequence[str]) -> None:
        if len(texts) < 2:
            raise RetrievalError("one text cannot be ranked")
        super().__init__(texts)


class InOwnOrder(Plain):
    def blocks(self, queries: IntArray | None = None) -> Iterator[tuple[IntArray, ScoreArray]]:
        yield from super().blocks(np.arange(len(self)) if queries is None else np.sort(queries))


class Relative(Plain):
    """Divides by the sum of the block, which depends on what is asked together."""

    def blocks(self, queries: IntArray | None = None) -> Iterator[tuple[IntArray, ScoreArray]]:
        for some, block in super().blocks(queries):
            yield some, block / block.sum()


class RowForColumn(Plain):
    def to(self, position: int) -> FloatArray:
        ((_, block),) = self.blocks(np.array([position]))
        return block[0].astype(float)


class MeansWithItself(Plain):
    def means(self) -> FloatArray:
        return np.concatenate([block for _, block in self.blocks()]).mean(axis=1).astype(float)


class LongVectors(Plain):
    def vectors(self) -> ScoreArray:
        return 2 * super().vectors()


class PlacedVectors(Plain):
    """Tells equal texts apart by their position."""

    def vectors(self) -> ScoreArray:
        return np.eye(len(self), dtype=np.float32)


RANKING = {
    "test_scores_fall_and_ties_stand_by_position": [Rising, TiesTurned],
    "test_each_text_is_found_once": [FirstTwice],
    "test_more_than_there_is_gives_all_there_is": [Padding],
    "test_a_smaller_k_gives_the_first_of_a_larger_one": [BestOnlyForMany],
    "test_no_query_gives_no_row": [FailsWithoutQueries],
    "test_a_query_alone_ranks_as_it_does_among_others": [FirstQueryForAll],
    "test_an_index_built_again_ranks_the_same": [AtRandom],
    "test_a_single_text_can_be_indexed": [NeedsTwo],
}
LIKENING = {
    "test_blocks_have_a_row_for_each_text_asked_in_order": [InOwnOrder],
    "test_some_rows_are_those_of_the_whole": [Relative],
    "test_to_is_a_column_of_the_blocks": [RowForColumn],
    "test_means_leave_out_the_similarity_to_itself": [MeansWithItself],
    "test_vectors_have_length_one_or_none": [LongVectors],
    "test_equal_texts_have_equal_vectors": [PlacedVectors],
}
CASES = [
    (contract, promise, broken)
    for contract, table in ((RetrieverContract, RANKING), (SimilarityContract, LIKENING))
    for promise, all_broken in table.items()
    for broken in all_broken
]


def test_every_promise_has_a_retriever_that_breaks_it() -> None:
    assert sorted(RANKING) == promises_of(RetrieverContract)
    assert sorted(LIKENING) == promises_of(SimilarityContract)


@pytest.mark.parametrize(("contract", "promise", "broken"), CASES)
def test_a_retriever_that_breaks_a_promise_fails_there(contract: Any, promise: str, broken: Any) -> None:
    assert breaks(contract(), promise, {"make": broken})


@pytest.mark.parametrize(("contract", "promise"), [(contract, promise) for contract, promise, _ in CASES])
def test_a_retriever_that_keeps_all_passes(contract: Any, promise: str) -> None:
    run(contract(), promise, {"make": Plain})
