"""The two budgets that leave a strategy no choice."""


def is_nothing(budget: str) -> bool:
    """Tell whether a budget is of no text at all: a language model without demonstrations."""
    return budget.strip() in {"0", "0%"}


def is_everything(budget: str) -> bool:
    """Tell whether a budget is of the whole pool."""
    return budget.strip() == "100%"
