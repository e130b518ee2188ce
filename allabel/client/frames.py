"""Results as pandas data frames; pandas is imported when one is asked for."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from allabel.client.results import Tagged
from allabel.frames import DOCUMENTS, ENTITIES, Frames, frame

if TYPE_CHECKING:
    import pandas as pd


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
    return Frames(frame(entities, ENTITIES), frame(documents, DOCUMENTS))
