"""What a shell completes: names of strategies, backends, formats, labels and the like."""

from collections.abc import Callable, Iterable
from pathlib import Path

import click

from allabel.errors import AllabelError

Complete = Callable[[click.Context, click.Parameter, str], list[str]]


def offering(names: Callable[[], Iterable[str]]) -> Complete:
    """Return what completes one of these names. They are asked for when somebody presses the key."""
    return lambda context, parameter, begun: _begun_so(names, begun)


def registered(kind: str, *more: str) -> Complete:
    """Return what completes a name of the entry points `allabel.<kind>`. more: names beside those."""

    def names() -> list[str]:
        from allabel import plugins

        return [*more, *plugins.names(kind)]

    return offering(names)


def labels(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """Complete a label of the project that the command line names."""
    folder = context.find_root().params.get("folder") or Path()
    return _begun_so(lambda: _labels(Path(folder)), begun)


def strategies() -> list[str]:
    """Return the names of chains and of single strategies."""
    from allabel.plugins import names
    from allabel.select.chain import NAMED_CHAINS

    return [*NAMED_CHAINS, *names("strategies")]


def formats() -> list[str]:
    """Return the names of the formats."""
    from allabel.formats import registry

    return list(registry.FORMATS)


def rare_types() -> list[str]:
    """Return the names of what is done about rare types."""
    from allabel.active.imbalance.methods import METHODS

    return list(METHODS)


def _labels(folder: Path) -> Iterable[str]:
    from allabel.project import LABELS
    from allabel.schema import LabelSchema

    return LabelSchema.read(folder / LABELS).names


def _begun_so(names: Callable[[], Iterable[str]], begun: str) -> list[str]:
    try:
        return [name for name in names() if name.startswith(begun)]
    except (AllabelError, OSError):
        # A key that completes nothing is better than a page of words in the midst of a line.
        return []


FORMATS = offering(formats)
