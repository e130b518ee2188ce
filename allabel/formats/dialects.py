"""Which of the JSONL dialects a file is in, and what a `.json` file holds: told by their keys."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from allabel.formats.files import LONGEST_LINE, require_file
from allabel.sound import refuse_run

_N_LOOKED_AT = 200
_HASHES = ("_input_hash", "_task_hash")


def jsonl_dialect(path: Path) -> str:
    """Name the dialect of a JSONL file: `jsonl` (native), `doccano` or `prodigy`, by the first line that decides.

    A line decides by keys only its dialect has; empty lists of labels decide where nothing else in the file does.
    What is no JSON is passed over: the reader will say so.
    """
    weak = ""
    for n, line in enumerate(_lines(path)):
        if n >= _N_LOOKED_AT and not weak:
            break
        sure, perhaps = dialect_of(_object(line))
        if sure:
            return sure
        weak = weak or perhaps
    return weak or "jsonl"


def json_kind(path: Path) -> str:
    """Name the format of a `.json` file: `label_studio`, or a JSONL dialect where its first line is a whole text."""
    first = next((line for line in _lines(path) if line.strip()), "")
    data = _object(first)
    return jsonl_dialect(path) if isinstance(data.get("text"), str) and "data" not in data else "label_studio"


def _lines(path: Path) -> Iterator[str]:
    """The lines of a file, bytes that are not UTF-8 replaced: which line has them is for the reader to say.

    A list of everything on one line is no line that tells, and is for the reader as well.
    """
    require_file(path)
    with path.open(encoding="utf-8-sig", errors="replace", newline="\n") as handle:
        while line := handle.readline(LONGEST_LINE):
            yield line


def _object(line: str) -> Mapping[str, Any]:
    if not re.match(r"\s*\{", line):
        return {}
    try:
        refuse_run(line)
        data = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def dialect_of(data: Mapping[str, Any]) -> tuple[str, str]:
    """Name the dialect an object surely is in, and the one it may be in; empty where it does not say."""
    entities, first = data.get("entities"), _first(data.get("entities"))
    if isinstance(first, dict):
        return ("doccano" if "start_offset" in first else "jsonl"), ""
    labels = [data[key] for key in ("label", "labels") if isinstance(data.get(key), list)]
    if _is_prodigy(data):
        return "prodigy", ""
    if "status" in data or "values" in data:
        return "jsonl", ""
    if any(isinstance(_first(label), list) for label in labels) or _is_export(data):
        return "doccano", ""
    if isinstance(entities, list):
        return "jsonl", ""
    return "", "doccano" if [] in labels else "prodigy" if data.get("spans") == [] else ""


def _is_prodigy(data: Mapping[str, Any]) -> bool:
    hashed = any(type(data.get(key)) is int for key in _HASHES)
    answered = data.get("answer") in ("accept", "reject", "ignore") and isinstance(data.get("spans"), list)
    return hashed or answered or _is_stretch(data.get("spans")) or _is_stretch(data.get("tokens"))


def _is_export(data: Mapping[str, Any]) -> bool:
    """Tell a line of doccano's export, which has lists of comments or relations beside lists of spans."""
    beside = any(isinstance(data.get(key), list) for key in ("Comments", "relations"))
    return beside and any(isinstance(data.get(key), list) for key in ("label", "labels", "entities"))


def _is_stretch(listed: Any) -> bool:
    """Tell a list of spans or tokens as Prodigy writes them."""
    one = _first(listed)
    return isinstance(one, dict) and {"start", "end"} <= one.keys()


def _first(listed: Any) -> Any:
    return listed[0] if isinstance(listed, list) and listed else None
