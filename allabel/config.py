"""Settings: flags, then `ALLABEL_*` variables, then the project's `allabel.toml`, then defaults."""

import difflib
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from allabel import sound
from allabel.errors import InputError

FILE_NAME = "allabel.toml"
SECRETS = ("api_key",)
# Values that may hold a password, and are not shown in messages.
HIDDEN = (*SECRETS, "database")


class ModelPrice(BaseModel):
    """What a million tokens of a model cost, in any one currency."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prompt: float = Field(ge=0, allow_inf_nan=False)
    output: float = Field(ge=0, allow_inf_nan=False)


class Finetune(BaseModel):
    """How `allabel finetune` trains, `[finetune]` in the file; None leaves a value to the tagger.

    tagger: a name of the entry points `allabel.taggers`, or `module:Class`. encoder: the name or folder of a Hugging
    Face encoder. batch: sentences. crf: whether a CRF decides on the tags. imbalance: what is done about rare types,
    by a name of `allabel.active.imbalance.methods`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    tagger: str = Field(default="distilbert", min_length=1)
    encoder: str | None = Field(default=None, min_length=1)
    epochs: int | None = Field(default=None, ge=1, le=100_000)
    learning_rate: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    batch: int | None = Field(default=None, ge=1, le=100_000)
    seed: int = Field(default=0, ge=0, lt=2**32)
    crf: bool | None = None
    imbalance: str | None = Field(default=None, min_length=1)
    device: str | None = Field(default=None, min_length=1)


