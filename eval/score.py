"""Scoring predictions against gold by every measure that the gold allows."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from allabel.document import Document, Span, span_values
from allabel.errors import InputError
from allabel.reply import Grounding, Proposal, Status
from eval.confusion import confusion
from eval.pairing import Pair, read_pairs
from eval.reliability import judged, reliability
from eval.score_text import Report
from eval.semeval import semeval
from eval.strict import strict
from eval.value import value, values_of


def read_scorable(gold_path: Path, pred_path: Path, *, only_tagged: bool = False) -> list[Pair]:
    """Read the gold of one file and the predictions of another, paired by id.

    only_tagged: leave gold documents without a reply out, where the file tags a part of the corpus on purpose.
    Raises InputError where the files cannot be read or do not belong together (see `eval.pairing`), or where no gold
    document carries gold.
    """
    pairs = read_pairs(gold_path, pred_path)
    if only_tagged:
        pairs = [pair for pair in pairs if pair.reply is not None]
    if not any(pair.gold.is_gold for pair in pairs):
        raise InputError(
            f"none of the {len(pairs)} documents carries `entities` or `values`",
            file=gold_path,
            remedy="name the file with the gold; the order is GOLD PRED",
        )
    return pairs


def score(pairs: Sequence[Pair]) -> Report:
    """Score pairs of gold and reply by every measure that the gold allows.

    A reply that is missing or not `ok` predicts nothing, and is counted. Strict and SemEval scores cover documents
    with entities. Value scores cover all: gold is the document's values, or the strings of its entities where it has
    none; a proposal predicts the string of its span, or its mention where it is not in the text.
    """
    scored = [pair for pair in pairs if pair.gold.is_gold]
    proposals = [pair.proposals for pair in scored]
    with_spans = [(p.gold.entities, _spans(p.proposals)) for p in scored if p.gold.entities is not None]
    gold, predicted = [g for g, _ in with_spans], [p for _, p in with_spans]
    statuses = Counter(pair.reply.status for pair in scored if pair.reply is not None)
    return Report(
        n_documents=len(scored),
        unscored=tuple(pair.gold.id for pair in pairs if not pair.gold.is_gold),
        missing=tuple(pair.gold.id for pair in scored if pair.reply is None),
        statuses={status: statuses[status] for status in Status},
        n_proposals=sum(map(len, proposals)),
        n_ungrounded=sum(p.grounding is Grounding.MISSING for found in proposals for p in found),
        n_strict=len(with_spans),
        strict=strict(gold, predicted) if with_spans else None,
        semeval=semeval(gold, predicted) if with_spans else None,
        confusion=confusion(gold, predicted) if with_spans else None,
        values=value(
            [_gold_values(pair.gold) for pair in scored],
            [values_of(pair.gold.text, pair.reply) if pair.reply is not None else {} for pair in scored],
        ),
        reliability=reliability(
            one for pair in scored if pair.reply is not None for one in judged(pair.gold, pair.reply)
        ),
        note=_note(len(with_spans), len(scored)),
    )


def _spans(proposals: Iterable[Proposal]) -> set[Span]:
    return {p.span for p in proposals if p.span is not None}


def _gold_values(document: Document) -> Mapping[str, tuple[str, ...]]:
    return document.values if document.values is not None else span_values(document.text, document.entities or ())


def _note(n_strict: int, n_scored: int) -> str:
    if n_strict == n_scored:
        return ""
    if not n_strict:
        return "gold has values without offsets, so there is nothing to hold a span against: no strict score"
    return (
        f"strict, partial, type and exact cover the {n_strict} documents whose gold has offsets; "
        f"the other {n_scored - n_strict} have values only"
    )
