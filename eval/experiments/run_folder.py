"""A run's folder: what was planned, what is done, and what it says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from shlex import quote
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from allabel import runs
from allabel.document import Document
from allabel.errors import InputError
from allabel.formats.files import write_atomically
from allabel.reply import Reply
from eval.experiments.described import described
from eval.experiments.experiment import Experiment
from eval.experiments.files import Files
from eval.experiments.measured import Measured, same_labels
from eval.experiments.plan import ActiveCell, Cell, active_cells, cells_of
from eval.experiments.records import read, replies_of
from eval.experiments.sources import forget, opened, split_of
from eval.experiments.split import Split

# It guards against data that changed, so that it is not to be removed.
_UNREADABLE = "it is damaged, or of another version of allabel: make a new run, --out ANOTHER_FOLDER"


class _Set(BaseModel):
    """What `described` says of a data set."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    digest: str
    labels: str
    folds: str
    recorded: dict[str, str]
    n_tested: int
    notes: list[str]


class _Kept(BaseModel):
    """What `write` keeps beside the experiment's file."""

    model_config = ConfigDict(strict=True, frozen=True)

    beside: str
    model: str
    sets: dict[str, _Set]


@dataclass
class RunFolder:
    """What is kept of an experiment. data: of each data set by title, digest and notes."""

    files: Files
    experiment: Experiment
    data: dict[str, Any]

    @staticmethod
    def is_one(folder: Path) -> bool:
        """Tell whether this is the folder of a run."""
        return Files(folder).data.exists()

    @classmethod
    def open(cls, folder: Path) -> "RunFolder":
        """Open a run's folder. Raises InputError where there is none or it is damaged."""
        files = Files(folder)
        if not cls.is_one(folder):
            raise InputError("holds no run", file=folder, remedy="allabel eval run EXPERIMENT.toml --out FOLDER")
        try:
            kept = _Kept.model_validate(files.read(files.data, remedy=_UNREADABLE))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, first["loc"]))
            raise InputError(f"{where:.100}: {first['msg']}", file=files.data, remedy=_UNREADABLE) from error
        sets = {title: one.model_dump() for title, one in kept.sets.items()}
        return cls(files, Experiment.read(files.experiment, Path(kept.beside), kept.model), sets)

    @classmethod
    def begin(cls, folder: Path, experiment: Experiment) -> "RunFolder":
        """Open a folder for an experiment: its data sets are read. Nothing is written yet, see `write`.

        Raises InputError where the folder holds the run of another experiment, or a data set is another than when the
        folder's results were made.
        """
        known = cls.open(folder) if cls.is_one(folder) else None
        if known is not None and known.name != experiment.file.name:
            raise experiment.wrong(
                f"{folder} holds the run of another experiment, {known.name!r}",
                ("name",),
                "name another folder by --out, or give it that name",
            )
        sets = {}
        forget()
        for i, table in enumerate(experiment.file.data):
            with experiment.at("data", i):
                sets[table.title] = described(experiment, table)
            then = known.data.get(table.title) if known else None
            if then and then["digest"] != sets[table.title]["digest"]:
                raise experiment.wrong(
                    _other_data(table.title, then, sets[table.title]),
                    ("data", i),
                    "put the files back, or keep the results of the new ones apart: --out ANOTHER_FOLDER",
                )
        return cls(Files(folder), experiment, (known.data if known else {}) | sets)

    def write(self) -> None:
        """Make the folder, and keep the experiment's file and what its data are."""
        self.files.make()
        with write_atomically(self.files.experiment) as file:
            file.write(self.text)
        kept = {"beside": str(self.experiment.beside), "model": self.experiment.model, "sets": self.data}
        self.files.write(self.files.data, kept)

    @property
    def name(self) -> str:
        """The experiment's name."""
        return self.experiment.file.name

    @property
    def text(self) -> str:
        """The experiment's file as it was run."""
        return self.experiment.text

    @cached_property
    def cells(self) -> list[Cell]:
        """The plan, in the order of the file."""
        return cells_of(self.experiment, self._described)

    @cached_property
    def active(self) -> list[ActiveCell]:
        """The planned runs of active learning."""
        return active_cells(self.experiment, self._described)

    def measured(self) -> list[Measured]:
        """Return what is done, in the plan's order."""
        return same_labels([found for cell in self.cells if (found := read(cell, self.files)) is not None])

    def missing(self) -> list[Cell]:
        """Return the cells that are not done, one of each key."""
        todo = {cell.key: cell for cell in reversed(self.cells) if read(cell, self.files) is None}
        return list(reversed(todo.values()))

    def missing_active(self) -> list[ActiveCell]:
        """Return the runs of active learning that are not done."""
        return [cell for cell in self.active if not self.files.rows(cell.key).exists()]

    @property
    def n_missing(self) -> int:
        """How many results are still to be had."""
        return len(self.missing()) + len(self.missing_active())

    @property
    def n_planned(self) -> int:
        """How many results there are to be."""
        return len({cell.key for cell in self.cells}) + len(self.active)

    def test_documents(self, measured: Measured) -> Sequence[Document]:
        """Return the test texts with their gold, in the order of `measured.docs`."""
        by_id = {d.id: d for d in self._split(measured).test}
        return [by_id[doc] for doc in measured.docs]

    def replies(self, measured: Measured) -> Sequence[Reply]:
        """Return the replies to the test texts, in the order of `measured.docs`."""
        return replies_of(measured, self.files)

    def cell(self, measured: Measured) -> Cell:
        """Return the plan's cell of a result."""
        return next(cell for cell in self.cells if cell.spot == measured.spot)

    def annotated(self, measured: Measured) -> Sequence[Document]:
        """Return the texts that a result's annotator was taught with, in the order they were chosen."""
        choice = self.cell(measured).choice
        if choice is None:
            return ()
        by_id = {d.id: d for d in self._split(measured).pool}
        return [by_id[id] for id in self.files.read(self.files.choice(choice.key), "chosen")["chosen"]]

    def rounds(self) -> Sequence[runs.Row]:
        """Return the rounds of active learning that is done, as rows."""
        found = []
        for cell in self.active:
            if (path := self.files.rows(cell.key)).exists():
                # Names may have changed since; they decide nothing.
                kept = runs.read([path])
                found += [replace(row, run=self.name, method=cell.arm.name, data=cell.data) for row in kept]
        return found

    def pairs(self) -> list[tuple[str, str, str | None]]:
        """Return the arms to compare, and by which strategy's choices."""
        return [(pair.a, pair.b, pair.strategy) for pair in self.experiment.file.compare]

    def commands(self) -> Sequence[str]:
        """Return what makes all of it again."""
        folder = self.files.folder
        return [f"allabel eval run {quote(str(folder))}", f"allabel eval report {quote(str(folder))} -o report.html"]

    def notes(self) -> Sequence[str]:
        """Return what was left out, reduced, or is to be known of the data."""
        return [note for table in self.experiment.file.data for note in self._described[table.title]["notes"]]

    @property
    def _described(self) -> Mapping[str, Any]:
        """What each data set of the experiment is. Raises InputError where the folder does not say it of one."""
        lacking = [table.title for table in self.experiment.file.data if table.title not in self.data]
        lacking += [
            f"{name}, {seed}"
            for name, title in ((one.name, one.data) for one in self.experiment.file.recorded)
            for seed in self.experiment.file.seed_numbers
            if title in self.data and f"{name}, {seed}" not in self.data[title]["recorded"]
        ]
        if lacking:
            again = f"allabel eval run EXPERIMENT.toml --out {quote(str(self.files.folder))}"
            raise InputError(
                f"says nothing of {lacking[0]!r}, which the experiment names",
                file=self.files.data,
                remedy=f"run the experiment again: {again}",
            )
        return self.data

    def _split(self, measured: Measured) -> Split:
        table = self.experiment.data(measured.spot.data)
        then, digest = self._described[table.title], opened(table, self.experiment.beside).digest
        if digest != then["digest"]:
            raise InputError(
                f"the data set {table.title!r} is not what it was when the results were made",
                file=self.files.folder,
                remedy="put its files back",
            )
        return split_of(table, self.experiment.beside, measured.spot.seed)


def _other_data(title: str, then: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    return (
        f"the data set {title!r} is not what it was when the folder's results were made: {now['n_pool']} and "
        f"{now['n_test']} texts now, {then['n_pool']} and {then['n_test']} then, or other gold"
    )
