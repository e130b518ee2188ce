"""Names to rows of an embedding: rows are only ever added, so that a network trained further keeps what it learned."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from allabel.errors import InputError
from allabel.formats.files import read_lines

IntArray = npt.NDArray[np.int64]
PAD, UNKNOWN, BEGIN, END = range(4)
N_SPECIAL = 4
MAX_CHARACTERS = 40


class Vocabulary:
    """Words or characters and their rows; the first four rows are [PAD], [UNK], [BOS] and [EOS] ([BOW] and [EOW])."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._rows: dict[str, int] = {}
        self.add(names)

    def __len__(self) -> int:
        """Return the number of rows, the special ones included."""
        return N_SPECIAL + len(self._rows)

    def __iter__(self) -> Iterator[str]:
        """Yield the names in the order of their rows, without the special ones."""
        return iter(self._rows)

    def __contains__(self, name: str) -> bool:
        return name in self._rows

    def add(self, names: Iterable[str]) -> list[str]:
        """Give each new name the next row; rows given before stay. Returns the new names in order."""
        new = [name for name in dict.fromkeys(names) if name not in self._rows]
        self._rows.update(zip(new, range(len(self), len(self) + len(new)), strict=True))
        return new

    def rows(self, names: Iterable[str]) -> list[int]:
        """Return each name's row, [UNK] for names never added."""
        return [self._rows.get(name, UNKNOWN) for name in names]


def spelled(words: Sequence[str], characters: Vocabulary) -> IntArray:
    """Return the rows of each word's characters: (n_words, longest), [BOW] before, [EOW] and [PAD] after.

    Of words with more than 40 characters the middle is left out.
    """
    half = MAX_CHARACTERS // 2
    cut = [word if len(word) <= MAX_CHARACTERS else word[:half] + word[-half:] for word in words]
    found = np.full((len(cut), max(map(len, cut), default=0) + 2), PAD, dtype=np.int64)
    for row, word in zip(found, cut, strict=True):
        row[: len(word) + 2] = [BEGIN, *characters.rows(word), END]
    return found


def word_vectors(path: Path, wanted: Iterable[str], size: int) -> dict[str, npt.NDArray[np.float32]]:
    """Return the vectors of the wanted words that a word2vec or GloVe text file holds; of repeated words the first.

    size: the length that each vector must have. word2vec's first line, which counts words and dimensions, is passed
    over. Raises InputError naming the line that is not a word and `size` numbers.
    """
    missing, found = set(wanted), {}
    for number, line in read_lines(path):
        # Vectors may be of words with spaces inside; the numbers stand at the end.
        parts = line.rstrip(" ").rsplit(" ", size)
        if number == 1 and len(line.split()) == 2 and all(part.isdecimal() for part in line.split()):
            _check_size(int(line.split()[1]), size, path)
            continue
        if len(parts) != size + 1:
            _check_size(max(0, len(line.split()) - 1), size, path, number)
        word = parts[0]
        if word not in missing:
            continue
        try:
            vector = np.array(parts[1:], dtype=np.float32)
        except ValueError:
            vector = np.array([np.nan], dtype=np.float32)
        if not np.isfinite(vector).all():
            raise InputError(
                f"after the word {word!r} stand not {size} finite numbers",
                file=path,
                line=number,
                remedy="mend or remove the line",
            )
        found[word] = vector
        missing.discard(word)
    return found


def _check_size(found: int, size: int, path: Path, line: int = 1) -> None:
    if found != size:
        raise InputError(
            f"holds a word and {found} numbers where {size} are needed",
            file=path,
            line=line,
            remedy="mend the line, or give the tagger the size of the file's vectors (`word_size`)",
        )
