"""What `allabel eval score` says: as data, and as tables for people."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from allabel.document import DocId
from allabel.reply import Status
from eval.confusion import NOTHING, Confusion, Kind
from eval.counts import Counts, Scores
from eval.reliability import Reliability
from eval.semeval import SemEval, Tally
from eval.table import Row, aligned

# How many pairs of mistaken types the table names before it stops; the data hold them all.
_SHOWN = 5
_KINDS = {
    Kind.RIGHT: "right",
    Kind.TYPE: "other type",
    Kind.BOUNDARY: "other boundaries",
    Kind.BOTH: "other type and boundaries",
    Kind.MISSED: "missed",
    Kind.INVENTED: "invented",
}


@dataclass(frozen=True, slots=True)
class Report:
    """What `allabel eval score` says.

    n_documents: scored documents, those without a reply included. unscored: ids of documents that carry no gold.
    missing: ids of scored documents that nobody tagged; they predict nothing. statuses: how many replies ended how.
    n_proposals, n_ungrounded: over replies that are `ok`; ungrounded is a mention that is not in its text.
    strict, semeval: None where no document has entities; note says why, or which documents they leave out.
    confusion: as `strict`. reliability: of the proposals' scores; its bins are empty where no proposal has one.
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
    confusion: Confusion | None
    values: Scores
    reliability: Reliability
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
            "confusion": self.confusion and _confusion_json(self.confusion),
            "value": _scores_json(self.values),
            "calibration": asdict(self.reliability) if self.reliability.bins else None,
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
        if self.confusion is not None:
            parts += _confusion_tables(self.confusion)
        if self.reliability.bins:
            parts += _calibration_tables(self.reliability)
        return "\n\n".join([*parts, f"note: {self.note}"] if self.note else parts) + "\n"


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


def _confusion_json(found: Confusion) -> dict[str, Any]:
    kinds = {kind.value: found.n(kind) for kind in Kind}
    return {"kinds": kinds, "labels": [*found.labels, NOTHING], "matrix": found.matrix(found.labels).tolist()}


def _confusion_tables(found: Confusion) -> list[str]:
    tables = [aligned([["entities", ""], *([f"  {words}", str(found.n(kind))] for kind, words in _KINDS.items())])]
    mistaken = found.mistaken
    if mistaken:
        rows = [[f"  {gold} for", predicted, str(n)] for gold, predicted, n in mistaken[:_SHOWN]]
        more = f"\n  and {len(mistaken) - _SHOWN} more pairs" if len(mistaken) > _SHOWN else ""
        tables.append("taken for another type\n" + aligned(rows, right=False) + more)
    return tables


def _calibration_tables(found: Reliability) -> list[str]:
    n = found.n_scored + found.n_unscored
    head = f"calibration error {found.ece:.4f}, Brier {found.brier:.4f}; {found.n_scored} of {n} proposals have a score"
    rows: list[Row] = [["score", "proposals", "mean score", "right", "95 % from", "to"]]
    for b in found.bins:
        shares = (f"{share:.4f}" for share in (b.score, b.right, b.right_low, b.right_high))
        rows.append([f"{b.low:.1f} to {b.high:.1f}", str(b.n), *shares])
    return [head, aligned(rows)]
