"""One cell: texts are chosen, the annotator is taught, the test texts are tagged, and all of it is written down."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from allabel.annotate.base import Annotator
from allabel.annotate.llm.memory import AsksModel
from allabel.document import Document
from allabel.errors import AllabelError
from allabel.reply import Reply
from allabel.select.budget import count_tokens
from allabel.select.cost import CostModel
from allabel.store.store import Store
from eval.experiments.choosing import chosen
from eval.experiments.experiment import Experiment
from eval.experiments.files import Files
from eval.experiments.learned import Learns
from eval.experiments.measured import Cost
from eval.experiments.plan import Cell
from eval.experiments.recall import Recall
from eval.experiments.recordings import recorded
from eval.experiments.records import keep
from eval.experiments.sources import located, schema_of, split_of
from eval.simulate import demonstrations


def run(experiment: Experiment, cell: Cell, files: Files) -> None:
    """Do a cell and write it down. Raises AllabelError where it cannot be done; then nothing is written."""
    table = experiment.data(cell.spot.data)
    split = split_of(table, experiment.beside, cell.spot.seed)
    test = split.test[: cell.n_test]
    if cell.recorded is not None:
        path = located(table, experiment.beside, cell.recorded.files.format(seed=cell.spot.seed))
        replies = recorded(cell.recorded, path, test)
        keep(experiment, cell, files, test, replies, Cost(cell.recorded.n_texts, 0, 0, 0.0))
        return
    assert cell.choice is not None
    annotator = ArmAnnotator(experiment, cell, files)
    positions = chosen(cell.choice, split, experiment.file.selection, files, annotator.made)
    shown = [split.pool[i] for i in positions]
    replies, fit_s, tag_s = annotator.tag(test, shown)
    keep(experiment, cell, files, test, replies, _cost(shown, replies, cell, fit_s, tag_s))


@dataclass(slots=True)
class ArmAnnotator:
    """The arm's annotator, made when it is first needed: a strategy may ask it before it is taught."""

    experiment: Experiment
    cell: Cell
    files: Files
    _made: Annotator | None = None
    _recall: Recall | None = None

    def made(self) -> Annotator:
        """Return the annotator; what it asks of a language model is looked up and kept in the run's folder."""
        if self._made is None:
            arm, seed = self.cell.arm, self.cell.spot.seed
            assert arm is not None
            schema = schema_of(self.experiment.data(self.cell.spot.data), self.experiment.beside)
            self._made = arm.build(schema, seed)
            if isinstance(self._made, AsksModel):
                self._recall = Recall(_store(self.files.answers), self._made.name)
                self._made.remember(self._recall)
        return self._made

    def tag(self, test: Sequence[Document], shown: Sequence[Document]) -> tuple[list[Reply], float, float]:
        """Teach and tag; returns replies, and the seconds of each. Raises AllabelError where texts were left unasked.

        Answers that are there from before count with the seconds they took then.
        """
        annotator, taught = self.made(), demonstrations(shown)
        before = self._recall.seconds if self._recall else 0.0
        began = time.perf_counter()
        if taught and isinstance(annotator, Learns):
            annotator.fit(taught)
        fitted = time.perf_counter()
        replies = annotator.annotate([d.text for d in test], taught)
        tag_s = time.perf_counter() - fitted
        if isinstance(annotator, AsksModel) and annotator.stopped:
            raise AllabelError(f"{self.cell.spot}: {annotator.stopped}\n  remedy: run again, and it goes on")
        if self._recall is not None and self.cell.arm is not None:
            tag_s += (self._recall.seconds - before) / self.cell.arm.settings.concurrency
        return replies, fitted - began, tag_s


@lru_cache(maxsize=1)
def _store(path: Path) -> Store:
    return Store.open(path)


def _cost(shown: Sequence[Document], replies: Sequence[Reply], cell: Cell, fit_s: float, tag_s: float) -> Cost:
    sizes = [(count_tokens(d.text), len(d.entities or ())) for d in shown]
    n_prompt, n_output = sum(r.n_prompt_tokens for r in replies), sum(r.n_output_tokens for r in replies)
    price = cell.arm.price if cell.arm else None
    return Cost(
        len(shown),
        sum(tokens for tokens, _ in sizes),
        sum(entities for _, entities in sizes),
        sum(CostModel().minutes(*size) for size in sizes),
        fit_s,
        tag_s,
        n_prompt,
        n_output,
        price.money(n_prompt, n_output) if price else None,
    )
