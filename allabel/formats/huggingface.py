"""Hugging Face `datasets`: rows of tokens and tags, in Parquet or as `save_to_disk` leaves them."""

import json
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from allabel import sound
from allabel.document import Document
from allabel.errors import InputError
from allabel.formats.arrow import arrow, column_names, features_of, read_rows, write_rows
from allabel.formats.base import Losses, Record, warn_of
from allabel.formats.conll.format import sentence_document, tokens_and_spans
from allabel.formats.conll.tags import TagCheck, encode, is_tag
from allabel.formats.native import parse_id
from allabel.formats.places import Item, refuse_surrogate

_TOKENS = ("tokens", "words")
_TAGS = ("ner_tags", "tags", "labels", "ner")
_SPLITS, _STATE = "dataset_dict.json", "state.json"
_PLAIN = re.compile(r"[\w-][\w .-]*")


class HuggingFace:
    """Reads and writes id, tokens and ner_tags; a document nobody annotated has null for tags.

    Tags are strings, or numbers whose names stand with the file. The text of a row is its tokens joined by one
    space; writing changes white space only, cuts words at entities' edges, and keeps the longest of overlapping
    spans, as CoNLL does.
    """

    name = "huggingface"
    suffixes: tuple[str, ...] = (".parquet", ".arrow")

    def read(self, path: Path) -> Iterator[Record]:
        """Yield a document a row, of a file or of a folder of one split. Raises InputError naming the row."""
        parts = _parts(path)
        for part in parts:
            # Rows are numbered in each part anew: without its name their ids would be those of other parts.
            yield from read_token_rows(part, path.stem if len(parts) == 1 else f"{path.stem}-{part.stem}")

    def write(self, documents: Iterable[Document], path: Path) -> None:
        """Write Parquet whose tags are numbers, with their names where `datasets` looks for them.

        The names stand before the first row, so the tags are written as strings to a temporary file first.
        """
        problems: list[str] = []
        losses, labels = Losses(path), set[str]()
        with tempfile.TemporaryDirectory() as folder:
            named = Path(folder) / "named.parquet"
            write_rows((_row(d, path, problems, losses, labels) for d in documents), _schema(None), named)
            names = ["O", *(f"{prefix}-{label}" for label in sorted(labels) for prefix in "BI")]
            number = {name: n for n, name in enumerate(names)}
            cells = (row for _, row in read_rows(named, ["id", "tokens", "ner_tags"]))
            write_rows(({**row, "ner_tags": _numbers(row["ner_tags"], number)} for row in cells), _schema(names), path)
        warn_of(problems, path)
        losses.tell()


def token_columns(names: Sequence[str]) -> tuple[str, str] | None:
    """Give the columns of tokens and tags, None where there are not both."""
    tokens = next((name for name in _TOKENS if name in names), None)
    tags = next((name for name in _TAGS if name in names), None)
    return (tokens, tags) if tokens and tags else None


def read_token_rows(path: Path, stem: str) -> Iterator[Record]:
    """Yield a document a row of tokens and tags, a batch in memory at a time."""
    names = column_names(path)
    columns = token_columns(names)
    if columns is None:
        raise InputError(
            f"has no columns of tokens and tags among {', '.join(names)}",
            file=path,
            remedy=f"name them {_TOKENS[0]} and {_TAGS[0]}, one list a row; a table of texts is read as parquet",
        )
    tokens, tags = columns
    tag_names = _tag_names(features_of(path).get(tags))
    check = TagCheck(path, "row")
    for number, row in read_rows(path, [tokens, tags, *(["id"] if "id" in names else [])]):
        at = Item(path, None, f"row {number}")
        id = parse_id(row.get("id"), f"{stem}-{number}", at)
        named = _named(row[tokens], row[tags], tag_names, at)
        if named is None:
            yield Record(number, Document(id, " ".join(row[tokens])))
            continue
        check.see(named, [number] * len(named))
        yield Record(number, sentence_document(id, row[tokens], named, {}))


