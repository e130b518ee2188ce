"""Bringing gold and predictions together: by id, over the same text, none left out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from allabel.document import Document
from allabel.errors import InputError
from allabel.formats.base import Record
from allabel.formats.registry import detect, read_documents
from allabel.formats.tagged import read_tagged
from allabel.reply import Grounding, Proposal, Reply, Status, TaggedDocument

# How many unknown ids an error names before it stops.
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Pair:
    """A gold document and what was said of it; `reply` is None where the document was not tagged."""

    gold: Document
    reply: Reply | None

    @property
    def proposals(self) -> tuple[Proposal, ...]:
        """What the reply proposes; nothing where there is no reply or it did not end well."""
        return self.reply.proposals if self.reply is not None and self.reply.status is Status.OK else ()


def read_pairs(gold_path: Path, pred_path: Path) -> list[Pair]:
    """Read both files and pair them by id, in gold's order.

    Predictions in JSONL are tagged output; in any other format each document is read as a reply that ended well, its
    entities grounded exactly. Raises InputError, naming files, line, id and remedy, as
    `pair` does and where a file has no documents to score.
    """
    return pair(read_documents(gold_path), _read_predictions(pred_path), gold_path, pred_path)


def pair(
    gold: Iterable[Record], predicted: Iterable[tuple[int, TaggedDocument]], gold_path: Path, pred_path: Path
) -> list[Pair]:
    """Pair gold documents with replies by id, in gold's order; one without a reply stays, with `reply` None.

    The paths and line numbers are for errors only. Raises InputError where an id is given twice, a predicted id is
    not in gold, the two texts of one id differ, or gold has no document.
    """
    documents: dict[str, Record] = {}
    for record in gold:
        first = documents.setdefault(record.document.id, record)
        if first is not record:
            raise _twice(record.document.id, gold_path, first.line, record.line)
    if not documents:
        raise InputError("holds no documents", file=gold_path, remedy="name a file of documents that carry gold")
    replies: dict[str, tuple[int, TaggedDocument]] = {}
    for line, tagged in predicted:
        if tagged.id in replies:
            raise _twice(tagged.id, pred_path, replies[tagged.id][0], line)
        replies[tagged.id] = line, tagged
    if not replies:
        raise InputError("holds no tagged documents", file=pred_path, remedy="name the output of allabel tag")
    _refuse_unknown(documents, replies, gold_path, pred_path)
    for id_, (line, tagged) in replies.items():
        _refuse_other_text(documents[id_], tagged, line, gold_path, pred_path)
    return [Pair(r.document, replies[id_][1].reply if id_ in replies else None) for id_, r in documents.items()]


def _read_predictions(path: Path) -> Iterator[tuple[int, TaggedDocument]]:
    if detect(path).name == "jsonl":
        yield from read_tagged(path)
        return
    for record in read_documents(path):
        document = record.document
        if document.entities is None:
            raise InputError(
                f"{document.id!r} has no entities, not even an empty list of them",
                file=path,
                line=record.line,
                remedy="leave the document out if it was not tagged, or predict as tagged JSONL with a status",
            )
        proposals = tuple(
            Proposal(s.label, document.text[s.start : s.end], s, Grounding.EXACT) for s in document.entities
        )
        reply = Reply(Status.OK, proposals)
        yield record.line, TaggedDocument(document.id, document.text, reply, backend="", model="", meta=document.meta)


def _twice(id_: str, path: Path, first: int, second: int) -> InputError:
    return InputError(
        f"the id {id_!r} stands on line {first} already",
        file=path,
        line=second,
        remedy="give every document of a file an id of its own, or drop the repeated line",
    )


def _refuse_unknown(
    documents: dict[str, Record], replies: dict[str, tuple[int, TaggedDocument]], gold_path: Path, pred_path: Path
) -> None:
    unknown = [id_ for id_ in replies if id_ not in documents]
    if unknown:
        shown = ", ".join(map(repr, unknown[:_SHOWN])) + (", …" if len(unknown) > _SHOWN else "")
        raise InputError(
            f"{len(unknown)} of {len(replies)} predicted ids are not in {gold_path}: {shown}",
            file=pred_path,
            line=replies[unknown[0]][0],
            remedy="score against the gold of the same texts, with the same ids "
            f"(gold starts with {next(iter(documents))!r}); a format without ids, such as CoNLL, names documents after "
            "their file, so give both files the same name in two folders",
        )


def _refuse_other_text(record: Record, tagged: TaggedDocument, line: int, gold_path: Path, pred_path: Path) -> None:
    gold, predicted = record.document.text, tagged.text
    if gold == predicted:
        return
    at = next(
        (i for i, (a, b) in enumerate(zip(gold, predicted, strict=False)) if a != b), min(map(len, (gold, predicted)))
    )
    raise InputError(
        f"the text of {tagged.id!r} differs from that in {gold_path}, line {record.line}, from code point {at} on: "
        f"{predicted[at : at + 20]!r} here, {gold[at : at + 20]!r} in gold",
        file=pred_path,
        line=line,
        remedy="offsets only compare over the very same text: tag the gold file's texts again, unchanged",
    )
