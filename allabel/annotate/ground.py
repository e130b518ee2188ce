"""Finds the mentions of a reply in the text they were read from."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from allabel.annotate.bounds import is_bounded
from allabel.annotate.llm.base import Mention
from allabel.annotate.spelling import Stretch, find, normalised
from allabel.document import Span
from allabel.reply import Grounding, Proposal


@dataclass(frozen=True, slots=True)
class Grounded:
    """Where the mentions of a reply stand.

    proposals: in the order of the reply; those found nowhere are `missing` and have no span.
    overlapping: those found, but only across another mention where the schema forbids it, with the span they would
    have had. Nothing of a reply is in neither.
    sources: for each proposal the position of its mention in the reply.
    """

    proposals: tuple[Proposal, ...]
    overlapping: tuple[Proposal, ...]
    sources: tuple[int, ...]


def ground(text: str, mentions: Sequence[tuple[str, str]]) -> list[Proposal]:
    """Return one proposal a (label, mention), in order, where neither occurrences nor a schema are known."""
    return list(ground_mentions(text, [Mention(*pair, None, 0, 0) for pair in mentions], overlap=True).proposals)


def ground_mentions(text: str, mentions: Sequence[Mention], *, overlap: bool) -> Grounded:
    """Find every mention in the code points of `text` as it came.

    A mention stands where it occurs with its case kept and bounded as a chemical name (see `is_bounded`): first
    character for character, then up to Unicode spelling (see `Normalised`). It never stands on part of it.

    - With an occurrence it stands on that one of the places that `occurrences` gives. An occurrence that is not there
      is `ambiguous` on the last place that no listing of the mention claims, and `missing` where all are claimed.
    - Without, its listings under one label claim the places from the left; listings beyond them repeat the last, and
      fewer listings than places are `ambiguous`. Places inside a longer mention that is listed too are left to that
      one, unless there are no others.
    - overlap: whether the schema lets entities nest or overlap. Where it does not, the longest mention stands, of
      equal ones the first listed; the others take a place that is free, or are `overlapping`.
    """
    return _Grounding(text, overlap).run(mentions)


def occurrences(text: str, mention: str) -> tuple[Stretch, ...]:
    """Return the places that a mention's `occurrence` counts, from the left.

    They are those where it is bounded: character for character, or in another spelling where there are none such.
    """
    return _exact(text, mention) or _respelt(text, mention)


@lru_cache(maxsize=1024)
def _exact(text: str, mention: str) -> tuple[Stretch, ...]:
    places = find(text, mention) if mention == mention.strip() else []
    return tuple(place for place in places if is_bounded(text, *place))


@lru_cache(maxsize=1024)
def _respelt(text: str, mention: str) -> tuple[Stretch, ...]:
    """Return the bounded places of a mention that are spelt otherwise than it is."""
    exact = _exact(text, mention)
    places = [place for place in normalised(text).find(mention) if is_bounded(text, *place)]
    return tuple(place for place in places if not any(_overlaps(place, other) for other in exact))


def _inside(place: Stretch, other: Stretch) -> bool:
    return place != other and other[0] <= place[0] and place[1] <= other[1]


def _overlaps(place: Stretch, other: Stretch) -> bool:
    return place[0] < other[1] and other[0] < place[1]


Key = tuple[str, str]


@dataclass(slots=True)
class _Grounding:
    """The claims on one text: which stretch was taken by which (label, mention)."""

    text: str
    overlap: bool
    taken: list[tuple[Stretch, Key]] = field(default_factory=list)

    def run(self, mentions: Sequence[Mention]) -> Grounded:
        listed = Counter((m.label, m.text) for m in mentions)
        found: dict[int, Proposal] = {}
        yielded: dict[int, Proposal] = {}
        # The longest first: "acid" must not claim the end of a listed "hydrochloric acid".
        for i in sorted(range(len(mentions)), key=lambda i: (-len(mentions[i].text), self._doubt(mentions[i]))):
            m = mentions[i]
            place, grounding = self._place(m, listed[m.label, m.text])
            if place is None:
                found[i] = Proposal(m.label, m.text, None, Grounding.MISSING)
            elif self._is_free(place, (m.label, m.text)):
                self.taken.append((place, (m.label, m.text)))
                found[i] = Proposal(m.label, m.text, Span(*place, m.label), grounding)
            else:
                yielded[i] = Proposal(m.label, m.text, Span(*place, m.label), grounding)
        order = sorted(found)
        return Grounded(tuple(found[i] for i in order), tuple(yielded[i] for i in sorted(yielded)), tuple(order))

    def _doubt(self, m: Mention) -> int:
        """0 for an occurrence that is there, 1 for none said, 2 for one that is not there."""
        if m.occurrence is None:
            return 1
        return 0 if 1 <= m.occurrence <= len(occurrences(self.text, m.text)) else 2

    def _place(self, m: Mention, n_listed: int) -> tuple[Stretch | None, Grounding]:
        key, places = (m.label, m.text), occurrences(self.text, m.text)
        grounding = Grounding.EXACT if _exact(self.text, m.text) else Grounding.NORMALISED
        if m.occurrence is not None:
            said = places[m.occurrence - 1] if self._doubt(m) == 0 else None
            if said and self._is_free(said, key):
                return said, grounding
            rest = self._open((*places, *_respelt(self.text, m.text)), key)
            return (rest[-1], Grounding.AMBIGUOUS) if rest else (said, grounding)
        if not places:
            return None, grounding
        free = [place for place in places if self._is_left(place, key)] or list(places)
        sure = len(free) <= n_listed
        rest = self._open(free, key)
        if not rest and (respelt := self._open(_respelt(self.text, m.text), key)):
            rest, grounding = respelt, Grounding.NORMALISED
        return rest[0] if rest else free[-1], grounding if sure else Grounding.AMBIGUOUS

    def _open(self, places: Iterable[Stretch], key: Key) -> list[Stretch]:
        """Keep the places where this mention may stand and none of its own listings does."""
        return [place for place in places if self._is_free(place, key) and (place, key) not in self.taken]

    def _is_left(self, place: Stretch, key: Key) -> bool:
        """Tell whether a place is not a longer mention's: not inside one, and free."""
        return self._is_free(place, key) and not any(_inside(place, other) for other, _ in self.taken)

    def _is_free(self, place: Stretch, key: Key) -> bool:
        """Tell whether the schema lets this mention stand here, beside what stands already."""
        return self.overlap or not any(_overlaps(place, other) and by != key for other, by in self.taken)
