"""The ground-truth corpus of a running server: what was annotated since is there the next time it is looked at."""

from collections.abc import Sequence

from allabel.annotate.base import Demonstration
from allabel.document import DocId
from allabel.store.store import Store


class Corpus:
    """The annotated texts of a store, in import order at first, then as they came; an edited one keeps its place."""

    def __init__(self, store: Store) -> None:
        self._store, self._seq = store, 0
        self._place: dict[DocId, int] = {}
        self.demonstrations: tuple[Demonstration, ...] = ()

    def refresh(self) -> None:
        """Take in what was annotated since the last time, by whomever.

        Looking costs a query by key; no text that is here already is read again.
        """
        new = self._store.annotations_since(self._seq)
        if not new:
            return
        # In the order of the texts' import, so that a restart finds the corpus in the order it had.
        texts = self._store.documents_of(new)
        found = list(self.demonstrations)
        for id, annotation in new.items():
            shown = Demonstration(id, texts[id].text, annotation.entities)
            if id in self._place:
                found[self._place[id]] = shown
            else:
                self._place[id] = len(found)
                found.append(shown)
        self.demonstrations = tuple(found)
        self._seq = max(annotation.seq or 0 for annotation in new.values())

    def of(self, ids: Sequence[str]) -> list[Demonstration]:
        """Return those of these ids that are annotated."""
        return [self.demonstrations[self._place[DocId(id)]] for id in ids if DocId(id) in self._place]
