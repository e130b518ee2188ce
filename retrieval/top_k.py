"""The largest scores of each row, without sorting the rows."""

import numpy as np

from retrieval.base import FloatArray, IntArray, ScoreArray


def top_k(block: FloatArray | ScoreArray, k: int) -> tuple[IntArray, FloatArray]:
    """Return positions and values of each row's k largest scores, descending, ties by position: (n_rows, k) twice.

    block: (n_rows, n), 0 < k <= n. Linear in its size: the k-th largest of the maxima of some groups of columns bounds
    the k-th largest score from below, and the few scores above it are sorted.
    """
    n_rows, n = block.shape
    size = max(1, n // (4 * k))  # of a group; its columns lie n_groups apart, so that maxima run along the memory
    n_groups = n // size
    maxima = block[:, : size * n_groups].reshape(n_rows, size, n_groups).max(axis=1)
    bound = np.partition(maxima, n_groups - k, axis=1)[:, n_groups - k, None]
    rows, columns = np.divmod(np.flatnonzero(block > bound), n)
    short = np.flatnonzero(np.bincount(rows, minlength=n_rows) < k)
    if len(short):
        # What is missing in these rows equals the bound; of many equal ones (texts that share no word) the first count.
        ties = [np.flatnonzero(block[row] == bound[row])[:k] for row in short]
        rows = np.concatenate([rows, np.repeat(short, [len(tied) for tied in ties])])
        columns = np.concatenate([columns, *ties])
    values = block[rows, columns].astype(np.float64)
    order = np.lexsort((columns, -values, rows))
    counts = np.bincount(rows, minlength=n_rows)
    firsts = np.cumsum(counts) - counts
    top = order[firsts[:, None] + np.arange(k)]
    return columns[top], values[top]
