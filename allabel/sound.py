"""What others wrote, read with care: JSON and TOML that cannot break who reads them, and files of bounded size.

Whatever is wrong is a ValueError (text) or an OSError (file), for the caller to say in words of its own.
"""

import errno
import json
import os
import re
import stat
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any, NoReturn

# Python's own limit, a thousand calls, is reached by what is deep long before it is large.
DEEPEST = 100
LARGEST = 64 * 2**20
_RUN = "[" * (DEEPEST + 1)
# One that is never closed goes to the end, so that no part of the source is looked through twice.
_STRINGS = re.compile(r'"(?:[^"\\]+|\\.)*+"?', re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")
# An exponent of three digits, or so many digits, may be beyond what a number can be.
_MAY_OVERFLOW = re.compile(r"[eE]\+?\d{3}|\d{309}")


def json_of(source: str) -> Any:
    """Parse JSON. Raises json.JSONDecodeError where it is none.

    Raises ValueError where it holds NaN, a number that is not finite, half of a surrogate pair, a key twice in one
    object, or lists and objects deeper than a hundred.
    """
    refuse_run(source)
    try:
        value = DECODER.decode(source)
    except RecursionError as error:
        raise _too_deep() from error
    return checked(value, source)


def refuse_run(source: str) -> None:
    """Raise ValueError where more than a hundred lists begin in a row, strings apart: nobody has to make them first.

    Millions of lists in lists take seconds and gigabytes to make.
    """
    if _RUN in source and _RUN in _STRINGS.sub("", source):
        raise _too_deep()


def checked(value: Any, source: str, start: int = 0, end: int | None = None) -> Any:
    """Return what DECODER made of source[start:end]. Raises ValueError as `json_of` does, for what it lets through."""
    stop = len(source) if end is None else end
    if source.count("[", start, stop) + source.count("{", start, stop) > DEEPEST:
        refuse_deep(value)
    # Only an escape can smuggle half a surrogate pair through UTF-8, and looking for one is cheap.
    if source.find("\\u", start, stop) >= 0:
        refuse_surrogates(value)
    if _MAY_OVERFLOW.search(source, start, stop):
        _refuse_infinite(value)
    return value


def toml_of(source: str) -> dict[str, Any]:
    """Parse TOML. Raises ValueError, of which tomllib.TOMLDecodeError is one, where it is none or is too deep."""
    try:
        value = tomllib.loads(source)
    except RecursionError as error:
        raise _too_deep() from error
    refuse_deep(value)
    return value


def text_of(path: Path) -> str:
    """Return the text of a file that is small by nature. Raises OSError, or ValueError where it is not UTF-8."""
    with opened(path) as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise OSError(errno.EFBIG, f"it is larger than {LARGEST // 2**20} MiB", str(path))
    return data.decode("utf-8")


def opened(path: Path) -> IO[bytes]:
    """Open a regular file for reading. Raises OSError, also for a pipe or a device, of which nobody knows the end."""
    # Without waiting: a pipe that nobody writes to would be waited for without end.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        raise OSError(errno.EINVAL, "it is a pipe or a device, not a file", str(path))
    return os.fdopen(descriptor, "rb")


def refuse_deep(value: Any) -> None:
    """Raise ValueError where lists and objects are nested deeper than a hundred."""
    level: list[Any] = [value]
    for _ in range(DEEPEST + 1):
        level = [inner for one in level if isinstance(one, dict | list) for inner in _inside(one)]
        if not level:
            return
    raise _too_deep()


def refuse_surrogates(value: Any) -> None:
    """Raise ValueError where parsed JSON holds half of a surrogate pair, with what stands before it."""
    flat = json.dumps(value, ensure_ascii=False)
    found = _SURROGATE.search(flat)
    if found:
        before = flat[max(0, found.start() - 20) : found.start()]
        raise ValueError(f"{found[0]!r} after {before!r} is half of a surrogate pair")


def _refuse_infinite(value: Any) -> None:
    level: list[Any] = [value]
    while level:
        if any(isinstance(one, float) and one in (float("inf"), float("-inf")) for one in level):
            raise ValueError("a number is too large to be one")
        level = [inner for one in level if isinstance(one, dict | list) for inner in _inside(one)]


def _inside(one: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return one.values() if isinstance(one, dict) else one


def _distinct_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen = set[str]()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]  # None
        raise ValueError(f"the key {twice!r:.80} is given twice in one object, and which of the two counts is a guess")
    return found


def _not_json(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a JSON number")


def _too_deep() -> ValueError:
    return ValueError(f"lists and objects are nested deeper than {DEEPEST}")


DECODER = json.JSONDecoder(parse_constant=_not_json, object_pairs_hook=_distinct_keys)
