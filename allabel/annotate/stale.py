"""Predictions that a changed demonstration made stale: shown to the model as it no longer is, or no longer there."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from allabel.annotate.base import Demonstration
from allabel.document import DocId
from allabel.reply import Shown


@dataclass(frozen=True, slots=True)
class Stale:
    """What became of the demonstrations that one prediction was shown: ids in the order shown, at least one in all."""

    edited: tuple[DocId, ...]
    removed: tuple[DocId, ...]


@lru_cache(maxsize=16_384)
def digest(demonstration: Demonstration) -> str:
    """Return 16 hexadecimal digits that change when the text or the set of entities does."""
    entities = sorted([span.start, span.end, span.label] for span in set(demonstration.entities))
    data = json.dumps([demonstration.text, entities], separators=(",", ":"))
    return hashlib.sha256(data.encode()).hexdigest()[:16]


def shown(demonstrations: Iterable[Demonstration]) -> tuple[Shown, ...]:
    """Return what a reply has to keep of the demonstrations it was shown, in their order."""
    return tuple(Shown(d.id, digest(d)) for d in demonstrations)


def stale(predictions: Mapping[DocId, Sequence[Shown]], demonstrations: Iterable[Demonstration]) -> dict[DocId, Stale]:
    """Return the predictions that were shown a demonstration which is edited or removed by now, in their order.

    A demonstration that is added makes nothing stale, though it might have been shown today. An empty digest (a reply
    kept before digests were) can tell that a demonstration is gone, not that it was edited.
    """
    now = {d.id: digest(d) for d in demonstrations}
    found = {}
    for doc_id, seen in predictions.items():
        removed = tuple(s.id for s in seen if s.id not in now)
        edited = tuple(s.id for s in seen if s.id in now and s.digest not in {now[s.id], ""})
        if removed or edited:
            found[doc_id] = Stale(edited, removed)
    return found
