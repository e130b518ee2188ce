"""Corpora whose gold is a JSON record of strings for each text: NERRE, the Open Reaction Database, and lists."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from allabel.document import DocId, Document
from allabel.errors import InputError
from allabel.formats.files import read_lines, read_text
from allabel.formats.native import Place, parse_document, parse_json, parse_object
from eval.datasets.verbatim import verbatim_spans

_PROMPT_END, _COMPLETION_END = "\n\n###\n\n", "\n\nEND\n\n"
Values = dict[str, tuple[str, ...]]


def read_completions(name: str, labels: tuple[str, ...], path: Path) -> Iterator[Document]:
    """Yield NERRE's texts, numbered from 0: a line has a prompt, and a completion that is a list of JSON records.

    A record's field is a string or a list of strings; empty ones say "none".
    Source: Dagdelen et al., Nature Communications 15, 1418 (2024).
    """
    for line, source in read_lines(path):
        at = Place(path, line)
        data = parse_object(source, at)
        text = data["prompt"].removesuffix(_PROMPT_END)
        records = parse_json(data["completion"].removesuffix(_COMPLETION_END), at)
        found = ((label, record.get(label, "")) for record in records for label in labels)
        strings = ((label, s) for label, held in found for s in ([held] if isinstance(held, str) else held))
        values = _distinct(strings, labels)
        yield Document(DocId(f"{name}-{line - 1:04}"), text, verbatim_spans(text, values), values)


def read_reactions(roles: tuple[str, ...], path: Path) -> Iterator[Document]:
    """Yield procedures of the Open Reaction Database; a label is the role of whatever has a name, word-bounded.

    Source: Ai et al., Digital Discovery (2024), `USPTO-n100k-t2048_exp1-COT.json`.
    """
    for reaction in parse_json(read_text(path), Place(path, 1)):
        named = _named(parse_json(reaction["reference_string"], Place(path, 1)))
        values = _distinct(((role, name) for role, name in named if role in roles), roles)
        text = reaction["procedure_text"]
        spans = verbatim_spans(text, values, within_words=False)
        yield Document(DocId(reaction["reaction_id"]), text, spans, values)


def read_list(path: Path) -> Iterator[Document]:
    """Yield the documents of a JSON list of native objects. Raises InputError naming the document."""
    at = Place(path, 1)
    listed = parse_json(read_text(path), at)
    if not isinstance(listed, list):
        raise InputError("is not a JSON list of documents", file=path, remedy='[{"text": …, "values": {…}}, …]')
    for n, one in enumerate(listed, start=1):
        if not isinstance(one, dict):
            raise InputError(f"document {n} of the list is no object", file=path, remedy='{"text": …, "values": {…}}')
        try:
            yield parse_document(one, f"{path.stem}-{n}", at)
        except InputError as error:
            # The line of a place within a JSON list is not known, its number is.
            raise InputError(f"document {n} of the list {error.problem}", file=path, remedy=error.remedy) from error


def _distinct(found: Iterable[tuple[str, str]], labels: tuple[str, ...]) -> Values:
    values: dict[str, dict[str, None]] = {label: {} for label in labels}
    for label, string in found:
        if string.strip():
            values[label][string.strip()] = None
    return {label: tuple(strings) for label, strings in values.items()}


def _named(value: Any) -> Iterator[tuple[str, str]]:
    """Yield role and name of every object in a reaction, at any depth; the role is "" where there is none."""
    if isinstance(value, dict):
        for identifier in value.get("identifiers", ()):
            if identifier["type"] == "NAME":
                yield value.get("reaction_role", ""), identifier["value"]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inner:
        yield from _named(one)
