"""Requests, built of what callers say."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from allabel.client.results import AnnotatedText, Text
from allabel.client.steps import Call
from allabel.errors import InputError

JSON = {"Content-Type": "application/json"}
NDJSON = {"Content-Type": "application/x-ndjson"}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Options:
    """How texts are tagged; None leaves it to the server. threshold: entities with a score below it are left out."""

    labels: Sequence[str] | None = None
    backend: str | None = None
    shots: int | None = None
    threshold: float | None = None

    def __post_init__(self) -> None:
        if isinstance(self.labels, str):
            raise InputError(f"labels is one string, {self.labels!r}", remedy=f"write [{self.labels!r}]")

    def given(self) -> dict[str, Any]:
        """Return those that are not None."""
        labels = None if self.labels is None else list(self.labels)
        every = {"labels": labels, "backend": self.backend, "shots": self.shots, "threshold": self.threshold}
        return {name: value for name, value in every.items() if value is not None}


def as_text(one: str | Text, place: int) -> Text:
    """Return a caller's text. Raises InputError for what is none."""
    text = Text(one) if isinstance(one, str) else one
    if not isinstance(text, Text) or not isinstance(text.text, str):
        raise InputError(f"text {place} is a {type(one).__name__}", remedy="hand in strings, or Text(text, id)")
    return text


def as_texts(texts: Iterable[str | Text]) -> list[Text]:
    """Return a caller's texts. Raises InputError for what is none, and for one string in their place."""
    return [as_text(one, n) for n, one in enumerate(many(texts))]


def many(texts: T) -> T:
    """Return a caller's texts as they are. Raises InputError for one string: it would be taken for its characters."""
    if isinstance(texts, str):
        raise InputError(f"texts is one string, {texts!r:.60}", remedy="hand in a list of strings")
    return texts


def at_least_one(name: str, n: int) -> int:
    """Return a number of texts. Raises InputError where it is below 1."""
    if n < 1:
        raise InputError(f"{name} is {n}", remedy="at least 1")
    return n


def wire(text: Text) -> dict[str, Any]:
    """Return a text as the server reads it."""
    data: dict[str, Any] = {"text": text.text}
    if text.id is not None:
        data["id"] = text.id
    if text.meta:
        data["meta"] = dict(text.meta)
    return data


def tag(texts: Sequence[Text], options: Options) -> Call:
    """Ask for the texts to be tagged. The same again gives the same."""
    return Call("POST", "/v1/tag", encoded({"texts": [wire(t) for t in texts], **options.given()}), headers=JSON)


def submit(texts: Sequence[Text], options: Options, idempotency_key: str) -> Call:
    """Hand in a job. The same again under the same key is the same job."""
    body = encoded({"texts": [wire(t) for t in texts], **options.given()})
    return Call("POST", "/v1/jobs", body, headers={**JSON, "Idempotency-Key": idempotency_key})


def stream(texts: Iterable[Text], options: Options) -> Call:
    """Ask for a stream of texts to be tagged."""
    params: list[tuple[str, str]] = []
    for name, value in options.given().items():
        params += [(name, str(one)) for one in (value if isinstance(value, list) else [value])]
    body = b"".join(encoded(wire(text)) + b"\n" for text in texts)
    return Call("POST", "/v1/tag/stream", body, tuple(params), NDJSON)


def annotate(documents: Sequence[AnnotatedText], idempotency_key: str) -> Call:
    """Hand in annotations. The same again under the same key is kept once."""
    return Call(
        "POST",
        "/v1/annotations",
        encoded({"documents": [_annotated(one) for one in documents]}),
        headers={**JSON, "Idempotency-Key": idempotency_key},
    )


def encoded(data: Mapping[str, Any]) -> bytes:
    """Return JSON. Raises InputError for half a surrogate pair, and for what JSON cannot hold."""
    try:
        # Without blanks and escapes a body is a third smaller, and no line of it has a line break.
        return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"a text holds half of a surrogate pair, {error.object[error.start : error.end]!a}, which is no character",
            remedy="read the file as UTF-8, and decode JSON with a JSON reader",
        ) from error
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(
            f"the request cannot be written as JSON: {error}", remedy="meta is to be plain JSON"
        ) from error


def _annotated(one: AnnotatedText) -> dict[str, Any]:
    entities = [{"start": span.start, "end": span.end, "label": span.label} for span in one.entities]
    return {**wire(Text(one.text, one.id, one.meta)), "entities": entities}
