"""Word coverage of what is still unsure: a word counts as much as the texts that hold it are doubted. Our own."""

from collections.abc import Sequence

import numpy as np

from allabel.select.base import Pool
from allabel.select.uncertainty import doubts
from allabel.select.word_coverage import WordCoverage
from allabel.wording import counted
from retrieval.base import FloatArray


class UncertainWordCoverage(WordCoverage):
    """Picks texts that together hold the words of those the annotator on board is unsure of, per token.

    As `word_coverage`, with `D_w` the sum of the log perplexities of the texts that hold the word w. An unsure text is
    not chosen because it is odd, but because it holds what other unsure texts hold. The annotator on board is trained
    on what is annotated so far, whatever annotator is in use: it costs seconds and no server.
    """

    name = "uncertain_word_coverage"
    needs_annotations = True
    asks_annotator = False

    def _weights(self, pool: Pool) -> FloatArray:
        return doubts(pool, self._tools, np.arange(len(pool)))

    def _reason(self, told: Sequence[str], n_new: int, gain: float) -> str:
        if n_new:
            return ", ".join(
                [f"first to hold {counted(n_new, 'word')} of texts that the annotator is unsure of", *told]
            )
        if gain:
            return "chosen texts hold all words that it shares with those the annotator is unsure of, some only rarely"
        return "it shares no word with a text that the annotator is unsure of"
