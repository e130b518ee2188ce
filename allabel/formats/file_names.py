"""File names made of ids, and the ids made of them again."""

import re
from pathlib import Path, PurePosixPath
from urllib.parse import quote, unquote

from allabel.document import DocId
from allabel.errors import InputError
from allabel.formats.places import refuse_surrogate

_LONGEST = 240
_EDGE = re.compile(r"^\.|[. ]$")


def file_name(id: DocId, folder: Path) -> str:
    """Give a name, without suffix, that every file system takes and that `id_of_name` turns back into the id.

    Everything but ASCII letters, digits and ` -_+,=@()` is written as %XX, `/` too. Raises InputError on an id that
    would climb out of the folder, and on one too long for a name.
    """
    if ".." in PurePosixPath(id.replace("\\", "/")).parts or id.startswith("/"):
        raise InputError(
            f"the id {id!r} leads out of the folder", file=folder, remedy="give the document an id without .. and /"
        )
    refuse_surrogate(id, f"the id {id!r}", folder)
    name = quote(id, safe=" -_+,=@().", errors="strict")
    name = _EDGE.sub(lambda found: f"%{ord(found[0]):02X}", name)
    if len(name) > _LONGEST:
        raise InputError(f"the id {id[:40]!r}… is too long for a file name", file=folder, remedy="shorten the id")
    return name


def id_of_name(name: str, folder: Path) -> DocId:
    """Give the id a file name was made of; a name that was not made so is itself the id.

    Raises InputError on a name that is not UTF-8.
    """
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"the file name {name!r} is not UTF-8", file=folder, remedy="rename the file") from error
    try:
        id = DocId(unquote(name, errors="strict"))
        return id if id and file_name(id, folder) == name else DocId(name)
    except (UnicodeDecodeError, InputError):
        return DocId(name)
