"""Vote-k: after fast vote-k, texts from all levels of the annotator's certainty, the most voted-for of each level.

Source: Su et al. 2023 (ICLR). The whole method is the chain `fast_vote_k:1,vote_k:9`.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from allabel.select.base import Choice, Pool
from allabel.select.perplexity import Perplexity
from allabel.select.votes import Votes
from allabel.wording import counted
from retrieval.base import IntArray

# The share of the tagged texts that the annotator is surest of: they come last.
CERTAIN = 0.1


class VoteK(Perplexity):
    """Sorts the texts by the annotator's perplexity into buckets and takes of each the text with most votes.

    Reading: the paper makes as many buckets as texts are wanted. Here there are 1, 2, 4, … of them, and of each that
    holds nothing chosen yet one text is taken, the least certain bucket first: after 2^m texts each of 2^m equal
    buckets has given one, and a smaller budget is the beginning of a larger one. As in the paper, the tenth that the
    annotator is surest of is left out; it comes last, for budgets that want nearly everything. A text votes for as
    many neighbours as in `fast_vote_k`.
    """

    name = "vote_k"

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> list[Choice]:
        """Return the first `n` candidates; score: the perplexity. Raises AllabelError as `Perplexity.select` does."""
        perplexities = self.measured(pool, n, rng)
        ranked = np.array(list(perplexities), dtype=np.int64)
        n_ranked = len(ranked)
        if not n_ranked:
            return []
        n_wanted = min(n, n_ranked)
        votes = Votes(self._tools.similarity(pool.texts), pool)
        n_spread = n_ranked - int(CERTAIN * n_ranked)
        open_ = np.ones(n_spread, dtype=bool)
        choices: list[Choice] = []
        for bucket in _buckets(n_spread):
            if len(choices) == n_wanted:
                break
            if open_[bucket].all():
                members: IntArray = ranked[bucket]
                position = votes.best_of(members)
                reason = (
                    f"the most voted-for of {counted(len(members), 'text')} that the annotator is about as sure of: "
                    f"perplexity {perplexities[position]:.3f}, {votes.of(position):.1f} votes of texts that "
                    f"have it among their {votes.n_neighbours} nearest"
                )
                choices.append(Choice(position, perplexities[position], reason))
                votes.choose(position)
                open_[bucket.start + int(np.flatnonzero(members == position)[0])] = False
        for rank in range(n_spread, n_spread + n_wanted - len(choices)):
            position = int(ranked[rank])
            reason = (
                f"the annotator is sure of it: perplexity {perplexities[position]:.3f}, rank {rank + 1} of {n_ranked}"
            )
            choices.append(Choice(position, perplexities[position], reason))
        return choices


def _buckets(n: int) -> Iterator[slice]:
    """Cut n ranks into 1, 2, 4, … buckets, each level within the one before, until a bucket holds one rank."""
    n_buckets = 1
    while n:
        edges = [i * n // n_buckets for i in range(n_buckets + 1)]
        yield from (slice(a, b) for a, b in pairwise(edges) if a < b)
        if n_buckets >= n:
            return
        n_buckets *= 2
