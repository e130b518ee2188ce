"""What all pages stand on: the project that is open and the person who works on it."""

import getpass
import os
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import streamlit as st
from sqlalchemy import func, select

from allabel.calibrating import FILE_NAME as CALIBRATION
from allabel.config import FILE_NAME
from allabel.errors import StoreError
from allabel.people.accounts import Accounts, Person
from allabel.people.roles import Role
from allabel.project import DATABASE, LABELS, Project
from allabel.store.tables import annotations, documents, gold, picks, steps, tagged
from app.settings import FOLDER, LOCAL_HOSTS

Stamp = tuple[object, ...]


class Keeper:
    """Keeps one project of a folder open for all who work on it; threads may share it.

    Where its files were changed, replaced or mended since, the next `project` opens it anew.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._open: tuple[Stamp, Project] | None = None
        # Whether there was a project here since the app was started: then its absence is no invitation to make one.
        self.was_open = False

    def project(self) -> Project:
        """Return the open project. Raises InputError where there is none, or it is damaged, locked or gone."""
        with self._lock:
            stamp = self._stamp()
            if self._open is not None and self._open[0] == stamp:
                return self._open[1]
            self._close()
            project = Project.open(self.folder)
            self._open = (self._stamp(), project)
            self.was_open = True
            return project

    def close(self) -> None:
        """Close the project, if it is open."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._open is not None:
            # What is under way in another thread keeps its connection until it is done.
            self._open[1].close()
            self._open = None

    def _stamp(self) -> Stamp:
        # The database changes with every answer: only its being another file counts.
        labels, settings, database = (_seen(self.folder / name) for name in (LABELS, FILE_NAME, DATABASE))
        return labels, settings, database and database[0]


def _seen(path: Path) -> tuple[int, int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


def has_project(folder: Path) -> bool:
    """Tell whether a folder holds a project's labels, or answers that have lost their labels."""
    return (folder / LABELS).exists() or (folder / DATABASE).exists()


@st.cache_resource(show_spinner=False, on_release=Keeper.close)
def keeper(folder: str) -> Keeper:
    """Return the one keeper of a folder in this process."""
    return Keeper(Path(folder))


@dataclass(frozen=True, slots=True)
class Work:
    """Who works on what. opened: None in a folder without a project. alone: nobody has to sign in."""

    folder: Path
    person: Person
    opened: Project | None
    alone: bool

    @property
    def project(self) -> Project:
        """The open project. Raises StoreError where there is none."""
        if self.opened is None:
            raise StoreError("there is no project here yet", file=self.folder, remedy="make one on the page Start")
        return self.opened

    @property
    def accounts(self) -> Accounts:
        """The people of the project."""
        return accounts(self.project)

    def may(self, role: Role) -> bool:
        """Tell whether the person has this role or one that can do more."""
        return self.person.role.can(role)


def contents(project: Project) -> Stamp:
    """Return what changes with each import, answer, choice and reply, without reading any of them.

    What a page worked out of the project stands for as long as this is the same, and `project` is.
    """
    newest = (annotations.c.seq, tagged.c.seq, documents.c.position)
    counted = (gold, picks, steps)
    with project.store.reads() as connection:
        last = (connection.execute(select(func.max(column))).scalar() for column in newest)
        many = (connection.execute(select(func.count()).select_from(table)).scalar() for table in counted)
        return project.folder, project.schema, project.settings, _seen(project.folder / CALIBRATION), *last, *many


def accounts(project: Project) -> Accounts:
    """Return the people of a project, with sessions as long as its settings say."""
    return Accounts(project.store, session_hours=project.settings.session_hours)


def folder() -> Path:
    """Return the folder that the app was started on."""
    return Path(os.environ.get(FOLDER, ".")).resolve()


def is_local() -> bool:
    """Tell whether only this machine can reach the app."""
    return st.get_option("server.address") in LOCAL_HOSTS


def operator() -> Person:
    """Return the person at this machine, by the name the operating system knows, who may do all."""
    return Person(getpass.getuser(), Role.ADMIN, True, datetime.now(UTC))
