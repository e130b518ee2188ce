"""What the store keeps beside documents, annotations and replies."""

import math
from dataclasses import dataclass
from datetime import datetime

from allabel.document import DocId
from allabel.errors import StoreError


@dataclass(frozen=True, slots=True)
class Selection:
    """One run of `allabel select`: what was asked for, and when. `id` is None until the store gives one."""

    id: int | None
    strategy: str
    budget: str
    n_texts: int
    seed: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Pick:
    """One document that a selection chose: by which stage, as which (rank 1 is annotated first), and why."""

    doc_id: DocId
    stage: str
    rank: int
    score: float
    reason: str
    selection_id: int

    def __post_init__(self) -> None:
        if math.isnan(self.score):
            raise StoreError(
                f"the pick {self.doc_id!r} of stage {self.stage!r} has the score NaN, which cannot be ranked",
                remedy="mend the stage that picked it: every score is a number",
            )


@dataclass(frozen=True, slots=True)
class Counts:
    """How many distinct documents the store holds, and in what state.

    queued: picked by a selection and not annotated yet.
    """

    documents: int
    gold: int
    annotated: int
    queued: int
    tagged: int
