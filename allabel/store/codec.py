"""How spans, values and replies look as JSON in the database; what goes in comes out."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from allabel.document import DocId, Span
from allabel.reply import Grounding, Proposal, Reply, Shown, Status

Json = dict[str, Any]


def spans_to_json(spans: Iterable[Span]) -> list[Json]:
    """Write spans, sorted, as the native format does."""
    return [_span_to_json(span) for span in sorted(spans)]


def spans_from_json(data: Iterable[Json]) -> tuple[Span, ...]:
    """Read what `spans_to_json` wrote."""
    return tuple(_span_from_json(span) for span in data)


def values_to_json(values: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """Write document-level values, in the order given."""
    return {label: list(strings) for label, strings in values.items()}


def values_from_json(data: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """Read what `values_to_json` wrote."""
    return {label: tuple(strings) for label, strings in data.items()}


def reply_to_json(reply: Reply) -> Json:
    """Write a whole reply, raw text and all."""
    return {
        "status": reply.status.value,
        "proposals": [
            {
                "label": proposal.label,
                "mention": proposal.mention,
                "span": None if proposal.span is None else _span_to_json(proposal.span),
                "grounding": proposal.grounding.value,
                "score": _number_to_json(proposal.score),
            }
            for proposal in reply.proposals
        ],
        "perplexity": _number_to_json(reply.perplexity),
        "demonstrations": list(reply.demonstrations),
        "digests": [one.digest for one in reply.shown],
        "error": reply.error,
        "raw": reply.raw,
        "n_prompt_tokens": int(reply.n_prompt_tokens),
        "n_output_tokens": int(reply.n_output_tokens),
        "form": reply.form,
    }


def reply_from_json(data: Json) -> Reply:
    """Read what `reply_to_json` wrote."""
    return Reply(
        status=Status(data["status"]),
        proposals=tuple(
            Proposal(
                label=proposal["label"],
                mention=proposal["mention"],
                span=None if proposal["span"] is None else _span_from_json(proposal["span"]),
                grounding=Grounding(proposal["grounding"]),
                score=_number_from_json(proposal["score"]),
            )
            for proposal in data["proposals"]
        ),
        perplexity=_number_from_json(data["perplexity"]),
        shown=_shown_from_json(data),
        error=data["error"],
        raw=data["raw"],
        n_prompt_tokens=data["n_prompt_tokens"],
        n_output_tokens=data["n_output_tokens"],
        form=data.get("form", ""),
    )


def _shown_from_json(data: Json) -> tuple[Shown, ...]:
    # Replies kept before digests were have none.
    digests = data.get("digests") or [""] * len(data["demonstrations"])
    return tuple(Shown(DocId(id), digest) for id, digest in zip(data["demonstrations"], digests, strict=True))


def _span_to_json(span: Span) -> Json:
    return {"start": int(span.start), "end": int(span.end), "label": span.label}


def _span_from_json(data: Json) -> Span:
    return Span(data["start"], data["end"], data["label"])


def _number_to_json(number: float | None) -> float | str | None:
    # JSON has no infinity, and PostgreSQL holds to that: an endless perplexity travels as a string.
    return number if number is None else float(number) if math.isfinite(number) else str(float(number))


def _number_from_json(data: float | str | None) -> float | None:
    return None if data is None else float(data)