class Serve(BaseModel):
    """What `allabel serve` may be told, `[serve]` in the file.

    workers: processes that share the address. max_body_mb: of one request, a job's included. max_texts,
    max_characters: texts of one request, and characters of one text. max_job_texts: texts of one job. queue_texts:
    texts that may wait in one process before callers are sent away for a while. requests_per_minute,
    texts_per_minute: what one key may ask of one process; None sets no limit. timeout_s: until a request is given up.
    job_days: how long a job that ended is kept.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(default="127.0.0.1", min_length=1)
    port: int = Field(default=8200, ge=0, le=65_535)
    workers: int = Field(default=1, ge=1, le=64)
    max_body_mb: float = Field(default=16.0, gt=0, le=4096)
    max_texts: int = Field(default=1024, ge=1, le=100_000)
    max_characters: int = Field(default=100_000, ge=1, le=10_000_000)
    max_job_texts: int = Field(default=100_000, ge=1, le=10_000_000)
    queue_texts: int = Field(default=4096, ge=1, le=1_000_000)
    requests_per_minute: int | None = Field(default=None, ge=1)
    texts_per_minute: int | None = Field(default=None, ge=1)
    timeout_s: float = Field(default=60.0, gt=0, le=3600)
    job_days: float = Field(default=7.0, gt=0, le=10_000)

    @property
    def max_body_bytes(self) -> int:
        """What `max_body_mb` is in bytes."""
        return round(self.max_body_mb * 2**20)


TABLES: dict[str, type[BaseModel]] = {"finetune": Finetune, "serve": Serve}


class Settings(BaseSettings):
    """What a project's commands may be told.

    backend: which annotator tags. base_url, model: the server and the model of the `chat` backend.
    shots: demonstrations a text. timeout_s: seconds for one request.
    retriever: what finds them. encoder: the sentence-transformers model of the `dense` retriever, or its folder.
    uncertainty_cap: texts tagged at most to measure uncertainty. duplicates: whether near-duplicates are left out
    of what may be chosen (`drop`) or kept in. strategy: what chooses the texts to annotate.
    form: how entities are asked for and written down, `grouped`, `json` or `markup`. copied: whether a model may only
    write strings that stand in the text, where the form is JSON. floor: demonstrations that score below this
    share of the best one are left out. diversity: above 0, demonstrations are chosen unlike one another. cover_labels:
    whether each label is to be among them. cover_rare: whether each rare label is that a demonstration of at least half
    the best score has; with `cover_labels` it changes nothing. exclude_near_duplicates: whether near-duplicates of a
    text are no demonstrations of it, as evaluation wants it. context_tokens: the model's window, where its server does
    not tell it.
    part_tokens, part_overlap: longer texts are split into parts of so many tokens, so many shown twice; an estimate.
    structured: how a server is bound to the form of an answer; `none` where it cannot be, and answers are only read
    strictly. requests_per_minute, tokens_per_minute: what a server allows. retries: after a passing fault.
    patience_s: how long a server without any answer is waited for. budget_requests, budget_tokens, budget_money: what
    one run may use. prices: by the model's name, `[prices."NAME"]` with `prompt` and `output` a million tokens.
    vllm: arguments of the `vllm` backend's engine, `[vllm]`, by vLLM's own names.
    finetune: see `Finetune`. serve: see `Serve`. tuned_model: the folder of the `tuned` backend's model, in the
    project's folder where the path is relative.
    database: where the store is, as `postgresql+psycopg://user@host/name`; "" for `project.db` in the folder. A
    password comes by the variable, PGPASSWORD or ~/.pgpass, never by the file.
    double_share: the share of texts that two people annotate, for agreement. blind_share: the share annotated without
    a suggestion in sight. lease_minutes: how long a text waits for a person who does nothing. session_hours: how long
    a sign-in lasts.
    """

    model_config = SettingsConfigDict(env_prefix="ALLABEL_", extra="forbid", frozen=True)

    backend: str = "embedded"
    base_url: str = ""
    model: str = ""
    api_key: str = Field(default="", repr=False)
    shots: int = Field(default=5, ge=0, le=100)
    retriever: str = "bm25"
    encoder: str = "sentence-transformers/all-MiniLM-L6-v2"
    concurrency: int = Field(default=8, ge=1, le=1000)
    timeout_s: float = Field(default=120.0, gt=0)
    max_output_tokens: int = Field(default=1024, ge=16)
    uncertainty_cap: int | None = Field(default=None, ge=1)
    duplicates: Literal["drop", "keep"] = "drop"
    strategy: str = "adaptive"
    form: str = "grouped"
    copied: bool = True
    floor: float = Field(default=0.0, ge=0, le=1)
    diversity: float = Field(default=0.0, ge=0, le=1)
    cover_labels: bool = False
    cover_rare: bool = False
    exclude_near_duplicates: bool = False
    context_tokens: int | None = Field(default=None, ge=64)
    part_tokens: int = Field(default=1024, ge=64)
    part_overlap: int = Field(default=128, ge=0)
    structured: Literal["response_format", "structured_outputs", "none"] = "response_format"
    requests_per_minute: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    tokens_per_minute: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    retries: int = Field(default=3, ge=0, le=100)
    patience_s: float = Field(default=600.0, gt=0)
    budget_requests: int | None = Field(default=None, ge=1)
    budget_tokens: int | None = Field(default=None, ge=1)
    budget_money: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    prices: dict[str, ModelPrice] = Field(default_factory=dict)
    vllm: dict[str, JsonValue] = Field(default_factory=dict)
    finetune: Finetune = Field(default_factory=Finetune)
    serve: Serve = Field(default_factory=Serve)
    tuned_model: Path = Path("tuned")
    database: str = Field(default="", repr=False)
    double_share: float = Field(default=0.0, ge=0, le=1)
    blind_share: float = Field(default=0.1, ge=0, le=1)
    lease_minutes: float = Field(default=30.0, gt=0, le=10_000)
    session_hours: float = Field(default=12.0, gt=0, le=10_000)

    @field_validator("database")
    @classmethod
    def _is_a_url(cls, database: str) -> str:
        if database and "://" not in database:
            raise ValueError("it is no URL such as postgresql+psycopg://user@host/name")
        return database

    @field_validator("vllm")
    @classmethod
    def _runs_no_code_of_a_model(cls, vllm: dict[str, JsonValue]) -> dict[str, JsonValue]:
        if vllm.get("trust_remote_code"):
            raise ValueError("with trust_remote_code a model brings code of its own, which is not run here")
        return vllm

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read flags, then variables, then the file that `load` names."""
        return (init_settings, env_settings, TomlConfigSettingsSource(settings_cls))


