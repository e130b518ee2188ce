"""Names to objects: entry points of any installed package, or `module:Class`."""

import difflib
import importlib
import inspect
from collections.abc import Iterable, Sequence
from importlib.metadata import entry_points
from typing import Any

from allabel.errors import UnknownNameError

_ONE = {"strategies": "strategy", "queries": "query"}


def names(kind: str) -> list[str]:
    """Return the names registered under the entry points `allabel.<kind>`, sorted."""
    return sorted({point.name for point in entry_points(group=f"allabel.{kind}")})


def load(kind: str, name: str, *, extra: Iterable[str] = ()) -> Any:
    """Return the object that a name stands for. Raises UnknownNameError naming the nearest known one.

    extra: further names that the caller knows itself, for the message.
    """
    for point in entry_points(group=f"allabel.{kind}", name=name):
        return point.load()
    module, _, attribute = name.partition(":")
    if module and attribute:
        try:
            return getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            raise UnknownNameError(
                f"{name!r} cannot be imported: {error}", remedy="give an installed module and a class in it"
            ) from error
    raise UnknownNameError(
        f"there is no {_ONE.get(kind, kind.rstrip('s'))} {name!r}",
        remedy=f"{nearest(name, sorted({*names(kind), *extra}))}, or module:Class",
    )


def nearest(name: str, known: Sequence[str]) -> str:
    """Return a remedy for a name that nobody knows: the nearest known one, and all of them."""
    near = difflib.get_close_matches(name, known, n=1)
    return (f"did you mean {near[0]!r}? " if near else "") + f"known are {', '.join(known)}"


def takes(factory: Any, parameter: str) -> bool:
    """Tell whether a class or function can be called with this parameter."""
    try:
        return parameter in inspect.signature(factory).parameters
    except (TypeError, ValueError):  # a class of another language has no signature
        return False
