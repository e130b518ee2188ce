"""The page of the settings: every key with its type, default, range, variable and flags, from the models themselves."""

import json
import types
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import click
from annotated_types import Ge, Gt, Le, Lt
from of_commands import contexts
from plain import code, page, sentence, table
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from allabel.config import SECRETS, TABLES, ModelPrice, Settings
from allabel.config.settings import PREFIX

# The first key of each group, and the group's heading.
GROUPS = {
    "backend": "What tags, and what it is shown",
    "form": "How a language model is asked",
    "strategy": "What is chosen, and who annotates it",
    "database": "Where things are",
}
INTRO = f"""
A command is told by its flags, then by variables of the environment, then by `allabel.toml` in the project's folder,
then by the defaults below. The variable of a key is `{PREFIX}` and its name in capitals: `{PREFIX}SHOTS=3`. A table is
one variable, written as JSON: `{PREFIX}SERVE='{{"port": 8300}}'`. A key that is not known is refused, with the nearest
one that is.
"""
EXAMPLE = """
    backend = "chat"
    base_url = "http://127.0.0.1:8000/v1"
    model = "my-model"
    shots = 8

    [serve]
    port = 8300
    texts_per_minute = 6000

    [prices."my-model"]
    prompt = 0.15
    output = 0.60
"""
# Variables that are no settings of a project: what reads them, and what for.
OTHERS = (
    ("OPENAI_BASE_URL", "stands for `base_url` where that is empty"),
    ("OPENAI_API_KEY", "stands for `api_key` where that is empty"),
    ("ALLABEL_SERVER_URL", "the server that `allabel.client` asks, where a program names none"),
    ("ALLABEL_SERVER_KEY", "the key that `allabel.client` sends, where a program gives none"),
    ("ALLABEL_DATA", "a folder with public corpora, each in a folder of its name, for `allabel eval`"),
    ("XDG_CACHE_HOME", "the folder below which downloaded corpora are kept, in place of `~/.cache`"),
    ("PGPASSWORD", "the password of a database on PostgreSQL"),
    ("HF_HUB_OFFLINE", "if 1, no encoder is asked for at the hub of Hugging Face; `HF_ENDPOINT` names another hub"),
    ("RAY_ADDRESS", "the cluster of Ray that work is spread over; without it Ray is started on this machine"),
    ("WNSEARCHDIR", "the folder of WordNet, for `--imbalance synonyms`, where it is not at the usual places"),
    ("NO_COLOR", "if set, nothing is coloured; `FORCE_COLOR` and `CLICOLOR_FORCE` colour what is no terminal too"),
)
_TYPES = {str: "text", int: "whole number", float: "number", bool: "true or false", Path: "folder"}


def settings_page() -> str:
    """Return the page."""
    parts = [INTRO, "For example:", EXAMPLE.strip("\n"), *_of_settings()]
    for name, model in TABLES.items():
        parts += [f"## Table [{name}]", sentence(model.__doc__ or ""), _table(model, name)]
    parts += ['## Tables [prices."NAME"]', sentence(ModelPrice.__doc__ or ""), _table(ModelPrice, "")]
    parts += ["## Table [vllm]", "Arguments of vLLM's engine, by its own names: [the how-to](../how-to/vllm.md)."]
    others = [(code(name), sentence(told)) for name, told in OTHERS]
    return page("Settings", *parts, "## Other variables", table(("variable", "what it does"), others))


def _of_settings() -> Iterator[str]:
    names = [name for name in Settings.model_fields if name not in TABLES]
    starts = [*(names.index(first) for first in GROUPS), len(names)]
    for n, heading in enumerate(GROUPS.values()):
        yield f"## {heading}"
        yield _rows(Settings, names[starts[n] : starts[n + 1]], "")


def _table(model: type[BaseModel], name: str) -> str:
    return _rows(model, list(model.model_fields), name)


def _rows(model: type[BaseModel], names: list[str], of: str) -> str:
    flags = _flags(of)
    rows = [_row(name, model.model_fields[name], of, flags.get(name, [])) for name in names]
    return table(("key", "what it says", "type and range", "default"), rows)


def _row(name: str, field: FieldInfo, of: str, flags: list[str]) -> tuple[str, str, str, str]:
    told = sentence(field.description or "")
    if name in SECRETS:
        told += f" Variable: `{PREFIX}{name.upper()}`."
    elif flags:
        told += f" Flag: {', '.join(map(code, flags))}."
    kind = ", ".join(part for part in (_type(field.annotation), _range(field)) if part)
    return code(name), told, kind, _default(field, of)


def _type(annotation: Any) -> str:
    if get_origin(annotation) in {Union, types.UnionType}:
        return " or ".join(_type(one) for one in get_args(annotation) if one is not type(None))
    if get_origin(annotation) is Literal:
        return "one of " + ", ".join(code(json.dumps(one)) for one in get_args(annotation))
    if get_origin(annotation) in {dict, Mapping}:
        return "table"
    return _TYPES[annotation]


def _range(field: FieldInfo) -> str:
    bounds = {type(one): one for one in field.metadata}
    least = f"from {bounds[Ge].ge:,}" if Ge in bounds else f"above {bounds[Gt].gt:,}" if Gt in bounds else ""
    most = f"to {bounds[Le].le:,}" if Le in bounds else f"below {bounds[Lt].lt:,}" if Lt in bounds else ""
    return " ".join(part for part in (least, most) if part) if most else least.replace("from", "at least")


def _default(field: FieldInfo, of: str) -> str:
    if field.is_required():
        return "must be given"
    value = field.get_default(call_default_factory=True)
    if value is None:
        return "the tagger's own" if of == "finetune" else "none"
    if isinstance(value, dict):
        return "empty"
    return code(json.dumps(str(value) if isinstance(value, Path) else value))


@cache
def _flags(of: str) -> dict[str, list[str]]:
    """Return, for each key, the flags that set it: those of `allabel finetune` for its table, and so on."""
    found: dict[str, set[str]] = {}
    model = TABLES[of] if of else Settings
    for path, parameters in _commands():
        words = path.split()[1:]
        if not words or words[0] in {"eval", "app"} or (of and words != [of]) or (not of and words[0] in TABLES):
            continue
        for parameter in parameters:
            spelt = next((one for one in parameter.opts if one.startswith("--")), "")
            if spelt and parameter.name in model.model_fields:
                found.setdefault(parameter.name, set()).add(spelt)
    return {name: sorted(flags) for name, flags in found.items()}


@cache
def _commands() -> list[tuple[str, list[click.Parameter]]]:
    return [(context.command_path, context.command.params) for context in contexts()]
