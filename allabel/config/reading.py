"""Reading the settings of a project: flags, then variables, then its file, then defaults."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from pydantic import ValidationError
from pydantic_settings import SettingsConfigDict, SettingsError

from allabel import sound
from allabel.config.settings import SECRETS, Settings
from allabel.config.wording import variable_of, wrong
from allabel.errors import InputError

FILE_NAME = "allabel.toml"


def load(folder: Path, **flags: Any) -> Settings:
    """Read the settings of a project folder; flags that are None count as not given.

    Raises InputError naming the file or the variable, the value and the remedy.
    """
    path = folder / FILE_NAME
    given = {name: value for name, value in flags.items() if value is not None}
    in_file = _read(path)

    class InFolder(Settings):
        model_config = SettingsConfigDict(toml_file=path)

    try:
        loaded = InFolder(**given)
        # Whoever reads the settings later does not know the folder they are of.
        return loaded.model_copy(update={"tuned_model": folder / loaded.tuned_model})
    except SettingsError as error:  # a variable that must be JSON and is not
        # Its value is not shown, and the error's own words are of Python's classes.
        named = re.search(r'field "(\w+)"', str(error))
        variable = variable_of(named[1]) if named else ""
        raise InputError(
            f"the variable {variable} is not JSON" if variable else f"a variable cannot be read: {error}",
            remedy="write it as JSON, or remove it",
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        raise wrong([str(part) for part in first["loc"]], first, path, in_file, given) from error


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        data = sound.toml_of(sound.text_of(path))
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read: {error}", file=path, remedy="mend it, or remove it for defaults") from error
    for secret in SECRETS:
        if secret in data:
            raise InputError(
                f"{secret!r} stands in a file",
                file=path,
                remedy=f"take it out and set OPENAI_{secret.upper()} or ALLABEL_{secret.upper()} instead",
            )
    if has_password(str(data.get("database", ""))):
        raise InputError(
            "the URL of 'database' holds a password",
            file=path,
            remedy="take it out of the file; set ALLABEL_DATABASE with it, or PGPASSWORD, or put it into ~/.pgpass",
        )
    return data


def has_password(url: str) -> bool:
    """Tell whether a database's URL holds a password."""
    try:
        parts = urlsplit(url)
        return bool(parts.password) or "password" in parse_qs(parts.query)
    except ValueError:
        # What cannot be read as a URL is told where it is opened, without its text.
        return False
