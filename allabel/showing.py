"""Texts with their entities marked, as HTML: what notebooks show, and the marks of the app's pages.

Whatever a text, a name or a label holds is shown as text. Nothing here runs a script or asks anybody for anything.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import Protocol
from zlib import crc32

from allabel.errors import InputError, shortened
from allabel.wording import counted

# Okabe and Ito's palette, told apart by most colour-blind readers; it repeats after eight labels.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#7F7F7F")
MOST_TEXTS, MOST_CHARACTERS, MOST_LISTED = 20, 5000, 10
_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
# The letters keep the notebook's own colour on a faint ground, so that they can be read on light and on dark. Notebooks
# take `$…$` in HTML for a formula, except in elements of these classes.
_PAGE = '<div class="tex2jax_ignore mathjax_ignore" style="color:inherit;line-height:1.4">'
_TEXT = "margin:2px 0;white-space:pre-wrap;overflow-wrap:anywhere;line-height:2;unicode-bidi:plaintext"
_NAME = "font-size:0.72em;font-weight:600;margin-inline-start:0.4em;unicode-bidi:isolate;user-select:none"
_SMALL = "font-size:0.85em;unicode-bidi:plaintext;overflow-wrap:anywhere"


@dataclass(frozen=True, slots=True)
class Mark:
    """A labelled stretch `[start, end)` of a text, in code points. note: what is told of it where the mouse rests."""

    start: int
    end: int
    label: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """One text as it is shown. says: in words, beside its name. below: lines under it. warns: `says` is a warning."""

    name: str
    text: str
    marks: tuple[Mark, ...] = ()
    says: str = ""
    below: tuple[str, ...] = ()
    warns: bool = False


class Showable(Protocol):
    """What can be shown: a Document, a TaggedDocument, a result of the client."""

    def card(self) -> Card:
        """Return how it is shown."""


class Coloured(Protocol):
    """A label with a colour."""

    @property
    def name(self) -> str: ...  # noqa: D102  a field
    @property
    def colour(self) -> str: ...  # noqa: D102  a field


class Labels(Protocol):
    """A label schema."""

    @property
    def labels(self) -> Sequence[Coloured]: ...  # noqa: D102  a field


@dataclass(frozen=True, slots=True)
class Showing:
    """Texts that a notebook shows. n: how many there are; cards: the first of them. colours: by label."""

    cards: tuple[Card, ...]
    n: int
    colours: Mapping[str, str]

    def __repr__(self) -> str:
        """What a terminal shows, where no HTML can be."""
        return f"<{self.n:,} texts, which a notebook shows>"

    def _repr_html_(self) -> str:
        return cards_html(self.cards, self.colours, n_more=self.n - len(self.cards))


def show(texts: Iterable[Showable], labels: Labels | None = None, most: int = MOST_TEXTS) -> Showing:
    """Show documents, tagged ones or results of the client in a notebook, the first `most` of them, with their number.

    labels: a schema, for its colours; None gives each label a colour by its name. Raises InputError for most < 1.
    """
    if most < 1:
        raise InputError(f"{most} texts cannot be shown", remedy="most is 1 or more")
    cards: list[Card] = []
    n = 0
    for one in texts:
        n += 1
        if len(cards) < most:
            cards.append(one.card())
    return Showing(tuple(cards), n, {label.name: label.colour for label in labels.labels} if labels else {})


def cards_html(cards: Sequence[Card], colours: Mapping[str, str] | None = None, *, n_more: int = 0) -> str:
    """Return texts as HTML that needs no style sheet. colours: `#RRGGBB` by label. n_more: texts that are left out."""
    found = _coloured({mark.label for card in cards for mark in card.marks}, colours or {})
    more = f'<div style="{_SMALL}">and {n_more:,} more texts</div>' if n_more else ""
    return f"{_PAGE}{''.join(_card(card, found) for card in cards)}{more}</div>"


def listed(items: Iterable[str]) -> str:
    """Return items with commas between, the first ten of them and how many there are more."""
    shown = list(items)
    more = f" and {len(shown) - MOST_LISTED:,} more" if len(shown) > MOST_LISTED else ""
    return ", ".join(shown[:MOST_LISTED]) + more


def marked(text: str, marks: Sequence[Mark], style: Callable[[str], str], name_style: str = "") -> str:
    """Return the text with its marks as HTML; nested ones stand in one another, each named where it ends.

    Marks that cross are cut where they cross, for HTML knows no crossing. Notes are the innermost one's title.
    style: the CSS of a label's mark. name_style: that of the names, which stand in `<b>`.
    """
    bold = f'<b style="{name_style}">' if name_style else "<b>"
    parts: list[str] = []
    for start, end, covering in _pieces(text, marks):
        piece = plain(text[start:end])
        notes = plain("; ".join(f"{mark.label}: {mark.note}" for mark in covering if mark.note))
        title = f' title="{notes}"' if notes else ""
        for mark in reversed(covering):
            name = f"{bold}{plain(mark.label)}</b>" if mark.end == end else ""
            piece = f'<mark style="{style(mark.label)}"{title}>{piece}{name}</mark>'
            title = ""
        parts.append(piece)
    return "".join(parts)


def plain(text: str) -> str:
    """Return a text as HTML that shows it. Half a surrogate pair, which no page can hold, becomes a question mark."""
    return escape(text).encode("utf-8", "replace").decode("utf-8")


def _pieces(text: str, marks: Sequence[Mark]) -> Iterator[tuple[int, int, list[Mark]]]:
    """Cut a text at every start and end of a mark: start, end, and the marks that cover the piece, longest first."""
    edges = sorted({0, len(text), *(m.start for m in marks), *(m.end for m in marks)})
    to_come = sorted(marks, key=lambda m: m.start, reverse=True)
    covering: list[Mark] = []
    for start, end in pairwise(edges):
        covering = [mark for mark in covering if mark.end > start]
        while to_come and to_come[-1].start <= start:
            covering.append(to_come.pop())
        yield start, end, sorted(covering, key=lambda m: (m.start - m.end, m.start, m.label))


def _card(card: Card, colours: Mapping[str, str]) -> str:
    words = " · ".join(
        part
        for part in (f"<b><bdi>{plain(card.name)}</bdi></b>" if card.name else "", plain(shortened(card.says)))
        if part
    )
    lines = [f'<div dir="auto" style="{_SMALL}">{words}</div>'] if words else []
    if card.text:
        lines.append(f'<div dir="auto" style="{_TEXT}">{_cut(card, colours)}</div>')
    lines += [f'<div dir="auto" style="{_SMALL}">{plain(shortened(line))}</div>' for line in card.below]
    edge = "border-inline-start:4px solid #D55E00;padding-inline-start:8px;" if card.warns else ""
    return f'<div style="{edge}margin:0 0 12px">{"".join(lines)}</div>'


def _cut(card: Card, colours: Mapping[str, str]) -> str:
    """Mark the beginning of a text that is too long for a page, and say how much is left out."""
    text = card.text[:MOST_CHARACTERS]
    within = [Mark(m.start, min(m.end, len(text)), m.label, m.note) for m in card.marks if m.start < len(text)]
    body = marked(text, within, lambda label: _mark_style(colours[label]), _NAME)
    left = len(card.text) - len(text)
    entities = counted(len(card.marks) - len(within), "entity", "entities")
    return body + (f'<i style="{_SMALL}"> … {left:,} characters more, with {entities}</i>' if left else "")


def _mark_style(colour: str) -> str:
    return f"color:inherit;background:{colour}33;border-bottom:3px solid {colour};border-radius:3px;padding:1px 3px"


def _coloured(names: Iterable[str], given: Mapping[str, str]) -> dict[str, str]:
    """Give each label its colour: the given one, or one by its name, so that it is the same in the next cell.

    Two names of one colour are told apart where the palette has a free one.
    """
    found = {name: given[name] for name in sorted(names) if _COLOUR.fullmatch(given.get(name, ""))}
    for name in sorted(set(names) - set(found)):
        first = crc32(name.encode("utf-8", "replace")) % len(COLOURS)
        turned = COLOURS[first:] + COLOURS[:first]
        found[name] = next((colour for colour in turned if colour not in found.values()), turned[0])
    return found
