"""Corpora from their public addresses into the cache."""

import hashlib
import http.client
import urllib.request
from pathlib import Path

from allabel.errors import AllabelError, InputError
from allabel.formats.files import write_atomically
from eval.datasets.base import Tell
from eval.datasets.catalogue import Corpus
from eval.datasets.places import checksums, refuse_changed

ADDRESS = "https://raw.githubusercontent.com"
_TIMEOUT_S = 60.0


def fetch(corpus: Corpus, cache: Path, tell: Tell, address: str = ADDRESS) -> Path:
    """Bring every file of a corpus into the cache, each whole, checked and only then in its place; return the folder.

    Files that are there and right are not fetched again. Tells the licence first. address: of the host, or a mirror.
    Raises InputError where the corpus may not be passed on, or where a file is not the published one, AllabelError
    where an address does not answer.
    """
    if corpus.origin is None:
        raise InputError(
            f"{corpus.name!r} cannot be fetched: {corpus.licence}",
            remedy=f"put your copy into ROOT/{corpus.name}: {corpus.own}",
        )
    folder = cache / corpus.name
    published = checksums(corpus.name)
    missing = {file: digest for file, digest in published.items() if not _is_there(folder / file, digest)}
    if missing:
        tell(f"{corpus.name}: {len(missing)} of {len(published)} files from github.com/{corpus.origin.repository}")
        tell(f"licence: {corpus.licence}\nplease cite: {corpus.citation}")
    for file, expected in missing.items():
        url = f"{address.rstrip('/')}/{corpus.origin.path(file)}"
        content = _get(url, corpus)
        refuse_changed(content, expected, url, f"nothing was kept; {_by_hand(corpus)}")
        _keep(content, folder / file)
    return folder


def _is_there(path: Path, digest: str) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == digest


def _get(url: str, corpus: Corpus) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as answer:  # noqa: S310  https, or the caller's own mirror  # nosec B310
            content: bytes = answer.read()
            return content
    except (OSError, http.client.HTTPException) as error:
        raise AllabelError(f"{url} cannot be fetched: {error}\n  remedy: {_by_hand(corpus)}") from error


def _keep(content: bytes, path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"cannot be made: {error.strerror}", file=path.parent, remedy="let XDG_CACHE_HOME name another folder"
        ) from error
    with write_atomically(path) as handle:
        handle.write(content.decode("utf-8"))


def _by_hand(corpus: Corpus) -> str:
    return f"try again later, or put the files into ROOT/{corpus.name} yourself and name ROOT by --root"
