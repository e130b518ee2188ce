"""One seed looked at text by text: what each arm got wrong and where, for the error browser and its two figures."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from allabel.document import DocId, Document, Span
from allabel.reply import Reply, Status
from eval.confusion import NOTHING, Kind, confusion, errors
from eval.experiments.measured import Measured
from eval.reliability import judged, reliability
from eval.report.drawn import short
from eval.report.material import Material
from eval.value import Values, items_of, values_of

N_TEXTS = 500
# Their numbers, from 1, stand for the kinds in the page's data; 0 is right.
KINDS = (Kind.MISSED, Kind.INVENTED, Kind.TYPE, Kind.BOUNDARY, Kind.BOTH)
Said = dict[DocId, tuple[Document, Reply]]
Value = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Looked:
    """One seed of one data set, ready for the page.

    n_docs: its test texts. n_wrong: those in which at least one arm errs. n_left_out: of these, not in the page.
    names, pair: the cells' names, and the two that are shown first. confusion: one a cell, None where gold has values
    only. calibration: one a cell. texts, cells: see `errors.js`.
    """

    seed: int
    n_docs: int
    n_wrong: int
    n_left_out: int
    names: list[str]
    pair: list[int]
    confusion: list[dict[str, Any]] | None
    calibration: list[dict[str, Any]]
    labels: list[str]
    texts: list[list[Any]]
    cells: list[list[Any]]


def look(
    material: Material, measured: Sequence[Measured], pair: Sequence[tuple[str, str, str]] = (), n_texts: int = N_TEXTS
) -> Looked:
    """Look at the seed of which most cells are done. measured: one data set's, at least one.

    pair: arm, budget and strategy of the two to show first; the first two of the plan where there is none.
    At most n_texts texts with an error come along, those that most cells have first, else drawn at random.
    """
    seed = Counter(one.spot.seed for one in measured).most_common(1)[0][0]
    chosen = [one for one in measured if one.spot.seed == seed]
    said = [_said(material, one) for one in chosen]
    documents = {id_: document for cell in said for id_, (document, _) in cell.items()}
    labels = list(dict.fromkeys(label for one in chosen for label in one.labels))
    found = [{id_: _found(*both, labels) for id_, both in cell.items()} for cell in said]
    wrong = [id_ for id_ in documents if any(cell.get(id_) for cell in found)]
    kept = _sample(wrong, [sum(id_ in cell for cell in found) for id_ in wrong], n_texts)
    by_value = any(document.entities is None for document in documents.values())
    return Looked(
        seed,
        len(documents),
        len(wrong),
        len(wrong) - len(kept),
        [f"{one.spot.arm}, {one.spot.budget} by {one.spot.strategy}" for one in chosen],
        _first_shown(chosen, pair),
        None if by_value else [_confusion(cell, labels) for cell in said],
        [_calibration(cell) for cell in said],
        labels,
        [[id_, documents[id_].text, _gold(documents[id_], labels)] for id_ in kept],
        [[cell.get(id_) for id_ in kept] for cell in found],
    )


def _said(material: Material, one: Measured) -> Said:
    """Give each text's gold and reply; of values, where these are what was scored."""
    documents = material.test_documents(one)
    gold = [replace(document, entities=None) for document in documents] if one.by_value else documents
    return dict(zip(one.docs, zip(gold, material.replies(one), strict=True), strict=True))


def _first_shown(chosen: Sequence[Measured], pair: Sequence[tuple[str, str, str]]) -> list[int]:
    at = [(one.spot.arm, one.spot.budget, one.spot.strategy) for one in chosen]
    first = [at.index(one) for one in pair if one in at]
    return first if len(first) == 2 else [0, min(1, len(at) - 1)]


def _sample(wrong: Sequence[DocId], n_cells: Sequence[int], n: int) -> list[DocId]:
    chance = np.random.default_rng(0).random(len(wrong))
    first = sorted(range(len(wrong)), key=lambda i: (-n_cells[i], chance[i]))[:n]
    return [wrong[i] for i in sorted(first)]


def _found(document: Document, reply: Reply, labels: list[str]) -> Any:
    """Give what an arm found in one text as the page has it; 0 where nothing is wrong."""
    predicted, missed = (
        _found_values(document, reply, labels)
        if document.entities is None
        else _found_spans(document.entities, _spans(reply), labels)
    )
    status = [] if reply.status is Status.OK else [reply.status.value]
    wrong = status or missed or any(entry[-1] for entry in predicted)
    return [predicted, missed, *status] if wrong else 0


def _found_spans(gold: Sequence[Span], predicted: Sequence[Span], labels: list[str]) -> tuple[list[Any], list[int]]:
    wrong = errors(gold, predicted)
    kinds = {error.predicted: KINDS.index(error.kind) + 1 for error in wrong if error.predicted}
    missed = {error.gold for error in wrong if error.kind is Kind.MISSED}
    return (
        [[s.start, s.end, labels.index(s.label), kinds.get(s, 0)] for s in predicted],
        [i for i, span in enumerate(gold) if span in missed],
    )


def _found_values(document: Document, reply: Reply, labels: list[str]) -> tuple[list[Any], list[int]]:
    gold, said = _values(document.values or {}), _values(values_of(document.text, reply))
    invented = KINDS.index(Kind.INVENTED) + 1
    return (
        [[string, labels.index(label), 0 if (string, label) in gold else invented] for string, label in said],
        [i for i, one in enumerate(gold) if one not in said],
    )


def _gold(document: Document, labels: list[str]) -> list[list[Any]]:
    if document.entities is not None:
        return [[s.start, s.end, labels.index(s.label)] for s in document.entities]
    return [[string, labels.index(label)] for string, label in _values(document.values or {})]


def _values(values: Values) -> list[Value]:
    """Give each distinct string with its label, white space as value scores have it."""
    return sorted((str(string), label) for label, string in items_of(values))


def _spans(reply: Reply) -> tuple[Span, ...]:
    return reply.spans if reply.status is Status.OK else ()


def _confusion(cell: Said, labels: list[str]) -> dict[str, Any]:
    """Give gold against predicted, in the order of the labels and then nothing, and the sum of each kind."""
    found = confusion([d.entities or () for d, _ in cell.values()], [_spans(reply) for _, reply in cell.values()])
    order = [label for label in labels if label in found.labels]
    kinds = {kind.value: found.n(kind) for kind in (Kind.RIGHT, *KINDS)}
    return {"labels": [*order, NOTHING], "matrix": found.matrix(order).tolist(), "kinds": kinds}


def _calibration(cell: Said) -> dict[str, Any]:
    """Give the bins of scores, with each bin's share of right proposals and its interval."""
    found = reliability(one for document, reply in cell.values() for one in judged(document, reply))
    bins = [[short(b.score), short(b.right), short(b.right_low), short(b.right_high), b.n] for b in found.bins]
    return {
        "bins": bins,
        "n_scored": found.n_scored,
        "n_unscored": found.n_unscored,
        "ece": short(found.ece),
        "brier": short(found.brier),
    }
