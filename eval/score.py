"""Scoring a file of predictions against a file of gold: every measure that the gold allows."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from allabel.document import DocId, Document, Span, span_values
from allabel.errors import InputError
from allabel.reply import Grounding, Proposal, Status
from eval.counts import Counts, Scores
from eval.pairing import Pair, read_pairs
from eval.semeval import SemEval, Tally, semeval
from eval.strict import strict
from eval.table import Row, aligned
from eval.value import value


@dataclass(frozen=True, slots=True)
class Report:
    """What `allabel eval score` says.

    n_documents: scored documents, those without a reply included. unscored: ids of documents that carry no gold.
    missing: ids of scored documents that nobody tagged; they predict nothing. statuses: how many replies ended how.
    n_proposals, n_ungrounded: over replies that are `ok`; ungrounded is a mention that is not in its text.
    strict, semeval: None where no document has entities; note says why, or which documents they leave out.
    n_strict: documents behind `strict` and `semeval`; `values` always covers all `n_documents`.
    """

    n_documents: int
    unscored: tuple[DocId, ...]
    missing: tuple[DocId, ...]
    statuses: Mapping[Status, int]
    n_proposals: int
    n_ungrounded: int
    n_strict: int
    strict: Scores | None
    semeval: SemEval | None
    values: Scores
    note: str

    @property
    def n_failed(self) -> int:
        """How many replies ended otherwise than `ok`; each predicts nothing."""
        return sum(n for status, n in self.statuses.items() if status is not Status.OK)

    @property
    def ungrounded_rate(self) -> float:
        """The share of proposals that are not in their text; 0 where nothing was proposed."""
        return self.n_ungrounded / self.n_proposals if self.n_proposals else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Give plain data for JSON; ratios are not rounded."""
        lenient = self.semeval
        return {
            "n_documents": self.n_documents,
            "n_unscored": len(self.unscored),
            "unscored": list(self.unscored),
            "n_missing": len(self.missing),
            "missing": list(self.missing),
            "n_failed": self.n_failed,
            "statuses": {status.value: n for status, n in self.statuses.items()},
            "n_proposals": self.n_proposals,
            "n_ungrounded": self.n_ungrounded,
            "ungrounded_rate": self.ungrounded_rate,
            "n_strict": self.n_strict,
            "strict": self.strict and _scores_json(self.strict),
            "partial": lenient and _tally_json(lenient.partial),
            "type": lenient and _tally_json(lenient.type),
            "exact": lenient and _tally_json(lenient.exact),
            "value": _scores_json(self.values),
            "note": self.note,
        }

    def render(self) -> str:
        """Lay the report out for people: plain text, aligned, ratios to four digits."""
        replies = ", ".join(f"{status.value} {n}" for status, n in self.statuses.items() if n) or "none"
        rate = f"{self.n_ungrounded} of {self.n_proposals} proposals ({self.ungrounded_rate:.4f})"
        head = [
            ["documents", str(self.n_documents)],
            *([["without gold", f"{len(self.unscored)} (not scored)"]] if self.unscored else []),
            ["not tagged", str(len(self.missing))],
            ["failed replies", str(self.n_failed)],
            ["replies", replies],
            ["ungrounded", rate],
        ]
        rows: list[Row] = [["", "precision", "recall", "F1", "right", "predicted", "gold"]]
        if self.strict is not None:
            rows += _scores_rows("strict", self.strict)
        if self.semeval is not None:
            tallies = {"partial": self.semeval.partial, "type": self.semeval.type, "exact": self.semeval.exact}
            rows += [_row(name, t, t.credit, t.actual, t.possible) for name, t in tallies.items()]
        rows += _scores_rows("value", self.values)
        parts = [aligned(head, right=False), aligned(rows)]
        return "\n\n".join([*parts, f"note: {self.note}"] if self.note else parts) + "\n"


def score_files(gold_path: Path, pred_path: Path, *, only_tagged: bool = False) -> Report:
    """Score the predictions of one file against the gold of another, paired by id.

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
    return score(pairs)


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
        values=value(
            [_gold_values(pair.gold) for pair in scored],
            [_predicted_values(pair.gold.text, found) for pair, found in zip(scored, proposals, strict=True)],
        ),
        note=_note(len(with_spans), len(scored)),
    )


def _spans(proposals: Iterable[Proposal]) -> set[Span]:
    return {p.span for p in proposals if p.span is not None}


def _gold_values(document: Document) -> Mapping[str, tuple[str, ...]]:
    return document.values if document.values is not None else span_values(document.text, document.entities or ())


def _predicted_values(text: str, proposals: Iterable[Proposal]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for p in proposals:
        found.setdefault(p.label, set()).add(p.mention if p.span is None else text[p.span.start : p.span.end])
    return found


def _note(n_strict: int, n_scored: int) -> str:
    if n_strict == n_scored:
        return ""
    if not n_strict:
        return "gold has values without offsets, so there is nothing to hold a span against: no strict score"
    return (
        f"strict, partial, type and exact cover the {n_strict} documents whose gold has offsets; "
        f"the other {n_scored - n_strict} have values only"
    )


def _ratios_json(one: Counts | Tally) -> dict[str, Any]:
    return {"precision": one.precision, "recall": one.recall, "f1": one.f1}


def _counts_json(counts: Counts) -> dict[str, Any]:
    numbers = {"true_positive": counts.true_positive, "predicted": counts.predicted, "gold": counts.gold}
    return _ratios_json(counts) | numbers


def _scores_json(scores: Scores) -> dict[str, Any]:
    per_label = {label: _counts_json(counts) for label, counts in scores.per_label.items()}
    return {"micro": _counts_json(scores.micro), "macro_f1": scores.macro_f1, "per_label": per_label}


def _tally_json(tally: Tally) -> dict[str, Any]:
    names = ("correct", "incorrect", "partial", "missed", "spurious")
    return _ratios_json(tally) | {name: getattr(tally, name) for name in names}


def _scores_rows(name: str, scores: Scores) -> list[Row]:
    labels = [_counts_row(f"  {label}", counts) for label, counts in scores.per_label.items()]
    return [_counts_row(f"{name} micro", scores.micro), [f"{name} macro", "", "", f"{scores.macro_f1:.4f}"], *labels]


def _counts_row(name: str, counts: Counts) -> Row:
    return _row(name, counts, counts.true_positive, counts.predicted, counts.gold)


def _row(name: str, ratios: Counts | Tally, *numbers: float) -> Row:
    return [name, *(f"{r:.4f}" for r in (ratios.precision, ratios.recall, ratios.f1)), *(f"{n:.12g}" for n in numbers)]
