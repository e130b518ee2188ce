"""What is tried in one simulated run, and a fingerprint of the pool it is tried on."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from allabel.active.costs import Prices
from allabel.active.initial import check_start
from allabel.active.levels import Level, check_level
from allabel.active.partial import Partial, needs_pos
from allabel.active.queries import N_PASSES, Query
from allabel.active.schedules import PAPER, Schedule
from allabel.active.scores import AGGREGATES, Aggregate
from allabel.active.sentence import Sentence
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
    incremental: one tagger learns on, rather than a new one each round; tagger: what it is, in words: a journal of
    another is refused. prices: of a person's time.
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
    incremental: bool = False
    touching: bool = False
    seed: int = 0
    tagger: str = ""
    prices: Prices = field(default_factory=Prices)

    def __post_init__(self) -> None:
        check_level(self.level, scores_words=self.loaded_query().scores_words, query=f"the query {self.query}")
        needs_pos(self.partial)
        schedule = Schedule.parse(self.schedule)
        if self.level != "sentence" and any(amount.unit == "sentences" for amount in schedule.amounts):
            raise InputError(
                f"the schedule {self.schedule!r} buys whole sentences, and the level is {self.level}",
                remedy='give words or a share of them, as "500words" or "1%", or the level sentence',
            )
        if self.aggregate is not None and self.aggregate not in AGGREGATES:
            raise InputError(f"there is no aggregation {self.aggregate!r}", remedy=f"known are {', '.join(AGGREGATES)}")
        if not self.start_ids:
            check_start(self.start)
        if not 0 < self.start_share <= 1:
            raise InputError(
                f"the share of first sentences is {self.start_share}", remedy="above 0 and at most 1, as 0.01"
            )
        if self.n_passes < 1 or self.seed < 0 or (self.n_rounds is not None and self.n_rounds < 0):
            raise InputError(
                f"{self.n_passes} passes, {self.n_rounds} rounds and the seed {self.seed} do not go together",
                remedy="at least one pass, no round fewer than 0, a seed of at least 0",
            )

    def loaded_query(self) -> Query:
        """Return the query strategy. Raises UnknownNameError."""
        query: Query = load("queries", self.query)
        return query

    def seed_of(self, number: int, purpose: int) -> int:
        """Return the seed of one thing done in a round: the same for the same design, whatever was interrupted."""
        return int(np.random.SeedSequence([self.seed, number, purpose]).generate_state(1)[0])

    def to_json(self) -> dict[str, Any]:
        """Give the design as one JSON object."""
        return asdict(self)


def digest(pool: Sequence[Sentence]) -> str:
    """Return a fingerprint of a pool: ids, texts, words, tags and parts of speech, in order."""
    found = hashlib.sha256()
    for part in _parts(pool):
        found.update(part)
    return found.hexdigest()[:16]


def _parts(pool: Sequence[Sentence]) -> Iterator[bytes]:
    for s in pool:
        yield json.dumps([s.id, s.text, s.offsets, s.tags, s.pos]).encode() + b"\n"
