"""Arms of token-level active learning, expanded from the `[[active]]` tables of a file."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from allabel.active.design import Design
from allabel.config import Finetune
from allabel.errors import InputError
from eval.experiments.arms import TUNING, check_kind, check_names, combinations, wrong_value
from eval.experiments.tables import ActiveTable

# Keys of a design, by the name they have in a file.
DESIGN = {
    **{name: name for name in ("query", "level", "partial", "schedule", "start", "start_share", "nnp_alpha")},
    **{name: name for name in ("masked_lm", "aggregate", "n_passes", "imbalance", "incremental", "touching")},
    "rounds": "n_rounds",
}


@dataclass(frozen=True, slots=True)
class ActiveArm:
    """One design of active learning with its tagger; design and tuning are as given, each key with one value."""

    name: str
    tagger: str
    table: int
    design: Mapping[str, Any]
    tuning: Mapping[str, Any]
    test_texts: int | None = None
    data: tuple[str, ...] | None = None
    seeds: tuple[int, ...] | None = None

    def finetune(self, seed: int) -> Finetune:
        """Return the settings of the tagger."""
        return Finetune(tagger=self.tagger, seed=seed, **self.tuning)

    def design_of(self, seed: int) -> Design:
        """Return the design. Raises InputError where its parts do not go together."""
        return Design(**self.design, seed=seed, tagger=f"{self.tagger} {self.tuning.get('encoder', '')}".strip())

    @property
    def decided_by(self) -> dict[str, Any]:
        """Everything that decides what comes of it, as JSON."""
        return {"active": self.tagger, "design": dict(self.design), "tuning": dict(self.tuning)}

    def takes_part(self, data: str, seed: int) -> bool:
        """Tell whether it is asked for there."""
        return (self.data is None or data in self.data) and (self.seeds is None or seed in self.seeds)


def expand_active(number: int, table: ActiveTable) -> list[ActiveArm]:
    """Return the arms of a table: one for each combination of the values that are lists. number: of the table.

    Raises InputError for a setting that there is none of, or a design whose parts do not go together.
    """
    check_kind("taggers", table.tagger)
    check_names(table.options, (*DESIGN, *TUNING), "design")
    arms = []
    for name, options in combinations(table.name, table.options):
        design = {DESIGN[name]: value for name, value in options.items() if name in DESIGN}
        tuning = {name: value for name, value in options.items() if name in TUNING}
        arm = ActiveArm(name, table.tagger, number, design, tuning, table.test_texts, table.data, table.seeds)
        try:
            arm.finetune(0)
            arm.design_of(0)
        except ValidationError as error:
            raise wrong_value(error) from error
        except TypeError as error:
            raise InputError(f"the design cannot be: {error}", remedy="mend the value that is no number") from error
        arms.append(arm)
    return arms
