"""Answers, read as results."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from allabel.client.errors import unreadable
from allabel.client.results import (
    AnnotatedText,
    Confirmed,
    Entity,
    Job,
    JobState,
    Label,
    Labels,
    Limits,
    Readiness,
    Tagged,
    Ungrounded,
)
from allabel.document import Span
from allabel.errors import SpanError
from allabel.reply import Grounding, Status

T = TypeVar("T")
Json = dict[str, Any]


def read(body: bytes, as_what: Callable[[Json], T], headers: Mapping[str, str] | None = None) -> T:
    """Read a JSON object. Raises ApiError where it is none, or not of the form that it ought to be."""
    id = (headers or {}).get("x-request-id", "")
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise unreadable(f"no JSON, but {body[:100]!r}", id) from error
    if not isinstance(data, dict):
        raise unreadable(f"{str(data)[:100]}, which is no JSON object", id)
    try:
        return as_what(data)
    except (KeyError, TypeError, ValueError, AttributeError, SpanError) as error:
        raise unreadable(f"{type(error).__name__} {error} in {str(data)[:100]}", id) from error


def tagged(data: Json, place: int) -> Tagged:
    """Read a line of tagged output."""
    status = Status(data["status"])
    return Tagged(
        place=place,
        id=data["id"],
        text=data["text"],
        status=status,
        found=tuple(map(_entity, data["entities"])) if status is Status.OK else None,
        ungrounded=tuple(map(_ungrounded, data.get("ungrounded") or ())),
        error=data.get("error") or "",
        backend=data["backend"],
        model=data["model"],
        perplexity=data.get("perplexity"),
        demonstrations=tuple(data.get("demonstrations") or ()),
        n_prompt_tokens=data.get("n_prompt_tokens", 0),
        n_output_tokens=data.get("n_output_tokens", 0),
        meta=data.get("meta") or {},
    )


def documents(data: Json, texts: Sequence[str], place: int) -> list[Tagged]:
    """Read the answer to these texts, the first of which stands at this place. Raises ValueError for other texts."""
    found = [tagged(line, place + n) for n, line in enumerate(data["documents"])]
    if [one.text for one in found] != list(texts):
        raise ValueError(f"has {len(found)} texts that are not the {len(texts)} that were sent")
    return found


def job(data: Json) -> Job:
    """Read a job."""
    ended = data.get("ended")
    return Job(
        id=data["id"],
        state=JobState(data["state"]),
        n_texts=data["n_texts"],
        n_done=data["n_done"],
        n_failed=data["n_failed"],
        error=data.get("error") or "",
        at=datetime.fromisoformat(data["at"]),
        ended=None if ended is None else datetime.fromisoformat(ended),
    )


def labels(data: Json) -> Labels:
    """Read the label schema, with what the server takes."""
    found = tuple(
        Label(
            one["name"],
            one.get("definition", ""),
            tuple(one.get("examples", ())),
            tuple(one.get("not_examples", ())),
            one.get("colour", ""),
        )
        for one in data["labels"]
    )
    most = data["limits"]
    limits = Limits(most["max_texts"], most["max_characters"], most["max_job_texts"], most["max_body_bytes"])
    return Labels(found, data.get("guidelines", ""), bool(data["overlap"]), tuple(data["backends"]), limits)


def demonstrations(data: Json) -> tuple[list[AnnotatedText], int | None]:
    """Read a page of demonstrations, with where the next one begins."""
    found = [
        AnnotatedText(one["text"], tuple(Span(e["start"], e["end"], e["label"]) for e in one["entities"]), one["id"])
        for one in data["demonstrations"]
    ]
    return found, data.get("next")


def confirmed(data: Json) -> Confirmed:
    """Read what was kept."""
    return Confirmed(tuple(data["ids"]), data["n_demonstrations"])


def readiness(data: Json) -> Readiness:
    """Read what is waited for."""
    return Readiness(() if data["status"] == "ready" else tuple(data["waits_for"]))


def _entity(data: Json) -> Entity:
    return Entity(
        start=data["start"],
        end=data["end"],
        label=data["label"],
        text=data["text"],
        mention=data.get("mention") or data["text"],
        score=data.get("score"),
        grounding=Grounding(data["grounding"]),
        demonstrations=tuple(data.get("demonstrations") or ()),
    )


def _ungrounded(data: Json) -> Ungrounded:
    grounding = Grounding(data.get("grounding") or Grounding.MISSING)
    return Ungrounded(data["label"], data["mention"], data.get("score"), grounding)
