"""The `markup` form: the text written out again with tags around its entities."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from allabel.annotate.base import Demonstration
from allabel.annotate.llm.base import Mention
from allabel.annotate.llm.forms.alignment import Alignment
from allabel.annotate.llm.forms.error import ReplyFormatError
from allabel.annotate.llm.forms.occurrence import occurrence
from allabel.annotate.llm.forms.tags import Literal, Tag, marked, pieces
from allabel.annotate.llm.template import Template
from allabel.schema import LabelSchema


class MarkupForm:
    """Entities as tags in the text: `<<Chemical>>NaCl<</Chemical>> in water`. Nested and crossing ones can be written.

    A reply may differ from the text in white space and invisible characters alone. A mention is the text's own
    characters between the tags, and its occurrence follows from where they stand.
    """

    name = "markup"
    template = Template("markup.jinja")
    version = template.version

    def __repr__(self) -> str:
        return "MarkupForm()"

    def instructions(self, schema: LabelSchema) -> str:
        """Return the system message: the same for every text of a schema, so that servers reuse its prefix."""
        return self.template.render(schema)

    def answer(self, shown: Demonstration, labels: Sequence[str] = ()) -> str:
        """Write a demonstration's entities as the model should answer; `read` gives them back."""
        return marked(shown.text, shown.entities)

    def json_schema(self, schema: LabelSchema, text: str = "") -> dict[str, Any] | None:
        """Return None: the answer is no JSON."""
        return None

    def read(self, content: str, text: str, schema: LabelSchema) -> list[Mention]:
        """Read an answer to `text`, by where its entities begin. Raises ReplyFormatError; mends nothing."""
        reading = _Reading(text, schema)
        for piece in pieces(content):
            reading.take(piece, content)
        return reading.mentions()


@dataclass(slots=True)
class _Entity:
    opened: Tag
    start: int
    closed: Tag | None = None
    end: int = 0


@dataclass(slots=True)
class _Reading:
    """The text without its tags as far as it is read, and the entities begun so far. Offsets are of that text."""

    text: str
    schema: LabelSchema
    plain: list[str] = field(default_factory=list)
    n: int = 0
    entities: list[_Entity] = field(default_factory=list)

    def take(self, piece: Literal | Tag, content: str) -> None:
        if isinstance(piece, Literal):
            self._write(piece.text)
        elif piece.label not in self.schema.names:
            written = content[piece.start : piece.end]
            # What the text itself holds is copied without its escape now and then, and can mean nothing else.
            if written not in self.text:
                known = ", ".join(self.schema.names)
                raise ReplyFormatError(f"the reply has the tag {written!r}, which is not in the schema ({known})")
            self._write(written)
        elif piece.closes:
            self._close(piece, content)
        else:
            self.entities.append(_Entity(piece, self.n))

    def mentions(self) -> list[Mention]:
        for entity in self.entities:
            if entity.closed is None:
                raise ReplyFormatError(f"the reply opens <<{entity.opened.label}>> and does not close it")
        alignment = Alignment.of(self.text, "".join(self.plain))
        return [self._mention(entity, alignment) for entity in self.entities]

    def _write(self, text: str) -> None:
        self.plain.append(text)
        self.n += len(text)

    def _close(self, tag: Tag, content: str) -> None:
        for entity in reversed(self.entities):
            if entity.closed is None and (entity.opened.label, entity.opened.n) == (tag.label, tag.n):
                entity.closed, entity.end = tag, self.n
                return
        raise ReplyFormatError(f"the reply has {content[tag.start : tag.end]!r} where no such tag is open")

    def _mention(self, entity: _Entity, alignment: Alignment) -> Mention:
        assert entity.closed is not None
        start, end = alignment.place(entity.start, entity.end)
        if start >= end:
            raise ReplyFormatError(f"the reply has a tag <<{entity.opened.label}>> around nothing")
        label, inside = entity.opened.label, (entity.opened.end, entity.closed.start)
        return Mention(label, self.text[start:end], occurrence(self.text, start, end), *inside)
