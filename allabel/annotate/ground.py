"""Finds the mentions of a reply in the text they were read from."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from allabel.annotate.bounds import is_bounded
from allabel.annotate.llm.base import Mention
from allabel.annotate.spelling import Stretch, find, is_plain, normalised
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
    return _Grounding(text, mentions, overlap=overlap).run()


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
    if is_plain(text) and is_plain(mention) and mention == mention.strip():
        return ()
    as_it_is = {i for place in _exact(text, mention) for i in range(*place)}
    places = [place for place in normalised(text).find(mention) if is_bounded(text, *place)]
    return tuple(place for place in places if as_it_is.isdisjoint(range(*place)))


def _inside(place: Stretch, other: Stretch) -> bool:
    return place != other and other[0] <= place[0] and place[1] <= other[1]


Key = tuple[str, str]


# Places in their order; what is taken out of them is found at once.
Ordered = dict[Stretch, None]


class _Places:
    """Where one (label, mention) may stand, from the left; claims only ever make it less.

    free: where the schema lets it stand, beside what stands already. left: those of its places that are free and no
    longer mention's. open, open_left, open_respelt: of places, `left` and respelt ones, those that are free and that
    none of its own listings claims.
    """

    def __init__(self, text: str, mention: str) -> None:
        self.all, self.respelt = occurrences(text, mention), _respelt(text, mention)
        self.grounding = Grounding.EXACT if _exact(text, mention) else Grounding.NORMALISED
        self.free: Ordered = dict.fromkeys((*self.all, *self.respelt))
        self.left, self.open, self.open_left = (dict.fromkeys(self.all) for _ in range(3))
        self.open_respelt = dict.fromkeys(self.respelt)

    def shut(self, place: Stretch) -> None:
        """Note that another mention stands here or across."""
        for places in (self.free, self.left, self.open, self.open_left, self.open_respelt):
            places.pop(place, None)

    def leave(self, place: Stretch) -> None:
        """Note that a longer mention stands around this place."""
        for places in (self.left, self.open_left):
            places.pop(place, None)

    def claim(self, place: Stretch) -> None:
        """Note that one of its own listings stands here."""
        for places in (self.open, self.open_left, self.open_respelt):
            places.pop(place, None)


class _Grounding:
    """The claims on one text: each tells the places that it touches, so none is looked up among all of them."""

    def __init__(self, text: str, mentions: Sequence[Mention], *, overlap: bool) -> None:
        self._mentions, self._overlap = mentions, overlap
        self._n_listed = Counter((m.label, m.text) for m in mentions)
        self._places = {key: _Places(text, key[1]) for key in self._n_listed}
        self._at: dict[int, set[tuple[Key, Stretch]]] = defaultdict(set)
        # A mention alone takes nothing from others.
        for key, places in self._places.items() if len(self._places) > 1 else ():
            for place in places.free:
                for i in range(*place):
                    self._at[i].add((key, place))

    def run(self) -> Grounded:
        mentions = self._mentions
        found: dict[int, Proposal] = {}
        yielded: dict[int, Proposal] = {}
        # The longest first: "acid" must not claim the end of a listed "hydrochloric acid".
        for i in sorted(range(len(mentions)), key=lambda i: (-len(mentions[i].text), self._doubt(mentions[i]))):
            m = mentions[i]
            place, grounding = self._place(m)
            if place is None:
                found[i] = Proposal(m.label, m.text, None, Grounding.MISSING)
            elif place in self._places[m.label, m.text].free:
                self._claim(place, (m.label, m.text))
                found[i] = Proposal(m.label, m.text, Span(*place, m.label), grounding)
            else:
                yielded[i] = Proposal(m.label, m.text, Span(*place, m.label), grounding)
        order = sorted(found)
        return Grounded(tuple(found[i] for i in order), tuple(yielded[i] for i in sorted(yielded)), tuple(order))

    def _doubt(self, m: Mention) -> int:
        """0 for an occurrence that is there, 1 for none said, 2 for one that is not there."""
        if m.occurrence is None:
            return 1
        return 0 if 1 <= m.occurrence <= len(self._places[m.label, m.text].all) else 2

    def _place(self, m: Mention) -> tuple[Stretch | None, Grounding]:
        places = self._places[m.label, m.text]
        grounding = places.grounding
        if m.occurrence is not None:
            said = places.all[m.occurrence - 1] if self._doubt(m) == 0 else None
            if said in places.free:
                return said, grounding
            rest = places.open_respelt or places.open
            return (next(reversed(rest)), Grounding.AMBIGUOUS) if rest else (said, grounding)
        if not places.all:
            return None, grounding
        meant = places.left or places.all
        sure = len(meant) <= self._n_listed[m.label, m.text]
        rest = places.open_left if places.left else places.open
        if not rest and places.open_respelt:
            rest, grounding = places.open_respelt, Grounding.NORMALISED
        return next(iter(rest) if rest else reversed(meant)), grounding if sure else Grounding.AMBIGUOUS

    def _claim(self, claimed: Stretch, by: Key) -> None:
        """Let a mention stand here, and tell the places that the schema or a longer mention takes from others by it."""
        self._places[by].claim(claimed)
        touched = set[tuple[Key, Stretch]]().union(*(self._at[i] for i in range(*claimed) if i in self._at))
        for key, place in touched:
            if key != by and not self._overlap:
                self._places[key].shut(place)
            elif _inside(place, claimed):
                self._places[key].leave(place)
