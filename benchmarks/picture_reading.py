"""Pictures of single texts: which demonstrations one is shown, where mentions stand, what the annotator sees."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from picture_corpus import documents, shortened, taught
from picture_svg import BLUE, GREEN, INK, MONO, NORMAL, ORANGE, PURPLE, RED, SKY, SMALL, SOFT, Picture

from allabel.annotate.base import Demonstration
from allabel.annotate.embedded import EmbeddedAnnotator
from allabel.annotate.ground import ground_mentions
from allabel.annotate.llm.base import Mention
from allabel.annotate.llm.choose_demonstrations import DemonstrationChooser
from allabel.annotate.pieces import iob2, pieces
from allabel.document import Document
from allabel.reply import Grounding, Proposal
from retrieval.base import FloatArray
from retrieval.bm25 import Bm25

SHOTS = 4
WAYS: dict[str, dict[str, float | bool]] = {
    "nearest": {},
    "floor 0.7": {"floor": 0.7},
    "diversity 0.5": {"diversity": 0.5},
    "cover_labels": {"cover_labels": True},
}
# A reply as a model might write it, to a sentence of the shipped corpus: one mention of each kind of grounding.
GROUNDED = "organic-005"
REPLY = (
    ("Reagent", "tert-butyl 4-oxopiperidine-1-carboxylate", None),
    ("Solvent", "methanol", None),
    ("Reagent", "NaBH₄", None),
    ("Amount", "20 mmol", None),
    ("Reagent", "tert-butyl", None),
    ("Product", "sodium borohydride", None),
)
GROUNDING = {"exact": BLUE, "normalised": GREEN, "ambiguous": ORANGE, "overlapping": PURPLE, "missing": RED}


def which_are_shown(quick: bool) -> Picture:
    """Draw the candidates of one text by BM25, and which of them four settings show."""
    shown = taught("20%", quick)
    text, ways = _telling([d for d in documents("test", quick) if d.entities], shown)
    index = Bm25([d.text for d in shown])
    scores = index.scores([text.text])[0]
    ranked = [shown[i] for i in np.argsort(-scores, kind="stable")]
    score = {d.id: float(s) for d, s in zip(shown, scores, strict=True)}
    wanted = {d.id for found in ways.values() for d in found}
    rows = [(rank, d) for rank, d in enumerate(ranked, 1) if d.id in wanted or rank <= SHOTS]
    picture = Picture(
        f"Which of {len(shown)} annotated sentences one text is shown, by four settings",
        f"The text: {text.text} "
        + "; ".join(f"{way}: {', '.join(d.id for d in found)}" for way, found in ways.items())
        + ".",
        790,
        112 + 40 * len(rows),
    )
    picture.text(10, 22, "the text", bold=True)
    picture.text(80, 22, shortened(text.text, 88))
    for i, way in enumerate(ways):
        picture.text(470 + 84 * i, 56 + 16 * (i % 2), way, anchor="middle", size=SMALL + 1)
    picture.text(10, 66, "annotated sentences by BM25, and their labels", bold=True)
    for i, (rank, d) in enumerate(rows):
        y = 92 + 40 * i
        picture.box(10, y - 10, 395 * score[d.id] / score[ranked[0].id], 32, fill=SKY, opacity=0.35)
        picture.text(14, y + 3, f"{rank}. {shortened(d.text, 52)}", size=SMALL + 1)
        labels = sorted({span.label for span in d.entities})
        picture.text(14, y + 18, f"{score[d.id]:.1f}: {', '.join(labels) or 'no entity'}", size=SMALL, fill=SOFT)
        for j, found in enumerate(ways.values()):
            if d in found:
                picture.mark("circle", 470 + 84 * j, y + 4, fill=BLUE, r=8)
            else:
                picture.line(464 + 84 * j, y + 4, 476 + 84 * j, y + 4)
    return picture


def where_mentions_stand(quick: bool) -> Picture:
    """Draw one text with a reply's mentions, each as it was grounded."""
    (document,) = [d for part in ("pool", "test") for d in documents(part, False) if d.id == GROUNDED]
    found = ground_mentions(document.text, [Mention(*told, 0, 0) for told in REPLY], overlap=False)
    # What the program keeps of these is `overlapping` without a span; the picture shows where it would have stood.
    across = [replace(p, grounding=Grounding.OVERLAPPING) for p in found.overlapping]
    every = [*found.proposals, *across]
    picture = Picture(
        "Where the mentions of a reply stand in their text, and how sure that is",
        f"The text: {document.text} " + "; ".join(f"{p.mention}, {p.label}: {p.grounding}" for p in every) + ".",
        700,
        330,
    )
    for row, (start, end) in enumerate(_lines(document.text, 78)):
        for p in every:
            _underlay(picture, p, start, end, 34 + 46 * row)
        picture.mono(12, 34 + 46 * row, document.text[start:end])
    picture.text(12, 178, "what the reply says", bold=True)
    picture.text(430, 178, "what comes of it", bold=True)
    for i, p in enumerate(every):
        y, colour = 202 + 22 * i, GROUNDING[p.grounding]
        picture.box(12, y - 12, 14, 14, fill=colour, opacity=0.5, stroke=colour)
        picture.text(34, y, f"{p.label}: {p.mention}")
        placeless = p.span is None or p.grounding is Grounding.OVERLAPPING
        at = "no span" if placeless or p.span is None else f"{p.span.start} to {p.span.end}"
        picture.text(430, y, f"{p.grounding}, {at}")
    return picture


