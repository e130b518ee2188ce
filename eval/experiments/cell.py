"""One cell: texts are chosen, the annotator is taught, the test texts are tagged, and all of it is written down."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
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
from eval.experiments.budgets import is_everything
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


def run(experiment: Experiment, cell: Cell, files: Files, jobs: int) -> None:
    """Do a cell and write it down. jobs: how many work at once, for what seconds are worth.

    Raises AllabelError where it cannot be done; then nothing is written.
    """
    table = experiment.data(cell.spot.data)
    split = split_of(table, experiment.beside, cell.spot.seed)
    test = split.test[: cell.n_test]
    if cell.recorded is not None:
        path = located(table, experiment.beside, cell.recorded.files.format(seed=cell.spot.seed))
        shown = split.pool if is_everything(cell.recorded.budget) else ()
        keep(experiment, cell, files, test, recorded(cell.recorded, path, test), annotation_cost(shown))
        return
    assert cell.choice is not None
    annotator = ArmAnnotator(experiment, cell, files)
    began = time.perf_counter()
    positions = chosen(cell.choice, split, experiment.file.selection, files, annotator)
    choose_s = time.perf_counter() - began
    shown = tuple(split.pool[i] for i in positions)
    replies, cost = annotator.tag(test, shown)
    keep(experiment, cell, files, test, replies, replace(cost, jobs=jobs, choose_s=choose_s))


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

    def check(self) -> None:
        """Raise AllabelError where requests came to nothing: that says nothing of the annotator."""
        stopped = self._made.stopped if isinstance(self._made, AsksModel) else ""
        why = stopped or (self._recall.trouble if self._recall else "")
        if why:
            raise AllabelError(f"{why}\n  remedy: run again; what was answered is not asked again")

    def tag(self, test: Sequence[Document], shown: Sequence[Document]) -> tuple[list[Reply], Cost]:
        """Teach and tag. Raises AllabelError where requests came to nothing.

        Answers that were there from before count with the seconds they took then, as many at once as are asked.
        """
        annotator, taught = self.made(), demonstrations(shown)
        recall = self._recall
        n_choosing, n_before, s_before = (recall.n_tokens, recall.n_recalled, recall.seconds) if recall else (0, 0, 0.0)
        fit_s = 0.0
        began = time.perf_counter()
        if taught and isinstance(annotator, Learns):
            annotator.fit(taught)
            fit_s = time.perf_counter() - began
        fitted = time.perf_counter()
        replies = annotator.annotate([d.text for d in test], taught)
        tag_s = time.perf_counter() - fitted
        self.check()
        n_recalled = 0
        if recall is not None and self.cell.arm is not None:
            n_recalled = recall.n_recalled - n_before
            tag_s += (recall.seconds - s_before) / max(1, min(n_recalled, self.cell.arm.settings.concurrency))
        return replies, replace(
            annotation_cost(shown),
            fit_s=fit_s,
            tag_s=tag_s,
            n_prompt_tokens=sum(r.n_prompt_tokens for r in replies),
            n_output_tokens=sum(r.n_output_tokens for r in replies),
            n_choosing_tokens=n_choosing,
            n_recalled=n_recalled,
        )


@lru_cache(maxsize=1)
def _store(path: Path) -> Store:
    return Store.open(path)


def annotation_cost(shown: Sequence[Document]) -> Cost:
    """Return what a person annotates: texts, tokens, entities, and minutes by the cost model."""
    sizes = [(count_tokens(d.text), len(d.entities or ())) for d in shown]
    n_tokens, n_entities = (sum(size[k] for size in sizes) for k in (0, 1))
    return Cost(len(shown), n_tokens, n_entities, sum(CostModel().minutes(*size) for size in sizes))
