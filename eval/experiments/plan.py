"""What an experiment consists of: a cell for each data set, seed, budget, strategy and arm; what each is kept under."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from eval.experiments.arms import Arm
from eval.experiments.budgets import is_everything, is_nothing, same
from eval.experiments.designs import ActiveArm
from eval.experiments.experiment import Experiment
from eval.experiments.measured import Spot
from eval.experiments.tables import DataTable, RecordedTable

# Raise it when the same cell would come out otherwise, so that what was kept before is done anew.
VERSION = 2
RECORDED = "recorded"
# By title: digests of the data, of labels.toml, of the folds, and of recorded predictions by name and seed.
Described = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Choice:
    """What chooses: a strategy within a budget, from the pool of a seed.

    arm: whose annotator the stages ask, None for the one on board. key: what the chosen texts are kept under.
    """

    data: str
    seed: int
    strategy: str
    budget: str
    arm: Arm | None
    key: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One result to be had. choice and arm: None for recorded predictions. key: what it is kept under.

    The same key may stand in several spots: with the whole pool, or nothing, no strategy has a choice.
    """

    spot: Spot
    key: str
    n_test: int
    choice: Choice | None = None
    arm: Arm | None = None
    recorded: RecordedTable | None = None


@dataclass(frozen=True, slots=True)
class ActiveCell:
    """One run of active learning: a data set, a seed, an arm."""

    data: str
    seed: int
    arm: ActiveArm
    n_test: int
    key: str

    @property
    def spot(self) -> str:
        """Where it stands, in words."""
        return f"{self.arm.name}, {self.data}, seed {self.seed}"


def active_cells(experiment: Experiment, described: Described) -> list[ActiveCell]:
    """Return the runs of active learning, in the order of the file."""
    found = []
    for table in experiment.file.data:
        for seed in experiment.file.seed_numbers:
            where = _where(table, seed, described[table.title])
            for arm in experiment.active:
                if arm.takes_part(table.title, seed):
                    n_test = min(experiment.file.test_texts, arm.test_texts or experiment.file.test_texts)
                    key = key_of({"where": where, "arm": arm.decided_by, "n_test": n_test})
                    found.append(ActiveCell(table.title, seed, arm, n_test, key))
    return found


def cells_of(experiment: Experiment, described: Described) -> list[Cell]:
    """Return the cells in the order of the file: by data set, seed, budget, strategy, arm.

    described: what each data set is, by title, so that what was made of other texts or labels is not taken for it.
    """
    found = []
    for table in experiment.file.data:
        for seed in experiment.file.seed_numbers:
            where = _where(table, seed, described[table.title])
            found += list(_arms(experiment, table, seed, where))
            found += list(_recorded(experiment, table, seed, where, described[table.title]["recorded"]))
    return found


def key_of(what: Mapping[str, Any]) -> str:
    """Return 20 hexadecimal digits that stand for everything that decides a result."""
    return hashlib.sha256(json.dumps({"version": VERSION, **what}, sort_keys=True).encode()).hexdigest()[:20]


def _where(table: DataTable, seed: int, what: Mapping[str, Any]) -> dict[str, Any]:
    drawn = {name: getattr(table, name) for name in ("pool_texts", "pool_share", "held_out")}
    return {**{name: what[name] for name in ("digest", "labels", "folds")}, "seed": seed, **drawn}


def _arms(experiment: Experiment, table: DataTable, seed: int, where: Mapping[str, Any]) -> Iterator[Cell]:
    file = experiment.file
    for budget in file.budgets:
        for strategy in file.strategies:
            for arm in experiment.arms:
                if not arm.takes_part(table.title, seed, strategy, budget) or (is_nothing(budget) and arm.needs_texts):
                    continue
                choice = _choice(experiment, table, seed, strategy, budget, arm, where)
                n_test = min(file.test_texts, arm.test_texts or file.test_texts)
                key = key_of({"choice": choice.key, "arm": arm.decided_by, "n_test": n_test, "metric": file.metric})
                yield Cell(Spot(table.title, seed, strategy, budget, arm.name), key, n_test, choice, arm)


def _choice(
    experiment: Experiment,
    table: DataTable,
    seed: int,
    strategy: str,
    budget: str,
    arm: Arm,
    where: Mapping[str, Any],
) -> Choice:
    selection = experiment.file.selection
    asked = arm if selection.annotator == "same" else None
    what: dict[str, Any] = {"where": dict(where), "budget": same(budget)}
    if not (is_nothing(budget) or is_everything(budget)):
        what |= {"strategy": strategy, "selection": selection.model_dump()}
        what |= {"asked": asked.decided_by} if asked else {}
    return Choice(table.title, seed, strategy, budget, asked, key_of(what))


def _recorded(
    experiment: Experiment, table: DataTable, seed: int, where: Mapping[str, Any], digests: Mapping[str, str]
) -> Iterator[Cell]:
    file = experiment.file
    for one in file.recorded:
        if one.data == table.title:
            spot = Spot(table.title, seed, RECORDED, one.budget, one.name)
            what = {"recorded": digests[f"{one.name}, {seed}"], "format": one.format, "budget": one.budget}
            key = key_of({"where": dict(where), **what, "n_test": file.test_texts, "metric": file.metric})
            yield Cell(spot, key, file.test_texts, recorded=one)
