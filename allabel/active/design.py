"""What is tried in one simulated run."""

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from allabel.active.costs import Prices
from allabel.active.imbalance.methods import NONE, check_method
from allabel.active.initial import check_start
from allabel.active.levels import Level, check_level, check_unit
from allabel.active.partial import Partial, needs_pos
from allabel.active.queries import N_PASSES, Query
from allabel.active.schedules import PAPER, Schedule
from allabel.active.scores import AGGREGATES, Aggregate
from allabel.errors import InputError
from allabel.plugins import load


@dataclass(frozen=True, slots=True)
class Design:
    """One design of active learning. Raises InputError where its parts do not go together.

    query: a name of the entry points `allabel.queries`, or `module:object`; aggregate: how a sentence's score comes of
    its words', None for the query's own; n_passes: of BALD.
    level, partial: see `allabel.active.levels` and `allabel.active.partial`; touching: at the entity level, entities
    that touch are bought as one, as in the paper's public code.
    schedule: see `Schedule.parse`; n_rounds: at most so many rounds after the start.
    start: `random`, `nnp_guided` (with nnp_alpha), `lm_guided` (by the model masked_lm) or a strategy of `allabel
    select`; start_share: of the sentences, annotated whole; start_ids: exactly these sentences in place of both.
    imbalance: what is done about rare types, see `allabel.active.imbalance.methods`; a loss is the tagger's own matter.
    incremental: one tagger learns on, rather than a new one each round; tagger: what it is, in words: a journal of
    another is refused; so is one of other measured_on, what the scores are of, in words. prices: of a person's time.
    """

    query: str = "breaking_ties"
    level: Level = "sentence"
    partial: Partial = "mask_unknowns"
    schedule: str = PAPER
    n_rounds: int | None = None
    start: str = "random"
    start_share: float = 0.01
    start_ids: tuple[str, ...] = ()
    nnp_alpha: float = 1.0
    masked_lm: str = "distilbert-base-cased"
    aggregate: Aggregate | None = None
    n_passes: int = N_PASSES
    imbalance: str = NONE
    incremental: bool = False
    touching: bool = False
    seed: int = 0
    tagger: str = ""
    measured_on: str = ""
    prices: Prices = field(default_factory=Prices)

    def __post_init__(self) -> None:
        check_level(self.level, scores_words=self.loaded_query().scores_words, query=f"the query {self.query}")
        needs_pos(self.partial)
        check_method(self.imbalance)
        schedule = self.loaded_schedule()
        for amount in schedule.amounts:
            check_unit(self.level, amount.unit, f"the schedule {self.schedule!r}")
        if self.aggregate is not None and self.aggregate not in AGGREGATES:
            raise InputError(f"there is no aggregation {self.aggregate!r}", remedy=f"known are {', '.join(AGGREGATES)}")
        if not self.start_ids:
            check_start(self.start)
        if not 0 < self.start_share <= 1:
            raise InputError(
                f"the share of first sentences is {self.start_share}", remedy="above 0 and at most 1, as 0.01"
            )
        for name, value, least in (
            ("number of passes", self.n_passes, 1),
            ("number of rounds", self.n_rounds, 0),
            ("seed", self.seed, 0),
        ):
            if value is not None and value < least:
                raise InputError(f"the {name} is {value}", remedy=f"give at least {least}")

    def loaded_query(self) -> Query:
        """Return the query strategy. Raises UnknownNameError."""
        query: Query = load("queries", self.query)
        return query

    def loaded_schedule(self) -> Schedule:
        """Return the schedule. Raises BudgetError."""
        return Schedule.parse(self.schedule)

    def seed_of(self, number: int, purpose: int) -> int:
        """Return the seed of one thing done in a round: the same for the same design, whatever was interrupted."""
        return int(np.random.SeedSequence([self.seed, number, purpose]).generate_state(1)[0])

    def to_json(self) -> dict[str, Any]:
        """Give the design as one JSON object."""
        return asdict(self)
