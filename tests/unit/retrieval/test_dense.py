"""The dense retriever: on ready vectors, and with a real sentence encoder where one is installed."""

import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from allabel.annotate.retrievers import retriever
from allabel.config import Settings
from allabel.errors import InputError, MissingExtraError
from retrieval.base import MissingPackageError, RetrievalError
from retrieval.bm25 import Bm25
from retrieval.dense import Dense

TEXTS = [
    "The patient developed severe headaches after taking the drug.",
    "The powder was dried under vacuum overnight.",
    "Stock prices fell sharply on Monday.",
]
PARAPHRASE = "Migraine caused by medication"

needs_faiss = pytest.mark.skipif(find_spec("faiss") is None, reason="faiss is not installed")


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def vectors() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((60, 8))


def test_blocks_columns_and_means_are_views_of_one_symmetric_matrix(vectors: np.ndarray) -> None:
    index, matrix = Dense.of_vectors(vectors), unit(vectors) @ unit(vectors).T
    np.testing.assert_allclose(np.concatenate([block for _, block in index.blocks()]), matrix, atol=1e-6)
    some = np.array([31, 2, 7])
    ((queries, block),) = index.blocks(some)
    assert queries.tolist() == some.tolist()
    np.testing.assert_allclose(block, matrix[some], atol=1e-6)
    ((_, columns),) = index.columns(some)
    np.testing.assert_allclose(columns, matrix[:, some].T, atol=1e-6)
    np.testing.assert_allclose(index.to(5), matrix[:, 5], atol=1e-6)
    np.testing.assert_allclose(index.among(some).to(0), matrix[some, 31], atol=1e-6)
    np.testing.assert_allclose(index.means(), [np.delete(row, i).mean() for i, row in enumerate(matrix)], atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(index.vectors(), axis=1), 1, atol=1e-6)


def test_a_vector_of_length_0_stays_so_and_a_single_text_has_the_mean_0() -> None:
    assert not Dense.of_vectors([[0.0, 0.0], [3.0, 4.0]]).vectors()[0].any()
    assert Dense.of_vectors([[3.0, 4.0]]).means() == pytest.approx([0])


@needs_faiss
@pytest.mark.parametrize("k", [0, 1, 7, 59, 60, 100])
def test_nearest_is_a_sort_of_the_inner_products(vectors: np.ndarray, k: int) -> None:
    queries = np.random.default_rng(1).standard_normal((30, 8)).astype(np.float32)
    scores = unit(queries) @ unit(vectors).T
    found = Dense.of_vectors(vectors).nearest(queries, k)
    assert found.ids.tolist() == np.argsort(-scores, axis=1, kind="stable")[:, :k].tolist()
    np.testing.assert_allclose(found.scores, -np.sort(-scores, axis=1)[:, :k], atol=1e-6)


@needs_faiss
def test_copies_and_equal_scores_come_by_position() -> None:
    corners = np.eye(4)[[0, 1, 0, 2, 1, 3, 0]]
    index = Dense.of_vectors(corners)
    query = np.eye(4, dtype=np.float32)[:1]
    for k in range(8):
        assert index.nearest(query, k).ids.tolist() == [[0, 2, 6, 1, 3, 4, 5][:k]]


def test_no_text_is_refused() -> None:
    with pytest.raises(RetrievalError, match="at least one text"):
        Dense([])


@pytest.mark.parametrize("package", ["faiss", "sentence_transformers"])
def test_a_missing_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    pytest.importorskip("faiss")
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingPackageError, match=r"pip install 'allabel\[dense\]'"):
        Dense(["NaCl"], encoder="never/loaded")
    with pytest.raises(MissingExtraError) as caught:
        retriever(Settings(retriever="dense", encoder="never/loaded"))(["NaCl"])
    assert caught.value.exit_status == 2


@pytest.mark.parametrize("encoder", ["/no/such/folder", "nobody/no-such-model"])
def test_an_encoder_that_is_not_there_is_named_with_a_remedy(monkeypatch: pytest.MonkeyPatch, encoder: str) -> None:
    pytest.importorskip("faiss")
    pytest.importorskip("sentence_transformers")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(InputError, match=rf"'{encoder}' is neither on this machine.*\n +remedy: .*ALLABEL_ENCODER"):
        retriever(Settings(retriever="dense", encoder=encoder))(["NaCl"])


def test_a_retriever_that_takes_texts_alone_is_given_texts_alone() -> None:
    assert isinstance(retriever(Settings(retriever="bm25", encoder="x"))(["NaCl"]), Bm25)


def test_dense_search_finds_a_paraphrase_that_shares_no_word(minilm: Callable[..., Dense]) -> None:
    assert not Bm25(TEXTS).scores([PARAPHRASE]).any()
    found = minilm(TEXTS).search([PARAPHRASE], 3)
    assert found.ids[0, 0] == 0
    assert found.scores[0, 0] > found.scores[0, 1] + 0.1


def test_the_same_text_has_the_same_vector_wherever_it_stands(minilm: Callable[..., Dense]) -> None:
    rows = minilm([TEXTS[0], *TEXTS, TEXTS[0]]).vectors()
    assert np.array_equal(rows[0], rows[1])
    assert np.array_equal(rows[0], rows[-1])
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)


def test_the_setting_names_the_encoder(minilm_folder: Path) -> None:
    index = retriever(Settings(retriever="dense", encoder=str(minilm_folder)))(TEXTS)
    assert index.search([PARAPHRASE], 1).ids.tolist() == [[0]]
