"""The project's memory: documents, gold, selections, annotations and replies; history is append-only."""

from allabel.store.records import Counts, Pick, Selection
from allabel.store.store import Store

__all__ = ["Counts", "Pick", "Selection", "Store"]
