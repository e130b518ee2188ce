"""How unsure the annotator on board is of each text: what rounds after the first go by."""

import numpy as np

from allabel.errors import AllabelError
from allabel.select.base import Pool, Tools
from retrieval.base import FloatArray, IntArray


def doubts(pool: Pool, tools: Tools, positions: IntArray) -> FloatArray:
    """Return the log perplexity of these texts, 1 for the average unlabelled one and 0 for labelled ones.

    positions: (n,). Tagged by the annotator on board, trained on what is annotated so far. Returns (n,).
    """
    tag = tools.on_board or tools.annotate
    open_ = np.array([i not in pool.labelled for i in positions.tolist()], dtype=bool)
    replies = tag([pool.texts[i] for i in positions[open_].tolist()])
    if any(reply.perplexity is None for reply in replies):
        raise AllabelError("the annotator on board gave a reply without a perplexity")
    found = np.zeros(len(positions))
    found[open_] = np.log([reply.perplexity or 1.0 for reply in replies])
    return found / found[open_].mean() if found.any() else open_.astype(np.float64)
