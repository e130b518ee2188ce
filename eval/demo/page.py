"""The demonstration's page: one HTML file without a network, highlighted texts and the curve."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from allabel.document import Document, longest_spans
from allabel.formats.files import write_atomically
from allabel.reply import TaggedDocument
from allabel.schema import LabelSchema

if TYPE_CHECKING:
    from eval.demo.run import Outcome

WIDTH, HEIGHT, LEFT, BOTTOM = 640, 320, 48, 40


def write_page(
    outcome: "Outcome", schema: LabelSchema, shown: Sequence[tuple[TaggedDocument, Document]], path: Path
) -> None:
    """Write the page: what was found, the curve, and every tagged text beside its gold."""
    environment = Environment(loader=PackageLoader("eval.demo", "data"), autoescape=True, undefined=StrictUndefined)
    page = environment.get_template("page.html.jinja").render(
        outcome=outcome,
        labels=schema.labels,
        texts=[_text(tagged, gold) for tagged, gold in shown],
        plot=_plot(outcome),
    )
    with write_atomically(path) as file:
        file.write(page)


def _text(tagged: TaggedDocument, gold: Document) -> dict[str, Any]:
    right = set(gold.entities or ()) & set(tagged.reply.spans)
    scores = {p.span: p.score for p in tagged.reply.proposals if p.span}
    pieces, position = [], 0
    for span in longest_spans(tagged.reply.spans):
        pieces.append({"text": tagged.text[position : span.start], "label": "", "right": True, "score": None})
        pieces.append(
            {
                "text": tagged.text[span.start : span.end],
                "label": span.label,
                "right": span in right,
                "score": scores.get(span),
            }
        )
        position = span.end
    pieces.append({"text": tagged.text[position:], "label": "", "right": True, "score": None})
    missed = [{"label": s.label, "text": gold.text[s.start : s.end]} for s in gold.entities or () if s not in right]
    return {"id": tagged.id, "pieces": pieces, "missed": missed, "demonstrations": tagged.reply.demonstrations}


def _plot(outcome: "Outcome") -> dict[str, Any]:
    """Place the curve's points in the drawing: x is the budget on a root scale, y is F1 from 0 to 1."""

    def x(percent: float) -> float:
        return round(LEFT + (WIDTH - LEFT - 16) * math.sqrt(percent / 100), 1)

    def y(f1: float) -> float:
        return round((HEIGHT - BOTTOM) - (HEIGHT - BOTTOM - 12) * f1, 1)

    points = [
        {
            "percent": p.percent,
            "x": x(p.percent),
            "chosen": y(p.chosen),
            "random": y(p.random.difference),
            "low": y(max(0.0, p.random.low)),
            "high": y(min(1.0, p.random.high)),
        }
        for p in outcome.points
    ]
    band = [(p["x"], p["high"]) for p in points] + [(p["x"], p["low"]) for p in reversed(points)]
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "left": LEFT,
        "base": HEIGHT - BOTTOM,
        "right": x(100),
        "points": points,
        "whole": y(outcome.whole_pool),
        "ticks": [(f1 / 10, y(f1 / 10)) for f1 in range(0, 11, 2)],
        "band": " ".join(f"{a},{b}" for a, b in band),
        "chosen": " ".join(f"{p['x']},{p['chosen']}" for p in points),
        "random": " ".join(f"{p['x']},{p['random']}" for p in points),
    }
