"""Which sentences are annotated first, whole, when there is no tagger yet to ask.

Source: METHODS.md section 2: at random; NNP-guided, `count_nnp(s) >= log(len(s))`, then at random; guided by a masked
language model, the sentences with the smallest difference of its two likeliest words.
"""

import math
from collections.abc import Sequence

import numpy as np

from allabel.active.base import FloatArray, IntArray, Tell
from allabel.active.pos import NNP, with_pos
from allabel.active.scores import in_order
from allabel.active.sentence import Sentence
from allabel.errors import InputError
from allabel.plugins import names
from allabel.reply import Reply
from allabel.select.base import Pool, Tools
from allabel.select.budget import Budget
from allabel.select.chain import NAMED_CHAINS, Chain
from retrieval.bm25 import Bm25

STARTS = ("random", "nnp_guided", "lm_guided")


def n_first(share: float, n_sentences: int) -> int:
    """Return how many sentences a share is: rounded up, at least one."""
    return min(n_sentences, max(1, math.ceil(round(share * n_sentences, 9))))


def first_sentences(
    start: str, pool: Sequence[Sentence], n: int, seed: int, *, masked_lm: str, alpha: float = 1.0, tell: Tell
) -> IntArray:
    """Return the positions of n sentences to begin with, by a name of STARTS or a strategy of `allabel select`.

    masked_lm: name or folder, for lm_guided. alpha: for nnp_guided. Raises InputError for another name.
    """
    rng = np.random.default_rng(seed)
    if start == "random":
        return at_random(len(pool), n, rng)
    if start == "nnp_guided":
        return nnp_guided(pool, n, rng, alpha=alpha)
    if start == "lm_guided":
        from allabel.active.masked_lm import MaskedLm

        return lowest(MaskedLm(masked_lm).doubts(pool, tell=tell), n, rng)
    check_start(start)
    return by_strategy(start, pool, n, seed, tell=tell)


def check_start(start: str) -> None:
    """Raise InputError for a start that nobody knows, or a strategy that needs annotations to begin with."""
    if start not in STARTS:
        _chain(start)


def at_random(n_pool: int, n: int, rng: np.random.Generator) -> IntArray:
    """Draw n positions without replacement."""
    return np.sort(rng.permutation(n_pool)[:n])


def nnp_guided(pool: Sequence[Sentence], n: int, rng: np.random.Generator, *, alpha: float = 1.0) -> IntArray:
    """Draw n of the sentences with at least `alpha · log(number of words)` proper nouns; others where too few.

    alpha: 1 in the paper; its public code has 2. Sentences without part-of-speech tags are tagged first.
    """
    enough = np.array(
        [
            len(sentence) > 0 and sentence.pos.count(NNP) >= alpha * math.log(len(sentence))
            for sentence in with_pos(pool)
        ],
        dtype=bool,
    )
    order = rng.permutation(len(pool))
    return np.sort(np.concatenate([order[enough[order]], order[~enough[order]]])[:n])


def lowest(scores: FloatArray, n: int, rng: np.random.Generator) -> IntArray:
    """Return the n positions with the smallest scores, equal ones drawn at random."""
    return np.sort(in_order(scores, rng)[:n])


def by_strategy(
    strategy: str, pool: Sequence[Sentence], n: int, seed: int, *, tell: Tell = lambda line: None
) -> IntArray:
    """Return n positions chosen by a strategy or chain of the LLM path, as `word_coverage` or `core_set:1,sum_rank:3`.

    Texts are alike by BM25. Where the strategy chooses fewer, the others are drawn at random, and `tell` hears of it.
    Raises InputError for a strategy that needs annotations before it can choose.
    """
    chain = _chain(strategy)
    texts = Pool(tuple(sentence.id for sentence in pool), tuple(sentence.text for sentence in pool))
    steps = chain.advance(texts, Budget(n, "texts"), (), seed)
    chosen = [choice.position for step in steps for choice in step.choices][:n]
    if len(chosen) < n:
        tell(f"{strategy} chose {len(chosen)} of the {n} first sentences; the others are drawn at random")
        taken = set(chosen)
        others = np.random.default_rng(seed).permutation(len(pool)).tolist()
        chosen += [i for i in others if i not in taken][: n - len(chosen)]
    return np.sort(np.array(chosen, dtype=np.int64))


def _chain(strategy: str) -> Chain:
    def annotate(texts: Sequence[str]) -> list[Reply]:
        raise InputError(f"{strategy} tags texts, and nothing is annotated yet", remedy="begin with another strategy")

    chain = Chain.parse(strategy, Tools(Bm25, annotate))
    for stage in chain.stages:
        if stage.needs_annotations:
            known = ", ".join([*STARTS, *names("strategies")])
            raise InputError(
                f"the strategy {stage.name} of {strategy!r} needs annotations, and nothing is annotated yet",
                remedy=f"begin with one that needs none; known are {known}"
                if strategy not in NAMED_CHAINS
                else f"begin with its first stage: {NAMED_CHAINS[strategy].partition(':')[0]}",
            )
    return chain
