"""Pictures of scores: what each measure says of one text, and how sure it is where two curves cross."""

from collections.abc import Mapping, Sequence

import numpy as np
from picture_corpus import chosen, documents
from picture_svg import BLUE, GREEN, INK, MONO, ORANGE, SMALL, SOFT, Picture, Scale, axes, legend

from allabel.annotate.embedded import EmbeddedAnnotator
from allabel.document import Document, Span
from eval.bootstrap import FloatArray
from eval.compare.compared import Crossing
from eval.compare.crossing import Line, crossing
from eval.experiments.measured import IntArray
from eval.resampled import draws_by_text, interval_of, replicates, seed_draws
from eval.semeval import match, semeval
from eval.simulate import demonstrations
from eval.strict import strict_by_document

BUDGETS = ("5%", "10%", "20%", "40%")
ARMS = {"chosen by adaptive": "adaptive", "chosen at random": "uniform"}
# Of the pool, drawn anew by each seed.
SHARE = 0.8
N_DRAWN = 1000
Curves = Mapping[str, FloatArray]
Row = tuple[Span | None, Span | None, tuple[str, ...]]


def what_each_measure_says(quick: bool) -> Picture:
    """Draw gold and prediction of one text, and what strict, exact, partial and type give for each pair."""
    shown = demonstrations(chosen("adaptive", "10%", 0, quick))
    texts = [d for d in documents("test", quick) if len(d.text) <= 94]
    found = [r.spans for r in EmbeddedAnnotator().annotate([d.text for d in texts], shown)]
    document, predicted = max(zip(texts, found, strict=True), key=lambda both: _kinds(both[0], both[1]))
    pairs = _pairs(document, predicted)
    picture = Picture("", "", 740, 174 + 26 * len(pairs))
    for label, y, spans, colour in (("gold", 34, document.entities or (), ORANGE), ("found", 80, predicted, BLUE)):
        picture.text(6, y, label, size=SMALL)
        picture.mono(48, y, document.text, size=SMALL)
        for span in spans:
            left, right = 48 + span.start * MONO * SMALL, 48 + span.end * MONO * SMALL
            picture.box(left, y - 12, right - left, 17, fill=colour, opacity=0.3, stroke=colour)
            number = next(n for n, (g, p, _) in enumerate(pairs, 1) if span in ((g,) if label == "gold" else (p,)))
            picture.text((left + right) / 2, y + 17, str(number), anchor="middle", size=SMALL, fill=SOFT)
    heads = ("gold", "found", "strict", "exact", "partial", "type")
    places = (12, 230, 470, 540, 610, 680)
    for head, x in zip(heads, places, strict=True):
        picture.text(x, 130, head, bold=True)
    for i, (_, _, row) in enumerate(pairs):
        for told, x in zip((f"{i + 1}  {row[0]}", *row[1:]), places, strict=True):
            picture.text(x, 156 + 26 * i, told)
    both = [document.entities or ()], [predicted]
    counts, lenient = strict_by_document(*both)[0], semeval(*both)
    f1 = (counts.f1, lenient.exact.f1, lenient.partial.f1, lenient.type.f1)
    y = 156 + 26 * len(pairs)
    picture.line(12, y - 16, 730, y - 16, stroke=INK)
    picture.text(230, y + 4, "F1 of this text", bold=True)
    for value, x in zip(f1, places[2:], strict=True):
        picture.text(x, y + 4, f"{value:.2f}", bold=True)
    picture.title = "What four measures say of one text"
    picture.description = f"The text: {document.text} " + "; ".join(" / ".join(row) for _, _, row in pairs) + "."
    return picture


def where_curves_cross(quick: bool) -> Picture:
    """Draw F1 by budget where adaptive and where random choice chose, with intervals, and where the two cross."""
    seeds, test = range(2 if quick else 5), documents("test", quick)
    rng = np.random.default_rng(0)
    texts = draws_by_text([[d.id for d in test]] * len(seeds), N_DRAWN, rng)
    drawn = seed_draws(len(seeds), N_DRAWN, rng)
    n_texts = np.array([len(chosen("uniform", budget, 0, quick, SHARE)) for budget in BUDGETS], dtype=float)
    point: dict[str, FloatArray] = {}
    spread: dict[str, FloatArray] = {}
    for name, strategy in ARMS.items():
        counts = [[_counts(chosen(strategy, b, s, quick, SHARE), test) for s in seeds] for b in BUDGETS]
        point[name] = np.array([np.mean([_micro(c) for c in of_seeds]) for of_seeds in counts])
        spread[name] = np.array([replicates(of_seeds, texts, drawn) for of_seeds in counts])
    a, b = ARMS
    curves = Line(n_texts, point[a]), Line(n_texts, point[b])
    resampled = [(Line(n_texts, spread[a][:, i]), Line(n_texts, spread[b][:, i])) for i in range(N_DRAWN)]
    return _crossed(n_texts, point, spread, crossing("texts", (a, b), curves, resampled))


