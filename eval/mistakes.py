"""Errors one by one, with their surroundings: lines for a file that people search and sort."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from allabel.document import Span
from allabel.formats.files import write_atomically
from allabel.formats.native import dump_json
from allabel.reply import Status
from eval.confusion import Kind, errors
from eval.pairing import Pair
from eval.value import items_of, values_of

_Side = dict[str, Any] | None

# Code points on either side of an error.
_CONTEXT = 40


def write_mistakes(pairs: Sequence[Pair], path: Path) -> int:
    """Write one error a line, whole or not at all; return how many there are."""
    lines = [line for pair in pairs for line in mistakes(pair)]
    with write_atomically(path) as handle:
        for line in lines:
            handle.write(dump_json(line, f"an error of document {line['id']!r}", path) + "\n")
    return len(lines)


def mistakes(pair: Pair) -> Iterator[dict[str, Any]]:
    """Yield the errors of one document as plain data: `id`, `kind`, `gold`, `predicted`, `context`.

    Of gold with spans, `gold` and `predicted` are spans with their text, or None, and `context` is the text around
    both, 40 code points on either side. Of gold with values only they are label and text, and there is no context.
    A document without gold has no errors; one without a reply, or whose reply failed, misses all.
    """
    gold, reply = pair.gold, pair.reply
    if gold.entities is not None:
        predicted = reply.spans if reply is not None and reply.status is Status.OK else ()
        for kind, one, other in errors(gold.entities, predicted):
            spans = [span for span in (one, other) if span is not None]
            start, end = min(s.start for s in spans), max(s.end for s in spans)
            context = gold.text[max(0, start - _CONTEXT) : end + _CONTEXT]
            yield _line(pair, kind, _span(one, gold.text), _span(other, gold.text), context)
    elif gold.values is not None:
        wanted, found = items_of(gold.values), items_of(values_of(gold.text, reply) if reply is not None else {})
        for label, text in sorted(wanted ^ found):
            item = {"label": label, "text": text}
            missed = (label, text) in wanted
            kind = Kind.MISSED if missed else Kind.INVENTED
            yield _line(pair, kind, item if missed else None, None if missed else item, None)


def _line(pair: Pair, kind: Kind, gold: _Side, predicted: _Side, context: str | None) -> dict[str, Any]:
    return {"id": pair.gold.id, "kind": kind.value, "gold": gold, "predicted": predicted, "context": context}


def _span(span: Span | None, text: str) -> _Side:
    if span is None:
        return None
    return {"start": span.start, "end": span.end, "label": span.label, "text": text[span.start : span.end]}
