"""Synonyms from the files of WordNet, in a folder that is on this machine: nothing is downloaded."""

import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

from allabel.errors import InputError

Synonyms = Callable[[str], tuple[str, ...]]
PARTS = ("noun", "verb", "adj", "adv")
# Where WordNet's own programs look, Debian's wordnet-base, and what nltk.download("wordnet") leaves.
_VARIABLE = "WNSEARCHDIR"
_FOLDERS = (
    Path("/usr/share/wordnet"),
    Path("/usr/local/WordNet-3.0/dict"),
    *(root / "corpora" / "wordnet" for root in (Path.home() / "nltk_data", Path("/usr/share/nltk_data"))),
)


def wordnet(folder: Path | None = None) -> Synonyms:
    """Return what gives a word's synonyms, of all its senses, none for a word that WordNet does not know.

    folder: with `data.noun` and so on; None looks in $WNSEARCHDIR and the usual places. A synonym of several words has
    spaces; one of a word that begins with a capital letter does too. Raises InputError where there is no WordNet.
    Source: Miller 1995; the format is that of wndb(5WN).
    """
    senses = _senses(_found(folder))

    def synonyms(word: str) -> tuple[str, ...]:
        lower = word.lower()
        others = {lemma: None for some in senses.get(lower, ()) for lemma in some if lemma.lower() != lower}
        return tuple(other[0].upper() + other[1:] if word[0].isupper() else other for other in others)

    return synonyms


@lru_cache(maxsize=1)
def _senses(folder: Path) -> dict[str, list[tuple[str, ...]]]:
    """Return the synsets of each lemma in lower case; read once, for a training a round."""
    senses: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for lemmas in _synsets(folder):
        for lemma in lemmas:
            senses[lemma.lower()].append(lemmas)
    return dict(senses)


def _found(folder: Path | None) -> Path:
    named = [Path(given) for given in [folder or os.environ.get(_VARIABLE)] if given]
    for path in named or _FOLDERS:
        if all((path / f"data.{part}").is_file() for part in PARTS):
            return path
    raise InputError(
        "synonym replacement needs WordNet, whose files (data.noun and so on) are not in "
        + ", ".join(map(str, named or _FOLDERS)),
        remedy="apt install wordnet-base, or unpack what nltk.download('wordnet') gets, or name its folder in "
        f"{_VARIABLE}, or take a way without synonyms",
    )


def _synsets(folder: Path) -> Iterator[tuple[str, ...]]:
    """Yield the lemmas of each synset that has two or more, as they are written, with spaces."""
    for part in PARTS:
        path = folder / f"data.{part}"
        with path.open(encoding="utf-8", newline="") as file:
            for number, line in enumerate(file, start=1):
                if line.startswith(" "):
                    continue  # the licence
                fields = line.split(" ", 4)
                try:
                    n = int(fields[3], 16)
                    words = fields[4].split(" ", 2 * n)[: 2 * n : 2]
                except (IndexError, ValueError) as error:
                    raise InputError(
                        f"{line[:60].rstrip()!r} is not a line of WordNet",
                        file=path,
                        line=number,
                        remedy="install it anew",
                    ) from error
                if n > 1:
                    # "galore(ip)" may stand only after its noun; the mark is no part of the word.
                    yield tuple(word.partition("(")[0].replace("_", " ") for word in words)
