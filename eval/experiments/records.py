"""The record of a cell: its predictions as tagged texts, its counts and costs as one JSON object, and back again."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace

import numpy as np

from allabel.document import DocId, Document, span_values
from allabel.errors import InputError
from allabel.formats.tagged import read_tagged, write_tagged
from allabel.reply import Grounding, Reply, Status, TaggedDocument
from eval import strict, value
from eval.counts import Counts
from eval.experiments.experiment import Experiment
from eval.experiments.files import Files
from eval.experiments.measured import Cost, Measured
from eval.experiments.plan import Cell
from eval.experiments.sources import opened, schema_of


def keep(
    experiment: Experiment, cell: Cell, files: Files, test: Sequence[Document], replies: Sequence[Reply], cost: Cost
) -> None:
    """Write predictions, then the cell, which counts as done from then on."""
    table = experiment.data(cell.spot.data)
    data = opened(table, experiment.beside)
    labels = list(dict.fromkeys((*data.labels, *schema_of(table, experiment.beside).names, *_predicted(replies))))
    metric = experiment.file.metric
    by_value = data.by_value if metric == "auto" else metric == "value"
    backend, model = (cell.arm.kind, cell.arm.settings.model) if cell.arm else (cell.spot.arm, "")
    tagged = [TaggedDocument(d.id, d.text, r, backend, model) for d, r in zip(test, replies, strict=True)]
    write_tagged(tagged, files.predictions(cell.key))
    proposals = [p for r in replies if r.status is Status.OK for p in r.proposals]
    files.write(
        files.cell(cell.key),
        {
            "cost": asdict(cost),
            "docs": [d.id for d in test],
            "labels": labels,
            "by_value": by_value,
            "predictions_bytes": files.predictions(cell.key).stat().st_size,
            "counts": counted(test, replies, labels, by_value=by_value),
            "statuses": dict(Counter(r.status.value for r in replies)),
            "n_proposals": len(proposals),
            "n_ungrounded": sum(p.grounding is Grounding.MISSING for p in proposals),
        },
    )


def read(cell: Cell, files: Files) -> Measured | None:
    """Return what came of a cell; None where it is not done, or where a file of it is damaged or gone."""
    try:
        data = files.read(files.cell(cell.key), "predictions_bytes")
        if cell.choice is not None:
            files.read(files.choice(cell.choice.key), "chosen")
        if files.predictions(cell.key).stat().st_size != data["predictions_bytes"]:
            return None
        counts = np.zeros((len(data["docs"]), len(data["labels"]), 3), dtype=np.int64)
        for doc, label, *numbers in data["counts"]:
            counts[doc, label] = numbers
        return Measured(
            cell.spot,
            _priced(Cost(**data["cost"]), cell),
            tuple(DocId(doc) for doc in data["docs"]),
            tuple(data["labels"]),
            counts,
            {Status(name): n for name, n in data["statuses"].items()},
            data["n_proposals"],
            data["n_ungrounded"],
            cell.key,
            data["by_value"],
        )
    except (InputError, OSError, KeyError, TypeError, ValueError, IndexError):
        return None


def _priced(cost: Cost, cell: Cell) -> Cost:
    """Return the cost with the price that the file has now: it decides nothing of what was said."""
    price = cell.arm.price if cell.arm else None
    return replace(cost, money=price.money(cost.n_prompt_tokens, cost.n_output_tokens) if price else None)


def replies_of(measured: Measured, files: Files) -> list[Reply]:
    """Return the replies to the test texts, in the order of `measured.docs`."""
    by_id = {tagged.id: tagged.reply for _, tagged in read_tagged(files.predictions(measured.key))}
    return [by_id[doc] for doc in measured.docs]


def counted(
    test: Sequence[Document], replies: Sequence[Reply], labels: Sequence[str], *, by_value: bool
) -> list[list[int]]:
    """Return [text, label, true positives, predicted, gold] where any of the three is not 0; a failed reply predicts
    nothing."""
    found = []
    for i, (document, reply) in enumerate(zip(test, replies, strict=True)):
        for label, c in _by_label(document, reply, by_value=by_value).items():
            found.append([i, labels.index(label), c.true_positive, c.predicted, c.gold])
    return found


def _by_label(document: Document, reply: Reply, *, by_value: bool) -> dict[str, Counts]:
    if not by_value:
        return strict.by_label(document.entities or (), reply.spans if reply.status is Status.OK else ())
    gold = document.values if document.values is not None else span_values(document.text, document.entities or ())
    return value.by_label(gold, value.values_of(document.text, reply))


def _predicted(replies: Sequence[Reply]) -> list[str]:
    """Return labels that are predicted; one that gold does not have counts as wrong."""
    return sorted({p.label for r in replies if r.status is Status.OK for p in r.proposals})
