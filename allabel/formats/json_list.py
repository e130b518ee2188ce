"""A JSON file that is one list of objects, read object by object with the place of each."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from allabel.errors import InputError
from allabel.formats.files import read_text, write_atomically
from allabel.formats.native import dump_json
from allabel.formats.places import Item
from allabel.sound import DECODER, checked, refuse_run

_BLANK = " \t\r\n"


def read_items(path: Path, noun: str) -> Iterator[tuple[Item, dict[str, Any]]]:
    """Yield each object of the list with its place; a lone object counts as a list of one.

    Raises InputError with line and column where the file is not such JSON, and as `sound.json_of` does.
    """
    text = read_text(path)
    try:
        refuse_run(text)
    except ValueError as error:
        raise InputError(
            f"cannot be read as JSON: {error}", file=path, remedy="check that it is the file you mean"
        ) from error
    at = _past_blank(text, 0)
    if at == len(text):
        return
    many = text[at] == "["
    at = _past_blank(text, at + 1) if many else at
    line, counted, number = 1, 0, 0
    while not (many and text[at : at + 1] == "]"):
        number += 1
        line, counted = line + text.count("\n", counted, at), at
        item = Item(path, line, f"{noun} {number}")
        value, at = _decoded(text, at, item)
        if not isinstance(value, dict):
            raise item.wrong(f"is {value!r:.40}, not an object", f"the file is a list of {noun}s")
        yield item, value
        at = _past_blank(text, at)
        if not many:
            break
        if text[at : at + 1] == ",":
            at = _past_blank(text, at + 1)
            if text[at : at + 1] == "]":
                raise _broken(text, at, f"a {noun} is missing after the comma", path)
        elif text[at : at + 1] != "]":
            raise _broken(text, at, "a comma or ] is missing", path)
    rest = _past_blank(text, at + 1) if many else at
    if rest < len(text):
        raise _broken(text, rest, "there is more after the end of the list", path)


def write_items(items: Iterable[tuple[str, Any]], path: Path) -> None:
    """Write pairs of name and object as a list, an object a line, whole or not at all."""
    with write_atomically(path) as handle:
        handle.write("[")
        for n, (name, item) in enumerate(items):
            handle.write((",\n" if n else "\n") + dump_json(item, name, path))
        handle.write("\n]\n")


def _decoded(text: str, at: int, item: Item) -> tuple[Any, int]:
    try:
        value, end = DECODER.raw_decode(text, at)
        return checked(value, text, at, end), end
    except json.JSONDecodeError as error:
        raise _broken(text, error.pos, error.msg, item.file) from error
    except (ValueError, RecursionError) as error:
        raise item.wrong(f"cannot be read as JSON: {error}", "mend the value, or write null in its place") from error


def _broken(text: str, at: int, problem: str, path: Path) -> InputError:
    column = at - text.rfind("\n", 0, at)
    hint = "; it looks cut off" if at >= len(text.rstrip()) else ""
    return InputError(
        f"is not JSON at column {column}: {problem}{hint}",
        file=path,
        line=text.count("\n", 0, at) + 1,
        remedy="copy or export the file again",
    )


def _past_blank(text: str, at: int) -> int:
    while at < len(text) and text[at] in _BLANK:
        at += 1
    return at
