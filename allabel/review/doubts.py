"""Where the model disagrees with a confirmed annotation: the likeliest annotation errors first.

Source: Klie, Webber & Gurevych 2023, "Annotation Error Detection" (disagreement with a model trained by
cross-validation, ranked by its confidence; their "retag" and "confident" families).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from allabel.annotate.base import Annotator, Demonstration
from allabel.annotate.pieces import pieces
from allabel.document import DocId, Span, longest_spans
from allabel.errors import InputError
from allabel.reply import Reply, Status

FOLDS = 5


class Doubt(StrEnum):
    """How a model's reply differs from a confirmed annotation."""

    NOT_MARKED = "marked by the model only"
    NOT_SEEN = "marked by the person only"
    OTHER_LABEL = "another label"
    OTHER_BOUNDS = "other bounds"


@dataclass(frozen=True, slots=True)
class Doubted:
    """One difference. confirmed, proposed: the person's span and the model's, None where that side has none.

    score: how sure the model is, in [0, 1]; None where it cannot tell.
    """

    doc_id: DocId
    doubt: Doubt
    confirmed: Span | None
    proposed: Span | None
    score: float | None


def held_out_replies(
    annotator: Annotator, annotated: Sequence[Demonstration], rng: np.random.Generator, folds: int = FOLDS
) -> dict[DocId, Reply]:
    """Tag each annotated text from the others alone, so that nothing is held against what it was learned from.

    The texts are drawn into folds, the same text always into one; each fold is tagged with the rest as demonstrations.
    The annotator on board is trained `folds` times: 2 s for 200 sentences, 20 s for 2,000; see `allabel.apart`.
    Raises InputError below two distinct texts.
    """
    distinct = list(dict.fromkeys(d.text for d in annotated))
    if len(distinct) < 2:
        raise InputError(
            f"{len(distinct)} annotated texts cannot be held against each other", remedy="annotate two texts at least"
        )
    drawn = rng.permutation(len(distinct)) % min(folds, len(distinct))
    fold_of = dict(zip(distinct, drawn.tolist(), strict=True))
    replies: dict[DocId, Reply] = {}
    for fold in sorted({*fold_of.values()}):
        held_out = [d for d in annotated if fold_of[d.text] == fold]
        rest = [d for d in annotated if fold_of[d.text] != fold]
        found = annotator.annotate([d.text for d in held_out], rest)
        replies |= {d.id: reply for d, reply in zip(held_out, found, strict=True)}
    return {d.id: replies[d.id] for d in annotated}


def doubts(annotated: Iterable[Demonstration], replies: Mapping[DocId, Reply]) -> list[Doubted]:
    """Return every difference between annotation and reply, the one the model is surest of first.

    replies: by text; one that is missing or not `ok` says nothing. They ought to be `held_out_replies`: a model agrees
    with what it learned from.
    """
    found: list[Doubted] = []
    for one in annotated:
        reply = replies.get(one.id)
        if reply is not None and reply.status is Status.OK:
            found += _of_text(one, reply)
    return sorted(found, key=lambda doubt: -1.0 if doubt.score is None else doubt.score, reverse=True)


def _of_text(one: Demonstration, reply: Reply) -> list[Doubted]:
    proposed = {p.span: p for p in reply.proposals if p.span is not None}
    confirmed = set(one.entities)
    # Who proposes no overlapping spans is not to be blamed for the inner ones.
    if longest_spans(proposed) == tuple(sorted(proposed)):
        agreed = confirmed & proposed.keys()
        confirmed = {*longest_spans(confirmed)} | agreed
    left, extra = sorted(confirmed - proposed.keys()), sorted(proposed.keys() - confirmed)
    pairs = _matched(left, extra)
    doubted = [
        Doubted(
            one.id,
            Doubt.OTHER_BOUNDS if theirs.label == mine.label else Doubt.OTHER_LABEL,
            mine,
            theirs,
            proposed[theirs].score,
        )
        for mine, theirs in pairs
    ]
    taken = {span for pair in pairs for span in pair}
    doubted += [Doubted(one.id, Doubt.NOT_MARKED, None, s, proposed[s].score) for s in extra if s not in taken]
    missed = [span for span in left if span not in taken]
    doubted += [Doubted(one.id, Doubt.NOT_SEEN, s, None, _silence(one.text, s, reply)) for s in missed]
    return doubted


def _matched(left: Sequence[Span], extra: Sequence[Span]) -> list[tuple[Span, Span]]:
    """Pair spans that overlap, each once: those that share most first, the same label before another."""

    def shared(mine: Span, theirs: Span) -> tuple[int, bool]:
        return min(mine.end, theirs.end) - max(mine.start, theirs.start), mine.label == theirs.label

    touching = [(a, b) for a in left for b in extra if a.overlaps(b)]
    pairs: list[tuple[Span, Span]] = []
    taken: set[Span] = set()
    for mine, theirs in sorted(touching, key=lambda pair: shared(*pair), reverse=True):
        if not {mine, theirs} & taken:
            pairs.append((mine, theirs))
            taken |= {mine, theirs}
    return pairs


def _silence(text: str, span: Span, reply: Reply) -> float | None:
    """Estimate how sure a model is of a span's absence: a token's mean probability, once for each token of the span.

    No annotator scores what it does not propose; this stands on the same scale as the score of an entity that long.
    """
    if reply.perplexity is None:
        return None
    n_tokens = sum(piece.start < span.end and span.start < piece.end for piece in pieces(text))
    return float(reply.perplexity ** -max(1, n_tokens))
