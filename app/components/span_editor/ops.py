"""What a person did in the span editor, read from what the browser sends."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from allabel.document import Span
from allabel.errors import InputError
from app.components.span_editor.offsets import Utf16

Kind = Literal["draft", "save", "skip", "flag", "back", "occurrences", "goto", "reload", "demonstrations", "wrong"]


@dataclass(frozen=True, slots=True)
class Op:
    """One thing a person did; offsets in code points.

    id: unique, and the same each time the browser sends it again. n: number of the state of work, higher is newer.
    version: of the answer that the person saw. seconds: time on the text so far.
    said_none: "no entities here" was said outright. ids: of the demonstrations asked for.
    problem: why the op cannot be dealt with; then `op` is "wrong", and only the id (where it has one) is kept.
    """

    id: str
    op: Kind
    doc_id: str = ""
    version: int = 0
    n: int = 0
    entities: tuple[Span, ...] = ()
    rejected: tuple[Span, ...] = ()
    seconds: float | None = None
    note: str = ""
    text: str = ""
    label: str = ""
    said_none: bool = False
    ids: tuple[str, ...] = ()
    problem: InputError | None = None


# No text is as long, and a database keeps no larger number.
_MOST = 2**31 - 1
_Unit = Annotated[int, Field(ge=0, le=_MOST, strict=True)]


class _Sent(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _SentSpan(_Sent):
    start: _Unit
    end: _Unit
    label: str = Field(min_length=1, max_length=100)


class _SentOp(_Sent):
    id: str = Field(min_length=1, max_length=64)
    op: Literal["draft", "save", "skip", "flag", "back", "occurrences", "goto", "reload", "demonstrations"]
    doc_id: str
    version: int = Field(ge=-1, le=_MOST)
    n: _Unit = 0
    pairs: tuple[_Unit, ...] = ()
    entities: tuple[_SentSpan, ...] = ()
    rejected: tuple[_SentSpan, ...] = ()
    seconds: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    note: str = Field(default="", max_length=10_000)
    text: str = ""
    label: str = ""
    said_none: bool = False
    ids: tuple[str, ...] = ()


def read_ops(outbox: Any, acked: Collection[str] = ()) -> list[Op]:
    """Read the outbox as the browser sends it, in order, less what is acked.

    An op that makes no sense is never raised: it comes as "wrong", with the problem to show.
    """
    sent = outbox.get("ops") if isinstance(outbox, dict) else None
    if not isinstance(sent, list | tuple):
        return []
    return [op for op in map(_read, sent) if op.id not in acked]


def _read(sent: Any) -> Op:
    try:
        op = _SentOp.model_validate(sent)
        places = Utf16(op.pairs)
        return Op(
            id=op.id,
            op=op.op,
            doc_id=op.doc_id,
            version=op.version,
            n=op.n,
            entities=_spans(op.entities, places),
            rejected=_spans(op.rejected, places),
            # A save within the clock's grain took some time, however little.
            seconds=op.seconds or None,
            note=op.note,
            text=op.text,
            label=op.label,
            said_none=op.said_none,
            ids=op.ids,
        )
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the top"
        return _wrong(sent, InputError(f"the browser sent what is no op, at {where}: {first['msg']}", remedy=_REMEDY))
    except InputError as error:
        return _wrong(sent, error)


_REMEDY = "load the page again; the marks of this text are kept in the browser"


def _wrong(sent: Any, problem: InputError) -> Op:
    named = sent.get("id") if isinstance(sent, dict) else None
    return Op(id=named if isinstance(named, str) else "", op="wrong", problem=problem)


def _spans(sent: tuple[_SentSpan, ...], places: Utf16) -> tuple[Span, ...]:
    return tuple(sorted({Span(places.points(s.start), places.points(s.end), s.label) for s in sent}))
