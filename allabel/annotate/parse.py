"""The form of an LLM's reply: the JSON schema that asks for it and the strict parser that reads it."""

import json
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from allabel.errors import AllabelError
from allabel.schema import LabelSchema


class ReplyFormatError(AllabelError):
    """A reply that is not of the form that was asked for: the message says what is wrong with it."""


class Entity(BaseModel):
    """One mention in a reply."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    text: str = Field(min_length=1)
    label: str


class EntityList(BaseModel):
    """A whole reply: `{"entities": [{"text": …, "label": …}, …]}`."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    entities: tuple[Entity, ...]


def response_schema(schema: LabelSchema, max_entities: int = 64, max_length: int = 200) -> dict[str, Any]:
    """Return the JSON schema of a reply; its label enum is the label schema's, whatever the demonstrations hold.

    max_entities, max_length: bounds on the list and on a mention in code points; small models loop without them.
    """
    entity = {
        "type": "object",
        "properties": {
            "text": {"type": "string", "minLength": 1, "maxLength": max_length},
            "label": {"type": "string", "enum": list(schema.names)},
        },
        "required": ["text", "label"],
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {"entities": {"type": "array", "items": entity, "maxItems": max_entities}},
        "required": ["entities"],
        "additionalProperties": False,
    }


def render(entities: Sequence[tuple[str, str]]) -> str:
    """Write (label, mention) pairs as the reply that `parse` reads back."""
    listed = [{"text": mention, "label": label} for label, mention in entities]
    # No white space: servers that forbid it in constrained replies would else be shown what they may not write.
    return json.dumps({"entities": listed}, ensure_ascii=False, separators=(",", ":"))


def parse(content: str, schema: LabelSchema) -> list[tuple[str, str]]:
    """Read a reply as (label, mention) pairs in its own order. Raises ReplyFormatError; mends nothing."""
    try:
        # Models write raw control characters inside strings, which only the lax reader takes.
        data = json.loads(content, strict=False, object_pairs_hook=_distinct_keys)
        reply = EntityList.model_validate_json(json.dumps(data))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the top"
        raise ReplyFormatError(f"the reply is wrong at {where}: {first['msg']}") from error
    except (ValueError, RecursionError) as error:
        raise ReplyFormatError(f"the reply is not JSON: {error}") from error
    for i, entity in enumerate(reply.entities):
        if entity.label not in schema.names:
            raise ReplyFormatError(
                f"the reply is wrong at entities.{i}.label: {entity.label!r} is not in the schema "
                f"({', '.join(schema.names)})"
            )
    return [(entity.label, entity.text) for entity in reply.entities]


def _distinct_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is given twice in one object")
    return found