def load(folder: Path, **flags: Any) -> Settings:
    """Read the settings of a project folder; flags that are None count as not given.

    Raises InputError naming the file or the variable, the value and the remedy.
    """
    path = folder / FILE_NAME
    given = {name: value for name, value in flags.items() if value is not None}
    in_file = _read(path)

    class InFolder(Settings):
        model_config = SettingsConfigDict(toml_file=path)

    try:
        loaded = InFolder(**given)
        # Whoever reads the settings later does not know the folder they are of.
        return loaded.model_copy(update={"tuned_model": folder / loaded.tuned_model})
    except SettingsError as error:  # a variable that must be JSON and is not
        # Its value is not shown, and the error's own words are of Python's classes.
        named = re.search(r'field "(\w+)"', str(error))
        variable = _variable(named[1]) if named else ""
        raise InputError(
            f"the variable {variable} is not JSON" if variable else f"a variable cannot be read: {error}",
            remedy="write it as JSON, or remove it",
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        raise _wrong([str(part) for part in first["loc"]], first, path, in_file, given) from error


def _wrong(
    loc: Sequence[str], error: Mapping[str, Any], path: Path, in_file: Mapping[str, Any], given: Mapping[str, Any]
) -> InputError:
    """Say what is wrong with the setting at `loc`, and where it is to be mended: flag, variable or file."""
    name, setting, kind = loc[0] if loc else "", _dotted(loc), error["type"]
    # A variable that no setting has the name of is not read.
    variable = _variable(name) if name in Settings.model_fields else ""
    of_file = name in in_file and not _is_flag(loc, given) and (not variable or len(loc) > 1)
    if kind == "extra_forbidden":
        # Its value is not shown: an unknown key may well be a password under another name.
        of_table = TABLES.get(name, ModelPrice)
        known = _known() if len(loc) == 1 else list(of_table.model_fields)
        near = difflib.get_close_matches(loc[-1], known, n=1)
        problem = f"there is no setting {setting!r}"
        remedy = (f"did you mean {near[0]!r}? " if near else "") + f"known keys are {', '.join(known)}"
        remedy += f"; it stands in the variable {variable}" if variable and not of_file else ""
        return InputError(problem, file=path if of_file else None, remedy=remedy)
    if kind == "missing":
        problem = f"the setting {setting!r} is missing"
    else:
        shown = "" if name in HIDDEN else f", not {error['input']!r}"
        problem = f"the setting {setting!r} is wrong: {error['msg']}{shown}"
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


def _is_flag(loc: Sequence[str], given: Mapping[str, Any]) -> bool:
    """Tell whether the setting at `loc` was given as a flag; of a table, each key is a flag of its own."""
    if not loc or loc[0] not in given:
        return False
    table = given[loc[0]]
    return len(loc) == 1 or not isinstance(table, Mapping) or loc[1] in table


def _dotted(loc: Sequence[str]) -> str:
    """Write a place as TOML does: prices."a/b".prompt."""
    return ".".join(part if re.fullmatch(r"[\w-]+", part, re.ASCII) else json.dumps(part) for part in loc)


def _variable(name: str) -> str:
    """Return the variable that sets this, as it is spelt in the environment; "" where none does."""
    return next((key for key in sorted(os.environ) if key.upper() == f"ALLABEL_{name.upper()}"), "")


def _known() -> list[str]:
    return [name for name in Settings.model_fields if name not in SECRETS]


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        data = sound.toml_of(sound.text_of(path))
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read: {error}", file=path, remedy="mend it, or remove it for defaults") from error
    for secret in SECRETS:
        if secret in data:
            raise InputError(
                f"{secret!r} stands in a file",
                file=path,
                remedy=f"take it out and set OPENAI_{secret.upper()} or ALLABEL_{secret.upper()} instead",
            )
    if has_password(str(data.get("database", ""))):
        raise InputError(
            "the URL of 'database' holds a password",
            file=path,
            remedy="take it out of the file; set ALLABEL_DATABASE with it, or PGPASSWORD, or put it into ~/.pgpass",
        )
    return data


def has_password(url: str) -> bool:
    """Tell whether a database's URL holds a password."""
    try:
        parts = urlsplit(url)
        return bool(parts.password) or "password" in parse_qs(parts.query)
    except ValueError:
        # What cannot be read as a URL is told where it is opened, without its text.
        return False
