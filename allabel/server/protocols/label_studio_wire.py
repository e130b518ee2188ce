"""What Label Studio sends its ML backends and gets back, as its 1.23 does.

What it sends beyond is dropped as it is read: the access token of whoever connects a backend is in it.

Source: `ml/api_connector.py`, `ml/models.py` and `webhooks/models.py` of the package label-studio.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from allabel.server.wire import Text

CONFIG = (
    '<View><Labels name="label" toName="text"><Label value="Chemical"/><Label value="Disease"/></Labels>'
    '<Text name="text" value="$text"/></View>'
)


class _Theirs(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class SetupRequest(_Theirs):
    """A project that is being connected. schema: its labelling configuration."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"project": "1.1760000000", "schema": CONFIG}]}, populate_by_name=True
    )

    config: Text = Field(alias="schema")


class SetupAnswer(BaseModel):
    """Says that the project can be worked with. Label Studio reads `model_version` alone.

    labels: those that are tagged. only_here, only_there: labels that one of both has; what that means is in `warning`.
    """

    model_version: str
    labels: list[str]
    only_here: list[str]
    only_there: list[str]
    warning: str | None


class Task(_Theirs):
    """A task with its data."""

    data: dict[str, JsonValue]


class PredictRequest(_Theirs):
    """Tasks to tag."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"tasks": [{"id": 7, "data": {"text": "NaCl in water"}}], "label_config": CONFIG}]
        }
    )

    tasks: list[Task] = Field(min_length=1)
    label_config: Text


class RegionValue(BaseModel):
    """A labelled stretch of a text: code points from `start` to before `end`, as Label Studio counts since 2022."""

    start: int
    end: int
    text: str
    labels: list[str]


class Region(BaseModel):
    """One entity of a prediction."""

    id: str
    from_name: str
    to_name: str
    type: Literal["labels"] = "labels"
    value: RegionValue
    score: float | None


class Prediction(BaseModel):
    """What was found in a task's text. score: of its least certain entity; null without one."""

    model_version: str
    score: float | None
    result: list[Region]


class NoPrediction(BaseModel):
    """A task that could not be tagged, and why: without a `result` Label Studio logs it and keeps nothing."""

    model_version: str
    error: str


class PredictAnswer(BaseModel):
    """A prediction a task, in order."""

    model_version: str
    results: list[Prediction | NoPrediction]


class TheirRegion(_Theirs):
    """One part of an annotation; those that are no labelled stretches of text are passed over."""

    type: str = ""
    to_name: str = ""
    value: dict[str, JsonValue] = Field(default_factory=dict)


class TheirAnnotation(_Theirs):
    """An answer of a person's."""

    id: int
    updated_at: str = Field(max_length=100)
    result: list[TheirRegion]
    was_cancelled: bool = False


class TheirProject(_Theirs):
    """The project of an event."""

    label_config: Text = ""


class Event(_Theirs):
    """What happened in a project. Where it happened to many at once there are lists."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "action": "ANNOTATION_CREATED",
                    "project": {"id": 1, "label_config": CONFIG},
                    "task": {"id": 7, "data": {"text": "NaCl in water"}},
                    "annotation": {
                        "id": 3,
                        "updated_at": "2026-01-01T00:00:00Z",
                        "result": [
                            {
                                "type": "labels",
                                "from_name": "label",
                                "to_name": "text",
                                "value": {"start": 0, "end": 4, "text": "NaCl", "labels": ["Chemical"]},
                            }
                        ],
                    },
                }
            ]
        }
    )

    action: Text = Field(max_length=100)
    project: TheirProject | None = None
    annotation: TheirAnnotation | list[JsonValue] | None = None
    task: Task | list[JsonValue] | None = None


class EventAnswer(BaseModel):
    """What became of an event. ids: of the texts that are demonstrations now. why: where nothing was kept."""

    status: Literal["kept", "ignored"]
    ids: list[str]
    left_out: int = Field(description="regions whose label this project does not have")
    why: str | None = None


class Health(BaseModel):
    """Up."""

    status: Literal["UP"] = "UP"
    model_class: str = "allabel"


class Versions(BaseModel):
    """The versions there are: one."""

    versions: list[str]
