"""Prodigy JSONL: a task a line with tokens, spans and the annotator's answer."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from allabel.document import Document
from allabel.formats.base import Losses, Record
from allabel.formats.files import read_lines, write_atomically
from allabel.formats.native import Place, dump_json, parse_document, parse_meta, parse_object
from allabel.formats.pieces import cut_pieces
from allabel.formats.places import UniqueIds

# White space is a token of its own, but for one space after a word: as spaCy has it.
_WORDS = re.compile(r"\S+|\s+")
_ANSWERS = ("accept", "reject", "ignore")
# What Prodigy says of a task beside text and spans: kept in meta["prodigy"], and written back.
_KEPT = ("_input_hash", "_task_hash", "_session_id", "_annotator_id", "_view_id", "_is_binary", "_timestamp", "answer")
_READ = {"id", "text", "tokens", "spans", "values", "seconds", "meta", *_KEPT}
_OF_THE_ANSWER = ("_view_id", "_is_binary", "answer")


class Prodigy:
    """Reads and writes tasks for `ner_manual` and `spans_manual`; token_end is the last token, inclusive.

    Only an accepted task is an annotation: reject and ignore say nothing of where entities are, nor does a binary
    answer about one suggestion say that there are no others.
    """

    name = "prodigy"
    suffixes: tuple[str, ...] = (".jsonl",)

    def read(self, path: Path) -> Iterator[Record]:
        """Yield the documents in order. Raises InputError where a span and its tokens disagree."""
        losses, ids = Losses(path), UniqueIds()
        for line, source in read_lines(path):
            if source.strip():
                at = Place(path, line)
                document = _document(parse_object(source, at), f"{path.stem}-{line}", at, losses)
                ids.take(document.id, f"line {line}", at)
                yield Record(line, document)
        losses.tell()

    def write(self, documents: Iterable[Document], path: Path) -> None:
        """Write a task a line, accepted; what nobody annotated has neither spans nor an answer, unless it came so."""
        losses = Losses(path)
        with write_atomically(path) as handle:
            for document in documents:
                handle.write(dump_json(_task(document, losses), f"document {document.id!r}", path) + "\n")
        losses.tell()


def _document(data: dict[str, Any], default_id: str, at: Place, losses: Losses) -> Document:
    answer = data.get("answer")
    if answer is not None and answer not in _ANSWERS:
        raise at.wrong(f"has the answer {answer!r}", f"one of {', '.join(_ANSWERS)}")
    binary = data.get("_is_binary") is True or data.get("_view_id") == "ner"
    where = f"line {at.line}"
    losses.add("rejected or ignored tasks read as not annotated", where, int(answer in {"reject", "ignore"}))
    losses.add(
        "accepted answers to one suggestion (binary) read as not annotated", where, int(binary and answer == "accept")
    )
    said = data.get("spans")
    if answer == "accept" and said is None:
        said = []
    entities = None if said is None else _entities(said, data, at)
    meta = parse_meta(data.get("meta"), at)
    for key in data:
        losses.add(f"`{key}` left out", where, int(key not in _READ))
    kept = {key: data[key] for key in _KEPT if key in data and (key, data[key]) != ("answer", "accept")}
    return parse_document(
        {
            **{key: data.get(key) for key in ("id", "text", "values", "seconds")},
            "entities": None if binary or answer in {"reject", "ignore"} else entities,
            "meta": {**meta, "prodigy": kept} if kept else meta,
        },
        default_id,
        at,
    )


def _entities(said: Any, data: Mapping[str, Any], at: Place) -> list[Any]:
    """The spans as native entities, each checked against its tokens and its own text."""
    if not isinstance(said, list) or not all(isinstance(one, dict) for one in said):
        raise at.wrong(f"has the spans {said!r:.40}", 'for example "spans": [{"start": 0, "end": 4, "label": "C"}]')
    text, tokens = data.get("text"), data.get("tokens") or []
    for span in said:
        edges = (span.get("start"), span.get("end"))
        by_token = _token_edges(span, tokens, at)
        if by_token is not None and by_token != edges:
            raise at.wrong(
                f"has a span from {edges[0]!r} to {edges[1]!r} {span.get('label')!r} whose tokens "
                f"{span['token_start']} to {span['token_end']} stand from {by_token[0]!r} to {by_token[1]!r}",
                "mend one of the two, or leave token_start and token_end out",
            )
        words = span.get("text")
        if isinstance(text, str) and isinstance(words, str) and all(type(edge) is int for edge in edges):
            found = text[edges[0] : edges[1]]
            if found != words:
                raise at.wrong(
                    f"has a span [{edges[0]}, {edges[1]}) that says {words!r:.60} where the text has {found!r:.60}",
                    "count code points from 0; end is exclusive",
                )
    return said


def _token_edges(span: Mapping[str, Any], tokens: Any, at: Place) -> tuple[Any, Any] | None:
    first, last = span.get("token_start"), span.get("token_end")
    if not isinstance(tokens, list) or not tokens or first is None or last is None:
        return None
    try:
        return tokens[first]["start"], tokens[last]["end"]
    except (KeyError, IndexError, TypeError) as error:
        raise at.wrong(
            f"has a span of the tokens {first!r} to {last!r}, and {len(tokens)} tokens", "tokens are numbered from 0"
        ) from error


def _task(document: Document, losses: Losses) -> dict[str, Any]:
    spans = document.entities or ()
    words = [
        piece
        for match in _WORDS.finditer(document.text)
        for piece in _halves(document.text, match.start(), match.end())
    ]
    pieces = cut_pieces(document.text, words, spans)
    starts, ends = {p.start: n for n, p in enumerate(pieces)}, {p.end: n for n, p in enumerate(pieces)}
    kept = document.meta.get("prodigy", {})
    own = {key: kept[key] for key in _KEPT if key in kept} if isinstance(kept, dict) else {}
    whole = isinstance(kept, dict) and own == kept
    if document.entities is not None:
        # Whoever annotated it since has given another answer, and a whole one.
        own = {key: value for key, value in own.items() if key not in _OF_THE_ANSWER}
    meta = {key: value for key, value in document.meta.items() if key != "prodigy" or not whole}
    task: dict[str, Any] = {"id": document.id, "text": document.text}
    task["tokens"] = [
        {"text": document.text[p.start : p.end], "start": p.start, "end": p.end, "id": n, "ws": p.space}
        for n, p in enumerate(pieces)
    ]
    if document.entities is not None:
        task["spans"] = [
            {"start": s.start, "end": s.end, "label": s.label, "token_start": starts[s.start], "token_end": ends[s.end]}
            for s in spans
        ]
        task["answer"] = "accept"
    if document.values is not None:
        task["values"] = {label: list(strings) for label, strings in document.values.items()}
    if document.seconds is not None:
        task["seconds"] = document.seconds
    losses.add("texts without a token written, which Prodigy cannot show", f"document {document.id!r}", not pieces)
    return {**task, **(own if whole else {}), "meta": meta}


def _halves(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """A run of white space after a word is one space, and then the rest."""
    if start and text[start] == " " and end - start > 1:
        return [(start, start + 1), (start + 1, end)]
    return [(start, end)]
