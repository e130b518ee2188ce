"""Evaluation without copies: no text is tagged with a near-duplicate of itself among the demonstrations."""

from collections.abc import Sequence

from allabel.annotate.base import Annotator, Demonstration
from allabel.reply import Reply
from retrieval.alike import alike, features


class Apart:
    """An annotator that is given, for each text, only demonstrations that are no near-duplicates of it.

    It holds for whatever an annotator does with them, retrieval or training: Jaccard similarity 0.8 of terms and
    neighbouring pairs, as in `retrieval.duplicates`. Where a text has a near-duplicate, the annotator is called once
    more for all texts that must do without the same ones, so one that is trained is trained once more.
    """

    def __init__(self, annotator: Annotator) -> None:
        self._annotator = annotator

    def __repr__(self) -> str:
        return f"Apart({self._annotator!r})"

    @property
    def name(self) -> str:
        """What the backend calls itself in tagged output."""
        return self._annotator.name

    @property
    def model(self) -> str:
        """The model behind it."""
        return self._annotator.model

    def annotate(self, texts: Sequence[str], demonstrations: Sequence[Demonstration]) -> list[Reply]:
        """Return one reply a text, in order; where all demonstrations are near-duplicates it is shown none."""
        known = [features(d.text) for d in demonstrations]
        without: dict[tuple[int, ...], list[int]] = {(): []}
        for i, text in enumerate(texts):
            own = features(text)
            shut = (d for d, other in enumerate(known) if text == demonstrations[d].text or alike(own, other))
            without.setdefault(tuple(shut), []).append(i)
        replies: dict[int, Reply] = {}
        for shut_out, places in without.items():
            if places:
                left = [d for n, d in enumerate(demonstrations) if n not in shut_out]
                replies |= zip(places, self._annotator.annotate([texts[i] for i in places], left), strict=True)
        return [replies[i] for i in range(len(texts))]
