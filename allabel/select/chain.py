"""Chains: stages in order, each with its share of the budget. ALLabel is `core_set:1,sum_rank:3,perplexity:1`.

A stage that stands several times (rounds: `perplexity:1,perplexity:1`) is known as `perplexity`, `perplexity#2`, ….

Source: ALLabel (arXiv 2509.07512): stages D, S, U with M/5, 3M/5, M/5; Su et al. 2023 (ICLR): vote-k.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from allabel.errors import InputError
from allabel.plugins import load, made, not_one
from allabel.plugins import names as known_names
from allabel.select.base import Choice, Pool, Stage, Tools
from allabel.select.budget import Budget
from retrieval.base import FloatArray

NAMED_CHAINS = {
    "adaptive": "word_coverage:1" + 4 * ",uncertain_word_coverage:1",
    "allabel": "core_set:1,sum_rank:3,perplexity:1",
    "full_vote_k": "fast_vote_k:1,vote_k:9",
}
# One line on each, as the first line of its docstring is on a stage.
ABOUT = {
    "adaptive": "Our own: texts that hold the pool's words, then in rounds those that hold what the annotator doubts.",
    "allabel": "The paper's: texts unlike each other, then like many others, then those the annotator is unsure of.",
    "full_vote_k": "Vote-k as published: a tenth by fast vote-k, the rest from all levels of certainty.",
}

_OF_A_STAGE = ("name", "needs_annotations", "select")


@dataclass(frozen=True, slots=True)
class Step:
    """What one stage, known by its key in the chain, chose."""

    stage: str
    choices: list[Choice]


@dataclass(frozen=True)
class Chain:
    """Stages with their weights; a single strategy is a chain of one. cap: as in `Tools`."""

    stages: tuple[Stage, ...]
    weights: tuple[float, ...]
    cap: int | None = None

    @classmethod
    def parse(cls, text: str, tools: Tools) -> "Chain":
        """Read a strategy's name, `module:Class`, or `name:weight,name:weight,…`. Raises InputError."""
        names, weights = [], []
        for part in NAMED_CHAINS.get(text.strip(), text).split(","):
            name, _, weight = (piece.strip() for piece in part.strip().rpartition(":"))
            if part.partition(":")[0].strip() in NAMED_CHAINS:
                raise InputError(
                    f"{part.strip()!r} is a chain of its own and no stage of another",
                    remedy=f"write its stages: {NAMED_CHAINS[part.partition(':')[0].strip()]}",
                )
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
        if math.isinf(sum(weights)):
            raise InputError(f"the weights of {text!r} are too large to be added", remedy="for example 1:3:1")
        return cls(tuple(_stage(name, tools) for name in names), tuple(weights), tools.cap)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """What each stage is known by: its name, and `name#2`, `name#3` where it stands again."""
        names = [stage.name for stage in self.stages]
        nth = [names[: i + 1].count(name) for i, name in enumerate(names)]
        return tuple(name if n == 1 else f"{name}#{n}" for name, n in zip(names, nth, strict=True))

    def advance(
        self,
        pool: Pool,
        budget: Budget,
        done: Sequence[str],
        seed: int,
        *,
        chosen: Sequence[int] = (),
        waiting: bool = False,
    ) -> list[Step]:
        """Run the stages that are not `done` yet, up to one that needs annotations while some are `waiting`.

        Where those before it could pay no text, and nothing else is labelled, it has nothing to go by and is not run.
        pool: with everything annotated or queued in `labelled`. chosen: the positions that the done stages chose; what
        they left of their shares goes to the next stage. Every stage gets its own generator from the seed, so that an
        interrupted chain goes on as an uninterrupted one would.
        """
        steps: list[Step] = []
        prices = budget.prices(pool.texts)
        until = self.until(pool, budget)
        spent = float(prices[list(chosen)].sum())
        for i, (key, stage) in enumerate(zip(self.keys, self.stages, strict=True)):
            if key in done:
                continue
            nothing = i > 0 and not pool.labelled
            if stage.needs_annotations and (waiting or nothing or any(step.choices for step in steps)):
                break
            choices = self._pick(stage, pool, float(until[i]) - spent, prices, np.random.SeedSequence([seed, i]))
            steps.append(Step(key, choices))
            positions = [choice.position for choice in choices]
            spent += float(prices[positions].sum())
            pool = pool.with_chosen(positions)
        return steps

    def until(self, pool: Pool, budget: Budget) -> FloatArray:
        """Return how much may be spent when each stage is done: (n_stages,).

        The first stage may spend what the cheapest text takes, also where its share is less: without it no other has
        anything to go by.
        """
        until = np.cumsum(budget.shares(len(pool), self.weights))
        prices = budget.prices([pool.texts[i] for i in pool.candidates])
        if not pool.labelled and len(prices) and until[-1] >= prices.min():
            until = np.maximum(until, prices.min())
        return until

    def reached(self, chose: Iterable[str]) -> list[str]:
        """Return the stages up to the last of those that chose: one before it that could afford no text is done."""
        return list(self.keys[: max((self.keys.index(key) + 1 for key in chose if key in self.keys), default=0)])

    def unfinished(self, n_pool: int, budget: Budget, done: Sequence[str]) -> list[str]:
        """Return the stages with a share of the budget that have not chosen yet, in order. n_pool: all texts."""
        shares = budget.shares(n_pool, self.weights)
        has_share = [share > 0 or i == 0 for i, share in enumerate(shares)]
        return [key for key, has in zip(self.keys, has_share, strict=True) if has and key not in done]

    def rounds(self, n_pool: int, budget: Budget) -> dict[str, int]:
        """Return in which round, from 1, each stage with a share of the budget chooses; the expert annotates between.

        A round begins with a stage that needs what was chosen before to be annotated.
        """
        open_ = self.unfinished(n_pool, budget, ())
        found: dict[str, int] = {}
        for key, stage in zip(self.keys, self.stages, strict=True):
            if key in open_:
                found[key] = max(found.values(), default=0) + (stage.needs_annotations or not found)
        return found

    def _pick(
        self, stage: Stage, pool: Pool, share: float, prices: FloatArray, seed: np.random.SeedSequence
    ) -> list[Choice]:
        """Spend the share on the stage's choices in order, up to the first that what is left cannot pay.

        A text that the whole share cannot pay is passed over.
        """
        open_ = prices[pool.candidates]
        share *= 1 + 1e-9  # sums of minutes are not exact
        if not len(open_) or share < open_.min():
            return []
        limit = len(open_) if self.cap is None or not asks_annotator(stage) else min(len(open_), self.cap)
        # A smaller n gives a prefix of a larger one: ask for what the share buys on average, then for more.
        n = min(len(open_), max(1, int(share / open_.mean())))
        while True:
            asked = _checked(stage, stage.select(pool, n, np.random.default_rng(seed)))
            choices = [choice for choice in asked if prices[choice.position] <= share]
            spent = np.cumsum([prices[choice.position] for choice in choices])
            n_paid = int(np.searchsorted(spent, share, side="right"))
            left = share - (spent[-1] if len(spent) else 0)
            if n_paid < len(choices) or len(asked) < n or n == len(open_) or left < open_.min():
                return choices[:n_paid]
            # More than the cap cannot be had, and the stage says so: first ask for all that can.
            n = min(2 * n, limit if n < limit else len(open_))


def asks_annotator(stage: Stage) -> bool:
    """Tell whether a stage has texts tagged by the annotator in use, which may cost tokens.

    A stage that needs annotations does, unless it says otherwise: `asks_annotator = False`.
    """
    return bool(getattr(stage, "asks_annotator", stage.needs_annotations))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _checked(stage: Stage, asked: list[Choice]) -> list[Choice]:
    for one in asked:
        if not isinstance(one, Choice):
            problem = f"it chooses objects of {type(one).__name__}, and not of allabel.select.base.Choice"
            raise not_one("strategies", stage.name, problem)
    return asked


def _stage(name: str, tools: Tools) -> Stage:
    found = load("strategies", name, extra=NAMED_CHAINS)
    if not isinstance(found, type):
        raise not_one("strategies", name, "it is no class")
    if missing := [one for one in _OF_A_STAGE if not hasattr(found, one)]:
        raise not_one("strategies", name, f"it has no {missing[0]!r}")
    stage: Stage = made("strategies", name, lambda: found(tools))
    return stage
