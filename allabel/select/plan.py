"""What a selection will cost, said before anything is spent: texts, tokens, an expert's minutes."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from allabel.select.base import Pool
from allabel.select.budget import Budget, count_tokens
from allabel.select.chain import Chain, asks_annotator
from allabel.select.tagging import Tagging
from retrieval.base import FloatArray, IntArray

# Above this many candidates a stage may take minutes, and the plan goes by the mean length.
RUN_AT_MOST = 5000


@dataclass(frozen=True, slots=True)
class StagePlan:
    """What one stage takes.

    n_tagged: the texts that the annotator in use tags for it, at most, to measure uncertainty. on_board: the annotator
    on board measures it, in seconds and without tokens.
    estimated: the numbers stand on the mean length of what was chosen before, or of the pool where nothing was;
    otherwise the stage was run and the texts are the ones.
    """

    stage: str
    n_texts: int
    n_tokens: int
    minutes: float
    estimated: bool
    n_tagged: int = 0
    on_board: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What is still to be done of a selection: its stages in order, what tagging takes, what is left out.

    tagging: None where no stage tags anything. groups: ids of near-duplicates of each other, the largest group first.
    """

    stages: tuple[StagePlan, ...]
    budget: Budget
    tagging: Tagging | None = None
    groups: tuple[tuple[str, ...], ...] = ()
    n_left_out: int = 0

    @property
    def total(self) -> StagePlan:
        """All stages together."""
        return StagePlan(
            "in all",
            sum(s.n_texts for s in self.stages),
            sum(s.n_tokens for s in self.stages),
            sum(s.minutes for s in self.stages),
            any(s.estimated for s in self.stages),
            sum(s.n_tagged for s in self.stages),
            any(s.on_board for s in self.stages),
        )

    def to_json(self) -> dict[str, Any]:
        """Give the plan as one JSON object."""
        total = asdict(self.total)
        del total["stage"]
        return {
            "stages": [asdict(stage) for stage in self.stages],
            "total": total,
            "cost": asdict(self.budget.cost),
            "tagging": self.tagging and asdict(self.tagging),
            "near_duplicates": {"left_out": self.n_left_out, "groups": [list(group) for group in self.groups]},
        }


def plan_stages(
    chain: Chain, pool: Pool, budget: Budget, done: Sequence[str], seed: int, *, chosen: Sequence[int] = ()
) -> list[StagePlan]:
    """Plan the stages that are not `done`; nothing is tagged. chosen: the positions that the done ones chose.

    The stages before the first that needs annotations are run where the pool has at most RUN_AT_MOST candidates, the
    others are estimated.
    """
    n_tokens = np.array([count_tokens(text) for text in pool.texts], dtype=np.int64)
    minutes, prices = budget.cost.minutes_of(n_tokens), budget.prices(pool.texts)
    run: dict[str, IntArray] = {}
    if len(pool.candidates) <= RUN_AT_MOST:
        for step in chain.advance(pool, budget, done, seed, chosen=chosen, waiting=True):
            run[step.stage] = np.array([choice.position for choice in step.choices], dtype=np.int64)
    plans: list[StagePlan] = []
    spent, until = float(prices[list(chosen)].sum()), chain.until(pool, budget)
    for key, stage, most in zip(chain.keys, chain.stages, until.tolist(), strict=True):
        if key in done:
            continue
        open_ = pool.candidates
        if key in run:
            own = run[key]
            plan = StagePlan(key, len(own), int(n_tokens[own].sum()), float(minutes[own].sum()), False)
            pool = pool.with_chosen(own.tolist())
            spent += float(prices[own].sum())
        else:
            taken = sum(p.n_texts for p in plans if p.estimated)
            # What was chosen so far tells better than the pool how long the texts are that this strategy takes.
            like = np.concatenate([np.array(list(chosen), dtype=np.int64), *run.values()])
            like = like if len(like) else open_
            plan = _estimate(key, most - spent, len(open_) - taken, n_tokens[like], minutes[like], prices[like])
            spent += plan.n_texts * float(prices[like].mean()) if len(like) else 0.0
            if asks_annotator(stage):
                n_tagged = len(open_) - taken if plan.n_texts else 0
                plan = replace(plan, n_tagged=min(n_tagged, chain.cap or n_tagged))
            elif stage.needs_annotations:
                plan = replace(plan, on_board=plan.n_texts > 0)
        plans.append(plan)
    return plans


def _estimate(
    stage: str, share: float, n_open: int, n_tokens: IntArray, minutes: FloatArray, prices: FloatArray
) -> StagePlan:
    if n_open <= 0:
        return StagePlan(stage, 0, 0, 0.0, True)
    n = max(0, min(n_open, int(share / float(prices.mean()) + 1e-9)))
    return StagePlan(stage, n, round(n * float(n_tokens.mean())), n * float(minutes.mean()), True)