def _named(tokens: Any, tags: Any, names: Sequence[str] | None, at: Item) -> list[str] | None:
    """The tags of a row by name, None where nobody annotated it. Raises InputError where they do not fit the tokens."""
    if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
        raise at.wrong(f"has the tokens {tokens!r:.60}", "tokens are a list of strings")
    if tags is None:
        return None
    if not isinstance(tags, list):
        raise at.wrong(f"has the tags {tags!r:.60}, not a list", "give each token one tag")
    if len(tags) != len(tokens):
        raise at.wrong(f"has {len(tokens)} tokens and {len(tags)} tags", "give each token one tag")
    named = [_tag(tag, names, at) for tag in tags]
    empty = next((n for n, token in enumerate(tokens) if not token and named[n] != "O"), None)
    if empty is not None:
        raise at.wrong(f"has the tag {named[empty]!r} on token {empty}, which is empty", "tag it O, or mend the token")
    return named


def _tag(tag: Any, names: Sequence[str] | None, at: Item) -> str:
    if type(tag) is int and names is not None and 0 <= tag < len(names):
        tag = names[tag]
    if isinstance(tag, str) and is_tag(tag):
        return tag
    if type(tag) is int:
        known = "the file does not name its tags" if names is None else f"there are {len(names)} names"
        raise at.wrong(
            f"has the tag {tag}, and {known}",
            "save it with `datasets` and a ClassLabel, or write the tags as strings, as B-Chemical",
        )
    raise at.wrong(f"has the tag {tag!r}", "a tag is O, or a prefix and a type, as B-Chemical")


def _tag_names(feature: Any) -> list[str] | None:
    """The names of a column of ClassLabel lists, in each of the spellings `datasets` has had."""
    inner = feature[0] if isinstance(feature, list) and feature else feature
    inner = inner.get("feature", inner) if isinstance(inner, Mapping) else None
    names = inner.get("names") if isinstance(inner, Mapping) else None
    return names if isinstance(names, list) and all(isinstance(name, str) for name in names) else None


def _row(document: Document, path: Path, problems: list[str], losses: Losses, labels: set[str]) -> dict[str, Any]:
    """The cells of a document, its tags as strings; its labels go to `labels`."""
    for text in (document.id, document.text):
        refuse_surrogate(text, f"document {document.id!r}", path)
    losses.of_document(document)
    tokens, spans = tokens_and_spans(document, path, problems)
    for span in spans:
        refuse_surrogate(span.label, f"the label {span.label!r}", path)
        labels.add(span.label)
    tags = None if document.entities is None else encode(spans, len(tokens))
    return {"id": document.id, "tokens": tokens, "ner_tags": tags}


def _numbers(tags: list[str] | None, number: Mapping[str, int]) -> list[int] | None:
    return None if tags is None else [number[tag] for tag in tags]


def _schema(names: Sequence[str] | None) -> Any:
    """The columns; with names, tags are numbers, and the names stand where `datasets` looks for them."""
    pa = arrow()
    features = {
        "id": {"dtype": "string", "_type": "Value"},
        "tokens": {"feature": {"dtype": "string", "_type": "Value"}, "_type": "Sequence"},
        "ner_tags": {"feature": {"names": list(names or ()), "_type": "ClassLabel"}, "_type": "Sequence"},
    }
    told = {"huggingface": json.dumps({"info": {"features": features}}, ensure_ascii=False)}
    tag = pa.string() if names is None else pa.int64()
    columns = [("id", pa.string()), ("tokens", pa.list_(pa.string())), ("ner_tags", pa.list_(tag))]
    return pa.schema(columns, metadata=None if names is None else told)


def _parts(path: Path) -> list[Path]:
    """The files of a path: itself, or those of a saved split in their order."""
    if not path.is_dir():
        return [path]
    if (path / _SPLITS).is_file():
        splits = ", ".join(sorted(p.parent.name for p in path.glob(f"*/{_STATE}")))
        raise InputError("holds several splits", file=path, remedy=f"name the folder of one of them: {splits}")
    if (path / _STATE).is_file():
        try:
            names = [one["filename"] for one in sound.json_of(sound.text_of(path / _STATE))["_data_files"]]
            # A name that leads elsewhere would have any file of the machine read.
            if not all(isinstance(name, str) and _PLAIN.fullmatch(name) for name in names):
                raise ValueError(f"{names!r:.80} are no names of files in the folder")
            return [path / name for name in names]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{_STATE} names no files: {error!s:.120}", file=path, remedy="save the dataset again"
            ) from error
    parts = sorted(path.glob("*.parquet"))
    if not parts:
        raise InputError(
            "is no saved dataset", file=path, remedy="name a folder that save_to_disk wrote, or one of .parquet files"
        )
    return parts
