"""Where the files of a corpus lie, and whether they are the right ones."""

import hashlib
import os
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from allabel.errors import InputError
from eval.datasets.catalogue import Corpus, Layout

ROOT = "ALLABEL_DATA"


def cache_folder() -> Path:
    """Return the folder of downloaded corpora: $XDG_CACHE_HOME/allabel/data, or ~/.cache/allabel/data."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "allabel" / "data"


def root_folder(root: Path | None) -> Path | None:
    """Return the folder that holds corpora, given or by the variable ALLABEL_DATA; None without either.

    Raises InputError where it is no folder.
    """
    named = root or (Path(os.environ[ROOT]) if os.environ.get(ROOT) else None)
    if named is not None and not named.is_dir():
        whence = "" if root else f", which the variable {ROOT} names,"
        raise InputError(f"the root of the data sets{whence} is no folder", file=named, remedy="name a folder")
    return named


def located(corpus: Corpus, root: Path | None, cache: Path) -> tuple[Path, Layout] | None:
    """Return the corpus's folder, below the root if it is whole there, else below the cache, and its layout there."""
    for above in (root, cache):
        for layout in corpus.layouts:
            if above is not None and first_missing(corpus, layout, above) is None:
                return above / corpus.name, layout
    return None


def first_missing(corpus: Corpus, layout: Layout, above: Path) -> Path | None:
    """Return the first file of a layout that is not below this folder; None where all are."""
    wanted = checksums(corpus.name) or layout.files
    return next((path for file in wanted if not (path := above / corpus.name / file).is_file()), None)


@lru_cache
def checksums(name: str) -> dict[str, str]:
    """Return the SHA-256 of each file that a corpus is read from, by its path; none where the copy is the user's."""
    found: dict[str, str] = {}
    for line in files("eval.datasets").joinpath("checksums.txt").read_text(encoding="utf-8").splitlines():
        digest, _, path = line.partition("  ")
        if path.startswith(f"{name}/"):
            found[path.removeprefix(f"{name}/")] = digest
    return found


def verify(corpus: Corpus, folder: Path) -> None:
    """Raise InputError at the first file that is not byte for byte the published one."""
    fetched = f", or remove it and fetch it: allabel eval data {corpus.name} --fetch" if corpus.origin else ""
    remedy = f"put the published file in its place{fetched}; a copy changed on purpose is read as a file of your own"
    for file, expected in checksums(corpus.name).items():
        refuse_changed((folder / file).read_bytes(), expected, folder / file, remedy)


def refuse_changed(content: bytes, expected: str, what: Path | str, remedy: str) -> None:
    """Raise InputError where the bytes have another SHA-256."""
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise InputError(f"is not the published file: SHA-256 {found}, expected {expected}", file=what, remedy=remedy)
