"""Selection with a simulated expert, in memory: what experiments and benchmarks repeat many times."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Literal

from allabel.annotate.base import Annotator, Demonstration
from allabel.document import Document
from allabel.errors import BudgetError, InputError
from allabel.reply import Reply
from allabel.select.afford import check_budget
from allabel.select.base import Pool, Tools
from allabel.select.budget import Budget
from allabel.select.chain import Chain
from allabel.select.duplicates import find_duplicates
from eval.apart import Apart
from eval.counts import Scores
from eval.strict import strict
from retrieval.base import Similarity


def demonstrations(documents: Sequence[Document]) -> list[Demonstration]:
    """Return documents with gold spans as demonstrations. Raises InputError where one has none."""
    for document in documents:
        if document.entities is None:
            raise InputError(f"the document {document.id!r} has no gold spans", remedy="simulate with annotated data")
    return [Demonstration(d.id, d.text, d.entities or ()) for d in documents]


def simulate(
    documents: Sequence[Document],
    strategy: str,
    budget: Budget,
    seed: int,
    *,
    annotator: Annotator,
    similarity: Callable[[Sequence[str]], Similarity],
    on_board: Annotator | None = None,
    duplicates: Literal["drop", "keep"] = "drop",
    cap: int | None = None,
) -> list[int]:
    """Return the positions that a strategy chooses, in order, each stage's choices annotated by gold before the next.

    on_board: the annotator of stages that need no server; None for `annotator`. duplicates: whether near-duplicates
    are left out of what may be chosen, as in a project. cap: at most so many texts are tagged to measure uncertainty.
    Deterministic given the seed.
    Raises BudgetError where the pool cannot meet the budget.
    """
    gold = demonstrations(documents)
    texts = tuple(d.text for d in documents)
    chosen: list[int] = []

    def replies_of(one: Annotator) -> Callable[[Sequence[str]], list[Reply]]:
        @lru_cache(maxsize=1)
        def replies(texts: tuple[str, ...], shown: tuple[int, ...]) -> list[Reply]:
            return one.annotate(texts, [gold[i] for i in shown])

        return lambda texts: replies(tuple(texts), tuple(sorted(chosen)))

    # Stages ask for the similarity several times, and always of the whole pool.
    built = lru_cache(maxsize=1)(similarity)
    at_hand = replies_of(on_board or annotator)
    tools = Tools(lambda texts: built(tuple(texts)), replies_of(annotator), cap=cap, on_board=at_hand)
    chain = Chain.parse(strategy, tools)
    spare = find_duplicates(texts).spare if duplicates == "drop" else frozenset[int]()
    pool = Pool(tuple(d.id for d in documents), texts, spare=spare)
    check_budget(budget, pool)
    done: list[str] = []
    while chain.unfinished(len(pool), budget, done):
        steps = chain.advance(pool.with_chosen(chosen), budget, done, seed, chosen=chosen)
        if not steps:
            raise BudgetError(f"the budget pays none of the texts that {strategy!r} chose first", remedy="raise it")
        done += [step.stage for step in steps]
        chosen += [choice.position for step in steps for choice in step.choices]
    return chosen


def score_annotator(annotator: Annotator, shown: Sequence[Document], test: Sequence[Document]) -> Scores:
    """Tag the test texts with these documents as demonstrations, and score strictly against their gold.

    No text is tagged with a near-duplicate of itself among the demonstrations: its own gold would be shown.
    """
    replies = Apart(annotator).annotate([d.text for d in test], demonstrations(shown))
    return strict([d.entities or () for d in test], [reply.spans for reply in replies])
