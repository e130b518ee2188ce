"""What formats say of a file beside its records: what was left out, what was filled in."""

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from allabel.formats.base import FormatWarning

# Python keeps what is done with warnings for the whole process: one file at a time, on all pages.
_ONE_AT_A_TIME = threading.Lock()


@contextmanager
def format_notes(file: object) -> Iterator[list[str]]:
    """Give a list that holds, once the block is left, what was said of a file, without the file's own name."""
    notes: list[str] = []
    with _ONE_AT_A_TIME, warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always", FormatWarning)
        yield notes
        said = [str(one.message) for one in heard if issubclass(one.category, FormatWarning)]
        notes += [one.removeprefix(f"{file}: ") for one in said]
