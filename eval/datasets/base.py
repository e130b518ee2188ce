"""A data set as experiments see it, and what every data set goes through before it is one."""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from allabel.document import Document, longest_spans
from allabel.errors import InputError, LabelError
from eval.datasets.verbatim import verbatim_spans

Tell = Callable[[str], None]


def say_nothing(line: str) -> None:
    """Take a line for the person who waits, and drop it."""


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a data set apart from its documents.

    labels: in their order, or `()` for those that occur, sorted. public: it stands on the web, so that a language
    model may have read it.
    """

    name: str
    labels: tuple[str, ...] = ()
    licence: str = "not known"
    citation: str = "not known"
    public: bool = False


@dataclass(frozen=True, slots=True)
class DataSet:
    """Documents with gold: a pool to annotate from, and the published test texts, `()` where there are none.

    Entities are flat, no text is blank or occurs twice, in pool and test together. by_value: the gold says which
    strings a text holds, so that it is scored by values; entities are then the verbatim occurrences. digest: SHA-256
    of ids, texts, entities and values, in their order. public: see `About`.
    """

    name: str
    labels: tuple[str, ...]
    pool: tuple[Document, ...]
    test: tuple[Document, ...]
    by_value: bool
    licence: str
    citation: str
    digest: str
    public: bool


def each_once(documents: Iterable[Document]) -> tuple[Document, ...]:
    """Keep the first document of each text that is not blank, its entities flat: the longest of overlapping ones."""
    by_text: dict[str, Document] = {}
    for document in documents:
        if document.text.strip():
            by_text.setdefault(document.text, document)
    return tuple(replace(d, entities=longest_spans(d.entities or ())) for d in by_text.values())


def assemble(about: About, pool: Sequence[Document], test: Sequence[Document], tell: Tell = say_nothing) -> DataSet:
    """Make a data set of documents as they were read.

    Blank and repeated texts, and test texts that stand in the pool, are left out, and `tell` gets their numbers.
    Raises InputError where a document has no gold, where some have values and others have not, where two have one id,
    or where nothing is left in the pool; LabelError on a label that `about` does not name.
    """
    documents = [*pool, *test]
    by_value = _by_value(documents, about.name)
    found = {label for d in documents for label in [*(s.label for s in d.entities or ()), *(d.values or ())]}
    _refuse_other_labels(found, about)
    pooled, tested = (each_once(map(_with_spans, part)) for part in (pool, test))
    known = {d.text for d in pooled}
    kept = tuple(d for d in tested if d.text not in known)
    _refuse_one_id_twice((*pooled, *kept), about.name)
    if not pooled:
        raise InputError(f"the pool of {about.name!r} holds no text", remedy="check that these are the files you mean")
    n_repeated = len(documents) - len(pooled) - len(tested)
    if n_repeated:
        tell(f"{about.name}: {n_repeated} of {len(documents)} texts are blank or repeated and were left out")
    if len(kept) < len(tested):
        tell(f"{about.name}: {len(tested) - len(kept)} of {len(tested)} test texts stand in the pool and were left out")
    return DataSet(
        name=about.name,
        labels=about.labels or tuple(sorted(found)),
        pool=pooled,
        test=kept,
        by_value=by_value,
        licence=about.licence,
        citation=about.citation,
        digest=_digest(pooled, kept),
        public=about.public,
    )


def _by_value(documents: Sequence[Document], name: str) -> bool:
    by_value = any(d.values is not None for d in documents)
    bare = next((d for d in documents if (d.values is None if by_value else d.entities is None)), None)
    if bare is not None:
        lacks = "no `values`, which others have" if by_value else "no gold"
        raise InputError(
            f"document {bare.id!r} of {name!r} has {lacks}",
            remedy='leave it out, or say that it holds nothing: "entities": [], or "values": {}',
        )
    return by_value


def _with_spans(document: Document) -> Document:
    if document.entities is not None:
        return document
    return replace(document, entities=verbatim_spans(document.text, document.values or {}))


def _refuse_other_labels(found: set[str], about: About) -> None:
    others = sorted(found.difference(about.labels))
    if about.labels and others:
        raise LabelError(
            f"{about.name!r} holds the labels {', '.join(map(repr, others))}, which are not among "
            f"{', '.join(about.labels)}",
            remedy="name all labels, or none",
        )


def _refuse_one_id_twice(documents: Iterable[Document], name: str) -> None:
    seen = set()
    for document in documents:
        if document.id in seen:
            raise InputError(
                f"two texts of {name!r} have the id {document.id!r}",
                remedy="give each text an id of its own, or each file a name of its own: ids come from file names",
            )
        seen.add(document.id)


def _digest(*parts: Iterable[Document]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        for d in part:
            spans = [(s.start, s.end, s.label) for s in d.entities or ()]
            digest.update(json.dumps([d.id, d.text, spans, d.values]).encode() + b"\n")
        digest.update(b"\n")
    return digest.hexdigest()
