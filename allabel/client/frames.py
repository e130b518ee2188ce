"""Results as pandas data frames; pandas is imported when one is asked for."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from allabel.client.results import Tagged
from allabel.errors import MissingExtraError

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


class Frames(NamedTuple):
    """entities: one row each. documents: one row a text, those that were not tagged too; their n_entities is NA."""

    entities: "pd.DataFrame"
    documents: "pd.DataFrame"


def to_dataframe(results: Iterable[Tagged]) -> "pd.DataFrame":
    """Return one row an entity: place and id of its text, start, end, label, text, score, grounding, status.

    Texts without entities and those that were not tagged have no row: `to_dataframes` has them too.
    Raises MissingExtraError without pandas.
    """
    return to_dataframes(results).entities


def to_dataframes(results: Iterable[Tagged]) -> Frames:
    """Return the entities and the documents of results. Raises MissingExtraError without pandas."""
    entities: list[tuple[Any, ...]] = []
    documents: list[tuple[Any, ...]] = []
    for one in results:
        found = one.found
        documents.append(
            (
                *(one.place, one.id, one.status.value, None if found is None else len(found), len(one.ungrounded)),
                *(one.error, one.backend, one.model, one.perplexity, one.text),
            )
        )
        entities += [
            (one.place, one.id, e.start, e.end, e.label, e.text, e.score, e.grounding.value, one.status.value)
            for e in found or ()
        ]
    return Frames(_frame(entities, ENTITIES), _frame(documents, DOCUMENTS))


def _frame(rows: list[tuple[Any, ...]], columns: dict[str, str]) -> "pd.DataFrame":
    try:
        import pandas as pd
    except ImportError as error:
        raise MissingExtraError("a data frame needs pandas: pip install pandas") from error
    return pd.DataFrame(rows, columns=list(columns)).astype(columns)
