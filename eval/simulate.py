"""Selection with a simulated expert, in memory: what experiments and benchmarks repeat many times."""

from collections.abc import Callable, Sequence

from allabel.annotate.base import Annotator, Demonstration
from allabel.document import Document
from allabel.errors import InputError
from allabel.reply import Reply
from allabel.select.base import Pool, Tools
from allabel.select.budget import Budget
from allabel.select.chain import Chain, check_budget
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
) -> list[int]:
    """Return the positions that a strategy chooses, in order, each stage's choices annotated by gold before the next.

    Deterministic given the seed. Raises BudgetError where the pool cannot meet the budget.
    """
    gold = demonstrations(documents)
    chosen: list[int] = []

    def reply_to(texts: Sequence[str]) -> list[Reply]:
        return annotator.annotate(texts, [gold[i] for i in sorted(chosen)])

    chain = Chain.parse(strategy, Tools(similarity, reply_to))
    pool = Pool(tuple(d.id for d in documents), tuple(d.text for d in documents))
    check_budget(budget, pool)
    done: list[str] = []
    while chain.unfinished(pool, budget, done):
        steps = chain.advance(pool.with_chosen(chosen), budget, done, seed, waiting=False)
        done += [step.stage for step in steps]
        chosen += [choice.position for step in steps for choice in step.choices]
    return chosen


def score_annotator(annotator: Annotator, shown: Sequence[Document], test: Sequence[Document]) -> Scores:
    """Tag the test texts with these documents as demonstrations, and score strictly against their gold."""
    replies = annotator.annotate([d.text for d in test], demonstrations(shown))
    return strict([d.entities or () for d in test], [reply.spans for reply in replies])
