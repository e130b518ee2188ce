"""Hugging Face's token classification: what its Inference API and pipelines take and give."""

import re
from bisect import bisect_left, bisect_right
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from allabel.server.callers import Tagging
from allabel.server.problems import documented
from allabel.server.protocols.found import found_in
from allabel.server.routes.tag import ServiceOf, refuse_too_many, unless_left
from allabel.server.wire import Options, Text, TextIn

# Every character but white space stands in a token, so that no entity is without one.
_TOKEN = re.compile(r"\w+|[^\w\s]")
router = APIRouter(tags=["Hugging Face"])


class Parameters(Options):
    """How texts are tagged: theirs, and our own options. stride: nothing; long texts are tagged whole."""

    model_config = ConfigDict(extra="ignore")

    aggregation_strategy: Literal["none", "simple", "first", "average", "max"] = "simple"
    ignore_labels: list[str] = Field(default_factory=lambda: ["O"])
    stride: int | None = None


class TokenClassification(BaseModel):
    """One text or many."""

    model_config = ConfigDict(
        extra="ignore",
        frozen=True,
        json_schema_extra={
            "examples": [
                {"inputs": "NaCl dissolves in water."},
                {"inputs": ["NaCl in water"], "parameters": {"aggregation_strategy": "simple"}},
            ]
        },
    )

    inputs: Text | Annotated[list[Text], Field(min_length=1)]
    parameters: Parameters | None = None


class Group(BaseModel):
    """An entity: code points from `start` to before `end`. score: null where nobody can tell."""

    entity_group: str
    score: float | None
    word: str
    start: int
    end: int


class Token(BaseModel):
    """A word of an entity, where no aggregation is asked for. index: of the word in its text, from 1."""

    entity: str
    score: float | None
    index: int
    word: str
    start: int
    end: int


Found = list[Group] | list[Token]


@router.post("/huggingface", responses=documented(400, 401, 403, 413, 422, 429, 502, 503, 504))
async def token_classification(
    asked: TokenClassification, request: Request, caller: Tagging, service: ServiceOf
) -> Found | list[Found]:
    """Tag one text, or a list of texts, in the shape of the other's token classification.

    `simple`, `first`, `average` and `max` come to the same, for entities are found whole; `none` gives their words as
    `B-` and `I-`.
    """
    how = asked.parameters or Parameters()
    texts = [asked.inputs] if isinstance(asked.inputs, str) else asked.inputs
    refuse_too_many(len(texts), service.limits.max_texts, "send them in several requests")
    request.app.state.callers.rates.texts(caller.id, len(texts))
    options = Options(**how.model_dump(include=set(Options.model_fields)))
    tagging = service.tag([TextIn(text=text) for text in texts], options)
    found = [_found(line, how) for line in found_in(await unless_left(request, tagging, service.limits.timeout_s))]
    return found[0] if isinstance(asked.inputs, str) else found


def _found(line: dict[str, Any], how: Parameters) -> Found:
    ignored = set(how.ignore_labels)
    entities = [one for one in line["entities"] if one["label"] not in ignored]
    if how.aggregation_strategy == "none":
        return [token for token in _tokens(line["text"], entities) if token.entity not in ignored]
    return [
        Group(entity_group=one["label"], score=one["score"], word=one["text"], start=one["start"], end=one["end"])
        for one in entities
    ]


def _tokens(text: str, entities: list[dict[str, Any]]) -> list[Token]:
    places = [(n, one.start(), one.end()) for n, one in enumerate(_TOKEN.finditer(text), start=1)]
    firsts, lasts = [first for _, first, _ in places], [last for _, _, last in places]
    found: list[Token] = []
    for one in entities:
        prefix = "B-"
        for n, first, last in places[bisect_right(lasts, one["start"]) : bisect_left(firsts, one["end"])]:
            start, end = max(first, one["start"]), min(last, one["end"])
            name, word = prefix + one["label"], text[start:end]
            found.append(Token(entity=name, score=one["score"], index=n, word=word, start=start, end=end))
            prefix = "I-"
    return found
