"""What the pictures of docs/explanation are drawn with: SVG of plain shapes, told to screen readers.

Lengths are in pixels. No type is smaller than 12 px, no colour tells anything alone, and every number is written with
one decimal, so that the same computation gives the same file.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

# Okabe and Ito's palette: told apart by most colour-blind readers. Text is never written in it.
BLUE, ORANGE, GREEN, PURPLE, SKY, RED = "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00"
INK, SOFT, FAINT, PAPER = "#1a1a1a", "#555555", "#cccccc", "#ffffff"
SMALL, NORMAL, LARGE = 12, 14, 16
# Of a monospaced letter, in parts of its size; `textLength` makes it so whatever font the reader has.
MONO = 0.6


@dataclass(frozen=True, slots=True)
class Scale:
    """From values to pixels, linear or logarithmic."""

    values: tuple[float, float]
    pixels: tuple[float, float]
    log: bool = False

    def __call__(self, value: float) -> float:
        """Return the place of a value."""
        (low, high), (first, last) = self.values, self.pixels
        if self.log:
            low, high, value = math.log(low), math.log(high), math.log(value)
        return first + (last - first) * (value - low) / (high - low)


@dataclass(slots=True)
class Picture:
    """A picture that is being drawn. title: one line; description: what a reader who does not see it must know."""

    title: str
    description: str
    width: float
    height: float
    parts: list[str] = field(default_factory=list)

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        size: float = NORMAL,
        anchor: str = "start",
        bold: bool = False,
        fill: str = INK,
    ) -> None:
        """Write one line; y is its base line."""
        weight = ' font-weight="bold"' if bold else ""
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" text-anchor="{anchor}" fill="{fill}"{weight}>'
            f"{escape(words)}</text>"
        )

    def mono(self, x: float, y: float, words: str, *, size: float = NORMAL, fill: str = INK) -> None:
        """Write one line in letters of one width, `MONO * size` each, so that places in it are known."""
        if words:
            self.parts.append(
                f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" fill="{fill}" font-family="monospace" '
                f'xml:space="preserve" textLength="{len(words) * MONO * size:.1f}" lengthAdjust="spacingAndGlyphs">'
                f"{escape(words)}</text>"
            )

    def line(
        self, x1: float, y1: float, x2: float, y2: float, *, stroke: str = FAINT, width: float = 1, dash: str = ""
    ) -> None:
        """Draw a straight line."""
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{stroke}" '
            f'stroke-width="{width:g}"{dashed}/>'
        )

    def path(self, points: Sequence[tuple[float, float]], *, stroke: str, width: float = 2, dash: str = "") -> None:
        """Draw a line through points."""
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        told = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(f'<polyline points="{told}" fill="none" stroke="{stroke}" stroke-width="{width:g}"{dashed}/>')

    def area(self, points: Sequence[tuple[float, float]], *, fill: str, opacity: float = 0.18) -> None:
        """Fill what points go around."""
        told = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(f'<polygon points="{told}" fill="{fill}" fill-opacity="{opacity:g}"/>')

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        *,
        fill: str = "none",
        opacity: float = 1,
        stroke: str = "none",
        dash: str = "",
    ) -> None:
        """Draw a rectangle."""
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{fill}" '
            f'fill-opacity="{opacity:.2f}" stroke="{stroke}"{dashed}/>'
        )

    def mark(self, shape: str, x: float, y: float, *, fill: str, r: float = 5) -> None:
        """Draw a marker: circle, square, triangle, diamond or cross; shapes tell apart what colours may not."""
        points = {
            "square": [(-1, -1), (1, -1), (1, 1), (-1, 1)],
            "triangle": [(0, -1.2), (1.1, 0.9), (-1.1, 0.9)],
            "diamond": [(0, -1.35), (1.35, 0), (0, 1.35), (-1.35, 0)],
        }
        if shape == "circle":
            self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r:g}" fill="{fill}" stroke="{PAPER}"/>')
        elif shape == "cross":
            self.line(x - r, y - r, x + r, y + r, stroke=fill, width=2)
            self.line(x - r, y + r, x + r, y - r, stroke=fill, width=2)
        else:
            told = " ".join(f"{x + a * r:.1f},{y + b * r:.1f}" for a, b in points[shape])
            self.parts.append(f'<polygon points="{told}" fill="{fill}" stroke="{PAPER}"/>')

    def svg(self) -> str:
        """Return the file."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width:g} {self.height:g}" '
            f'width="{self.width:g}" height="{self.height:g}" role="img" aria-labelledby="title desc" '
            "font-family=\"system-ui, 'DejaVu Sans', Arial, sans-serif\">\n"
            f'<title id="title">{escape(self.title)}</title>\n<desc id="desc">{escape(self.description)}</desc>\n'
            f'<rect width="{self.width:g}" height="{self.height:g}" fill="{PAPER}"/>\n'
            + "\n".join(self.parts)
            + "\n</svg>\n"
        )


def axes(
    picture: Picture,
    x: Scale,
    y: Scale,
    ticks: tuple[Sequence[tuple[float, str]], Sequence[tuple[float, str]]],
    names: tuple[str, str],
) -> None:
    """Draw a frame with ticks `(value, what is written)` of x and of y, and the axes' names."""
    (left, right), (bottom, top) = x.pixels, y.pixels
    for value, told in ticks[1]:
        picture.line(left, y(value), right, y(value))
        picture.text(left - 8, y(value) + 5, told, anchor="end", fill=SOFT, size=SMALL + 1)
    for value, told in ticks[0]:
        picture.line(x(value), bottom, x(value), bottom + 5, stroke=SOFT)
        picture.text(x(value), bottom + 20, told, anchor="middle", fill=SOFT, size=SMALL + 1)
    picture.line(left, bottom, right, bottom, stroke=SOFT)
    picture.text((left + right) / 2, bottom + 40, names[0], anchor="middle")
    picture.text(left, top - 10, names[1])


def legend(picture: Picture, x: float, y: float, rows: Sequence[tuple[str, str, str]], step: float = 22) -> None:
    """Write what markers mean: `(shape, colour, words)` one below the other; y is the first row's middle."""
    for i, (shape, colour, words) in enumerate(rows):
        picture.mark(shape, x, y + i * step, fill=colour)
        picture.text(x + 12, y + i * step + 5, words)
