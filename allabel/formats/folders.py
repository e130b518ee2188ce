"""New folders with a text a file."""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from allabel.document import DocId
from allabel.errors import InputError
from allabel.formats.file_names import file_name
from allabel.formats.files import unwritable


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Give an empty folder that is renamed to `path` at the end: it is written whole or not at all.

    Raises InputError where something is there already but an empty folder, or none can be made.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise InputError("is there already", file=path, remedy="name a folder that is not there yet")
    # Behind a symbolic link, or as ".", a folder has no name that it could be given.
    target = path.resolve()
    temporary = target.with_name(f".{secrets.token_hex(6)}.tmp")
    try:
        temporary.mkdir()
    except OSError as error:
        raise unwritable(path, error) from error
    try:
        yield temporary
        temporary.rename(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def file_of(id: DocId, folder: Path, path: Path) -> Path:
    """Give the file in the new folder for the text of this id. path: what the folder is going to be, for errors.

    Raises InputError on an id that came before, or that can be no name.
    """
    file = folder / f"{file_name(id, path)}.txt"
    if file.exists():
        raise InputError(f"the id {id!r} is there twice", file=path, remedy="give each its own id")
    return file
