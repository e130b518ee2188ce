"""What is said of a wrong setting: its whole name, its value, what it is for, and where it is to be mended."""

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from allabel.config.settings import HIDDEN, PREFIX, SECRETS, Settings
from allabel.config.tables import TABLES, ModelPrice
from allabel.errors import InputError, meant


def wrong(
    loc: Sequence[str], error: Mapping[str, Any], path: Path, in_file: Mapping[str, Any], given: Mapping[str, Any]
) -> InputError:
    """Say what is wrong with the setting at `loc`, and where it is to be mended: flag, variable or file.

    error: one of pydantic's. path: the file. in_file, given: what stands in the file, and which flags there are.
    """
    name, setting, kind = loc[0] if loc else "", _dotted(loc), error["type"]
    # A variable that no setting has the name of is not read.
    variable = variable_of(name) if name in Settings.model_fields else ""
    of_file = name in in_file and not _is_flag(loc, given) and (not variable or len(loc) > 1)
    if kind == "extra_forbidden":
        return _unknown(loc, setting, path if of_file else None, variable)
    if kind == "missing":
        problem = f"the setting {setting!r} is missing"
    else:
        shown = "" if name in HIDDEN else f", not {error['input']!r}"
        about = description(loc)
        problem = f"the setting {setting!r} is wrong: {error['msg']}{shown}" + (
            f" ({loc[-1]}: {about})" if about else ""
        )
    if _is_flag(loc, given) or not (variable or of_file):
        flag = "cap" if name == "uncertainty_cap" else loc[1] if name in TABLES and len(loc) > 1 else name
        return InputError(problem, remedy=f"mend --{flag.replace('_', '-')}")
    if variable:
        # What a table holds may come of both.
        also = f", or {name!r} in {path}" if of_file else ""
        return InputError(problem, remedy=f"mend or remove the variable {variable}{also}")
    return InputError(
        problem,
        file=path,
        remedy=f"mend {setting!r} there" if kind == "missing" else f"mend or remove {setting!r} there",
    )


def _unknown(loc: Sequence[str], setting: str, file: Path | None, variable: str) -> InputError:
    """Say that there is no such key. Its value is not shown: it may well be a password under another name."""
    known = [name for name in table_at(loc[:-1]).model_fields if name not in SECRETS]
    remedy = f"{meant(loc[-1], known)} known keys are {', '.join(known)}".lstrip()
    remedy += f"; it stands in the variable {variable}" if variable and file is None else ""
    return InputError(f"there is no setting {setting!r}", file=file, remedy=remedy)


def table_at(loc: Sequence[str]) -> type[BaseModel]:
    """Return the table at a place: the whole file's at none, a model's price below `prices`."""
    return TABLES.get(loc[0], ModelPrice) if loc else Settings


def description(loc: Sequence[str]) -> str:
    """Return what the key at `loc` is for, in words; "" where another program names the keys."""
    if not loc or loc[0] == "vllm":
        return ""
    found = table_at(loc[:-1]).model_fields.get(loc[-1])
    return (found.description or "") if found else ""


def variable_of(name: str) -> str:
    """Return the variable that sets this, as it is spelt in the environment; "" where none does."""
    return next((key for key in sorted(os.environ) if key.upper() == f"{PREFIX}{name.upper()}"), "")


def _is_flag(loc: Sequence[str], given: Mapping[str, Any]) -> bool:
    """Tell whether the setting at `loc` was given as a flag; of a table, each key is a flag of its own."""
    if not loc or loc[0] not in given:
        return False
    table = given[loc[0]]
    return len(loc) == 1 or not isinstance(table, Mapping) or loc[1] in table


def _dotted(loc: Sequence[str]) -> str:
    """Write a place as TOML does: prices."a/b".prompt."""
    return ".".join(part if re.fullmatch(r"[\w-]+", part, re.ASCII) else json.dumps(part) for part in loc)
