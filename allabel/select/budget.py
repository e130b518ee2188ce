"""Budgets: how much may be annotated, in texts, per cent of the pool, or tokens."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from allabel.errors import BudgetError

_PATTERN = re.compile(r"(?P<amount>\d+(\.\d+)?)\s*(?P<unit>%|tokens?|texts?)?")
_REMEDY = 'write for example "10%", "500" or "20000tokens"'


@dataclass(frozen=True, slots=True)
class Budget:
    """An amount with its unit."""

    amount: float
    unit: Literal["%", "texts", "tokens"]

    @classmethod
    def parse(cls, text: str) -> "Budget":
        """Read "10%", "500" or "20000tokens". Raises BudgetError."""
        match = _PATTERN.fullmatch(text.strip())
        if match is None or float(match["amount"]) <= 0:
            raise BudgetError(f"the budget {text!r} cannot be read as a positive amount", remedy=_REMEDY)
        amount, unit = float(match["amount"]), match["unit"] or "texts"
        if unit == "%" and amount > 100:
            raise BudgetError(f"the budget {text!r} is more than the whole pool", remedy="at most 100%")
        if unit.startswith("text") and not amount.is_integer():
            raise BudgetError(f"the budget {text!r} is not a whole number of texts", remedy=_REMEDY)
        return cls(amount, "%" if unit == "%" else "tokens" if unit.startswith("token") else "texts")

    def n_texts(self, n_pool: int) -> int:
        """Return the number of texts this buys in a pool of `n_pool`; per cent round up, to at least one."""
        return math.ceil(round(self.amount * n_pool / 100, 9)) if self.unit == "%" else int(self.amount)


def count_tokens(text: str) -> int:
    """Count a text's tokens as budgets do: runs without white space."""
    return len(text.split())


def shares(total: int, weights: Sequence[float]) -> list[int]:
    """Divide `total` by the weights: whole numbers that sum to it, the largest remainders rounded up first."""
    exact = [total * weight / sum(weights) for weight in weights]
    floors = [math.floor(x) for x in exact]
    by_remainder = sorted(range(len(weights)), key=lambda i: (floors[i] - exact[i], i))
    for i in by_remainder[: total - sum(floors)]:
        floors[i] += 1
    return floors
