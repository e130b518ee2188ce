"""Coverage of what is still unsure: each text counts as much as the annotator on board is unsure of it. Our own."""

from allabel.select.base import Pool
from allabel.select.coverage import CoveragePerToken, best_for
from allabel.select.reach import Gained
from allabel.select.uncertainty import doubts
from allabel.wording import counted
from retrieval.base import FloatArray, IntArray


class UncertainCoverage(CoveragePerToken):
    """Picks texts that give those the annotator on board is unsure of a close demonstration, per token.

    Maximises `Σ_j u_j max_{i chosen or annotated} 1 / (1 + rank_j(i))` greedily, `u_j` the log perplexity of j. An
    unsure text is not chosen because it is odd, but because it stands for others that are unsure too. The annotator
    on board is trained on what is annotated so far, whatever annotator is in use: it costs seconds and no server.
    """

    name = "uncertain_coverage"
    needs_annotations = True
    asks_annotator = False

    def _weights(self, pool: Pool, queries: IntArray) -> FloatArray:
        return doubts(pool, self._tools, queries)

    def _reason(self, gained: Gained, weights: FloatArray, scale: float, n_tokens: int) -> str:
        served = weights[gained.served]
        told = best_for(round(scale * len(served)))
        if len(served):
            told += f", of which the annotator is {served.mean():.1f} times as unsure as of the average text"
        return f"{told}; {counted(n_tokens, 'token')}"
