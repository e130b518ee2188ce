"""The formats by name and by suffix: entry points `allabel.formats` of any package, or `module:Class`.

Each is a class or function that is called without anything, and is imported when it is first asked for.
"""

import warnings
from collections.abc import Iterator, Mapping

from allabel.errors import InputError
from allabel.formats.base import Format, FormatWarning
from allabel.plugins import load, made, names, not_one

# allabel's own with the suffixes they are told by; of two with the same suffix the first. A table, so that another
# package that registers one of these names spoils that name alone, and not every look at a suffix.
OWN = {
    "jsonl": (".jsonl",),
    "conll": (".conll", ".tsv", ".bio", ".iob", ".iob2", ".train", ".dev", ".test", ".annotated"),
    "csv": (".csv",),
    "text": (".txt",),
    "parquet": (".parquet",),
    "huggingface": (".parquet", ".arrow"),
    "label_studio": (".json",),
    "label_studio_predictions": (".json",),
    "doccano": (".jsonl",),
    "doccano_code_points": (".jsonl",),
    "prodigy": (".jsonl",),
    "spacy": (".spacy",),
    "brat": (".ann",),
}
_KIND = "formats"


class _Formats(Mapping[str, Format]):
    """The registered formats by name: allabel's own in their order, then those of other packages by name."""

    def __init__(self) -> None:
        self._made: dict[str, Format] = {}

    def __iter__(self) -> Iterator[str]:
        yield from OWN
        yield from self.others()

    def __len__(self) -> int:
        return len(OWN) + len(self.others())

    def __contains__(self, name: object) -> bool:
        return name in OWN or name in self.others()

    def __getitem__(self, name: str) -> Format:
        """Give the format of this name. Raises KeyError, or PluginError where another package's is broken."""
        if name not in self._made:
            if name not in self:
                raise KeyError(name)
            one = _make(name)
            if one.name != name:
                raise not_one(_KIND, name, f"it calls itself {one.name!r}, and files are told by that name")
            self._made[name] = one
        return self._made[name]

    def others(self) -> list[str]:
        """Return the names that packages beside allabel registered, sorted."""
        return [name for name in names(_KIND) if name not in OWN]


FORMATS = _Formats()


def by_name(name: str) -> Format:
    """Give the format of this name, or of `module:Class`. Raises UnknownNameError, the nearest name first."""
    return FORMATS[name] if name in FORMATS else _make(name)


def by_suffix(suffix: str) -> Format | None:
    """Give the format that a suffix as `.csv` names, None where none does. allabel's own go before others.

    Raises InputError where several of other packages have it. What of theirs is broken is left out with a warning.
    """
    suffix = suffix.lower()
    own = next((name for name, suffixes in OWN.items() if suffix in suffixes), None)
    if own is not None:
        return FORMATS[own]
    found = [one for name in (FORMATS.others() if suffix else ()) if (one := _sound(name)) and suffix in one.suffixes]
    if len(found) > 1:
        told = ", ".join(one.name for one in found)
        raise InputError(f"the suffix {suffix!r} is that of several formats", remedy=f"say which is meant: {told}")
    return found[0] if found else None


def _make(name: str) -> Format:
    factory = load(_KIND, name, extra=OWN)
    if not callable(factory):
        raise not_one(_KIND, name, f"it is an object of {type(factory).__name__}, which cannot be called")
    one: Format = made(_KIND, name, factory, ("name", "suffixes", "read", "write"))
    # A bare string would match every part of itself.
    if not (isinstance(one.suffixes, tuple) and one.suffixes and all(map(_is_suffix, one.suffixes))):
        raise not_one(_KIND, name, f'its suffixes are {one.suffixes!r}, and not as (".csv",): a tuple, in lower case')
    return one


def _is_suffix(suffix: object) -> bool:
    return isinstance(suffix, str) and suffix.startswith(".") and suffix == suffix.lower()


def _sound(name: str) -> Format | None:
    """Give a format of another package, None with a warning where it is broken: the file may be in another."""
    try:
        return FORMATS[name]
    except InputError as error:
        warnings.warn(f"the file is not tried as {name}: {error.problem}", FormatWarning, stacklevel=4)
        return None
