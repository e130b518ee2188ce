"""Budgets: how much may be annotated, in texts, per cent of the pool, tokens, or an expert's minutes."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from allabel.errors import BudgetError
from allabel.select.cost import CostModel
from retrieval.base import FloatArray, IntArray

Unit = Literal["%", "texts", "tokens", "minutes"]

_NAMES: dict[str, tuple[Unit, float]] = {
    "": ("texts", 1),
    "%": ("%", 1),
    **dict.fromkeys(("text", "texts"), ("texts", 1)),
    **dict.fromkeys(("token", "tokens"), ("tokens", 1)),
    **dict.fromkeys(("min", "minute", "minutes"), ("minutes", 1)),
    **dict.fromkeys(("h", "hour", "hours"), ("minutes", 60)),
}
_PATTERN = re.compile(rf"(?P<amount>\d+(\.\d+)?)\s*(?P<unit>{'|'.join(sorted(_NAMES, reverse=True))})")
_REMEDY = 'write for example "10%", "500", "20000tokens", "90min" or "1.5h"'


@dataclass(frozen=True, slots=True)
class Budget:
    """An amount with its unit. cost: what a budget in minutes takes a text to need."""

    amount: float
    unit: Unit
    cost: CostModel = field(default_factory=CostModel)

    @classmethod
    def parse(cls, text: str, cost: CostModel | None = None) -> "Budget":
        """Read "10%", "500", "20000tokens", "90min" or "1.5h". Raises BudgetError."""
        match = _PATTERN.fullmatch(text.strip())
        if match is None or float(match["amount"]) <= 0:
            raise BudgetError(f"the budget {text!r} cannot be read as a positive amount", remedy=_REMEDY)
        unit, factor = _NAMES[match["unit"]]
        amount = float(match["amount"]) * factor
        if unit == "%" and amount > 100:
            raise BudgetError(f"the budget {text!r} is more than the whole pool", remedy="at most 100%")
        if unit in {"texts", "tokens"} and not amount.is_integer():
            raise BudgetError(f"the budget {text!r} is not a whole number of {unit}", remedy=_REMEDY)
        return cls(amount, unit, cost or CostModel())

    def n_texts(self, n_pool: int) -> int:
        """Return the number of texts this buys in a pool of `n_pool`; per cent round up, to at least one."""
        return math.ceil(round(self.amount * n_pool / 100, 9)) if self.unit == "%" else int(self.amount)

    def total(self, n_pool: int) -> float:
        """Return how much there is to spend on a pool of `n_pool`: texts, tokens or minutes."""
        return self.amount if self.unit in {"tokens", "minutes"} else self.n_texts(n_pool)

    def shares(self, n_pool: int, weights: Sequence[float]) -> list[float]:
        """Divide the total by the weights: texts and tokens in whole numbers, minutes as they come."""
        if self.unit == "minutes":
            return [self.amount * weight / sum(weights) for weight in weights]
        return [float(share) for share in shares(int(self.total(n_pool)), weights)]

    def unaffordable(self, texts: Sequence[str], candidates: IntArray) -> frozenset[int]:
        """Return the candidates that the whole budget cannot pay."""
        prices = self.prices([texts[i] for i in candidates.tolist()])
        return frozenset(candidates[prices > self.total(len(texts)) * (1 + 1e-9)].tolist())

    def prices(self, texts: Sequence[str]) -> FloatArray:
        """Return what each text takes from the total: (n_texts,), 1 each where texts are counted."""
        if self.unit not in {"tokens", "minutes"}:
            return np.ones(len(texts))
        n_tokens = np.array([count_tokens(text) for text in texts], dtype=np.float64)
        return n_tokens if self.unit == "tokens" else self.cost.minutes_of(n_tokens)


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
