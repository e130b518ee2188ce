"""Chains: stages in order, each with its share of the budget. ALLabel is `core_set:1,sum_rank:3,perplexity:1`.

Source: ALLabel (arXiv 2509.07512): stages D, S, U with M/5, 3M/5, M/5.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from allabel.errors import BudgetError, InputError
from allabel.plugins import load
from allabel.plugins import names as known_names
from allabel.select.base import Choice, Pool, Stage, Tools
from allabel.select.budget import Budget, count_tokens, shares

NAMED_CHAINS = {"allabel": "core_set:1,sum_rank:3,perplexity:1"}


@dataclass(frozen=True, slots=True)
class Step:
    """What one stage chose."""

    stage: str
    choices: list[Choice]


@dataclass(frozen=True)
class Chain:
    """Stages with their weights; a single strategy is a chain of one."""

    stages: tuple[Stage, ...]
    weights: tuple[float, ...]

    @classmethod
    def parse(cls, text: str, tools: Tools) -> "Chain":
        """Read a strategy's name, `module:Class`, or `name:weight,name:weight,…`. Raises InputError."""
        names, weights = [], []
        for part in NAMED_CHAINS.get(text, text).split(","):
            name, _, weight = part.strip().rpartition(":")
            if name in known_names("strategies") and not _is_number(weight):
                raise InputError(f"the weight {weight!r} of {name!r} is no number", remedy=f"for example {name}:1")
            if not name or not _is_number(weight):
                name, weight = part.strip(), "1"
            if not 0 < float(weight) < math.inf:
                raise InputError(
                    f"the stage {name!r} of {text!r} has the weight {weight}", remedy="weights are finite and above 0"
                )
            names.append(name)
            weights.append(float(weight))
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise InputError(f"the stage {repeated[0]!r} stands twice in {text!r}", remedy="add its weights together")
        return cls(tuple(load("strategies", name, extra=NAMED_CHAINS)(tools) for name in names), tuple(weights))

    def advance(self, pool: Pool, budget: Budget, done: Sequence[str], seed: int, *, waiting: bool) -> list[Step]:
        """Run the stages that are not `done` yet, up to one that needs annotations while some are `waiting`.

        pool: with everything annotated or queued in `labelled`. Every stage gets its own generator from the seed, so
        that an interrupted chain goes on as an uninterrupted one would.
        """
        steps: list[Step] = []
        for i, (stage, share) in enumerate(zip(self.stages, self._shares(pool, budget), strict=True)):
            if stage.name in done:
                continue
            if stage.needs_annotations and (waiting or any(step.choices for step in steps)):
                break
            choices = _pick(stage, pool, share, np.random.SeedSequence([seed, i]), in_tokens=budget.unit == "tokens")
            steps.append(Step(stage.name, choices))
            pool = pool.with_chosen([choice.position for choice in choices])
        return steps

    def reached(self, chose: Iterable[str]) -> list[str]:
        """Return the stages up to the last of those that chose: one before it that could afford no text is done."""
        names = [stage.name for stage in self.stages]
        return names[: max((names.index(name) + 1 for name in chose if name in names), default=0)]

    def unfinished(self, pool: Pool, budget: Budget, done: Sequence[str]) -> list[str]:
        """Return the stages with a share of the budget that have not chosen yet, in order."""
        shares_ = self._shares(pool, budget)
        return [s.name for s, share in zip(self.stages, shares_, strict=True) if share and s.name not in done]

    def _shares(self, pool: Pool, budget: Budget) -> list[int]:
        if budget.unit == "tokens":
            return shares(int(budget.amount), self.weights)
        return shares(budget.n_texts(len(pool)), self.weights)


def check_budget(budget: Budget, pool: Pool) -> None:
    """Raise BudgetError where the pool's candidates cannot meet the budget, or the budget buys no text."""
    if not len(pool):
        raise BudgetError("the pool is empty: there is nothing to select from", remedy="allabel import FILE first")
    lengths = [count_tokens(pool.texts[i]) for i in pool.candidates]
    if budget.unit == "tokens":
        if lengths and budget.amount < min(lengths):
            raise BudgetError(
                f"a budget of {budget.amount:.0f} tokens is smaller than the shortest text, {min(lengths)} tokens",
                remedy="raise the budget",
            )
        wanted, have, unit = int(budget.amount), sum(lengths), "tokens"
    else:
        wanted, have, unit = budget.n_texts(len(pool)), len(lengths), "texts"
    if wanted > have:
        raise BudgetError(
            f"a budget of {wanted} {unit} is over the pool, which has {have} {unit} left to choose from",
            remedy=f"ask for at most {have}{'tokens' if unit == 'tokens' else ''}",
        )


def _pick(stage: Stage, pool: Pool, share: int, seed: np.random.SeedSequence, *, in_tokens: bool) -> list[Choice]:
    if not in_tokens:
        return stage.select(pool, share, np.random.default_rng(seed))
    # A smaller n gives a prefix of a larger one, so ask for more until the tokens are spent.
    n = max(1, share // 20)
    while True:
        choices = stage.select(pool, n, np.random.default_rng(seed))
        spent = np.cumsum([count_tokens(pool.texts[choice.position]) for choice in choices])
        if len(choices) < n or len(choices) == len(pool.candidates) or (len(spent) and spent[-1] > share):
            return choices[: int(np.searchsorted(spent, share, side="right"))]
        n *= 2


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
