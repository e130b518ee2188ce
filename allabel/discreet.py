"""Logs tell what went wrong and where, and never what stands in a text: an error's words may quote it."""

import json
import logging
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from allabel.errors import AllabelError

# A run of so many characters that also stands in a text is taken to be a part of it.
QUOTED = 8
_LEFT_OUT = "[…]"


def be_discreet() -> None:
    """Let every log record of this process, of whatever package, leave out what unforeseen errors say.

    A traceback keeps its places and the kinds of its errors. Our own errors are written so that they may be told.
    """
    make = logging.getLogRecordFactory()
    if getattr(make, "is_discreet", False):
        return

    def discreet(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make(*args, **kwargs)
        if isinstance(record.args, tuple):
            record.args = tuple(told(one) if isinstance(one, BaseException) else one for one in record.args)
        if record.exc_info and record.exc_info[1] is not None:
            # What stands here is what every formatter writes in place of the traceback.
            record.exc_text = places(record.exc_info[1])
        return record

    discreet.is_discreet = True  # type: ignore[attr-defined]  # a mark on the function, so that it is put in once
    logging.setLogRecordFactory(discreet)


def told(error: BaseException) -> str:
    """Return what may be told of an error: our own words, what the system said, else its kind alone."""
    if isinstance(error, AllabelError):
        return str(error)
    kind = type(error).__qualname__
    said = error.strerror if isinstance(error, OSError) else error.msg if isinstance(error, ImportError) else None
    return f"{kind}: {said}" if said else kind


def in_a_line(error: BaseException) -> str:
    """Return what may be told of an error, and of one that is not ours the line of code that raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    if isinstance(error, AllabelError) or not frames:
        return told(error)
    return f"{told(error)} ({Path(frames[-1].filename).name}, line {frames[-1].lineno})"


def unquoted(said: str, texts: Iterable[str]) -> str:
    """Return what somebody else's program said, without what it repeated of these texts: 8 characters or more."""
    forms = [form for text in texts for form in (text, json.dumps(text)[1:-1], repr(text)[1:-1]) if text.strip()]
    for form in sorted({*forms}, key=len, reverse=True):
        said = said.replace(form, _LEFT_OUT)
    rest, kept, i = "\0".join(forms), "", 0
    while i < len(said):
        n = QUOTED
        while i + n <= len(said) and said[i : i + n] in rest:
            n += 1
        if n == QUOTED:
            kept, i = kept + said[i], i + 1
        else:
            kept, i = kept + _LEFT_OUT, i + n - 1
    return kept


def places(error: BaseException) -> str:
    """Return where an error and those behind it were raised, the first of them first, and what may be told of them."""
    parts = []
    for one in reversed([*_behind(error)]):
        parts.append("".join(traceback.format_tb(one.__traceback__)) + told(one))
        parts += [places(each) for each in getattr(one, "exceptions", ())]
    return "\n\n".join(parts)


def _behind(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
