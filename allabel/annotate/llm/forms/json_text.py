"""JSON as models write it: read laxly in its characters, strictly in its keys, with the places of its strings."""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from allabel.annotate.llm.forms.error import ReplyFormatError

_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"(\s*:)?', re.DOTALL)


class Written(NamedTuple):
    """A string value of a reply: the key before it, and where its inside stands in the content, escapes and all."""

    key: str
    start: int
    end: int


def load_json(content: str) -> Any:
    """Parse a reply. Raises ReplyFormatError where it is no JSON, or gives a key twice in one object."""
    try:
        # Models write raw control characters inside strings, which only the lax reader takes.
        return json.loads(content, strict=False, object_pairs_hook=_distinct_keys)
    except (ValueError, RecursionError) as error:
        raise ReplyFormatError(f"the reply is not JSON: {error}") from error


def strings(content: str) -> Iterator[Written]:
    """Give the string values of a valid reply, in order; those of a list have the key of the list."""
    key = ""
    for string in _STRING.finditer(content):
        if string[1] is not None:
            written = string[0][: -len(string[1])]
            key = json.loads(written, strict=False) if "\\" in written else written[1:-1]
        else:
            yield Written(key, string.start() + 1, string.end() - 1)


def _distinct_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is given twice in one object")
    return found
