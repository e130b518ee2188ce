"""Where a store lives: a SQLite file, or a database server named by URL."""

import os
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from allabel.errors import StoreError


@dataclass(frozen=True, slots=True)
class Location:
    """A database's address. path: the SQLite file, absolute; None for a database server."""

    url: URL
    path: Path | None

    @classmethod
    def of(cls, url_or_path: str | Path) -> "Location":
        """Read what a person wrote: a path, or a URL such as `postgresql+psycopg://host/name`."""
        if isinstance(url_or_path, Path) or "://" not in url_or_path:
            return cls._file(Path(url_or_path))
        try:
            url = make_url(url_or_path)
        except (ArgumentError, ValueError) as error:
            raise StoreError(
                "the database URL cannot be read", remedy="write it as postgresql+psycopg://user@host/name"
            ) from error
        if url.drivername in {"postgres", "postgresql"}:
            url = url.set(drivername="postgresql+psycopg")
        if url.get_backend_name() != "sqlite":
            return cls(url, None)
        if not url.database or url.database == ":memory:":
            raise StoreError("a database in memory forgets everything", remedy="name a file: sqlite:///project.db")
        return cls._file(Path(url.database))

    @classmethod
    def _file(cls, path: Path) -> "Location":
        path = path.absolute()
        return cls(URL.create("sqlite", database=str(path)), path)

    @property
    def name(self) -> str:
        """The address for messages: passwords are hidden."""
        return self.url.render_as_string(hide_password=True) if self.path is None else str(self.path)

    def check_writable(self) -> None:
        """Raise StoreError when the SQLite file or its folder cannot be written: SQLite needs both."""
        if self.path is None:
            return
        # Asked of the system and not tried: closing a file of our own would drop SQLite's POSIX locks on it.
        effective = os.access in os.supports_effective_ids
        for target, what in ((self.path.parent, "its folder"), (self.path, "the file")):
            if target.exists() and not os.access(target, os.W_OK, effective_ids=effective):
                raise StoreError(
                    f"{what} cannot be written to",
                    file=self.name,
                    remedy="give yourself write permission on both, or copy the project to a folder of yours",
                )
