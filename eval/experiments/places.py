"""Where in a TOML file a key stands, for messages that name the line."""

import re

Key = tuple[str | int, ...]
_HEADER = re.compile(r"\s*(?P<open>\[\[?)\s*(?P<name>[^\[\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"""\s*(?P<name>[\w.-]+|"[^"]*"|'[^']*')\s*=""")


def lines_of(text: str) -> dict[Key, int]:
    """Return the line (from 1) of each table and key that stands on a line of its own.

    Keys are paths as pydantic writes them: `("data", 0, "source")` for `source` in the first `[[data]]`.
    """
    found: dict[Key, int] = {}
    n_of: dict[str, int] = {}
    table: Key = ()
    for number, line in enumerate(text.split("\n"), start=1):
        if header := _HEADER.match(line):
            table = (header["name"],)
            if header["open"] == "[[":
                found.setdefault(table, number)
                table = (header["name"], n_of.get(header["name"], 0))
                n_of[header["name"]] = n_of.get(header["name"], 0) + 1
            found.setdefault(table, number)
        elif key := _KEY.match(line):
            found.setdefault((*table, key["name"].strip("\"'")), number)
    return found


def nearest_line(lines: dict[Key, int], path: Key) -> int | None:
    """Return the line of a path or of what it stands in; None where nothing of it is in the file."""
    for n in range(len(path), 0, -1):
        if path[:n] in lines:
            return lines[path[:n]]
    return None
