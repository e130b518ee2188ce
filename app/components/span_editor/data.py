"""What the span editor shows, and how it is said to the browser."""

from dataclasses import dataclass
from typing import Any, Literal

from allabel.document import Span
from allabel.schema import Label
from app.components.span_editor.offsets import Utf16


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A span that a model, or in review a person, proposes; offsets in code points.

    score: in [0, 1], `None` where the source gives none. demonstrations: ids of the texts that led to it.
    """

    start: int
    end: int
    label: str
    score: float | None = None
    source: str = ""
    demonstrations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong, shown above the text while the work stays as it is.

    kind: "message" is only said; "conflict" shows both versions and asks which one to keep.
    theirs, theirs_version, theirs_by, theirs_at: the answer that is in the way.
    """

    message: str
    kind: Literal["message", "conflict"] = "message"
    theirs: tuple[Span, ...] = ()
    theirs_version: int = 0
    theirs_by: str = ""
    theirs_at: str = ""


@dataclass(frozen=True, slots=True)
class EditorData:
    """One text with all that the editor needs to show it; offsets in code points.

    project, person: names of the browser's own storage. version: of the answer this work is based on (0: none).
    draft_n: number of the draft that `entities` and `rejected` come from (0: none).
    acked: ids of the ops that the server has dealt with. answered: the text has an answer already.
    """

    project: str
    person: str
    doc_id: str
    text: str
    version: int
    entities: tuple[Span, ...]
    suggestions: tuple[Suggestion, ...]
    rejected: tuple[Span, ...]
    labels: tuple[Label, ...]
    overlap: bool = False
    direction: str = "auto"
    draft_n: int = 0
    acked: tuple[str, ...] = ()
    problem: Problem | None = None
    blind: bool = False
    answered: bool = False
    read_only: bool = False
    mode: Literal["annotate", "review"] = "annotate"


def payload(data: EditorData) -> dict[str, Any]:
    """Say the data in JSON, offsets in UTF-16 units."""
    places = Utf16.of(data.text)

    def spans(of: tuple[Span, ...]) -> list[dict[str, Any]]:
        return [{"start": places.units(s.start), "end": places.units(s.end), "label": s.label} for s in of]

    suggestions = [
        {
            "start": places.units(s.start),
            "end": places.units(s.end),
            "label": s.label,
            "score": s.score,
            "source": s.source,
            "demonstrations": list(s.demonstrations),
        }
        for s in data.suggestions
    ]
    problem = data.problem and {
        "message": data.problem.message,
        "kind": data.problem.kind,
        "theirs": spans(data.problem.theirs),
        "theirs_version": data.problem.theirs_version,
        "theirs_by": data.problem.theirs_by,
        "theirs_at": data.problem.theirs_at,
    }
    return {
        "project": data.project,
        "person": data.person,
        "doc_id": data.doc_id,
        "text": data.text,
        "version": data.version,
        "entities": spans(data.entities),
        "suggestions": suggestions,
        "rejected": spans(data.rejected),
        "labels": [{"name": x.name, "colour": x.colour, "key": x.key, "definition": x.definition} for x in data.labels],
        "overlap": data.overlap,
        "direction": data.direction,
        "draft_n": data.draft_n,
        "acked": list(data.acked),
        "problem": problem,
        "blind": data.blind,
        "answered": data.answered,
        "read_only": data.read_only,
        "mode": data.mode,
    }