def _crossed(n_texts: FloatArray, point: Curves, spread: Curves, met: Crossing) -> Picture:
    picture = Picture("", "", 640, 440)
    low = float(np.floor(10 * min(s.min() for s in spread.values())) / 10)
    x, y = Scale((float(n_texts[0]) * 0.9, float(n_texts[-1]) * 1.1), (70, 610), log=True), Scale((low, 0.9), (360, 50))
    ticks = [(n, f"{n:.0f}") for n in n_texts], [(f / 10, f"{f / 10:.1f}") for f in range(round(10 * low), 10)]
    axes(picture, x, y, ticks, ("annotated sentences (logarithmic)", "strict micro F1 on 84 other sentences"))
    if met.at is not None and met.low is not None and met.high is not None:
        picture.area([(x(met.low), 50), (x(met.high), 50), (x(met.high), 360), (x(met.low), 360)], fill=GREEN)
        picture.line(x(met.at), 50, x(met.at), 360, stroke=GREEN, width=2, dash="6 4")
    told = []
    marks = (("circle", BLUE, -3), ("square", ORANGE, 3))
    for (shape, colour, aside), name in zip(marks, point, strict=True):
        picture.path([(x(n), y(f1)) for n, f1 in zip(n_texts, point[name], strict=True)], stroke=colour)
        for n, f1, of in zip(n_texts, point[name], spread[name], strict=True):
            bounds = interval_of(of, float(f1))
            picture.line(x(n) + aside, y(bounds.low), x(n) + aside, y(bounds.high), stroke=colour, width=2)
            picture.mark(shape, x(n), y(f1), fill=colour)
            told.append(f"{name} {n:.0f}: {f1:.2f} ({bounds.low:.2f} to {bounds.high:.2f})")
    legend(picture, 400, 310, [(shape, colour, name) for (shape, colour, _), name in zip(marks, point, strict=True)])
    said = _met(met)
    picture.text(30, 428, said, fill=SOFT, size=SMALL)
    picture.title = "Where random choice overtakes adaptive, by texts, and how sure that is"
    picture.description = f"{said} {'; '.join(told)}."
    return picture


def _met(met: Crossing) -> str:
    share = f"{100 * met.share:.0f} % of the resamples"
    if met.at is None or met.low is None or met.high is None:
        return f"no crossing of the means; {share} have one"
    within = f"95 % interval {met.low:.0f} to {met.high:.0f}"
    return f"crossing at {met.at:.0f} sentences, {within}, of the {share} that cross so"


def _kinds(document: Document, predicted: tuple[Span, ...]) -> tuple[int, int]:
    """Return how many kinds of pairs a text has, and how many pairs."""
    rows = _pairs(document, predicted)
    return len({row[2:] for _, _, row in rows}), -len(rows)


def _pairs(document: Document, predicted: tuple[Span, ...]) -> list[Row]:
    """Return a row a pair, missed span and invented span, by place: gold, found, and what is said of them."""
    gold, found = set(document.entities or ()), set(predicted)
    both = match(gold, found)
    pairs: list[tuple[Span | None, Span | None]] = [*both]
    pairs += [(g, None) for g in gold - {g for g, _ in both}] + [(None, p) for p in found - {p for _, p in both}]
    rows = [(g, p, (_told(document, g, "none"), _told(document, p, "missed"), *_given(g, p))) for g, p in pairs]
    return sorted(rows, key=lambda row: (row[0] or row[1] or Span(0, 1, "")).start)


def _given(g: Span | None, p: Span | None) -> tuple[str, str, str, str]:
    """Return what strict, exact, partial and type give a pair; nothing for a missed or an invented span."""
    if g is None or p is None:
        return "0", "0", "0", "0"
    bounds, label = (g.start, g.end) == (p.start, p.end), g.label == p.label
    return "1" if bounds and label else "0", "1" if bounds else "0", "1" if bounds else "½", "1" if label else "0"


def _told(document: Document, span: Span | None, otherwise: str) -> str:
    if span is None:
        return otherwise
    words = document.text[span.start : span.end]
    return f"{words if len(words) <= 16 else words[:15] + '…'}: {span.label}"


def _counts(shown: Sequence[Document], test: Sequence[Document]) -> IntArray:
    """Return (n_texts, 1, 3): right, found, gold of each test text, by the annotator on board."""
    replies = EmbeddedAnnotator().annotate([d.text for d in test], demonstrations(shown))
    each = strict_by_document([d.entities or () for d in test], [r.spans for r in replies])
    return np.array([[[c.true_positive, c.predicted, c.gold]] for c in each], dtype=np.int64)


def _micro(counts: IntArray) -> float:
    right, found, gold = counts.sum(axis=(0, 1))
    return float(2 * right / max(1, found + gold))
