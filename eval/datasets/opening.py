"""One call for every data set: by name, from a hub, or from files."""

import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path

from allabel.document import Document
from allabel.errors import InputError
from allabel.formats.base import FormatWarning
from allabel.formats.registry import read_documents
from eval.datasets.base import About, DataSet, Tell, assemble, say_nothing
from eval.datasets.catalogue import Corpus, by_name
from eval.datasets.fetching import ADDRESS, fetch
from eval.datasets.hub import PREFIX, open_hub
from eval.datasets.places import ROOT, cache_folder, first_missing, located, root_folder, verify


def open_data(
    source: str,
    *,
    root: Path | None = None,
    cache: Path | None = None,
    download: bool = False,
    address: str = ADDRESS,
    tell: Tell = say_nothing,
) -> DataSet:
    """Open a corpus by its name, or `hf:NAME[/config][#column]` with the package `datasets`.

    root: a folder with one folder a corpus; by default the variable ALLABEL_DATA names it. A corpus that is not whole
    there is looked for in the cache ($XDG_CACHE_HOME/allabel/data), and fetched into it only with download.
    Files are compared with the published SHA-256 at each call. address: the host to fetch from. tell: gets what was
    left out. Raises UnknownNameError, and InputError where files are missing, changed or wrong; AllabelError where the
    address does not answer.
    """
    if source.startswith(PREFIX):
        return open_hub(source, tell)
    corpus, above, cache = by_name(source), root_folder(root), cache or cache_folder()
    place = located(corpus, above, cache)
    if place is None and download:
        fetch(corpus, cache, tell, address)
        place = located(corpus, None, cache)
    if place is None:
        raise _not_here(corpus, above, cache)
    folder, layout = place
    verify(corpus, folder)
    pool = _read(corpus.read(folder / layout.pool), tell)
    test = _read(corpus.read(folder / layout.test), tell) if layout.test else []
    about = About(corpus.name, corpus.labels, corpus.licence, corpus.citation, public=True)
    return assemble(about, pool, test, tell)


def open_files(
    pool: Sequence[Path],
    test: Sequence[Path],
    name: str,
    labels: Sequence[str] | None = None,
    *,
    tell: Tell = say_nothing,
) -> DataSet:
    """Open the user's own files, in any format; each document must have gold.

    test: none where experiments shall hold texts out. labels: None for those that occur, sorted. Where the gold is
    `values` without offsets, entities become their verbatim occurrences.
    Raises InputError as the format does, and as `eval.datasets.base.assemble` does.
    """
    pooled, tested = (
        _read((record.document for path in paths for record in read_documents(path)), tell) for paths in (pool, test)
    )
    return assemble(About(name, tuple(labels or ()), "your own", "your own"), pooled, tested, tell)


def _read(documents: Iterable[Document], tell: Tell) -> list[Document]:
    """Read them all; what the format left out is told in place of a warning."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", FormatWarning)
        read = list(documents)
    for warning in caught:
        tell(str(warning.message))
    return read


def _not_here(corpus: Corpus, root: Path | None, cache: Path) -> InputError:
    places = (root, cache) if root else (cache,)
    missing = ", no ".join(str(first_missing(corpus, corpus.layouts[0], above)) for above in places)
    fetched = f"fetch it: allabel eval data {corpus.name} --fetch, or " if corpus.origin else ""
    wanted = corpus.own or ", ".join(corpus.layouts[0].files)
    where = root / corpus.name if root else f"ROOT/{corpus.name}, and name ROOT by --root or {ROOT}"
    return InputError(
        f"the data set {corpus.name!r} is not here: there is no {missing}",
        remedy=f"{fetched}put it into {where} ({wanted})",
    )
