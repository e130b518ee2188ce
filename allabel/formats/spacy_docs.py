"""spaCy DocBin (`.spacy`): what `spacy train` reads."""

import gc
import warnings
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

from allabel.document import Document, Span, longest_spans
from allabel.errors import InputError, MissingExtraError
from allabel.formats.base import Losses, Record
from allabel.formats.files import require_file, write_atomically
from allabel.formats.native import document_json, dump_json, parse_document, parse_object
from allabel.formats.pieces import cut_pieces
from allabel.formats.places import Item, UniqueIds, refuse_surrogate

# The span group that spaCy's own span categorizer reads and writes.
_GROUP = "sc"
_KEY = "allabel"
_LARGEST = 2**30


class Spacy:
    """Reads and writes Doc objects, tokenized as spaCy's blank English pipeline does.

    A token is cut where an entity begins or ends inside it, with a warning, so that no span is lost or moved. Flat
    entities stand in `doc.ents`. Where any text has overlapping ones, every text has all of its own in
    `doc.spans["sc"]`, and the longest in `doc.ents`. Id, values, seconds and meta stand in `doc.user_data`.
    """

    name = "spacy"
    suffixes: tuple[str, ...] = (".spacy",)

    def read(self, path: Path) -> Iterator[Record]:
        """Yield a document a Doc: `doc.ents` and `doc.spans["sc"]` together; other span groups are left out."""
        losses, ids = Losses(path), UniqueIds()
        for number, doc in enumerate(_docs(path), start=1):
            at = Item(path, None, f"document {number}")
            with _damage(path):
                document = _document(doc, f"{path.stem}-{number}", at, losses)
            ids.take(document.id, at.name, at)
            yield Record(number, document)
        losses.tell()

    def write(self, documents: Iterable[Document], path: Path) -> None:
        """Write all Docs into one DocBin, as spaCy reads it whole too."""
        spacy, losses = _spacy(), Losses(path)
        documents = list(documents)
        overlapping = any(a.overlaps(b) for d in documents for a, b in pairwise(d.entities or ()))
        nlp, docs = spacy.blank("en"), spacy.tokens.DocBin(store_user_data=True)
        for document in documents:
            docs.add(_doc(document, nlp, path, losses, in_group=overlapping))
        with write_atomically(path) as handle:
            handle.buffer.write(docs.to_bytes())
        losses.tell()


def _docs(path: Path) -> list[Any]:
    """The Docs of a file, with their words and entities alone. Raises InputError where it is no DocBin or too large."""
    spacy = _spacy()
    data = _packed(path)
    collecting = gc.isenabled()
    try:
        with _damage(path):
            packed = spacy.tokens.DocBin().from_bytes(data)
            # Heads and the like are taken at their word, and wrong ones can end the process.
            wanted = {spacy.attrs.IDS[name] for name in ("ORTH", "ENT_IOB", "ENT_TYPE")}
            kept = [n for n, attribute in enumerate(packed.attrs) if attribute in wanted]
            packed.attrs = [packed.attrs[n] for n in kept]
            packed.tokens = [tokens[:, kept] for tokens in packed.tokens]
            return list(packed.get_docs(spacy.blank("en").vocab))
    finally:
        if collecting:
            # The package that unpacks it leaves the collector off where it fails.
            gc.enable()


@contextmanager
def _damage(path: Path) -> Iterator[None]:
    """Turn whatever unpacking, msgpack or spaCy raise into an InputError: the file is at fault."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        raise InputError(
            f"is not a DocBin, or is damaged: {error!s:.120}", file=path, remedy="make it with DocBin.to_disk"
        ) from error


def _packed(path: Path) -> bytes:
    """The file's bytes. Raises InputError where they would unpack to more than a GiB."""
    require_file(path)
    too_large = InputError(
        f"unpacks to more than {_LARGEST // 2**30} GiB", file=path, remedy="make several files, of fewer documents each"
    )
    if path.stat().st_size > _LARGEST:
        raise too_large
    data = path.read_bytes()
    unpacking, size, rest = zlib.decompressobj(), 0, data
    with _damage(path):
        while rest and not unpacking.eof:
            size += len(unpacking.decompress(rest, 2**24))
            rest = unpacking.unconsumed_tail
            if size > _LARGEST:
                raise too_large
    return data


def _spacy() -> Any:
    try:
        with warnings.catch_warnings():
            # What spaCy's own dependencies are warned of is no business of who reads a file.
            warnings.simplefilter("ignore")
            import spacy
            import spacy.attrs
            import spacy.tokens
    except ImportError as error:
        raise MissingExtraError("DocBin files need spaCy: pip install 'allabel[spacy]'") from error
    return spacy


def _doc(document: Document, nlp: Any, path: Path, losses: Losses, *, in_group: bool) -> Any:
    spans, text, name = document.entities or (), document.text, f"document {document.id!r}"
    for one in (text, document.id, *(span.label for span in spans)):
        refuse_surrogate(one, name, path)
    words = [(token.idx, token.idx + len(token)) for token in nlp.tokenizer(text)]
    edges = {edge for word in words for edge in word}
    inside = [span for span in spans if not {span.start, span.end} <= edges]
    losses.add("entities that begin or end inside a token of spaCy's; the token was cut there", name, len(inside))
    pieces = cut_pieces(text, words, spans)
    tokens = _spacy().tokens
    doc = tokens.Doc(nlp.vocab, words=[text[p.start : p.end] for p in pieces], spaces=[p.space for p in pieces])
    starts, ends = {p.start: n for n, p in enumerate(pieces)}, {p.end: n + 1 for n, p in enumerate(pieces)}

    def marked(of: Iterable[Span]) -> list[Any]:
        return [tokens.Span(doc, starts[s.start], ends[s.end], label=s.label) for s in of]

    if document.entities is not None:
        doc.set_ents(marked(longest_spans(spans)), default="outside")
        if in_group:
            doc.spans[_GROUP] = marked(spans)
    data = {**document_json(document), "entities": document.entities is not None}
    del data["text"]
    doc.user_data[_KEY] = dump_json(data, name, path)
    return doc


def _document(doc: Any, default_id: str, at: Item, losses: Losses) -> Document:
    told = doc.user_data.get(_KEY)
    own = parse_object(told, at) if isinstance(told, str) else {}
    annotated = doc.has_annotation("ENT_IOB") or _GROUP in doc.spans
    if not len(doc):
        # Without a token there is nothing to mark; what spaCy did to other texts since counts more than what we said.
        annotated = own.get("entities", annotated)
    others = [key for key in doc.spans if key != _GROUP]
    losses.add("span groups other than 'sc' left out", at.name, len(others))
    found = {(s.start_char, s.end_char, s.label_) for s in (*doc.ents, *doc.spans.get(_GROUP, ()))}
    native = {key: own.get(key) for key in ("id", "values", "seconds", "meta")}
    native["text"] = doc.text
    if annotated:
        native["entities"] = [{"start": start, "end": end, "label": label} for start, end, label in found]
    return parse_document(native, default_id, at)
