"""Taggers made from settings, and the folder that a project keeps its tuned tagger in."""

import hashlib
import inspect
import json
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from allabel import sound
from allabel.active.base import TokenTagger
from allabel.active.imbalance.methods import NONE, RESAMPLING, loss_of
from allabel.active.taggers.folder import clear_left
from allabel.config import Finetune
from allabel.document import DocId
from allabel.errors import InputError, MissingExtraError
from allabel.formats.files import write_atomically
from allabel.plugins import load, made, names, not_one, takes

FILE_NAME = "tuned.json"
FORMAT = 1
_NEW = ".new-"
_OF_A_TAGGER = ("learns_partly", "fit", "predict", "predict_proba", "predict_both", "save", "load")
# What the settings call it, and what a training does.
_OF_TRAINING = {"epochs": "epochs", "learning_rate": "learning_rate", "batch": "batch_sentences", "device": "device"}


@dataclass(frozen=True, slots=True)
class Lesson:
    """What one tuned model learned from, and how it went.

    texts: a digest of each annotated text, answers: of what was answered about each other text; both by text.
    options: in words, equal for equal settings. n_entities: in the annotated texts, or begun by an answer.
    held_out_f1: strict F1 on sentences held out in training, None where none were.
    """

    labels: tuple[str, ...]
    texts: Mapping[DocId, str]
    answers: Mapping[DocId, str]
    options: str
    n_sentences: int = 0
    n_words: int = 0
    n_entities: int = 0
    held_out_f1: float | None = None
    seconds: float = 0.0

    def is_of(self, other: "Lesson") -> bool:
        """Tell whether both learn the same by the same options."""
        mine, theirs = ((x.labels, dict(x.texts), dict(x.answers), x.options) for x in (self, other))
        return mine == theirs

    def n_newer(self, now: "Lesson") -> int:
        """Count the texts and answers of `now` that were added, edited or removed since this was learned."""
        return _n_changed(self.texts, now.texts) + _n_changed(self.answers, now.answers)


class _Kept(BaseModel):
    """The file of a tuned model. folder: beside the file, for one that leads elsewhere would have anything loaded."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    model: str = Field(min_length=1)
    tagger: str = Field(min_length=1)
    folder: str = Field(pattern=r"^model-[0-9a-f]{1,64}$")
    at: datetime
    lesson: Lesson


@dataclass(frozen=True, slots=True)
class Tuned:
    """A tuned model that is kept. folder: what the tagger is loaded from. model: its name, which no other bears."""

    folder: Path
    tagger: str
    model: str
    at: datetime
    lesson: Lesson


def make(asked: Finetune, labels: Sequence[str], checkpoint: Path | None = None) -> TokenTagger:
    """Return the tagger that the settings name; options that it has no use for are left out, see `unused`.

    Raises UnknownNameError where there is none of the name, MissingExtraError where its packages are not installed,
    InputError where an option cannot be.
    """
    factory = tagger_class(asked.tagger)
    given = asked.model_dump(exclude={"tagger", "seed"}, exclude_none=True)
    of_training = {_OF_TRAINING[name]: value for name, value in given.items() if name in _OF_TRAINING}
    arguments: dict[str, Any] = {name: given[name] for name in ("encoder", "crf") if name in given}
    loss = loss_of(asked.imbalance or NONE)
    if loss is not None:
        if not takes(factory, "loss"):
            raise InputError(
                f"{loss} is a loss of one word's decision, and the tagger {asked.tagger} decides on whole sentences",
                remedy=f"take softmax, bilstm, distilbert or cnn_cnn_lstm, or one of {', '.join(RESAMPLING)}",
            )
        arguments["loss"] = loss
    if of_training and takes(factory, "training"):
        from allabel.active.taggers.fitting import Training

        default = inspect.signature(factory).parameters["training"].default
        own = default if isinstance(default, Training) else Training()
        arguments["training"] = replace(own, **of_training)
    if checkpoint is not None:
        arguments["checkpoint"] = checkpoint
    taken = {name: value for name, value in arguments.items() if takes(factory, name)}
    tagger: TokenTagger = made("taggers", asked.tagger, lambda: factory(tuple(labels), **taken))
    return tagger


def unused(asked: Finetune) -> list[str]:
    """Return the options that the tagger has no use for, by name. Raises UnknownNameError or MissingExtraError."""
    factory = tagger_class(asked.tagger)
    given = asked.model_dump(exclude={"tagger", "seed", "imbalance"}, exclude_none=True)
    return [name for name in given if not takes(factory, "training" if name in _OF_TRAINING else name)]


def tagger_class(name: str) -> Any:
    """Return the class of a tagger by name.

    Raises UnknownNameError, MissingExtraError where its packages are missing, PluginError where it is no tagger.
    """
    try:
        found = load("taggers", name)
    except ImportError as error:
        raise MissingExtraError(
            f"the {name} tagger needs {error.name or 'a package that is not there'}",
            remedy="pip install 'allabel[finetune]'",
        ) from error
    if missing := [one for one in _OF_A_TAGGER if not hasattr(found, one)]:
        raise not_one("taggers", name, f"it has no {missing[0]!r}")
    return found


def resumes(tagger: str) -> bool:
    """Tell whether a training that was stopped goes on where it was."""
    return takes(tagger_class(tagger), "checkpoint")


def learns_partly(tagger: str) -> bool:
    """Tell whether it learns from sentences of which some words are not annotated; as `tagger_class` raises."""
    return bool(tagger_class(tagger).learns_partly)


def describe(folder: Path) -> Tuned | None:
    """Read what the folder says of its tuned model, and load none; None where there is no model.

    Raises InputError where what is there cannot be read.
    """
    path = folder / FILE_NAME
    try:
        text = sound.text_of(path)
        data = sound.json_of(text)
        if data["format"] != FORMAT:
            raise InputError(
                f"the tuned model has the format {data['format']!r:.40}, and this version reads {FORMAT}",
                file=path,
                remedy="train it anew: allabel finetune",
            )
        kept = _Kept.model_validate_json(text)
        return Tuned(folder / kept.folder, kept.tagger, kept.model, kept.at, kept.lesson)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"cannot be read as a tuned model: {_first(error)}", file=path, remedy="train it anew: allabel finetune"
        ) from error


def _first(error: Exception) -> str:
    """Say an error in a line; of pydantic's the first."""
    if not isinstance(error, ValidationError):
        return f"{error!s:.200}"
    first = error.errors(include_url=False)[0]
    return f"{'.'.join(map(str, first['loc'])):.100}: {first['msg']}"


