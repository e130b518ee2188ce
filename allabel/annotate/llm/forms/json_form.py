"""The `json` form: a list of mentions, each with its label and which of equal strings it is."""

import json
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from allabel.annotate.base import Demonstration
from allabel.annotate.llm.base import Mention
from allabel.annotate.llm.forms.copying import copies
from allabel.annotate.llm.forms.error import ReplyFormatError
from allabel.annotate.llm.forms.json_text import load_json, strings
from allabel.annotate.llm.forms.occurrence import occurrence
from allabel.annotate.llm.template import Template
from allabel.schema import LabelSchema


class _Entity(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    text: str = Field(min_length=1)
    label: str
    # The JSON schema requires it, for strict servers take no optional keys; a model that nothing binds may be silent.
    occurrence: int | None = Field(default=None, ge=1)


class _Reply(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    entities: list[_Entity]


class JsonForm:
    """Entities as `{"entities":[{"text":…,"label":…,"occurrence":n}]}`.

    copy: whether a server that keeps to JSON schemas may only write strings that stand in the text (see `copies`).
    max_entities, max_length, max_occurrence: bounds of the list, of a mention in code points, and of its number; small
    models loop without them. A list or a mention that reaches its bound may be cut off and is refused.
    """

    name = "json"
    template = Template("json.jinja")
    version = template.version

    def __init__(
        self, max_entities: int = 64, max_length: int = 300, max_occurrence: int = 99, *, copy: bool = False
    ) -> None:
        if min(max_entities, max_length, max_occurrence) < 1:
            raise ValueError(f"the bounds {max_entities}, {max_length}, {max_occurrence} must all be at least 1")
        self.max_entities, self.max_length, self.max_occurrence = max_entities, max_length, max_occurrence
        self.copy = copy

    def __repr__(self) -> str:
        return f"JsonForm({self.max_entities}, {self.max_length}, {self.max_occurrence})"

    def instructions(self, schema: LabelSchema) -> str:
        """Return the system message: the same for every text of a schema, so that servers reuse its prefix."""
        return self.template.render(schema)

    def answer(self, shown: Demonstration, labels: Sequence[str] = ()) -> str:
        """Write a demonstration's entities as the model should answer; `read` gives them back within the bounds."""
        listed = [
            {
                "text": shown.text[span.start : span.end],
                "label": span.label,
                "occurrence": occurrence(shown.text, span.start, span.end),
            }
            for span in sorted(shown.entities)
        ]
        # No white space: servers that forbid it in constrained replies would else be shown what they may not write.
        return json.dumps({"entities": listed}, ensure_ascii=False, separators=(",", ":"))

    def json_schema(self, schema: LabelSchema, text: str = "") -> dict[str, Any]:
        """Return the JSON schema of an answer; its label enum is the label schema's, whatever demonstrations hold.

        Under bounds of length xgrammar lets a string hold neither quotes nor backslashes nor line ends.
        """
        strings_of_text = [s for s in copies(text) if len(s) < self.max_length] if self.copy else []
        bounded = {"type": "string", "minLength": 1, "maxLength": self.max_length}
        properties = {
            "text": {"type": "string", "enum": strings_of_text} if strings_of_text else bounded,
            "label": {"type": "string", "enum": list(schema.names)},
            "occurrence": {"type": "integer", "minimum": 1, "maximum": self.max_occurrence},
        }
        entity = {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }
        return {
            "type": "object",
            "properties": {"entities": {"type": "array", "items": entity, "maxItems": self.max_entities}},
            "required": ["entities"],
            "additionalProperties": False,
        }

    def read(self, content: str, text: str, schema: LabelSchema) -> list[Mention]:
        """Read an answer, in its own order. Raises ReplyFormatError; mends nothing."""
        entities = _parsed(content).entities
        self._check(entities, schema)
        places = [(start, end) for key, start, end in strings(content) if key == "text"]
        return [
            Mention(entity.label, entity.text, entity.occurrence, start, end)
            for entity, (start, end) in zip(entities, places, strict=True)
        ]

    def _check(self, entities: list[_Entity], schema: LabelSchema) -> None:
        for i, entity in enumerate(entities):
            if entity.label not in schema.names:
                known = ", ".join(schema.names)
                raise ReplyFormatError(
                    f"the reply is wrong at entities.{i}.label: {entity.label!r} is not in the schema ({known})"
                )
            if len(entity.text) >= self.max_length:
                raise ReplyFormatError(
                    f"the reply is wrong at entities.{i}.text: it has {len(entity.text)} characters, and at "
                    f"{self.max_length} it may be cut off"
                )
        if len(entities) >= self.max_entities:
            raise ReplyFormatError(
                f"the reply lists {len(entities)} entities, and at {self.max_entities} the rest may be cut off"
            )


def _parsed(content: str) -> _Reply:
    try:
        return _Reply.model_validate(load_json(content))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the top"
        raise ReplyFormatError(f"the reply is wrong at {where}: {first['msg']}") from error
