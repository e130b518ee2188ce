"""The ground-truth corpus as a retriever sees it: for each text, the demonstrations nearest to it."""

from collections import Counter
from collections.abc import Callable, Sequence

from allabel.annotate.base import Demonstration
from retrieval.base import Retriever

RetrieverFactory = Callable[[Sequence[str]], Retriever]


class Demonstrations:
    """Annotated texts with an index over them."""

    def __init__(self, demonstrations: Sequence[Demonstration], retriever: RetrieverFactory) -> None:
        self.all = tuple(demonstrations)
        self._index = retriever([d.text for d in self.all]) if self.all else None
        self._copies = Counter(d.text for d in self.all)

    def nearest(self, texts: Sequence[str], k: int) -> list[list[Demonstration]]:
        """Return the `k` nearest demonstrations of each text, best first, never one with the very same text."""
        if self._index is None or k == 0 or not texts:
            return [[] for _ in texts]
        # A text's own copies rank highest: ask for as many more as there can be, then drop them.
        found = self._index.search(texts, k + max(self._copies[text] for text in texts)).ids
        return [
            [self.all[i] for i in row if self.all[i].text != text][:k] for text, row in zip(texts, found, strict=True)
        ]
