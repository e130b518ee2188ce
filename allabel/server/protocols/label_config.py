"""Label Studio's labelling configuration: which tags hold our labels, and which field of a task holds the text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from allabel.errors import InputError

EXAMPLE = '<Labels name="label" toName="text"><Label value="…"/></Labels><Text name="text" value="$text"/>'


@dataclass(frozen=True, slots=True)
class Labelling:
    """Labels over a text. from_name, to_name: of their tags. field: of a task's data. labels: as results name them."""

    from_name: str
    to_name: str
    field: str
    labels: tuple[str, ...]

    def text(self, data: Mapping[str, Any]) -> str | None:
        """Return a task's text, None where its field holds no string. `a.b` is the field b of a, as there."""
        found: Any = data
        for key in [self.field] if self.field in data else self.field.split("."):
            found = found.get(key) if isinstance(found, Mapping) else None
        return found if isinstance(found, str) else None


@dataclass(slots=True)
class _Tags:
    texts: dict[str, dict[str, str]] = field(default_factory=dict)
    labels: list[tuple[dict[str, str], list[str]]] = field(default_factory=list)
    open: bool = False


def labelling(config: str, ours: Sequence[str]) -> Labelling:
    """Return the `<Labels>` over a `<Text>` that have most of our labels, the first of those that have equally many.

    Raises InputError where there is no such pair, where none of its labels is ours, and where its text is none that a
    task holds as it is.
    """
    tags = _tags(config)
    pairs = [_pair(tags.texts[one.get("toname", "")], one, names) for one, names in tags.labels if _over(one, tags)]
    if not pairs:
        raise InputError("the labelling configuration has no <Labels> over a <Text>", remedy=f"for example {EXAMPLE}")
    best = max(pairs, key=lambda pair: len(set(pair.labels) & set(ours)))
    if not set(best.labels) & set(ours):
        theirs = named(best.labels) or "none, or are made from the task"
        raise InputError(
            f"none of the labels is one of this project: there they are {theirs}, here {named(ours)}",
            remedy="name them alike, upper and lower case included",
        )
    return best


def named(labels: Sequence[str]) -> str:
    """Write labels for a message: the first twenty, shortened, for a configuration may hold any number."""
    return ", ".join(f"{name!r:.60}" for name in labels[:20]) + (", …" if len(labels) > 20 else "")


def _over(labels: Mapping[str, str], tags: _Tags) -> bool:
    return labels.get("toname") in tags.texts and bool(labels.get("name"))


def _pair(text: Mapping[str, str], labels: Mapping[str, str], names: Sequence[str]) -> Labelling:
    value = text.get("value", "")
    if not value.startswith("$") or len(value) == 1:
        raise InputError(f"the <Text> has the value {value!r}", remedy='it names a field of the tasks: value="$text"')
    if text.get("valuetype", "text") != "text" or text.get("encoding", "none") != "none":
        raise InputError(
            "the <Text> has a valueType or an encoding", remedy="let the tasks hold the text itself: leave both out"
        )
    return Labelling(labels["name"], labels["toname"], value[1:], tuple(dict.fromkeys(names)))


def _tags(config: str) -> _Tags:
    """Read the tags by expat, which loads nothing from elsewhere; a document type, and so an entity, is refused."""
    tags, parser = _Tags(), expat.ParserCreate()

    def refuse(*_: Any) -> None:
        raise InputError("the labelling configuration declares a document type", remedy="take <!DOCTYPE …> out of it")

    def begin(tag: str, attributes: dict[str, str]) -> None:
        # Names of tags and attributes are told apart there whatever their case.
        tag, found = tag.lower(), {key.lower(): value for key, value in attributes.items()}
        if tag == "text":
            tags.texts[found.get("name", "")] = found
        elif tag == "labels":
            tags.labels.append((found, []))
            tags.open = True
        elif tag == "label" and tags.open and (name := found.get("alias") or found.get("value")):
            tags.labels[-1][1].append(name)

    def end(tag: str) -> None:
        tags.open = tags.open and tag.lower() != "labels"

    parser.StartDoctypeDeclHandler, parser.StartElementHandler, parser.EndElementHandler = refuse, begin, end
    try:
        # As a string: what it may declare of its encoding does not hold.
        parser.Parse(config, True)
    except expat.ExpatError as error:
        raise InputError(f"the labelling configuration is no XML: {error}", remedy=f"for example {EXAMPLE}") from error
    return tags
