"""What a report is written from: a run's folder, as far as the report looks into it."""

from collections.abc import Sequence
from typing import Protocol

from allabel.document import Document
from allabel.reply import Reply
from allabel.runs import Row
from eval.experiments.measured import Measured


class Material(Protocol):
    """An experiment as it was run, with everything that is done of it."""

    @property
    def name(self) -> str:
        """The experiment's name."""
        ...

    @property
    def text(self) -> str:
        """The experiment's file as it was run."""
        ...

    @property
    def n_missing(self) -> int:
        """How many cells of the plan are not done."""
        ...

    def measured(self) -> list[Measured]:
        """Return what is done, in the plan's order."""
        ...

    def test_documents(self, m: Measured) -> Sequence[Document]:
        """Return the gold of the cell's test texts, in the order of `m.docs`."""
        ...

    def replies(self, m: Measured) -> Sequence[Reply]:
        """Return what the cell's annotator said of them, in the same order."""
        ...

    def notes(self) -> Sequence[str]:
        """Return the guards and reductions, a sentence each."""
        ...

    def commands(self) -> Sequence[str]:
        """Return the commands that repeat the experiment."""
        ...

    def pairs(self) -> Sequence[tuple[str, str, str | None]]:
        """Return the arms to compare, two by two, with a strategy where one is named."""
        ...

    def rounds(self) -> Sequence[Row]:
        """Return the rounds of active-learning arms: strict micro F1, tokens, and `more["minutes"]`."""
        ...
