"""Names to objects: entry points of any installed package, or `module:Class`; what is broken is said whose it is."""

import inspect
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any, TypeVar

from allabel.errors import AllabelError, PluginError, UnknownNameError, meant
from allabel.imported import hint, imported, said

T = TypeVar("T")
OWN = "allabel"
_ONE = {"strategies": "strategy", "queries": "query"}
# What a plugin of each kind has to be, for whoever wrote one that is not.
_SEAMS = {
    "strategies": "a strategy is a class called with its tools, see allabel.select.base.Stage",
    "retrievers": "a retriever is called with the texts to be ranked, see retrieval.base.Retriever",
    "backends": "a backend is called with (schema, settings) and gives an allabel.annotate.base.Annotator",
    "taggers": "a tagger is a class called with the labels, see allabel.active.base.TokenTagger",
    "formats": "a format is called without anything, see allabel.formats.base.Format",
}


def names(kind: str) -> list[str]:
    """Return the names registered under the entry points `allabel.<kind>`, sorted; nothing is imported."""
    return sorted({point.name for point in entry_points(group=f"allabel.{kind}")})


def load(kind: str, name: str, *, extra: Iterable[str] = ()) -> Any:
    """Return the object that a name stands for. Raises UnknownNameError naming the nearest known one.

    Raises PluginError where another package's module cannot be imported, or several packages have the name.
    extra: further names that the caller knows itself, for the message.
    """
    points = _points(kind, name)
    if len(points) > 1:
        raise PluginError(
            f"the {singular(kind)} {name!r} is registered by {' and by '.join(map(_package, points))}, and which of "
            "them is meant cannot be told",
            remedy=f"uninstall one of them, or name the class: {' or '.join(sorted(point.value for point in points))}",
        )
    if points:
        return _loaded(kind, points[0])
    module, _, attribute = name.partition(":")
    if module and attribute:
        return imported(name, singular(kind))
    raise UnknownNameError(
        f"there is no {singular(kind)} {name!r}",
        remedy=f"{hint(name, singular(kind))}{nearest(name, sorted({*names(kind), *extra}))}, or module:Class",
    )


def made(kind: str, name: str, make: Callable[[], T], needs: Sequence[str] = ()) -> T:
    """Return what `make` makes of the object that `load` gave for the name. Raises PluginError where it fails.

    needs: what the thing must have then. What allabel registered itself raises what it raises, and an error that is
    in words for the user stays as it is.
    """
    from retrieval.base import RetrievalError  # brings numpy, which names alone do not need

    try:
        thing = make()
    except (AllabelError, RetrievalError):
        raise
    except Exception as error:
        if is_own(kind, name):
            raise
        raise PluginError(f"{_about(kind, name)} cannot be made: {said(error)}", remedy=_SEAMS.get(kind, "")) from error
    for one in needs:
        if not hasattr(thing, one):
            raise not_one(kind, name, f"it gives an object of {type(thing).__name__}, which has no {one!r}")
    return thing


def not_one(kind: str, name: str, problem: str) -> PluginError:
    """Return the error of an object that is not what its name says, with what such a thing is."""
    return PluginError(f"{_about(kind, name)} is no {singular(kind)}: {problem}", remedy=_SEAMS.get(kind, ""))


def is_own(kind: str, name: str) -> bool:
    """Tell whether the name is one of those that allabel registers itself."""
    return any(map(_is_own, _points(kind, name)))


def singular(kind: str) -> str:
    """Return what one of a kind is called: "strategy" of "strategies"."""
    return _ONE.get(kind, kind.removesuffix("s"))


def nearest(name: str, known: Sequence[str]) -> str:
    """Return a remedy for a name that nobody knows: the nearest known one, and all of them."""
    return f"{meant(name, known)} known are {', '.join(known)}".lstrip()


def takes(factory: Any, parameter: str) -> bool:
    """Tell whether a class or function can be called with this parameter."""
    try:
        return parameter in inspect.signature(factory).parameters
    except (TypeError, ValueError):  # a class of another language has no signature
        return False


def _points(kind: str, name: str) -> list[EntryPoint]:
    """Return the entry points of a name that lead to different objects."""
    return list({point.value: point for point in entry_points(group=f"allabel.{kind}", name=name)}.values())


def _loaded(kind: str, point: EntryPoint) -> Any:
    try:
        return point.load()
    except AllabelError:
        raise
    except Exception as error:
        if _is_own(point):
            raise
        package = "PACKAGE" if point.dist is None else point.dist.name
        raise PluginError(
            f"{_about(kind, point.name)} cannot be imported: {said(error)}",
            remedy=f"install what it lacks, or another version of it; to be rid of it: pip uninstall {package}",
        ) from error


def _is_own(point: EntryPoint) -> bool:
    return point.dist is not None and point.dist.name == OWN


def _package(point: EntryPoint) -> str:
    return "a package without a name" if point.dist is None else f"{point.dist.name} {point.dist.version}"


def _about(kind: str, name: str) -> str:
    return f"the {singular(kind)} {name!r}" + "".join(f" of {_package(point)}" for point in _points(kind, name))
