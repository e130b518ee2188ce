"""The texts that a strategy chooses, kept so that every arm learns from the same ones."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Protocol

from allabel.annotate.base import Annotator
from allabel.annotate.embedded import EmbeddedAnnotator
from allabel.errors import BudgetError, InputError
from allabel.select.afford import check_budget
from allabel.select.base import Pool
from allabel.select.budget import Budget
from allabel.select.duplicates import find_duplicates
from eval.experiments.budgets import is_everything, is_nothing
from eval.experiments.files import Files
from eval.experiments.plan import Choice
from eval.experiments.split import Split
from eval.experiments.tables import SelectionTable
from eval.simulate import simulate
from retrieval.bm25 import Bm25


class Asked(Protocol):
    """The annotator that stages ask where it is not the one on board."""

    def made(self) -> Annotator:
        """Return it."""
        ...

    def check(self) -> None:
        """Raise AllabelError where requests came to nothing."""
        ...


def chosen(choice: Choice, split: Split, selection: SelectionTable, files: Files, asked: Asked) -> list[int]:
    """Return positions in the pool, in the order they were chosen; chosen now where they were not before.

    Raises AllabelError where an annotator could not be asked; then nothing is kept.
    """
    path = files.choice(choice.key)
    place = {d.id: i for i, d in enumerate(split.pool)}
    # What is damaged or gone is chosen again: by its key it can be nothing else.
    with suppress(InputError, KeyError):
        return [place[id] for id in files.read(path, "chosen")["chosen"]]
    found = _choose(choice, split, selection, asked.made)
    asked.check()
    ids = [split.pool[i].id for i in found]
    files.write(path, {"strategy": choice.strategy, "budget": choice.budget, "chosen": ids})
    return found


def check(budgets: Sequence[str], split: Split, selection: SelectionTable) -> None:
    """Raise BudgetError where the pool cannot meet one of the budgets, naming it."""
    pool = _pool(split, selection.duplicates)
    for budget in budgets:
        if not (is_nothing(budget) or is_everything(budget)):
            try:
                check_budget(Budget.parse(budget), pool)
            except BudgetError as error:
                raise BudgetError(f"{budget}: {error.problem}", remedy=error.remedy) from error


def _choose(choice: Choice, split: Split, selection: SelectionTable, annotator: Callable[[], Annotator]) -> list[int]:
    if is_nothing(choice.budget):
        return []
    if is_everything(choice.budget):
        return list(range(len(split.pool)))
    on_board = EmbeddedAnnotator()
    asked = on_board if choice.arm is None else annotator()
    found = simulate(
        split.pool,
        choice.strategy,
        Budget.parse(choice.budget),
        choice.seed,
        annotator=asked,
        similarity=lambda texts: _similarity(tuple(texts)),
        on_board=on_board,
        duplicates=selection.duplicates,
        cap=selection.cap,
    )
    if not found:
        raise BudgetError(f"{choice.strategy!r} chose nothing for {choice.budget}", remedy="raise the budget")
    return found


def _pool(split: Split, duplicates: str) -> Pool:
    texts = tuple(d.text for d in split.pool)
    spare = find_duplicates(texts).spare if duplicates == "drop" else frozenset[int]()
    return Pool(tuple(d.id for d in split.pool), texts, spare=spare)


@lru_cache(maxsize=1)
def _similarity(texts: tuple[str, ...]) -> Bm25:
    return Bm25(texts)
