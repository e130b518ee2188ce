"""CoNLL: one token a line with its tag, a blank line between sentences; a sentence is a document here."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

from allabel.document import DocId, Document, Span, longest_spans
from allabel.errors import InputError
from allabel.formats.base import Record, warn_of
from allabel.formats.conll.columns import DOCUMENT_MARK, Sentence, layout_of, read_sentences
from allabel.formats.conll.tags import Scheme, TagCheck, decode, encode
from allabel.formats.files import BOM, read_lines, write_atomically

# A wider gap between two tokens of a sentence is a broken offset, not white space.
_WIDEST_GAP = 1000
# ASCII white space only: NBSP and its like may stand inside a token, and then stay there.
_WORD = re.compile(r"[^ \t\n\r\v\f]+")
_SPLIT_NAMES = {".train", ".dev", ".test"}


class Conll:
    """Reads any of IOB1, IOB2, IOBES and BILOU, with any columns between token and tag; writes token TAB tag.

    The text of a sentence is its tokens joined by one space, or spaced as its offset columns say. Writing changes
    white space only: an entity's own edges are always token edges, so that the spans come back whole.
    """

    name = "conll"
    suffixes: tuple[str, ...] = (".conll", ".tsv", ".bio", ".iob", ".iob2", ".train", ".dev", ".test", ".annotated")

    def __init__(self, scheme: Scheme = Scheme.IOB2):
        self.scheme = scheme

    def read(self, path: Path) -> Iterator[Record]:
        """Yield one document a sentence; ids count sentences from 1. Warns once of all that was left out."""
        lines = list(read_lines(path))
        problems: list[str] = []
        sentences = list(read_sentences(lines, layout_of(lines, path), problems))
        check = TagCheck(path)
        for sentence in sentences:
            check.see([token.tag for token in sentence.tokens], [token.line for token in sentence.tokens])
        warn_of(problems, path)
        # AnEM.train and AnEM.test lie in one folder: their ids must differ.
        stem = path.name if path.suffix in _SPLIT_NAMES else path.stem
        for n, (sentence, number) in enumerate(_numbered(sentences), start=1):
            meta = {} if number is None else {"document": number}
            yield Record(sentence.line, _document(DocId(f"{stem}-{n}"), sentence, meta))

    def write(self, documents: Iterable[Document], path: Path) -> None:
        """Write spans without their nesting (the longest wins), and warn of what CoNLL cannot hold."""
        problems: list[str] = []
        with write_atomically(path) as handle:
            for n, document in enumerate(documents):
                lines = _lines(document, self.scheme, path, problems)
                # A token that begins the file with a byte order mark would lose it on the way back.
                handle.write(BOM if n == 0 and lines.startswith(BOM) else "")
                handle.write(lines)
        warn_of(problems, path)


def sentence_document(doc_id: DocId, tokens: Sequence[str], tags: Sequence[str], meta: dict[str, Any]) -> Document:
    """Make a document of tokens joined by one space, its spans in code points."""
    ends = list(accumulate(len(token) + 1 for token in tokens))
    text = " ".join(tokens)
    return Document(doc_id, text, _entities([0, *ends], tokens, tags), meta=meta)


def _document(doc_id: DocId, sentence: Sentence, meta: dict[str, Any]) -> Document:
    words, tags = [token.text for token in sentence.tokens], [token.tag for token in sentence.tokens]
    starts = _true_starts(sentence)
    if starts is None:
        return sentence_document(doc_id, words, tags, meta)
    text = ""
    for start, word in zip(starts, words, strict=True):
        text += " " * (start - len(text)) + word
    return Document(doc_id, text, _entities(starts, words, tags), meta=meta)


def _entities(starts: Sequence[int], tokens: Sequence[str], tags: Sequence[str]) -> tuple[Span, ...]:
    return tuple(Span(starts[s.start], starts[s.end - 1] + len(tokens[s.end - 1]), s.label) for s in decode(tags))


def _true_starts(sentence: Sentence) -> list[int] | None:
    """The tokens' starts within the sentence, None where the offsets contradict the tokens."""
    starts: list[int] = []
    end = base = sentence.tokens[0].offsets[0] if sentence.tokens[0].offsets else 0
    for token in sentence.tokens:
        if token.offsets is None:
            return None
        start = token.offsets[0]
        if not 0 <= start - end <= _WIDEST_GAP or token.offsets[1] - start != len(token.text):
            return None
        starts.append(start - base)
        end = token.offsets[1]
    return starts


def _numbered(sentences: Iterable[Sentence]) -> Iterator[tuple[Sentence, int | None]]:
    """Pair each sentence with its document's number: by its mark, or by where the offsets start again."""
    number, end = 1, 0
    for sentence in sentences:
        first, last = sentence.tokens[0].offsets, sentence.tokens[-1].offsets
        if first is None or last is None:
            yield sentence, sentence.document
            continue
        number += first[0] < end
        end = last[1]
        yield sentence, number if sentence.document is None else sentence.document


def _lines(document: Document, scheme: Scheme, path: Path, problems: list[str]) -> str:
    name = f"document {document.id!r}"
    if document.entities is None:
        raise InputError(
            f"{name} is not annotated, and CoNLL would say that it holds no entities",
            file=path,
            remedy="write jsonl, which can tell the two apart, or leave such documents out",
        )
    tokens, spans = tokens_and_spans(document, path, problems)
    if not tokens:
        problems.append(f"{name} holds no word and was left out")
        return ""
    if any(token.startswith(DOCUMENT_MARK) for token in tokens):
        raise InputError(f"{name} holds {DOCUMENT_MARK}, a mark of this format", file=path, remedy="write jsonl")
    tags = encode(spans, len(tokens), scheme)
    return "".join(f"{token}\t{tag}\n" for token, tag in zip(tokens, tags, strict=True)) + "\n"


def tokens_and_spans(document: Document, path: Path, problems: list[str]) -> tuple[list[str], list[Span]]:
    """Cut the text at white space and at the entities' edges; give the entities as spans of token indices.

    Of overlapping entities the longest is kept; what is lost is said in `problems`. Raises InputError where a column
    of tags cannot hold a label.
    """
    kept = longest_spans(document.entities or ())
    edges = sorted({edge for span in kept for edge in (span.start, span.end)})
    starts, ends = [], []
    for word in _WORD.finditer(document.text):
        cuts = edges[bisect_right(edges, word.start()) : bisect_left(edges, word.end())]
        starts += [word.start(), *cuts]
        ends += [*cuts, word.end()]
    spans = []
    for span in kept:
        first, last = bisect_left(starts, span.start), bisect_right(ends, span.end)
        if first < last:
            spans.append(Span(first, last, _tag_type(span.label, path)))
    lost = len(document.entities or ()) - len(spans)
    if lost:
        problems.append(f"document {document.id!r}: {lost} nested, overlapping or blank entities cannot be written")
    return [document.text[start:end] for start, end in zip(starts, ends, strict=True)], spans


def _tag_type(label: str, path: Path) -> str:
    if label != label.strip() or any(c in label for c in "\t\n\r"):
        raise InputError(f"the label {label!r} cannot stand in a column", file=path, remedy="rename it, or write jsonl")
    return label