def readable(folder: Path) -> Tuned | None:
    """Return what `describe` does; None also where it cannot be read, for who is about to replace it."""
    try:
        return describe(folder)
    except InputError:
        return None


def open_tagger(tuned: Tuned, asked: str = "") -> TokenTagger:
    """Load a tuned model's tagger. asked: the tagger that the settings name.

    Raises InputError where its files are damaged or gone, or name a class that neither a package registered nor the
    settings name: a folder that came from elsewhere must not choose which code is run.
    """
    if tuned.tagger != asked and tuned.tagger not in names("taggers"):
        raise InputError(
            f"the model names the class {tuned.tagger!r:.200}, which the settings do not",
            file=tuned.folder,
            remedy="where you trust it, set it as `tagger` of [finetune] in allabel.toml; else train: allabel finetune",
        )
    factory = tagger_class(tuned.tagger)
    check_whole(tuned)
    try:
        tagger: TokenTagger = factory.load(tuned.folder)
    except InputError as error:
        raise InputError(error.problem, file=error.file, remedy="train it anew: allabel finetune") from error
    return tagger


def check_whole(tuned: Tuned) -> None:
    """Raise InputError where the model's files are not, to the last byte, those that were kept."""
    try:
        same = tuned.model.rpartition("-")[2] == _digest(tuned.folder)
    except OSError as error:
        raise InputError(
            f"cannot be read: {error.strerror}", file=error.filename, remedy="check the disk and the permissions"
        ) from error
    if not same:
        raise InputError(
            "holds another model than was kept there: files are damaged" if tuned.folder.exists() else "is gone",
            file=tuned.folder,
            remedy="train it anew: allabel finetune",
        )


def keep(folder: Path, tagger: TokenTagger, name: str, lesson: Lesson, at: datetime) -> Tuned:
    """Save a tagger as the folder's tuned model; the one before is in use until all is written.

    name: of its class, as the settings have it. Raises InputError where the disk refuses.
    """
    new = folder / f"{_NEW}{secrets.token_hex(6)}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Those that writing a tagger's folder leaves bear the name of that folder.
        clear_left(folder, f"*{_NEW}*")
        tagger.save(new)
        digest = _digest(new)
        target = folder / f"model-{digest}"
        # One from an earlier training that is the same to the last byte stays; a damaged one does not.
        if not (target.exists() and _digest(target) == digest):
            shutil.rmtree(target, ignore_errors=True)
            new.rename(target)
        model = f"{name.rpartition(':')[2]}-{digest}"
        tuned = Tuned(target, name, model, at, lesson)
        before = readable(folder)
        with write_atomically(folder / FILE_NAME) as file:
            json.dump(_to_json(tuned), file, ensure_ascii=False, indent=1)
    except OSError as error:
        raise InputError(
            f"the model cannot be saved: {error.strerror}",
            file=error.filename or folder,
            remedy="make room, or let the folder be written to",
        ) from error
    finally:
        shutil.rmtree(new, ignore_errors=True)
    # Whoever read of the model before this moment may be loading it: it goes with the next one.
    in_use = {target, before.folder if before else target}
    for old in folder.glob("model-*"):
        if old not in in_use:
            shutil.rmtree(old, ignore_errors=True)
    return tuned


def _to_json(tuned: Tuned) -> dict[str, Any]:
    lesson = {name: getattr(tuned.lesson, name) for name in Lesson.__slots__}
    return {
        "format": FORMAT,
        "model": tuned.model,
        "tagger": tuned.tagger,
        "folder": tuned.folder.name,
        "at": tuned.at.isoformat(),
        "lesson": lesson | {"texts": dict(tuned.lesson.texts), "answers": dict(tuned.lesson.answers)},
    }


def _digest(folder: Path) -> str:
    """Return 12 hexadecimal digits that change with any file."""
    total = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        total.update(f"{path.relative_to(folder).as_posix()}\0".encode())
        with path.open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()[:12]


def _n_changed(then: Mapping[DocId, str], now: Mapping[DocId, str]) -> int:
    return len(then.keys() ^ now.keys()) + sum(then[id] != now[id] for id in then.keys() & now.keys())
