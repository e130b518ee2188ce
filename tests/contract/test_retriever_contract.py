"""Every registered retriever keeps the promises of `retrieval.base`: it ranks, and it says how alike texts are."""

import pytest

from allabel.plugins import load, names
from allabel.testing import RetrieverContract, SimilarityContract
from allabel.testing.retriever import MakeBoth
from retrieval.bm25 import Bm25
from retrieval.fusion import Fused


class TestEveryRetriever(RetrieverContract, SimilarityContract):
    @pytest.fixture(params=names("retrievers"))
    def make(self, request: pytest.FixtureRequest) -> MakeBoth:
        if request.param not in {"dense", "fused"}:
            made: MakeBoth = load("retrievers", request.param)
            return made
        # With a small real encoder in place of the one that would be downloaded.
        dense = request.getfixturevalue("minilm")
        return dense if request.param == "dense" else lambda texts: Fused([Bm25(texts), dense(texts)])
