"""The ground-truth corpus as a retriever sees it: for each text, the demonstrations nearest to it."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

from allabel.annotate.base import Demonstration
from retrieval.base import Retriever
from retrieval.borrowed import Growing

RetrieverFactory = Callable[[Sequence[str]], Retriever]
R = TypeVar("R", bound=Retriever)


def grown(index: R | None, old: Sequence[str], new: Sequence[str], build: Callable[[Sequence[str]], R]) -> R | None:
    """Return an index of the new texts: the old one where they are the same, grown where they only go on."""
    if index is None or len(new) < len(old) or list(new[: len(old)]) != list(old):
        return build(new) if new else None
    if len(new) == len(old):
        return index
    return index.extended(new[len(old) :]) if isinstance(index, Growing) else build(new)


class Demonstrations:
    """Annotated texts with an index over them."""

    def __init__(self, demonstrations: Sequence[Demonstration], retriever: RetrieverFactory) -> None:
        self.all, self._retriever = tuple(demonstrations), retriever
        self._index = retriever([d.text for d in self.all]) if self.all else None
        self._copies = Counter(d.text for d in self.all)

    def changed(self, demonstrations: Sequence[Demonstration]) -> "Demonstrations":
        """Return these demonstrations with their index: as `Demonstrations` of them, and sooner where texts were kept.

        Where the texts begin with the old ones the index is kept, and grown by what came after if it can grow.
        """
        made = Demonstrations((), self._retriever)
        made.all = tuple(demonstrations)
        texts = [d.text for d in made.all]
        made._index = grown(self._index, [d.text for d in self.all], texts, self._retriever)
        made._copies = Counter(texts)
        return made

    def nearest(self, texts: Sequence[str], k: int) -> list[list[Demonstration]]:
        """Return the `k` nearest demonstrations of each text, best first, never one with the very same text."""
        if self._index is None or k == 0 or not texts:
            return [[] for _ in texts]
        # A text's own copies rank highest: ask for as many more as there can be, then drop them.
        found = self._index.search(texts, k + max(self._copies[text] for text in texts)).ids
        return [
            [self.all[i] for i in row if self.all[i].text != text][:k] for text, row in zip(texts, found, strict=True)
        ]
