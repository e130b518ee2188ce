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
    prices = budget.prices([pool.texts[i] for i in pool.candidates])
    unit = "texts" if budget.unit == "%" else budget.unit
    wanted, have = budget.total(len(pool)), float(prices.sum())
    if len(prices) and wanted < prices.min() * (1 - 1e-9):
        raise BudgetError(
            f"a budget of {_amount(wanted)} {unit} is smaller than the shortest text, {_amount(prices.min())} {unit}",
            remedy="raise the budget",
        )
    if wanted > have * (1 + 1e-9):
        left_out, most = len(pool.spare - pool.labelled), math.floor(have * 10) / 10
        raise BudgetError(
            f"a budget of {_amount(wanted)} {unit} is over the pool, which has {_amount(have)} {unit} left to choose "
            "from" + (f", {left_out} near-duplicates left out" if left_out else ""),
            remedy=f"ask for at most {_amount(most)}{_SUFFIX[unit]}" + (", or --duplicates keep" if left_out else ""),
        )


def _amount(number: float) -> str:
    """Write a whole number as one, and minutes with enough digits to be seen."""
    return f"{number:.0f}" if float(number).is_integer() else f"{number:.2f}" if number < 1 else f"{number:.1f}"
