"""Tagging a file to the end: its parts are tagged by an engine, noted as they come, and joined."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from allabel.annotate.base import Annotator
from allabel.bulk.job import Engine, Job
from allabel.bulk.notes import Tally
from allabel.bulk.parts import LOCK, Parts
from allabel.bulk.plan import BLOCK_SIZE, Plan
from allabel.bulk.source import Source, Survey
from allabel.bulk.task import Task
from allabel.bulk.writing import format_of, join
from allabel.formats.arrow import arrow

SUFFIX = ".parts"


@dataclass(frozen=True, slots=True)
class Target:
    """Where the output goes. stays: the parts are the output, in a folder; else they are joined into one file."""

    path: Path
    stays: bool

    @classmethod
    def parse(cls, given: str) -> "Target":
        """Read what a person named: what ends in a slash, or is a folder, is a folder of parts."""
        path = Path(given)
        return cls(path, given.endswith(("/", "\\")) or path.is_dir())

    @property
    def folder(self) -> Path:
        """The folder of the parts."""
        return self.path if self.stays else self.path.with_name(self.path.name + SUFFIX)


@dataclass(frozen=True, slots=True)
class Told:
    """What a person hears of a run. begins: how many texts are to be tagged, and of how many. came_n: how many more."""

    begins: Callable[[int, int], None]
    came_n: Callable[[int], None]
    tell: Callable[[str], None]


def tag_file(
    source: Source,
    survey: Survey,
    target: Target,
    task: Task,
    annotator: Annotator,
    engine: Engine,
    told: Told,
    *,
    block_size: int = BLOCK_SIZE,
) -> Tally:
    """Tag a file's missing blocks and join all; returns the count of all texts, those tagged before included.

    annotator: what names the model; the engine may tag with others like it. Where replies failed the parts stay beside
    the output, so that a rerun tags those blocks alone. Raises InputError where the parts that are there are of another
    run; see `Parts`.
    """
    format = format_of(target.path)
    if format == "parquet":
        arrow()
    plan = Plan.of(task, annotator, source.path, survey, block_size, format)
    with Parts.opened(target.folder, plan) as parts:
        missing = parts.missing()
        told.begins(sum(map(plan.size_of, missing)), plan.n_documents)
        if missing:
            job = Job(source, survey, plan, target.folder, task, frozenset(missing))
            for number, tally in engine(job, told.came_n, told.tell):
                parts.note(number, tally)
        total = parts.total()
        if target.stays:
            (target.folder / LOCK).unlink(missing_ok=True)
        else:
            join(parts.paths(), target.path, format)
            if not total.n_failed:
                parts.remove()
    return total
