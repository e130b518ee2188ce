"""Data sets that the package `datasets` reads: from the Hugging Face hub, or saved to a folder."""

import importlib.util
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from allabel.document import DocId, Document
from allabel.errors import InputError, MissingExtraError
from allabel.formats.conll.format import sentence_document
from allabel.formats.conll.tags import TagCheck
from eval.datasets.base import About, DataSet, Tell, assemble

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

PREFIX = "hf:"
WORDS, TAGS = "tokens", "ner_tags"
_USE = "write hf:organisation/name, hf:organisation/name/config or hf:/a/folder, and #column where tags stand elsewhere"


def open_hub(source: str, tell: Tell) -> DataSet:
    """Read `hf:NAME[/config][#column]`: words in `tokens`, tags in the column, by name or with class names.

    NAME is that of the hub, `organisation/name`, or a folder that `save_to_disk` wrote, told by a leading `/`, `.` or
    `~`. The split `train` is the pool, `test` the test texts; others are not read.
    Raises MissingExtraError without the package, and InputError where the set, its pool or a column is not there.
    """
    named, _, column = source.removeprefix(PREFIX).partition("#")
    if importlib.util.find_spec("datasets") is None:
        raise MissingExtraError(f"{source!r} needs datasets", remedy="pip install 'allabel[eval]'")
    is_folder = named.startswith(("/", ".", "~"))
    splits = _from_folder(Path(named).expanduser()) if is_folder else _from_hub(named)
    if "train" not in splits:
        raise InputError(f"{source!r} has the splits {', '.join(splits)} and no 'train'", remedy="save one as 'train'")
    stem = Path(named).name if is_folder else named.replace("/", "-")
    pool, test = (
        list(_documents(splits[split], f"{stem}-{split}", column or TAGS, source)) if split in splits else []
        for split in ("train", "test")
    )
    info = splits["train"].info
    about = About(
        name=source,
        licence=str(info.license or "see the page of the data set"),
        citation=str(info.citation or "see the page of the data set").strip(),
        public=not is_folder,
    )
    return assemble(about, pool, test, tell)


def _from_folder(folder: Path) -> "DatasetDict":
    from datasets import DatasetDict, load_from_disk

    try:
        loaded = load_from_disk(str(folder))
    except OSError as error:
        raise InputError(
            f"holds no saved data set: {error}", file=folder, remedy="name a folder that save_to_disk wrote"
        ) from error
    return loaded if isinstance(loaded, DatasetDict) else DatasetDict({"train": loaded})


def _from_hub(named: str) -> "DatasetDict":
    from datasets import load_dataset

    found = re.fullmatch(r"([\w.-]+(?:/[\w.-]+)?)(?:/([\w.-]+))?", named)
    if found is None:
        raise InputError(f"{named!r} names no data set of the hub", remedy=_USE)
    try:
        return load_dataset(found[1], found[2])  # the person names it; sets are data, scripts are not run  # nosec B615
    # What `datasets` raises where the set, its configuration or the network is not there, or it is a script.
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(f"{named!r} cannot be had from the hub: {error}", remedy=_USE) from error


def _documents(split: "Dataset", stem: str, column: str, source: str) -> Iterator[Document]:
    missing = [name for name in (WORDS, column) if name not in split.features]
    if missing:
        raise InputError(
            f"{source!r} has no column {missing[0]!r} among {', '.join(split.features)}",
            remedy=f"it must have {WORDS!r}; name the column of the tags after a #, for example {source}#labels",
        )
    names = _class_names(split.features[column])
    check = TagCheck(Path(source))
    for n, (words, tags) in enumerate(zip(split[WORDS], split[column], strict=True), start=1):
        named = _tags(tags, names, column, source)
        check.see(named, [n] * len(named))
        yield sentence_document(DocId(f"{stem}-{n}"), words, named, {})


def _class_names(feature: Any) -> Sequence[str] | None:
    names: Sequence[str] | None = getattr(getattr(feature, "feature", None), "names", None)
    return names


def _tags(tags: Sequence[Any], names: Sequence[str] | None, column: str, source: str) -> list[str]:
    if all(isinstance(tag, str) for tag in tags):
        return list(tags)
    # -1 and -100 say "no tag" to some, and would be the last class to Python.
    if names is not None and all(0 <= tag < len(names) for tag in tags):
        return [names[tag] for tag in tags]
    raise InputError(
        f"the column {column!r} of {source!r} holds numbers that have no name",
        remedy="cast it to ClassLabel(names=[…]), or to strings such as B-Chemical",
    )
