"""Predictions that were made elsewhere, as replies to the test texts."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from allabel.document import Document
from allabel.errors import InputError
from allabel.formats.tagged import read_tagged
from allabel.reply import Reply
from eval.experiments.tables import RecordedTable


def recorded(table: RecordedTable, path: Path, test: Sequence[Document]) -> list[Reply]:
    """Return the reply to each test text. Raises InputError where the file lacks one: the comparison would lie."""
    by_text = _by_text(table, path)
    missing = [d.id for d in test if d.text.strip() not in by_text]
    if missing:
        raise InputError(
            f"{len(missing)} of {len(test)} test texts are not in it, {missing[0]!r} first",
            file=path,
            remedy="give predictions of the same texts, one file a seed ({seed} in the name)",
        )
    return [by_text[d.text.strip()] for d in test]


def _by_text(table: RecordedTable, path: Path) -> Mapping[str, Reply]:
    if table.format == "nerre":
        from eval.recorded_nerre import read_recorded

        return {text.strip(): reply for text, reply in read_recorded(path)}
    return {tagged.text.strip(): tagged.reply for _, tagged in read_tagged(path)}
