"""How often each text holds each term, as a sparse matrix."""

from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from retrieval.tokenize import terms

if TYPE_CHECKING:
    Counted = sparse.csr_array[np.float64]


class Vocabulary:
    """The terms of some texts, numbered by first appearance."""

    def __init__(self) -> None:
        self._columns: dict[str, int] = {}

    def copy(self) -> "Vocabulary":
        """Return the same terms, to grow by themselves."""
        made = Vocabulary()
        made._columns = dict(self._columns)
        return made

    @property
    def terms(self) -> tuple[str, ...]:
        """Every term, in the order of its column."""
        return tuple(self._columns)

    def count(self, texts: Sequence[str], *, grow: bool) -> "Counted":
        """Count each text's terms: (n_texts, n_terms). grow: whether unknown terms are taken in, or left out."""
        known = self._columns
        columns = array("i")
        ends = np.zeros(len(texts) + 1, dtype=np.int64)
        for i, text in enumerate(texts, start=1):
            found = terms(text)
            if grow:
                columns.extend([known.setdefault(term, len(known)) for term in found])
            else:
                columns.extend([known[term] for term in found if term in known])
            ends[i] = len(columns)
        if len(columns) < np.iinfo(np.int32).max:
            ends = ends.astype(np.int32)  # scipy keeps 4-byte indices only where the row ends fit them too
        indices = np.frombuffer(columns, dtype=np.int32).copy()
        shape = (len(texts), max(1, len(known)))
        matrix = sparse.csr_array((np.ones(len(indices)), indices, ends), shape=shape)
        matrix.sum_duplicates()
        return matrix
