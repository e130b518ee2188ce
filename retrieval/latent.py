"""Latent semantic vectors: a sparse matrix of texts and terms brought down to a few dimensions.

Source: Deerwester et al. 1990 (latent semantic analysis), by the randomised range finder of Halko et al. 2011.
"""

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from retrieval.base import ScoreArray

if TYPE_CHECKING:
    Matrix = sparse.csr_array[np.float64]

DIMENSIONS = 128
OVERSAMPLING, POWER_ITERATIONS = 10, 4
# A row that keeps less of its length than this has nothing in common with the others but rounding.
LEAST = 1e-4
# A direction whose squared length is less than this share of the greatest is rounding.
NEGLIGIBLE = 1e-11


def latent(weights: "Matrix", dimensions: int = DIMENSIONS) -> ScoreArray:
    """Return the rows' places along the strongest directions of the matrix: (n_rows, at most `dimensions`).

    weights: (n_rows, n_terms); rows count alike, whatever their lengths. The result's rows have length 1, or 0 where
    the row is empty or has next to nothing along these directions. The same matrix gives the same vectors.
    """
    lengths = np.sqrt(np.asarray(weights.multiply(weights).sum(axis=1)).ravel())
    if not lengths.any():
        return np.zeros((len(lengths), 1), dtype=np.float32)
    scale = np.divide(1, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    rows = (sparse.diags_array(scale) @ weights).tocsr().astype(np.float32)
    by_term = rows.T.tocsr()
    n_terms = rows.shape[1]
    width = min(n_terms, dimensions + OVERSAMPLING)
    basis = np.random.default_rng(0).standard_normal((n_terms, width)).astype(np.float32)
    for _ in range(POWER_ITERATIONS):
        # Twice, as once leaves weak directions only nearly at right angles.
        basis = _orthonormal(_orthonormal(by_term @ (rows @ basis)))
    inside = rows @ basis
    _, directions = np.linalg.eigh(inside.T @ inside.copy())
    vectors = np.ascontiguousarray((inside @ directions[:, ::-1])[:, :dimensions])
    kept = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(np.divide(vectors, kept, out=np.zeros_like(vectors), where=kept > LEAST), dtype=np.float32)


def _orthonormal(columns: ScoreArray) -> ScoreArray:
    """Return orthonormal columns that span these, fewer where they depend on one another: by far faster than QR."""
    # Two copies: numpy gives the product of a matrix with itself to a routine that is ten times slower here.
    squares, directions = np.linalg.eigh(columns.T.astype(np.float64) @ columns.astype(np.float64))
    kept = squares > max(float(squares[-1]), 0.0) * NEGLIGIBLE
    return columns @ np.ascontiguousarray(directions[:, kept] / np.sqrt(squares[kept]), dtype=np.float32)
