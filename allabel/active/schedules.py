"""How much is bought in each round: "1%x14,2.5%x4", "20000words", "50sentences"."""

import re
from dataclasses import dataclass
from typing import Literal

from allabel.active.levels import Unit
from allabel.errors import BudgetError

# The token-level paper's: shares of the pool's words in 25 rounds, about 80 % at the end.
PAPER = "1%x14,2.5%x4,5%x3,10%x4"
# The deep active learning paper's: words a round, until the pool is bought.
DEEP = "20000words"

_STEP = re.compile(
    r"(?P<amount>\d+(?:\.\d+)?|\.\d+)\s*(?P<unit>%|words?|tokens?|sentences?)\s*(?:[x×*]\s*(?P<times>\d+))?"
)
_UNITS: dict[str, Literal["%", "words", "sentences"]] = {
    "%": "%",
    "word": "words",
    "token": "words",
    "sentence": "sentences",
}
_REMEDY = f'write "{PAPER}", "{DEEP}", "50sentences" or a list such as "100words,200words"'


@dataclass(frozen=True, slots=True)
class Amount:
    """What a round may buy. unit: `%` of the pool's words, words, or sentences."""

    amount: float
    unit: Literal["%", "words", "sentences"]


@dataclass(frozen=True, slots=True)
class Schedule:
    """The rounds' amounts in order. repeats: the last is bought again and again, until nothing is left."""

    amounts: tuple[Amount, ...]
    repeats: bool = False

    @classmethod
    def parse(cls, text: str) -> "Schedule":
        """Read a schedule: amounts with `xN` for N rounds; a single amount without it is for every round.

        Raises BudgetError naming what cannot be read.
        """
        amounts: list[Amount] = []
        parts, counted = [part.strip() for part in text.split(",")], False
        for part in parts:
            match = _STEP.fullmatch(part)
            if match is None or float(match["amount"]) <= 0 or match["times"] == "0":
                raise BudgetError(f"the schedule {text!r} cannot be read at {part!r}", remedy=_REMEDY)
            unit = _UNITS[match["unit"].removesuffix("s")]
            amount = float(match["amount"])
            if unit != "%" and not amount.is_integer():
                raise BudgetError(f"the schedule {text!r} has {amount} {unit}", remedy="give a whole number of them")
            if unit == "%" and amount > 100:
                raise BudgetError(f"the schedule {text!r} has a round of {amount:g} %", remedy="at most 100%")
            counted |= match["times"] is not None
            amounts += [Amount(amount, unit)] * int(match["times"] or 1)
        return cls(tuple(amounts), repeats=len(parts) == 1 and not counted)

    def amount(self, number: int) -> Amount | None:
        """Return what may be bought for a round, by its number from 1; None after the last."""
        if number <= len(self.amounts):
            return self.amounts[number - 1]
        return self.amounts[-1] if self.repeats else None

    def budget(self, number: int, n_words: int, n_bought: int) -> tuple[int, Unit] | None:
        """Return the budget of a round, by its number from 1, and its unit; None after the last round.

        n_words: in the pool. n_bought: words bought in the rounds before (not at the start). Budgets in words keep to
        the schedule's sum, so that what one round went over is taken off the next; at least 1.
        """
        amount = self.amount(number)
        if amount is None:
            return None
        if amount.unit == "sentences":
            return int(amount.amount), "sentences"
        # What rounds in sentences bought is not part of the sum: with them, each round stands for itself.
        if any(step.unit == "sentences" for step in self.amounts):
            return max(1, _round_half_up(_words(amount, n_words))), "words"
        until = sum(_words(self.amounts[min(r, len(self.amounts) - 1)], n_words) for r in range(number))
        return max(1, _round_half_up(until) - n_bought), "words"


def _round_half_up(amount: float) -> int:
    """Round as people do."""
    return int(amount + 0.5)


def _words(amount: Amount, n_words: int) -> float:
    return amount.amount * n_words / 100 if amount.unit == "%" else amount.amount
