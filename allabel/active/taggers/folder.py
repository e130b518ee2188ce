"""A trained tagger's folder: written whole or not at all, and read with care."""

import glob
import json
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from allabel import sound
from allabel.errors import InputError

DESCRIPTION = "tagger.json"
FORMAT = 1
# No save takes as long: what is older was left by one that was killed.
LEFT_S = 3600.0


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """Give an empty folder to write to, which takes the place of `folder` at the end; on failure nothing changes.

    Raises InputError where `folder` is a file or the disk refuses.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError("is a file, and a tagger is saved as a folder", file=folder, remedy="name another folder")
    new, old = (folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.{end}") for end in ("new", "old"))
    try:
        new.mkdir(parents=True)
        clear_left(folder.parent, f".{glob.escape(folder.name)}.????????.new")
        if folder.exists():
            # Else the old one may be all there is.
            clear_left(folder.parent, f".{glob.escape(folder.name)}.????????.old")
        yield new
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
    except OSError as error:
        if old.exists() and not folder.exists():
            old.rename(folder)
        raise InputError(
            f"the tagger cannot be saved: {error.strerror or error}",
            file=folder,
            remedy="make room, or name a folder that may be written",
        ) from error
    finally:
        shutil.rmtree(new, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def clear_left(folder: Path, pattern: str) -> None:
    """Remove the folders of this pattern that a save left which was killed; those of one under way stay."""
    for path in folder.glob(pattern):
        try:
            since = path.stat().st_mtime
        except FileNotFoundError:  # another save cleared it, or came to its end
            continue
        if time.time() - since > LEFT_S:
            # What cannot be removed does not keep anybody from saving.
            shutil.rmtree(path, ignore_errors=True)


def describe(folder: Path, name: str, told: Mapping[str, Any]) -> None:
    """Write what a tagger of this name needs to be made again, as JSON."""
    text = json.dumps({"tagger": name, "format": FORMAT, **told}, ensure_ascii=False, indent=1)
    (folder / DESCRIPTION).write_text(text, encoding="utf-8")


def description(folder: Path, name: str) -> dict[str, Any]:
    """Read what `describe` wrote. Raises InputError where there is nothing, or another tagger's, or other version's."""
    path = folder / DESCRIPTION
    try:
        told: dict[str, Any] = sound.json_of(sound.text_of(path))
        found, version = told["tagger"], told["format"]
    except FileNotFoundError as error:
        raise InputError(
            f"holds no trained tagger: {DESCRIPTION} is not there",
            file=folder,
            remedy="name the folder it was saved to",
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise damaged(path, error) from error
    if version != FORMAT:
        raise InputError(
            f"the tagger was saved in format {version!r:.40}, and this version of allabel reads {FORMAT}",
            file=path,
            remedy="train it again, or use the version of allabel that saved it",
        )
    if found != name:
        raise InputError(f"holds a tagger {found!r:.80}, not {name!r}", file=path, remedy=f"load it as {found!r:.80}")
    return told


def damaged(path: Path, error: Exception) -> InputError:
    """Return the error for a file that is not what was saved."""
    return InputError(
        f"is not what was saved: {' '.join(str(error).split())[:500] or type(error).__name__}",
        file=path,
        remedy="copy the folder anew, or train again",
    )
