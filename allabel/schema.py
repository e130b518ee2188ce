"""The label schema: what may be annotated, with what meaning, colour and key."""

import re
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from allabel import sound
from allabel.errors import InputError, LabelError
from allabel.showing import COLOURS

KEYS = "123456789abcdefghijklmnopqrstuvwxyz"


class Label(BaseModel):
    """One entity type.

    examples, not_examples: mentions that bear the label and look-alikes that do not, for annotators and the prompt.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=100)
    definition: str = ""
    examples: tuple[str, ...] = ()
    not_examples: tuple[str, ...] = ()
    colour: str = Field(default="", pattern=r"^(#[0-9A-Fa-f]{6})?$")
    key: str = Field(default="", max_length=1)

    @field_validator("name")
    @classmethod
    def _printable(cls, name: str) -> str:
        if name != name.strip() or not name.isprintable():
            raise ValueError(f"the label {name!r} starts or ends with white space, or holds control characters")
        return name

    @field_validator("examples", "not_examples")
    @classmethod
    def _on_one_line(cls, examples: tuple[str, ...]) -> tuple[str, ...]:
        for example in examples:
            if not example.strip() or len(example.splitlines()) > 1:
                raise ValueError(f"the example {example!r} is blank or longer than a line")
        return examples

    @model_validator(mode="after")
    def _undivided(self) -> "Label":
        for example in self.examples:
            if example in self.not_examples:
                raise ValueError(f"the label {self.name!r} has {example!r} both as an example and as none")
        return self


class LabelSchema(BaseModel):
    """The labels of a project, in the order people see them.

    guidelines: free text for annotators and for the prompt. overlap: whether spans may nest or overlap.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    labels: tuple[Label, ...] = Field(min_length=1)
    guidelines: str = ""
    overlap: bool = False

    @model_validator(mode="after")
    def _distinct(self) -> "LabelSchema":
        for what, seen in (("label", self.names), ("key", [x.key for x in self.labels if x.key])):
            twice = sorted({x for x in seen if list(seen).count(x) > 1})
            if twice:
                raise ValueError(f"{what} {twice[0]!r} is named twice")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The label names, in order."""
        return tuple(label.name for label in self.labels)

    @classmethod
    def of(cls, names: Iterable[str]) -> "LabelSchema":
        """Make a schema of bare names, each given a colour and a key."""
        return _checked({"labels": [{"name": name} for name in names]}, None)

    @classmethod
    def read(cls, path: Path) -> "LabelSchema":
        """Read `labels.toml`. Raises InputError naming the file and the key that is wrong."""
        try:
            data = sound.toml_of(sound.text_of(path))
        except (OSError, ValueError) as error:
            raise InputError(f"cannot be read as a label schema: {error}", file=path, remedy=_EXAMPLE) from error
        return _checked(data, path)

    @classmethod
    def parse(cls, argument: str) -> "LabelSchema":
        """Read what `--labels` takes: a TOML file, or names with commas between."""
        path = Path(argument)
        if argument.endswith(".toml") or path.is_file():
            return cls.read(path)
        return cls.of(name.strip() for name in argument.split(",") if name.strip())

    def to_toml(self) -> str:
        """Write the schema so that `read` gives it back."""
        lines = [f"overlap = {'true' if self.overlap else 'false'}", f"guidelines = {_quoted(self.guidelines)}"]
        for label in self.labels:
            lines += ["", "[[labels]]"]
            lines += [f"{key} = {_quoted(value)}" for key, value in label.model_dump().items()]
        return "\n".join(lines) + "\n"

    def check(self, name: str, *, file: Path | str | None = None, line: int | None = None) -> None:
        """Raise LabelError when the schema does not name this label."""
        if name not in self.names:
            raise LabelError(
                f"the label {name!r} is not in the schema ({', '.join(self.names)})",
                file=file,
                line=line,
                remedy="add it to labels.toml of the project, or mend the file",
            )


_EXAMPLE = 'for example:  [[labels]]  name = "Chemical"  definition = "a substance with a structure"'


def _quoted(value: str | Iterable[str]) -> str:
    if not isinstance(value, str):
        return f"[{', '.join(map(_quoted, value))}]"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"[\x00-\x1f\x7f]", lambda m: f"\\u{ord(m[0]):04x}", escaped) + '"'


def _checked(data: dict[str, object], path: Path | None) -> LabelSchema:
    try:
        bare = LabelSchema.model_validate(data)
        taken = {label.key for label in bare.labels}
        free = (key for key in KEYS if key not in taken)
        labels = [
            label.model_copy(
                update={"colour": label.colour or COLOURS[i % len(COLOURS)], "key": label.key or next(free, "")}
            )
            for i, label in enumerate(bare.labels)
        ]
        return bare.model_copy(update={"labels": tuple(labels)})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"the label schema is wrong at {where or 'the top'}: {first['msg']}", file=path, remedy=_EXAMPLE
        ) from error
