"""Where things stand in files that are no lists of lines, and ids that stand for one document only."""

from pathlib import Path

from allabel.errors import InputError
from allabel.formats.files import half_character
from allabel.formats.native import Place


class Item(Place):
    """A numbered thing of a file, as `task 3` or `row 7`; its name opens every message."""

    def __init__(self, file: Path, line: int | None, name: str):
        super().__init__(file, line or 0)
        self.known_line, self.name = line, name

    def wrong(self, problem: str, remedy: str) -> InputError:
        """Give the InputError that names file, line where there is one, and the thing."""
        return InputError(f"{self.name} {problem}", file=self.file, line=self.known_line, remedy=remedy)


class UniqueIds:
    """The ids met so far in one file."""

    def __init__(self) -> None:
        self._seen: dict[str, str] = {}

    def take(self, id: str, name: str, at: Place) -> None:
        """Keep the id of the thing of this name. Raises InputError where another thing of the file has it."""
        first = self._seen.setdefault(id, name)
        if first != name:
            raise at.wrong(f"has the id {id!r}, and so has {first}", "give each document an id of its own")


def refuse_surrogate(text: str, what: str, file: Path) -> None:
    """Raise InputError where a text holds half a surrogate pair: no UTF-8 file can."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise half_character(error, file, f"{what} cannot be written") from error
