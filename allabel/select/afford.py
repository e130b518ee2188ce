"""Whether a pool can meet a budget, asked before anything is spent."""

import math

from allabel.errors import BudgetError
from allabel.select.base import Pool
from allabel.select.budget import Budget

_SUFFIX = {"texts": "", "tokens": "tokens", "minutes": "min"}


def check_budget(budget: Budget, pool: Pool) -> None:
    """Raise BudgetError where the pool's candidates cannot meet the budget, or the budget buys no text."""
    if not len(pool):
        raise BudgetError("the pool is empty: there is nothing to select from", remedy="allabel import FILE first")
    left_out, blank = len(pool.spare - pool.labelled), sum(not text.strip() for text in pool.texts)
    without = (f", {left_out} near-duplicates left out" if left_out else "") + (
        f", {blank} blank texts left out" if blank else ""
    )
    keep = ", or --duplicates keep" if left_out else ""
    if not len(pool.candidates):
        raise BudgetError(
            f"nothing is left to choose from: every text is annotated or queued{without}",
            remedy=f"import more texts{keep}",
        )
    prices = budget.prices([pool.texts[i] for i in pool.candidates])
    unit = "texts" if budget.unit == "%" else budget.unit
    wanted, have = budget.total(len(pool)), float(prices.sum())
    if len(prices) and wanted < prices.min() * (1 - 1e-9):
        raise BudgetError(
            f"a budget of {_amount(wanted)} {unit} is smaller than the shortest text, {_amount(prices.min())} {unit}",
            remedy="raise the budget",
        )
    if wanted > have * (1 + 1e-9):
        most = math.floor(have * 10) / 10
        raise BudgetError(
            f"a budget of {_amount(wanted)} {unit} is over the pool, which has {_amount(have)} {unit} left to choose "
            f"from{without}",
            remedy=f"ask for at most {_amount(most)}{_SUFFIX[unit]}{keep}",
        )


def _amount(number: float) -> str:
    """Write a whole number as one, and minutes with enough digits to be seen."""
    return f"{number:.0f}" if float(number).is_integer() else f"{number:.2f}" if number < 1 else f"{number:.1f}"
