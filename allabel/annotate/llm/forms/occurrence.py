"""Which of equal strings in a text a mention is."""

from functools import lru_cache

from allabel.annotate.bounds import is_bounded
from allabel.annotate.spelling import Stretch, find


@lru_cache(maxsize=4096)
def places(text: str, mention: str) -> tuple[Stretch, ...]:
    """Return every place of a mention in the text, overlapping ones too: occurrence n is `places(text, mention)[n-1]`.

    Places that stand alone as a name come first, each kind from the left: in "H2O and H" the first "H" is the last
    letter. That is how a reader counts, and grounding (`ground.occurrences`); places inside larger names come after.
    """
    found = find(text, mention)
    return tuple(sorted(found, key=lambda place: not is_bounded(text, *place)) if len(found) > 1 else found)


def occurrence(text: str, start: int, end: int) -> int:
    """Return which of the equal strings `text[start:end]` is, from 1."""
    return places(text, text[start:end]).index((start, end)) + 1
