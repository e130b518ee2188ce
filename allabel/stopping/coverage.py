"""Signals (b) and (c): does the last round still bring closer demonstrations, and does it change the nearest ones?

Both look at the texts that nobody annotated, and at ranks among all texts of the pool.
"""

from collections.abc import Sequence

import numpy as np

from allabel.select.served import CLOSE_RANK, best_ranks
from allabel.stopping.base import FEWEST_IN_ROUND, Signal, Verdict, nobodys
from retrieval.base import FloatArray, IntArray, Similarity

GAIN, TURNOVER = "coverage", "demonstrations"
LITTLE_GAIN, LITTLE_TURNOVER, AHEAD = 0.1, 0.1, 20


def gains(ranks: FloatArray) -> FloatArray:
    """Return what each round adds to the coverage `mean_j max_i 1 / (1 + rank_j(i))` of the queries: (n_rounds,).

    ranks: (n_queries >= 1, n_rounds), the rank of each query's best demonstration in each round, inf where none.
    """
    so_far = 1 / (1 + np.minimum.accumulate(ranks, axis=1))
    return np.diff(so_far.mean(axis=0), prepend=0.0)


def coverage_gain(
    similarity: Similarity, queries: IntArray, rounds: Sequence[IntArray], n_open: int | None = None
) -> Signal:
    """Compare what a text of the last round adds to coverage with what a text of the first round added.

    queries: positions of texts that nobody annotated. rounds: positions of the annotated texts, oldest round first.
    n_open: how many texts nobody annotated, where the queries were drawn from them.
    """
    if not len(queries):
        return Signal.unknown(GAIN, "no text is left without annotation to be served")
    ranks = best_ranks(similarity, queries, list(rounds))
    per_text = gains(ranks) / np.array([len(group) for group in rounds])
    relative = float(per_text[-1] / per_text[0])
    close = float((ranks.min(axis=1) <= CLOSE_RANK).mean())
    close_before = float((ranks[:, :-1].min(axis=1) <= CLOSE_RANK).mean())
    sentence = (
        f"{100 * close:.0f} % of {nobodys(len(queries), n_open or len(queries))} have an annotated text among their "
        f"ten closest, and {100 * close_before:.0f} % had one before the last round; a text of the last round helped "
        f"them {100 * relative:.0f} % as much as a text of the first round did (below {100 * LITTLE_GAIN:.0f} % is "
        "little)"
    )
    verdict = Verdict.MAY_STOP if relative < LITTLE_GAIN else Verdict.GO_ON
    values = {"gain_relative_to_first_round": relative, "close_share": close, "close_share_before": close_before}
    return Signal(GAIN, verdict, sentence, values)


def changed_share(similarity: Similarity, queries: IntArray, before: IntArray, last: IntArray, k: int) -> float:
    """Return the share of the queries that have a text of the last round among their k best demonstrations.

    queries: at least one. before, last: positions, disjoint; a tie goes to the text annotated before.
    """
    n_changed = 0
    chosen = np.concatenate([before, last])
    k = min(k, len(chosen))
    for _, block in similarity.blocks(queries):
        scores = block[:, chosen]
        # The k-th best before decides: one of the last round must be better than it.
        kth = np.partition(scores[:, : len(before)], -k, axis=1)[:, -k] if k <= len(before) else -np.inf
        n_changed += int((scores[:, len(before) :].max(axis=1) > kth).sum())
    return n_changed / len(queries)


def turnover(
    similarity: Similarity, queries: IntArray, before: IntArray, last: IntArray, k: int, n_open: int | None = None
) -> Signal:
    """Say for how many texts the last round changed the k demonstrations they are tagged with.

    The share is also told for 20 texts, as if each changed it alike, since rounds differ in size. n_open: how many
    texts nobody annotated, where the queries were drawn from them.
    """
    if not len(queries):
        return Signal.unknown(TURNOVER, "no text is left without annotation whose demonstrations could change")
    if k < 1:
        return Signal.unknown(TURNOVER, "the project tags without demonstrations (the setting 'shots' is 0)")
    if len(last) < FEWEST_IN_ROUND:
        return Signal.unknown(TURNOVER, f"the last round has {len(last)} texts, fewer than {FEWEST_IN_ROUND}")
    share = changed_share(similarity, queries, before, last, k)
    ahead = 1 - (1 - share) ** (AHEAD / len(last))
    sentence = (
        f"the last {len(last)} annotations changed the {'' if k == 1 else f'{k} '}nearest "
        f"demonstration{'' if k == 1 else 's'} of {100 * share:.0f} % of "
        f"{nobodys(len(queries), n_open or len(queries))}, about {100 * ahead:.0f} % for every {AHEAD} annotations "
        f"(below {100 * LITTLE_TURNOVER:.0f} % is little)"
    )
    verdict = Verdict.MAY_STOP if ahead < LITTLE_TURNOVER else Verdict.GO_ON
    return Signal(TURNOVER, verdict, sentence, {"changed_share": share, f"changed_share_per_{AHEAD}": ahead})
