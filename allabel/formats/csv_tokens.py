"""CSV with a token a row, as the Groningen Meaning Bank is passed on: a sentence is a document here."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from allabel.document import DocId
from allabel.errors import InputError
from allabel.formats.base import Record, warn_of
from allabel.formats.conll.format import sentence_document
from allabel.formats.conll.tags import TagCheck
from allabel.formats.csv_rows import Row, Rows

_STOPS = (".", "!", "?", '"', "'", ")", "。")


@dataclass(slots=True)
class _Sentence:
    """What is known of a sentence while its rows come in."""

    name: str
    tokens: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)

    def add(self, row: Row, token_at: int, width: int) -> bool:
        """Take a row's token and, where the row is whole, its tag; False where it has a tag but no token."""
        token = row.cells[token_at] if token_at < len(row.cells) else ""
        whole = len(row.cells) == width
        if whole and not token.strip(" "):
            return False
        self.tokens.append(token)
        self.lines.append(row.line)
        if whole:
            self.tags.append(row.cells[-1].strip() or "O")
        return True


def token_columns(header: Sequence[str]) -> tuple[int | None, int] | None:
    """Give the columns of sentence and token, or None where the header is not a token table's.

    It is one where a column is called word or token, and the last tag or label.
    """
    names = [name.strip().lower() for name in header]
    token = next((i for i, name in enumerate(names) if name in {"word", "token"}), None)
    if token is None or names[-1] not in {"tag", "label"}:
        return None
    return next((i for i, name in enumerate(names) if name.startswith("sentence")), None), token


def read_token_table(rows: Rows, body: Iterator[Row], header: Sequence[str]) -> Iterator[Record]:
    """Yield a document a sentence; a last sentence that was cut off is left out, with a warning.

    It counts as cut where its last row has too few cells, or where the file has no last line end and this sentence,
    unlike nine in ten of the others, does not end in a full stop or its like.
    """
    problems: list[str] = []
    check = TagCheck(rows.path)
    n = n_stopped = 0
    waiting: _Sentence | None = None
    for sentence in _sentences(body, header, rows.path, problems):
        if waiting:
            n += 1
            n_stopped += waiting.tokens[-1].endswith(_STOPS)
            yield _record(waiting, rows.path, n, check)
        waiting = sentence
    if waiting:
        usual = n > 0 and n_stopped >= 0.9 * n
        short = len(waiting.tags) < len(waiting.tokens)
        if short or (not rows.ended and usual and not waiting.tokens[-1].endswith(_STOPS)):
            problems.append(f"line {waiting.lines[0]} begins a sentence that the file's end cuts off; it was left out")
        else:
            yield _record(waiting, rows.path, n + 1, check)
    warn_of(problems, rows.path)


def _sentences(body: Iterator[Row], header: Sequence[str], path: Path, problems: list[str]) -> Iterator[_Sentence]:
    columns = token_columns(header)
    assert columns is not None
    name_at, token_at = columns
    current = _Sentence("")
    for row in body:
        # Only the file's end excuses a short row: anywhere else a column is missing.
        if len(current.tags) < len(current.tokens):
            raise _ragged(path, current.lines[-1], header)
        if len(row.cells) > len(header):
            raise _ragged(path, row.line, header)
        name = row.cells[name_at].strip() if name_at is not None and name_at < len(row.cells) else ""
        blank = not any(cell.strip() for cell in row.cells)
        if current.tokens and (blank or name not in {"", current.name}):
            yield current
            current = _Sentence(name)
        if name and not current.tokens:
            current.name = name
        if not blank and not current.add(row, token_at, len(header)):
            problems.append(f"line {row.line} has no token and was left out")
    if current.tokens:
        yield current


def _record(sentence: _Sentence, path: Path, n: int, check: TagCheck) -> Record:
    check.see(sentence.tags, sentence.lines)
    meta = {"sentence": sentence.name} if sentence.name else {}
    document = sentence_document(DocId(f"{path.stem}-{n}"), sentence.tokens, sentence.tags, meta)
    return Record(sentence.lines[0], document)


def _ragged(path: Path, line: int, header: Sequence[str]) -> InputError:
    return InputError(
        f"has not the {len(header)} cells of the header ({', '.join(header)})",
        file=path,
        line=line,
        remedy="put cells that hold a comma in double quotes",
    )
