"""Answers of language models, kept in the run's folder, with the seconds that those from before took."""

from collections.abc import Iterable, Mapping

from allabel.annotate.llm.base import Answer
from allabel.store.store import Store
from allabel.tagging import StoreMemory


class Recall(StoreMemory):
    """A store's memory that adds up the seconds of what it gives back."""

    def __init__(self, store: Store, backend: str) -> None:
        super().__init__(store, backend)
        self.seconds = 0.0

    def recall(self, keys: Iterable[str]) -> Mapping[str, Answer]:
        """Return the answers kept under these keys; a key without one is left out."""
        found = super().recall(keys)
        self.seconds += sum(answer.latency_s for answer in found.values())
        return found
