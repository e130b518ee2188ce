"""Coverage: texts that together give every text of the pool a close demonstration. Our own, beyond the paper."""

from itertools import islice

import numpy as np

from allabel.select.base import Choice, Pool, Tools
from allabel.select.budget import count_tokens
from allabel.select.queries import drawn
from allabel.select.reach import Gained, greedy, reach
from allabel.select.served import CLOSE_RANK
from allabel.wording import counted
from retrieval.base import FloatArray, IntArray

CLOSE = 1 / (1 + CLOSE_RANK)


class Coverage:
    """Picks texts that together give every text of the pool a close demonstration.

    Maximises `Σ_j max_{i chosen or annotated} 1 / (1 + rank_j(i))`, facility location on ranks, greedily. From
    100,000 texts on 10,000 drawn queries j stand for all.
    """

    name = "coverage"
    needs_annotations = False
    cost_exponent = 0.0

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> list[Choice]:
        """Return the first `n` candidates of the greedy order; score: the gain, in texts fully served."""
        candidates = pool.candidates
        if n <= 0 or not len(candidates):
            return []
        queries = drawn(np.arange(len(pool)), rng)
        weights = self._weights(pool, queries)
        columns = reach(self._tools.similarity(pool.texts), queries)
        costs = np.array([max(1, count_tokens(pool.texts[i])) for i in candidates.tolist()]) ** self.cost_exponent
        scale = len(pool) / len(queries)
        order = greedy(columns, candidates, sorted(pool.labelled), costs, weights)
        return [
            Choice(
                one.column, one.gain * scale, self._reason(one, weights, scale, count_tokens(pool.texts[one.column]))
            )
            for one in islice(order, n)
        ]

    def _weights(self, pool: Pool, queries: IntArray) -> FloatArray:
        """Return how much each query counts: (n_queries,), 1 for the average one."""
        return np.ones(len(queries))

    def _reason(self, gained: Gained, weights: FloatArray, scale: float, n_tokens: int) -> str:
        n_served, n_far = round(scale * len(gained.served)), round(scale * int((gained.before < CLOSE).sum()))
        if n_served == 1:
            far = f"which had {'none' if n_far else 'one'} among its ten closest"
        else:
            far = f"{n_far} of which had none among their ten closest"
        return f"{best_for(n_served)}{f', {far}' if n_served else ''}; {counted(n_tokens, 'token')}"


def best_for(n_served: int) -> str:
    """Say for how many texts it is the best demonstration so far."""
    if not n_served:
        return "no text gets a closer demonstration by it"
    return f"the best demonstration so far for {counted(n_served, 'text')}"


class CoveragePerToken(Coverage):
    """Coverage, the gain divided by what the text costs to annotate: its number of tokens."""

    name = "coverage_per_token"
    cost_exponent = 1.0


class CoveragePerRootToken(Coverage):
    """Coverage, the gain divided by the square root of the text's number of tokens."""

    name = "coverage_per_root_token"
    cost_exponent = 0.5
