"""A run's folder: what was planned, what is done, and what it says."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from allabel import runs
from allabel.document import Document
from allabel.errors import InputError
from allabel.formats.files import write_atomically
from allabel.reply import Reply
from eval.experiments.experiment import Experiment
from eval.experiments.files import Files
from eval.experiments.measured import Measured
from eval.experiments.plan import ActiveCell, Cell, active_cells, cells_of
from eval.experiments.records import read, replies_of
from eval.experiments.sources import forget, opened, split_of
from eval.experiments.split import Split


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
        data = files.read(files.data)
        return cls(files, Experiment.read(files.experiment, Path(data["beside"])), data["sets"])

    @classmethod
    def begin(cls, folder: Path, experiment: Experiment, *, write: bool = True) -> "RunFolder":
        """Open a folder for an experiment, or make it: its data sets are read. write: False makes and changes nothing.

        Raises InputError where a data set is another than when the folder's results were made.
        """
        files = Files(folder)
        known = files.read(files.data)["sets"] if files.data.exists() else {}
        sets = {}
        forget()
        for i, table in enumerate(experiment.file.data):
            with experiment.at("data", i):
                sets[table.title] = _described(experiment, table.title)
            then, now = known.get(table.title), sets[table.title]
            if then and then["digest"] != now["digest"]:
                raise experiment.wrong(
                    f"the data set {table.title!r} is not what it was when {folder} was made: {now['n_pool']} and "
                    f"{now['n_test']} texts now, {then['n_pool']} and {then['n_test']} then, or other gold",
                    ("data", i),
                    "put the files back, or keep the results of the new ones apart: --out ANOTHER_FOLDER",
                )
        if write:
            files.make()
            with write_atomically(files.experiment) as file:
                file.write(experiment.text)
            files.write(files.data, {"beside": str(experiment.beside), "sets": known | sets})
        return cls(files, experiment, known | sets)

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
        return cells_of(self.experiment, self._digests)

    @cached_property
    def active(self) -> list[ActiveCell]:
        """The planned runs of active learning."""
        return active_cells(self.experiment, self._digests)

    def measured(self) -> list[Measured]:
        """Return what is done, in the plan's order."""
        return [found for cell in self.cells if (found := read(cell, self.files)) is not None]

    def missing(self) -> list[Cell]:
        """Return the cells that are not done, one of each key."""
        todo = {cell.key: cell for cell in reversed(self.cells) if not self.files.cell(cell.key).exists()}
        return list(reversed(todo.values()))

    def missing_active(self) -> list[ActiveCell]:
        """Return the runs of active learning that are not done."""
        return [cell for cell in self.active if not self.files.rows(cell.key).exists()]

    @property
    def n_missing(self) -> int:
        """How many results are still to be had."""
        return len(self.missing()) + len(self.missing_active())

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
        return [by_id[id] for id in self.files.read(self.files.choice(choice.key))["chosen"]]

    def rounds(self) -> Sequence[runs.Row]:
        """Return the rounds of active learning that is done, as rows."""
        paths = [self.files.rows(cell.key) for cell in self.active]
        return runs.read(path for path in paths if path.exists())

    def pairs(self) -> list[tuple[str, str, str | None]]:
        """Return the arms to compare, and by which strategy's choices."""
        return [(pair.a, pair.b, pair.strategy) for pair in self.experiment.file.compare]

    def commands(self) -> Sequence[str]:
        """Return what makes all of it again."""
        folder = self.files.folder
        return [f"allabel eval run {folder}", f"allabel eval report {folder} -o report.html"]

    def notes(self) -> Sequence[str]:
        """Return what was left out, reduced, or is to be known of the data."""
        return [note for table in self.experiment.file.data for note in self.data[table.title]["notes"]]

    def _split(self, measured: Measured) -> Split:
        return split_of(self.experiment.data(measured.spot.data), self.experiment.beside, measured.spot.seed)

    @property
    def _digests(self) -> dict[str, str]:
        return {title: one["digest"] for title, one in self.data.items()}


def _described(experiment: Experiment, title: str) -> dict[str, Any]:
    table = experiment.data(title)
    data = opened(table, experiment.beside)
    splits = [split_of(table, experiment.beside, seed) for seed in experiment.file.seed_numbers]
    notes = []
    if alike := [split.n_alike for split in splits if split.n_alike]:
        few, most = min(alike), max(alike)
        notes.append(
            f"{title}: test texts that are, or nearly are, texts of the pool were taken out: "
            f"{most if few == most else f'{few} to {most}'} a seed"
        )
    if data.public and any(arm.asks_model for arm in experiment.arms):
        notes.append(
            f"{title} is public: a language model may have seen its texts, or its gold, in training, and would then be "
            "better here than on new texts"
        )
    return {
        "digest": data.digest,
        "n_pool": len(data.pool),
        "n_test": len(data.test),
        "n_tested": min(len(split.test) for split in splits),
        "by_value": data.by_value,
        "licence": data.licence,
        "notes": notes,
    }
