"""Fast vote-k: texts that many others have among their nearest, and not those of what was chosen before.

Source: Su et al. 2023 (ICLR), appendix; k = 150 neighbours, discount 10. Ours: below 3,000 texts k is a twentieth of
the pool, 5 at least, since 150 of 300 texts use all votes up within a few picks.
"""

import numpy as np

from allabel.select.base import Choice, Pool, Tools
from allabel.select.votes import Votes
from allabel.wording import counted


class FastVoteK:
    """Picks, again and again, the text with most votes; every text votes for those nearest to it.

    A vote is worth 10^-t once t of the texts it goes to are chosen or annotated, and nothing once its voter is. Equal
    votes: the text with more voters, then the first in the pool (the authors' code: the first that got a vote).
    k: how many neighbours a text votes for; by default `min(150, max(5, n_texts // 20))`.
    """

    name = "fast_vote_k"
    needs_annotations = False

    def __init__(self, tools: Tools, *, k: int | None = None) -> None:
        self._tools, self._k = tools, k

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> list[Choice]:
        """Return the first `n` candidates; score: what their votes are worth at that moment."""
        n = min(n, len(pool.candidates))
        if n <= 0:
            return []
        votes = Votes(self._tools.similarity(pool.texts), pool, self._k)
        open_ = np.zeros(len(pool), dtype=bool)
        open_[pool.candidates] = True
        choices = []
        for _ in range(n):
            position = votes.best(open_)
            reason = (
                f"{_have(int(votes.n_voters[position]))} it among the {votes.n_neighbours} nearest; less for "
                f"each that something chosen serves already, they count as {votes.of(position):.1f}"
            )
            choices.append(Choice(position, votes.of(position), reason))
            votes.choose(position)
            open_[position] = False
        return choices


def _have(n_voters: int) -> str:
    return f"{counted(n_voters, 'text')} {'has' if n_voters == 1 else 'have'}"
