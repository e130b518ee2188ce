"""Documents and predictions as pandas data frames; pandas is imported when one is asked for."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from allabel.document import Document
from allabel.errors import MissingExtraError
from allabel.reply import Status, TaggedDocument

if TYPE_CHECKING:
    import pandas as pd

ENTITIES = {
    "place": "int64",
    "id": "str",
    "start": "int64",
    "end": "int64",
    "label": "str",
    "text": "str",
    "score": "float64",
    "grounding": "str",
    "status": "str",
}
DOCUMENTS = {
    "place": "int64",
    "id": "str",
    "status": "str",
    "n_entities": "Int64",
    "n_ungrounded": "int64",
    "error": "str",
    "backend": "str",
    "model": "str",
    "perplexity": "float64",
    "text": "str",
}
SPANS = {"place": "int64", "id": "str", "start": "int64", "end": "int64", "label": "str", "text": "str"}
TEXTS = {"place": "int64", "id": "str", "n_entities": "Int64", "seconds": "float64", "text": "str"}
VALUES = {"place": "int64", "id": "str", "label": "str", "text": "str"}


class Frames(NamedTuple):
    """entities: one row each. documents: one row a text; n_entities is NA where nobody tagged or annotated it."""

    entities: "pd.DataFrame"
    documents: "pd.DataFrame"


def of_tagged(tagged: Iterable[TaggedDocument]) -> Frames:
    """Return the entities and the documents of predictions, in the columns of the client's frames.

    place: of the text among them, from 0. Texts that were not tagged are in `documents` alone, with their status.
    Raises MissingExtraError without pandas.
    """
    entities: list[tuple[Any, ...]] = []
    documents: list[tuple[Any, ...]] = []
    for place, one in enumerate(tagged):
        reply, ok = one.reply, one.reply.status is Status.OK
        found = one.placed
        n_lost = len(reply.proposals) - len(found) if ok else 0
        documents.append(
            (
                *(place, one.id, reply.status.value, len(found) if ok else None, n_lost),
                *(reply.error, one.backend, one.model, reply.perplexity, one.text),
            )
        )
        entities += [
            (place, one.id, s.start, s.end, s.label, one.text[s.start : s.end], p.score, p.grounding.value, "ok")
            for s, p in found
        ]
    return Frames(frame(entities, ENTITIES), frame(documents, DOCUMENTS))


def of_documents(documents: Iterable[Document]) -> Frames:
    """Return the annotated spans and the documents; n_entities is NA for one that is not annotated with spans.

    seconds: how long its annotation took, NaN where nobody measured. Raises MissingExtraError without pandas.
    """
    spans: list[tuple[Any, ...]] = []
    texts: list[tuple[Any, ...]] = []
    for place, one in enumerate(documents):
        n = None if one.entities is None else len(one.entities)
        texts.append((place, one.id, n, one.seconds, one.text))
        spans += [(place, one.id, s.start, s.end, s.label, one.text[s.start : s.end]) for s in one.entities or ()]
    return Frames(frame(spans, SPANS), frame(texts, TEXTS))


def of_values(documents: Iterable[Document]) -> "pd.DataFrame":
    """Return one row a value that a document has without offsets. Raises MissingExtraError without pandas."""
    rows = [
        (place, one.id, label, text)
        for place, one in enumerate(documents)
        for label, texts in (one.values or {}).items()
        for text in texts
    ]
    return frame(rows, VALUES)


def frame(rows: Iterable[tuple[Any, ...]], columns: dict[str, str]) -> "pd.DataFrame":
    """Return rows as a data frame with these columns and types, also where there are none.

    Raises MissingExtraError without pandas.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise MissingExtraError("a data frame needs pandas: pip install pandas") from error
    return pd.DataFrame(list(rows), columns=list(columns)).astype(columns)
