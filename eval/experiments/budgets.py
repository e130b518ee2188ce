"""Budgets as experiments see them, and the two that leave a strategy no choice."""

from allabel.select.budget import Budget


def is_nothing(budget: str) -> bool:
    """Tell whether a budget is of no text at all: a language model without demonstrations."""
    return budget.strip() in {"0", "0%"}


def is_everything(budget: str) -> bool:
    """Tell whether a budget is of the whole pool."""
    return not is_nothing(budget) and same(budget) == "100%"


def same(budget: str) -> str:
    """Return one spelling for all of a budget: "20%" for "20.0 %". Raises BudgetError where it cannot be read."""
    if is_nothing(budget):
        return "0%"
    read = Budget.parse(budget)
    return f"{read.amount:g}{read.unit}"