def _underlay(picture: Picture, p: Proposal, start: int, end: int, y: float) -> None:
    """Draw the part of a mention's box that lies in the line of letters start to end; an overlapping one below it."""
    if p.span is None or p.span.start >= end or p.span.end <= start:
        return
    letter, colour, below = MONO * NORMAL, GROUNDING[p.grounding], p.grounding is Grounding.OVERLAPPING
    left, right = 12 + (max(p.span.start, start) - start) * letter, 12 + (min(p.span.end, end) - start) * letter
    top, height, opacity = (y + 8, 6, 0.75) if below else (y - 15, 21, 0.25)
    picture.box(left, top, right - left, height, fill=colour, opacity=opacity, stroke=colour)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the annotator on board makes of a text. words, decided, gold: a piece each; shares: (n_pieces, n_labels)."""

    document: Document
    words: Sequence[str]
    labels: Sequence[str]
    shares: FloatArray
    decided: Sequence[str]
    gold: Sequence[str]


def what_is_seen(quick: bool) -> Picture:
    """Draw the probabilities that the annotator on board gives each piece of one text."""
    seen, wide = _doubted(quick), 46
    picture = Picture(
        "What the annotator on board makes of each piece of one text",
        f"The text: {seen.document.text} It decides: {' '.join(seen.decided)}. Gold: {' '.join(seen.gold)}.",
        130 + wide * len(seen.words),
        104 + 30 * len(seen.labels),
    )
    for i, word in enumerate(seen.words):
        picture.text(120 + wide * (i + 0.5), 30 + 16 * (i % 2), word, anchor="middle", size=SMALL)
        for j, label in enumerate(seen.labels):
            x, y, share = 120 + wide * i, 60 + 30 * j, float(seen.shares[i, j])
            picture.box(x, y, wide, 30, fill=BLUE, opacity=0.6 * share, stroke="#dddddd")
            if share >= 0.05:
                picture.text(x + wide / 2, y + 20, f"{100 * share:.0f}", anchor="middle", size=SMALL + 1)
            if seen.decided[i] == label:
                picture.box(x + 2, y + 2, wide - 4, 26, stroke=INK)
            if seen.gold[i] == label:
                picture.mark("diamond", x + wide - 8, y + 8, fill=ORANGE, r=4)
    for j, label in enumerate(seen.labels):
        picture.text(110, 80 + 30 * j, label, anchor="end")
    y = 86 + 30 * len(seen.labels)
    picture.text(12, y, "per cent; framed: what it decides")
    picture.mark("diamond", 280, y - 5, fill=ORANGE)
    picture.text(292, y, "what the expert said")
    return picture


def _doubted(quick: bool) -> _Seen:
    """Return the test text of 8 to 13 pieces that the annotator on board is least sure of."""
    tagger = EmbeddedAnnotator().fit(taught("10%", quick))
    texts = [d for d in documents("test", quick) if 8 <= len(pieces(d.text)) <= 13 and d.entities]
    found = list(tagger.tag([d.text for d in texts]))
    sure = [decoded.log_probability / len(tokens) if decoded else 0.0 for tokens, decoded, _ in found]
    at = int(np.argmin(sure))
    (tokens, decoded, _), document = found[at], texts[at]
    assert decoded is not None  # a text of 8 pieces is decoded
    of_tag = [_label(tag) for tag in tagger.crf.tags]
    labels = ["O", *sorted({*of_tag} - {"O"})]
    marginals = decoded.marginals()
    shares = np.stack(
        [marginals[:, [i for i, one in enumerate(of_tag) if one == name]].sum(axis=1) for name in labels], 1
    )
    return _Seen(
        document,
        [document.text[token.start : token.end] for token in tokens],
        labels,
        shares,
        [of_tag[i] for i in decoded.tags],
        [_label(tag) for tag in iob2(tokens, document.entities or ())],
    )


def _label(tag: str) -> str:
    return tag if tag == "O" else tag[2:]


def _telling(
    texts: Sequence[Document], shown: Sequence[Demonstration]
) -> tuple[Document, dict[str, list[Demonstration]]]:
    """Return the first text that the settings of `WAYS` show different demonstrations, and those."""
    ways = {}
    for way, options in WAYS.items():
        chooser = DemonstrationChooser(shown, Bm25, SHOTS, **options)  # type: ignore[arg-type]  # each of its own type
        ways[way] = chooser.choose([d.text for d in texts])
    most = [len({tuple(sorted(d.id for d in found[i])) for found in ways.values()}) for i in range(len(texts))]
    best = int(np.argmax(most))
    return texts[best], {way: found[best] for way, found in ways.items()}


def _lines(text: str, most: int) -> list[tuple[int, int]]:
    """Break a text at spaces into stretches of at most so many letters."""
    found, start = [], 0
    while len(text) - start > most:
        end = text.rindex(" ", start, start + most) + 1
        found.append((start, end))
        start = end
    return [*found, (start, len(text))]
