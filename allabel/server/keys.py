"""API keys: kept as hashes, each for some scopes, revoked at once."""

import hashlib
import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import Row, insert, select, update

from allabel.errors import InputError
from allabel.store.store import Store
from allabel.store.tables import api_keys

PREFIX = "alb"
LONGEST_NAME = 200
_NOBODYS = hashlib.sha256(secrets.token_bytes(32)).hexdigest()


class Scope(StrEnum):
    """What a key may be for. tag: texts and jobs. read: labels and demonstrations. annotate: add annotations."""

    TAG = "tag"
    READ = "read"
    ANNOTATE = "annotate"
    METRICS = "metrics"


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is known: its secret is not."""

    id: str
    name: str
    scopes: frozenset[Scope]
    at: datetime
    revoked: datetime | None = None


class Keys:
    """The keys of a project."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def any(self) -> bool:
        """Tell whether there ever was a key, so that nothing is done without one."""
        with self._store.reads() as connection:
            return connection.execute(select(api_keys.c.id).limit(1)).first() is not None

    def all(self) -> list[Key]:
        """Return every key, oldest first, revoked ones too."""
        with self._store.reads() as connection:
            return [_key(row) for row in connection.execute(select(api_keys).order_by(api_keys.c.at, api_keys.c.id))]

    def add(self, name: str, scopes: Collection[Scope]) -> tuple[Key, str]:
        """Make a key; returns it with the token, which is shown this once and cannot be had again.

        Raises InputError for a name that cannot be or that a key in use has, and without a scope.
        """
        name = name.strip()
        if not name or len(name) > LONGEST_NAME or not name.isprintable() or not scopes:
            raise InputError(
                f"a key has a name of 1 to {LONGEST_NAME} printable characters and at least one scope",
                remedy=f"for example: allabel serve keys add lab --scope {Scope.TAG}",
            )
        key = Key(secrets.token_hex(6), name, frozenset(scopes), datetime.now(UTC))
        secret = secrets.token_urlsafe(32)
        with self._store.writes() as connection:
            in_use = select(api_keys.c.id).where(api_keys.c.name == name, api_keys.c.revoked.is_(None))
            if connection.execute(in_use).first() is not None:
                raise InputError(f"there is a key {name!r} already", remedy="revoke it first, or choose another name")
            row = {"id": key.id, "name": name, "hash": _hash(secret), "scopes": sorted(key.scopes), "at": key.at}
            connection.execute(insert(api_keys), row)
        return key, f"{PREFIX}_{key.id}_{secret}"

    def revoke(self, name: str) -> None:
        """Let a key in no more. Raises InputError where no key in use has this name."""
        with self._store.writes() as connection:
            in_use = update(api_keys).where(api_keys.c.name == name, api_keys.c.revoked.is_(None))
            if not connection.execute(in_use.values(revoked=datetime.now(UTC))).rowcount:
                raise InputError(f"there is no key {name!r} in use", remedy="see: allabel serve keys list")

    def check(self, token: str) -> Key | None:
        """Return whose token this is; None for any other. It takes as long for an unknown id as for a wrong secret."""
        prefix, _, rest = token.partition("_")
        id, _, secret = rest.partition("_")
        with self._store.reads() as connection:
            row = connection.execute(select(api_keys).where(api_keys.c.id == id[:64])).first()
        fits = hmac.compare_digest(row.hash if row is not None else _NOBODYS, _hash(secret))
        return _key(row) if fits and row is not None and row.revoked is None and prefix == PREFIX else None


def _key(row: Row[tuple[object, ...]]) -> Key:
    # A scope that a newer allabel knows opens nothing here.
    scopes = frozenset(Scope(scope) for scope in row.scopes if scope in list(Scope))
    return Key(row.id, row.name, scopes, row.at, row.revoked)


def _hash(secret: str) -> str:
    # A secret of 256 random bits needs no slow hash.
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
