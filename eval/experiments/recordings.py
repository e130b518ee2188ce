"""Predictions that were made elsewhere, as replies to the test texts."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from allabel.document import Document
from allabel.errors import InputError
from allabel.formats.tagged import read_tagged
from allabel.reply import Reply
from eval.experiments.tables import RecordedTable


def recorded(table: RecordedTable, path: Path, test: Sequence[Document]) -> list[Reply]:
    """Return the reply to each test text, by the text to the character: offsets are of it.

    Raises InputError where the file lacks one, or has two replies to one: the comparison would lie.
    """
    found: dict[str, Reply] = {}
    for text, reply in _replies(table, path):
        if text in found and found[text] != reply:
            raise InputError(f"has two replies to {text[:40]!r}", file=path, remedy="give one reply a text")
        found[text] = reply
    missing = [d.id for d in test if d.text not in found]
    if missing:
        raise InputError(
            f"{len(missing)} of {len(test)} test texts are not in it, {missing[0]!r} first",
            file=path,
            remedy="give predictions of the same texts, unchanged, one file a seed ({seed} in the name)",
        )
    return [found[d.text] for d in test]


def _replies(table: RecordedTable, path: Path) -> Iterator[tuple[str, Reply]]:
    if table.format == "nerre":
        from eval.recorded_nerre import read_recorded

        yield from read_recorded(path)
    else:
        yield from ((tagged.text, tagged.reply) for _, tagged in read_tagged(path))
