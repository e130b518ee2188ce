"""Who may sign in: names, roles and password hashes, and sessions that end."""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from allabel.people.errors import AccountError, SignInError
from allabel.people.hashing import LONGEST, Passwords, composed, turn
from allabel.people.roles import Role
from allabel.people.slowing import Slowing
from allabel.store.store import Store
from allabel.store.tables import people, sessions

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST = 8
LONGEST_NAME = 200
# Authors of answers that no person gave.
RESERVED = ("import", "gold")
_WRONG = "the name or the password is wrong"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may annotate. at: when they were added. A person who is not active cannot sign in."""

    name: str
    role: Role
    active: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in: whoever holds the token is that person until then. The store keeps only a hash of it."""

    token: str
    person: Person
    until: datetime


def _now() -> datetime:
    return datetime.now(UTC)


class Accounts:
    """The people of a project. Passwords are kept as argon2 hashes, and are never shown or logged.

    hasher: None for argon2 with its defaults.
    """

    def __init__(
        self,
        store: Store,
        session_hours: float = 12,
        clock: Callable[[], datetime] = _now,
        hasher: "PasswordHasher | None" = None,
    ) -> None:
        self._store, self._session_hours, self._clock = store, session_hours, clock
        self._passwords, self._slowing = Passwords(hasher), Slowing(clock)

    def any(self) -> bool:
        """Tell whether there are accounts, so that nobody works without signing in."""
        with self._store.reads() as connection:
            return connection.execute(select(people.c.name).limit(1)).first() is not None

    def people(self) -> list[Person]:
        """Return everybody, by name."""
        with self._store.reads() as connection:
            return sorted(map(_person, connection.execute(select(people))), key=lambda person: person.name)

    def add(self, name: str, role: Role, password: str | None) -> Person:
        """Add a person; without a password they sign in through the organisation's own sign-in (OIDC) only.

        Raises AccountError for a name that cannot be or is taken, also in other letters' case, and a weak password.
        """
        name, hashed = _checked_name(name), self._hashed(password)
        person = Person(name, role, True, self._clock())
        with self._store.writes() as connection:
            for taken in connection.execute(select(people.c.name)).scalars():
                if taken.casefold() == name.casefold():
                    raise AccountError(f"there is a person {taken!r} already", remedy="choose another name")
            row = {"name": name, "role": role.value, "password": hashed, "active": True, "at": person.at}
            connection.execute(insert(people), row)
        return person

    def set_password(self, name: str, password: str) -> None:
        """Change a password and end that person's sessions. Raises AccountError for an unknown name or a weak one."""
        hashed = self._hashed(password)
        with self._store.writes() as connection:
            name = self._change(connection, name, password=hashed)
            connection.execute(delete(sessions).where(sessions.c.person == name))
            self._slowing.forget(connection, name)

    def set_role(self, name: str, role: Role) -> None:
        """Change what a person may do, at once, also in sessions under way."""
        with self._store.writes() as connection:
            self._change(connection, name, role=role.value)

    def deactivate(self, name: str) -> None:
        """Let a person in no more, and end their sessions; what they did stays under their name."""
        with self._store.writes() as connection:
            name = self._change(connection, name, active=False)
            connection.execute(delete(sessions).where(sessions.c.person == name))

    def activate(self, name: str) -> None:
        """Let a person in again."""
        with self._store.writes() as connection:
            self._change(connection, name, active=True)

    def sign_in(self, name: str, password: str, address: str | None = None) -> Session:
        """Begin a session. Raises SignInError, in the same words for an unknown name and for a wrong password.

        After five failures a name has to wait, longer each time, up to a minute; so has an address after fifty.
        address: that the person is at, None where nobody can tell.
        """
        name = _plain(name)
        if len(name) > LONGEST_NAME or not name.isprintable():
            name = ""  # nobody's: one counter for all that cannot be names
        with turn():
            with self._store.writes() as connection:
                self._slowing.attempt(connection, name, address)
            with self._store.reads() as connection:
                row = connection.execute(select(people).where(people.c.name == name)).first()
            hashed = row.password if row is not None and row.active and row.password else None
            if not self._passwords.fits(hashed, password) or hashed is None:
                raise SignInError(_WRONG, remedy="try again; an admin can set a new one: allabel people password NAME")
            renewed = self._passwords.hash(password) if self._passwords.is_outdated(hashed) else None
        with self._store.writes() as connection:
            still = connection.execute(select(people.c.password).where(people.c.name == name)).scalar()
            if still != hashed:  # an admin has set another one in this moment
                raise SignInError(_WRONG)
            self._slowing.forget(connection, name, address)
            if renewed is not None:
                self._change(connection, name, password=renewed)
            return self._begin(connection, name)

    def sign_in_oidc(self, name: str) -> Session:
        """Begin a session for a name, such as an e-mail address, that an identity provider vouched for.

        Raises SignInError where nobody active has that name here, in any letters' case.
        """
        name = _plain(name)
        with self._store.writes() as connection:
            rows = connection.execute(select(people)).all()
            found = next((row for row in rows if row.name.casefold() == name.casefold() and row.active), None)
            if found is None:
                raise SignInError(
                    f"{name!r} is not among the people of this project",
                    remedy=f"ask an admin of the project: allabel people add {name}",
                )
            return self._begin(connection, found.name)

    def person_of(self, token: str) -> Person | None:
        """Return whose session this is; None where it is unknown or over, or the person is not active."""
        query = select(people, sessions.c.until).join(sessions, sessions.c.person == people.c.name)
        with self._store.reads() as connection:
            row = connection.execute(query.where(sessions.c.token == _hash(token))).first()
        return None if row is None or not row.active or row.until <= self._clock() else _person(row)

    def sign_out(self, token: str) -> None:
        """End a session; one that is over already is no error."""
        with self._store.writes() as connection:
            connection.execute(delete(sessions).where(sessions.c.token == _hash(token)))

    def _begin(self, connection: Connection, name: str) -> Session:
        now = self._clock()
        connection.execute(delete(sessions).where(sessions.c.until <= now))
        person = _person(connection.execute(select(people).where(people.c.name == name)).one())
        if not person.active:
            raise SignInError(_WRONG)
        session = Session(secrets.token_urlsafe(32), person, now + timedelta(hours=self._session_hours))
        row = {"token": _hash(session.token), "person": name, "until": session.until}
        connection.execute(insert(sessions), row)
        return session

    def _change(self, connection: Connection, name: str, **columns: Any) -> str:
        name = _plain(name)
        found = connection.execute(select(func.count()).select_from(people).where(people.c.name == name)).scalar_one()
        if not found:
            raise AccountError(f"there is no person {name!r}", remedy="see: allabel people list")
        connection.execute(update(people).where(people.c.name == name).values(**columns))
        return name

    def _hashed(self, password: str | None) -> str | None:
        if password is None:
            return None
        if not SHORTEST <= len(password) <= LONGEST:
            raise AccountError(
                f"a password has {SHORTEST} to {LONGEST:,} characters, not {len(password)}",
                remedy="some words that do not belong together make a good one",
            )
        return self._passwords.hash(password)


def _person(row: Row[Any]) -> Person:
    return Person(row.name, Role(row.role), row.active, row.at)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _plain(name: str) -> str:
    return composed(name).strip()


def _checked_name(name: str) -> str:
    name = _plain(name)
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise AccountError(
            f"the name {name[:50]!r} is empty, longer than {LONGEST_NAME} characters, or holds control characters",
            remedy="choose a name, or an e-mail address",
        )
    if name.casefold() in RESERVED:
        raise AccountError(f"the name {name!r} stands for answers that no person gave", remedy="choose another name")
    return name
