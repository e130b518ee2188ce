"""One run over one file: the blocks to tag, how each is written, and the seam that engines fill."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from allabel.annotate.base import Annotator
from allabel.bulk.notes import Tally
from allabel.bulk.parts import Parts
from allabel.bulk.plan import Plan
from allabel.bulk.source import Block, Source, Survey
from allabel.bulk.task import BlockTagger, Came, Task
from allabel.bulk.writing import write_part


class Tagged(NamedTuple):
    """A block whose part is written."""

    number: int
    tally: Tally


@dataclass(frozen=True, slots=True)
class Job:
    """What an engine is given: the blocks that are missing, and all that tagging and writing them takes, as values."""

    source: Source
    survey: Survey
    plan: Plan
    folder: Path
    task: Task
    missing: frozenset[int]

    def blocks(self) -> Iterator[Block]:
        """Yield the blocks that are missing, in order."""
        return self.source.blocks(self.plan.block_size, self.missing, self.survey)

    def write(self, block: Block, tagger: BlockTagger, came: Came = lambda _: None) -> Tagged:
        """Tag one block and write its part, whole or not at all."""
        tagged = tagger.tag(block.documents, came)
        write_part(tagged, Parts(self.folder, self.plan).path(block.number), self.plan.format)
        return Tagged(block.number, Tally.of(tagged))


class Engine(Protocol):
    """Tags what a job is missing. came_n: hears how many more texts were tagged, often. tell: hears what to know."""

    def __call__(self, job: Job, came_n: Callable[[int], None], tell: Callable[[str], None]) -> Iterator[Tagged]:
        """Yield each block once its part is written, in any order."""
        ...


def local(annotator: Annotator) -> Engine:
    """Return the engine that tags in this process, block after block."""

    def run(job: Job, came_n: Callable[[int], None], tell: Callable[[str], None]) -> Iterator[Tagged]:
        tagger = BlockTagger(annotator, job.task)
        for block in job.blocks():
            yield job.write(block, tagger, lambda _: came_n(1))

    return run
