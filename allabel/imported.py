"""Objects by `module:Class`, and in words why one cannot be had."""

import difflib
import importlib
import sys
import traceback
from pathlib import Path
from typing import Any

from allabel.errors import AllabelError, PluginError, UnknownNameError


def imported(name: str, what: str) -> Any:
    """Return what `module:attribute` names. Raises UnknownNameError where there is none, PluginError where it breaks.

    what: the kind of thing it is to be, for the message. A module of the current folder is found where the person
    wrote the name on the command line, installed ones before it.
    """
    module, _, attribute = name.partition(":")
    if not all(part.isidentifier() for part in module.split(".")):
        raise UnknownNameError(
            f"{name!r} cannot be imported: {module!r} is no name of a module",
            remedy=f"write it as Python imports it: {Path(module).stem}:{attribute}",
        )
    try:
        if _is_typed(name):
            _look_here_too()
        found = importlib.import_module(module)
    except AllabelError:
        raise
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and f"{module}.".startswith(f"{error.name}."):
            raise UnknownNameError(
                f"{name!r} cannot be imported: there is no module {module!r}", remedy=_where(module, attribute, name)
            ) from error
        raise PluginError(
            f"{name!r} cannot be imported: {said(error)}", remedy=f"mend the module {module}, or install what it lacks"
        ) from error
    if hasattr(found, attribute):
        return getattr(found, attribute)
    public = [one for one in vars(found) if not one.startswith("_")]
    near = difflib.get_close_matches(attribute, public, n=1)
    file = getattr(found, "__file__", None) or "built into Python"
    raise UnknownNameError(
        f"{name!r} cannot be imported: the module {module} ({file}) has no {attribute!r}",
        remedy=f"did you mean {module}:{near[0]}?" if near else f"name a {what} that is in it",
    )


def hint(name: str, what: str) -> str:
    """Return how a class of a file in the current folder is named, where the name is that file's; "" where not."""
    module = name.removesuffix(".py")
    lies_here = module.isidentifier() and _is_here(f"{module}.py")
    return f"for a {what} in {module}.py write {module}:CLASS; " if lies_here else ""


def said(error: Exception) -> str:
    """Say in a line what another's code raised, and where in it."""
    words = f"{type(error).__name__}: {' '.join(str(error).split())}"
    if isinstance(error, SyntaxError):  # its words have the place
        return words
    frames = [one for one in traceback.extract_tb(error.__traceback__) if not _is_around(one.filename)]
    return f"{words} ({frames[-1].filename}, line {frames[-1].lineno})" if frames else words


def _where(module: str, attribute: str, name: str) -> str:
    """Return what to do about a module that is not there."""
    here, file = Path.cwd(), f"{module.partition('.')[0]}.py"
    if module.endswith(".py"):
        return f"write the module without .py: {module.removesuffix('.py')}:{attribute}"
    if not _is_here(file):
        return f"give an installed module and a class in it, or go where {file} lies; it does not lie in {here}"
    return (
        f"{file} lies in this folder, and is run where {name} stands on the command line; from settings or another "
        "file, which may be somebody else's, set the variable PYTHONPATH=. as well"
    )


def _is_typed(name: str) -> bool:
    """Tell whether the person wrote the name on the command line: then no file that came from elsewhere chose it."""
    from click import get_current_context

    context = get_current_context(silent=True)
    while context is not None:
        words = [value for value in context.params.values() if isinstance(value, str)]
        # In a chain a name stands between commas, with its weight.
        parts = [part.strip() for word in words for part in word.split(",")]
        if any(part == name or part.startswith(f"{name}:") for part in parts):
            return True
        context = context.parent
    return False


def _look_here_too() -> None:
    """Let the current folder's modules be imported, after those that are installed: a console script does not."""
    here = str(Path.cwd())
    if here not in sys.path and "" not in sys.path:
        sys.path.append(here)
    importlib.invalidate_caches()


def _is_around(file: str) -> bool:
    """Tell whether a file of a traceback is allabel's or Python's importing, which only called what raised."""
    folders = Path(__file__).parent, Path(importlib.__file__).parent
    return file.startswith("<frozen importlib") or any(Path(file).is_relative_to(one) for one in folders)


def _is_here(file: str) -> bool:
    try:
        return Path(file).is_file()
    except OSError:  # no file can have so long a name
        return False
