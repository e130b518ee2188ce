"""What the questions' component shows and gives back: words are counted, so that no offset has to be translated."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from allabel.annotate.pieces import pieces
from allabel.people.asking import Asked
from allabel.schema import Label

# A text up to this long is shown whole; of a longer one this much to either side of the word.
WHOLE, BESIDE = 900, 320


@dataclass(frozen=True, slots=True)
class AskData:
    """The questions at hand, in order, and what the browser may forget. acked: ids of replies that are dealt with.

    project, person: names of the browser's own storage.
    """

    project: str
    person: str
    labels: tuple[Label, ...]
    asked: tuple[Asked, ...]
    acked: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reply:
    """What a person said to a question. first, end: the words meant, counted in the whole text.

    problem: "" for what can be read; else why it cannot, and then only the id (where it has one) is kept.
    """

    id: str
    question: int = 0
    says: str = ""
    label: str = ""
    first: int = 0
    end: int = 0
    seconds: float | None = None
    problem: str = ""


# No text is as long, and a database keeps no larger number.
_Count = Annotated[int, Field(ge=0, le=2**31 - 1, strict=True)]


class _Sent(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str = Field(min_length=1, max_length=64)
    question: _Count
    says: Literal["entity", "begins", "inside", "outside", "unknown", "undone"]
    label: str = Field(default="", max_length=100)
    first: _Count = 0
    end: _Count = 0
    seconds: float | None = Field(default=None, ge=0, allow_inf_nan=False)


def payload(data: AskData) -> dict[str, Any]:
    """Say the data in JSON."""
    return {
        "project": data.project,
        "person": data.person,
        "labels": [{"name": x.name, "colour": x.colour, "key": x.key, "definition": x.definition} for x in data.labels],
        "questions": [shown(one) for one in data.asked],
        "acked": list(data.acked),
    }


def shown(asked: Asked) -> dict[str, Any]:
    """Return a question as the browser draws it.

    parts: the text around the word, each `[string, number of the word]`, -1 for what stands between words. word: the
    one asked about. first, end: the words of the model's guess.
    """
    one, text = asked.question, asked.document.text
    words = [(piece.start, piece.end) for piece in pieces(text)]
    start, end = _window(text, min(one.start, one.guess.start), max(one.end, one.guess.end))
    parts: list[tuple[str, int]] = []
    at = start
    for i, (first, last) in enumerate(words):
        if first < start or last > end:
            continue
        if at < first:
            parts.append((text[at:first], -1))
        parts.append((text[first:last], i))
        at = last
    parts.append((text[at:end], -1))
    guessed = [i for i, (first, last) in enumerate(words) if first < one.guess.end and one.guess.start < last]
    return {
        "id": one.id,
        "level": asked.level,
        "doc_id": asked.document.id,
        "parts": [list(part) for part in parts if part[0]],
        "word": next((i for i, (first, _) in enumerate(words) if first == one.start), -1),
        "first": guessed[0] if guessed else -1,
        "end": guessed[-1] + 1 if guessed else -1,
        "cut_before": start > 0,
        "cut_after": end < len(text),
    }


def _window(text: str, start: int, end: int) -> tuple[int, int]:
    """Return where the shown part of a text begins and ends: at white space, and around [start, end)."""
    if len(text) <= WHOLE:
        return 0, len(text)
    left, right = max(0, start - BESIDE), min(len(text), end + BESIDE)
    while 0 < left < start and not text[left - 1].isspace():
        left += 1
    while end < right < len(text) and not text[right].isspace():
        right -= 1
    return left, right


def offsets(text: str, first: int, end: int) -> tuple[int, int]:
    """Return where the words from `first` to before `end` stand in a text, in code points; `(0, 0)` for none."""
    words = pieces(text)[first:end]
    return (words[0].start, words[-1].end) if words else (0, 0)


def read_replies(outbox: Any) -> list[Reply]:
    """Read the outbox as the browser sends it, in order; what makes no sense comes with a problem, never raised."""
    sent: Sequence[Any] = outbox.get("ops") or () if isinstance(outbox, dict) else ()
    return [_read(one) for one in sent] if isinstance(sent, list | tuple) else []


def _read(sent: Any) -> Reply:
    try:
        one = _Sent.model_validate(sent)
    except ValidationError as error:
        named = sent.get("id") if isinstance(sent, dict) else None
        where = ".".join(map(str, error.errors()[0]["loc"])) or "the top"
        return Reply(named if isinstance(named, str) else "", problem=f"the browser sent what is no answer, at {where}")
    # An answer within the clock's grain took some time, however little.
    return Reply(one.id, one.question, one.says, one.label, one.first, one.end, one.seconds or None)
