"""The texts of a file as a stream: read once to know them, and once more to tag them, block by block."""

import hashlib
import json
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path

from allabel.document import Document
from allabel.errors import InputError
from allabel.formats.registry import read_documents

# Texts that an estimate of tokens is made from, up to twice as many.
SAMPLE = 1024


@dataclass(frozen=True, slots=True)
class Survey:
    """What the first reading finds. digest: of all ids, texts and meta, in order. sample: texts, evenly spread."""

    n_documents: int
    digest: str
    sample: tuple[Document, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """So many documents in a row; the number, from 0, says which."""

    number: int
    documents: tuple[Document, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """A file or folder of documents. format: a name of the registry, or `auto`."""

    path: Path
    format: str = "auto"

    def survey(self) -> Survey:
        """Read it from end to end. Raises InputError where a document cannot be read, before anything is tagged."""
        digest, n, step = hashlib.sha256(), 0, 1
        sample: list[Document] = []
        for document in self._documents():
            _add(digest, document)
            if n % step == 0:
                sample.append(document)
            n += 1
            if len(sample) >= 2 * SAMPLE:
                sample, step = sample[::2], step * 2
        return Survey(n, digest.hexdigest(), tuple(sample))

    def blocks(self, size: int, wanted: Container[int], survey: Survey) -> Iterator[Block]:
        """Yield the wanted blocks of `size` documents, in order; the last one may be smaller.

        Raises InputError at the end where the file is not what the survey found.
        """
        digest, number = hashlib.sha256(), 0
        held: list[Document] = []
        for document in self._documents():
            _add(digest, document)
            held.append(document)
            if len(held) == size:
                if number in wanted:
                    yield Block(number, tuple(held))
                held, number = [], number + 1
        if held and number in wanted:
            yield Block(number, tuple(held))
        if digest.hexdigest() != survey.digest:
            raise InputError(
                "was changed while it was tagged",
                file=self.path,
                remedy="the parts that are there may be of either: remove them, and run the same command again",
            )

    def _documents(self) -> Iterator[Document]:
        return (record.document for record in read_documents(self.path, self.format))


def _add(digest: "hashlib._Hash", document: Document) -> None:
    told = (document.id, document.text, json.dumps(dict(document.meta), sort_keys=True, default=str))
    digest.update(repr(told).encode("utf-8", "surrogatepass"))
