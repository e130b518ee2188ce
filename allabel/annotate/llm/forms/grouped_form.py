"""The `grouped` form: under each label the names that bear it, each once; a name stands wherever it occurs."""

import json
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from pydantic import ConfigDict, RootModel, ValidationError

from allabel.annotate.base import Demonstration
from allabel.annotate.ground import occurrences
from allabel.annotate.llm.base import Mention
from allabel.annotate.llm.forms.copying import copies
from allabel.annotate.llm.forms.error import ReplyFormatError
from allabel.annotate.llm.forms.json_text import load_json, strings
from allabel.annotate.llm.template import Template
from allabel.annotate.spelling import Stretch
from allabel.schema import LabelSchema


class _Reply(RootModel[dict[str, list[str]]]):
    model_config = ConfigDict(frozen=True, strict=True)


class GroupedForm:
    """Entities as `{"Chemical":["NaCl","water"],"Disease":[]}`, every label of the schema in its order.

    A name stands at each place where it is bounded; where entities may not nest, not inside a longer name of the same
    reply. In five corpora 99.98 % of such places bear the name's label.
    copy: whether a server that keeps to JSON schemas may only write strings that stand in the text (see `copies`).
    max_names, max_length: bounds of a label's list and of a name in code points; small models loop without them. A
    name that reaches its bound may be cut off and is refused; so is a full list, unless it repeats itself.
    """

    name = "grouped"
    template = Template("grouped.jinja")
    version = template.version

    def __init__(self, copy: bool = True, max_names: int = 64, max_length: int = 300) -> None:
        if min(max_names, max_length) < 1:
            raise ValueError(f"the bounds {max_names} and {max_length} must both be at least 1")
        self.copy, self.max_names, self.max_length = copy, max_names, max_length

    def __repr__(self) -> str:
        return f"GroupedForm({self.copy}, {self.max_names}, {self.max_length})"

    def instructions(self, schema: LabelSchema) -> str:
        """Return the system message: the same for every text of a schema, so that servers reuse its prefix."""
        return self.template.render(schema)

    def answer(self, shown: Demonstration, labels: Sequence[str]) -> str:
        """Write a demonstration's entities as the model should answer; `read` gives them back."""
        names: dict[str, dict[str, None]] = {label: {} for label in labels}
        for span in sorted(shown.entities):
            names[span.label][shown.text[span.start : span.end]] = None
        listed = {label: list(found) for label, found in names.items()}
        return json.dumps(listed, ensure_ascii=False, separators=(",", ":"))

    def json_schema(self, schema: LabelSchema, text: str = "") -> dict[str, Any]:
        """Return the JSON schema of an answer: every label, and where names are copied the strings of the text."""
        strings_of_text = [s for s in copies(text) if len(s) < self.max_length] if self.copy else []
        name: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": self.max_length}
        most = self.max_names
        if strings_of_text:
            name, most = {"type": "string", "enum": strings_of_text}, self._most(text)
        listed = {"type": "array", "items": {"$ref": "#/$defs/name"}, "maxItems": most}
        return {
            "type": "object",
            "properties": dict.fromkeys(schema.names, listed),
            "required": list(schema.names),
            "additionalProperties": False,
            "$defs": {"name": name},
        }

    def read(self, content: str, text: str, schema: LabelSchema) -> list[Mention]:
        """Read an answer, label by label. Raises ReplyFormatError; mends nothing."""
        try:
            names = _Reply.model_validate(load_json(content)).root
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "the top"
            raise ReplyFormatError(f"the reply is wrong at {where}: {first['msg']}") from error
        self._check(names, text, schema)
        written = [(label, name) for label, listed in names.items() for name in listed]
        ranges = [(start, end) for _, start, end in strings(content)]
        found: dict[tuple[str, str], tuple[int, int]] = {}
        for both, place in zip(written, ranges, strict=True):
            found.setdefault(both, place)
        places = {name: occurrences(text, name) for _, name in found}
        return [
            Mention(label, name, number, *place)
            for (label, name), place in found.items()
            for number in _numbers(name, places, nested=schema.overlap)
        ]

    def _most(self, text: str) -> int:
        """Return how many names a label may have: no more than the text has words."""
        return max(1, min(self.max_names, len(text.split())))

    def _check(self, names: dict[str, list[str]], text: str, schema: LabelSchema) -> None:
        known = ", ".join(schema.names)
        for label in names:
            if label not in schema.names:
                raise ReplyFormatError(f"the reply has the label {label!r}, which is not in the schema ({known})")
        if missing := [label for label in schema.names if label not in names]:
            raise ReplyFormatError(f"the reply does not list the label {missing[0]!r}; give [] where there is none")
        for label, listed in names.items():
            for name in listed:
                if not name or len(name) >= self.max_length:
                    raise ReplyFormatError(
                        f"the reply is wrong at {label}: a name has {len(name)} characters; at 0 it is none, and at "
                        f"{self.max_length} it may be cut off"
                    )
            if len(listed) >= self.max_names and len(set(listed)) == len(listed):
                raise ReplyFormatError(
                    f"the reply lists {len(listed)} names under {label}; at {self.max_names} the rest may be cut off"
                )


def _numbers(name: str, places: dict[str, tuple[Stretch, ...]], *, nested: bool) -> Sequence[int | None]:
    """Return which occurrences of a name are meant, from 1; None where it is nowhere.

    All are, but for those inside a longer name, unless entities may nest.
    """
    own = places[name]
    longer = [] if nested else sorted(p for other, found in places.items() if len(other) > len(name) for p in found)
    starts = [start for start, _ in longer]
    # How far those reach that begin no later.
    reach = [-1, *accumulate((end for _, end in longer), max)]
    free = [i for i, (start, end) in enumerate(own, 1) if reach[bisect_right(starts, start)] < end]
    return free or range(1, len(own) + 1) or [None]
