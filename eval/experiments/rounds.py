"""Active-learning arms of an experiment: a journal of rounds for each, and the predictions of every round."""

from collections.abc import Callable, Iterator, Sequence

from allabel.active.base import Prediction
from allabel.active.rounds import Round
from allabel.active.sentence import Sentence
from allabel.active.tuning import make
from allabel.formats.files import write_atomically
from allabel.formats.tagged import write_tagged
from allabel.reply import Grounding, Proposal, Reply, Status, TaggedDocument
from eval.active import Trial, rows
from eval.experiments.designs import ActiveArm
from eval.experiments.experiment import Experiment
from eval.experiments.files import Files
from eval.experiments.plan import ActiveCell
from eval.experiments.sources import opened, split_of


def run(experiment: Experiment, cell: ActiveCell, files: Files, tell: Callable[[str], None]) -> None:
    """Go through the rounds of a design, or go on; their scores are written when the last is done."""
    done = list(_rounds(experiment, cell, files, tell))
    with write_atomically(files.rows(cell.key)) as file:
        for row in rows(done, experiment.file.name, cell.arm.name, cell.data, cell.seed):
            file.write(row.to_json() + "\n")


def _rounds(experiment: Experiment, cell: ActiveCell, files: Files, tell: Callable[[str], None]) -> Iterator[Round]:
    table = experiment.data(cell.data)
    split = split_of(table, experiment.beside, cell.seed)
    test = split.test[: cell.n_test]
    pool = [s for d in split.pool if len(s := Sentence.of_document(d))]
    trial = Trial(tuple(pool), tuple(map(Sentence.of_document, test)), opened(table, experiment.beside).labels)
    folder = files.journal(cell.key).with_suffix("")
    folder.mkdir(exist_ok=True)
    latest = folder / "latest.jsonl"

    def predicted(found: Sequence[Prediction]) -> None:
        write_tagged(_tagged(trial.test, found, cell.arm), latest)

    asked = cell.arm.finetune(cell.seed)
    for one in trial.run(
        lambda: make(asked, trial.labels),
        cell.arm.design_of(cell.seed),
        files.journal(cell.key),
        tell,
        predicted=predicted,
    ):
        # Written before the round's line in the journal, named after it: a kill between the two loses neither.
        own = folder / f"round-{one.number}.jsonl"
        if not own.exists() and latest.exists():
            latest.rename(own)
        yield one


def _tagged(test: Sequence[Sentence], found: Sequence[Prediction], arm: ActiveArm) -> Iterator[TaggedDocument]:
    for sentence, prediction in zip(test, found, strict=True):
        spans = sentence.spans(prediction.tags)
        proposals = tuple(Proposal(s.label, sentence.text[s.start : s.end], s, Grounding.EXACT) for s in spans)
        yield TaggedDocument(sentence.id, sentence.text, Reply(Status.OK, proposals), arm.tagger, arm.name)
