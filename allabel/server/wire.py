"""What callers send and get, as pydantic models: the trust boundary, and what OpenAPI shows."""

import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, model_validator
from pydantic.json_schema import SkipJsonSchema


def _whole(text: str) -> str:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise ValueError(f"holds half of a surrogate pair at {error.start}, which is no character") from error
    return text


Text = Annotated[str, AfterValidator(_whole)]
Id = Annotated[Text, Field(min_length=1, max_length=500)]


def _plain_json(meta: dict[str, Any]) -> dict[str, Any]:
    try:
        json.dumps(meta, allow_nan=False, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise ValueError("holds half of a surrogate pair, which is no character") from error
    except (ValueError, RecursionError) as error:
        raise ValueError(f"is more than JSON can hold: {error}") from error
    return meta


Meta = Annotated[dict[str, JsonValue], AfterValidator(_plain_json)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TextIn(_Strict):
    """A text with an id of the caller's, which comes back with it."""

    text: Text
    id: Id | None = None
    meta: Meta = Field(default_factory=dict)


class Options(_Strict):
    """How texts are tagged; what is left out is as the server is set up.

    labels: entities of these labels alone. shots: demonstrations a text. threshold: entities with a score below it are
    left out; those without a score stay.
    """

    labels: list[Text] | None = Field(default=None, min_length=1, max_length=1000)
    backend: Text | None = Field(default=None, max_length=100)
    shots: int | None = Field(default=None, ge=0, le=100)
    threshold: float | None = Field(default=None, ge=0, le=1, allow_inf_nan=False)


class TagRequest(Options):
    """One text or many."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [{"required": ["text"]}, {"required": ["texts"]}],
            "examples": [
                {"text": "NaCl dissolves in water."},
                {"texts": ["NaCl in water", {"id": "a1", "text": "Heat 5 g of TiO2."}], "threshold": 0.5},
            ],
        }
    )

    text: Text | SkipJsonSchema[None] = None
    texts: Annotated[list[Text | TextIn], Field(min_length=1)] | SkipJsonSchema[None] = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "TagRequest":
        if (self.text is None) == (self.texts is None):
            raise ValueError("give one of `text` and `texts`")
        return self

    def documents(self) -> list[TextIn]:
        """Return what is to be tagged, in order."""
        given = self.texts if self.texts is not None else [self.text or ""]
        return [one if isinstance(one, TextIn) else TextIn(text=one) for one in given]


class Entity(BaseModel):
    """A mention in its text: code points from `start` to before `end`.

    mention: what the model wrote, where that differs from the text. score: the probability that it is right; null
    where nobody can tell. demonstrations: ids of the annotated texts that were shown.
    """

    start: int
    end: int
    label: str
    text: str
    mention: str | None = None
    score: float | None
    grounding: Literal["exact", "normalised", "ambiguous"]
    demonstrations: list[str]


class Ungrounded(BaseModel):
    """A mention that the model named and that is not in the text, or only across another entity."""

    label: str
    mention: str
    score: float | None
    grounding: Literal["missing", "overlapping"] | None = None


class Tagged(BaseModel):
    """A text with what was found in it; `entities` is there only where the status is `ok`."""

    id: str
    text: str
    status: Literal["ok", "truncated", "unparseable", "refused", "failed"]
    entities: list[Entity] | None = None
    ungrounded: list[Ungrounded] | None = None
    error: str | None = None
    backend: str
    model: str
    perplexity: float | None
    demonstrations: list[str]
    n_prompt_tokens: int
    n_output_tokens: int
    meta: dict[str, Any]


class TagResponse(BaseModel):
    """The texts of a request, in its order."""

    documents: list[Tagged]


class SpanIn(_Strict):
    """An entity that a person confirmed: code points from `start` to before `end`."""

    start: int = Field(ge=0)
    end: int = Field(ge=1)
    label: Text


class AnnotationIn(_Strict):
    """A text with all of its entities. id: of a text of the project, or of a new one; without it the text's own."""

    text: Text = Field(min_length=1)
    entities: list[SpanIn] = Field(max_length=100_000)
    id: Id | None = None
    meta: Meta = Field(default_factory=dict)


class AnnotationsRequest(_Strict):
    """Texts that are to become demonstrations."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"documents": [{"text": "NaCl in water", "entities": [{"start": 0, "end": 4, "label": "Chemical"}]}]}
            ]
        }
    )

    documents: list[AnnotationIn] = Field(min_length=1)


class Confirmed(BaseModel):
    """What was kept. n_demonstrations: annotated texts that can be shown from now on."""

    ids: list[str]
    n_demonstrations: int


class LabelOut(BaseModel):
    """One entity type."""

    name: str
    definition: str
    examples: list[str]
    not_examples: list[str]
    colour: str


class LimitsOut(BaseModel):
    """What one request may hold."""

    max_texts: int
    max_characters: int
    max_job_texts: int
    max_body_bytes: int


class LabelsOut(BaseModel):
    """The label schema, the backends that may be named, and what one request may hold."""

    labels: list[LabelOut]
    guidelines: str
    overlap: bool
    backends: list[str]
    limits: LimitsOut


class DemonstrationOut(BaseModel):
    """An annotated text."""

    id: str
    text: str
    entities: list[SpanIn]


class DemonstrationsOut(BaseModel):
    """Annotated texts. next: what `after` is to be for those that follow; null at the end."""

    demonstrations: list[DemonstrationOut]
    n: int
    next: int | None


class JobOut(BaseModel):
    """A job. error: why it waits, or why it was cancelled where nobody asked for that."""

    id: str
    state: Literal["queued", "running", "done", "cancelled"]
    n_texts: int
    n_done: int
    n_failed: int
    error: str
    at: str
    ended: str | None


class JobsOut(BaseModel):
    """The caller's jobs, newest first."""

    jobs: list[JobOut]


class Problem(BaseModel):
    """RFC 9457 problem details."""

    type: str
    title: str
    status: int
    detail: str
    remedy: str | None = None
    instance: str | None = None
    errors: list[dict[str, str]] | None = None
