"""The project's memory: documents, gold, selections, annotations and replies; history is append-only."""

from allabel.store.records import Call, CallsSummary, Counts, ModelCalls, Pick, Progress, Selection
from allabel.store.store import Store

__all__ = ["Call", "CallsSummary", "Counts", "ModelCalls", "Pick", "Progress", "Selection", "Store"]
