"""Passwords as argon2 hashes: never shown or logged, and only a few worked on at once, for each takes 64 MB."""

import base64
import secrets
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from allabel.errors import MissingExtraError
from allabel.people.errors import SignInError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

LONGEST = 1000
# Of one process. Whoever comes when all are taken waits a while, and is sent away then.
AT_ONCE, PATIENCE_S = 2, 15.0
_places = threading.BoundedSemaphore(AT_ONCE)


@contextmanager
def turn(patience_s: float = PATIENCE_S) -> Iterator[None]:
    """Hold one of the few places to check a password. Raises SignInError where none is free for so many seconds."""
    if not _places.acquire(timeout=patience_s):
        raise SignInError("too many people sign in at this moment", remedy="try again in a minute")
    try:
        yield
    finally:
        _places.release()


class Passwords:
    """Makes and checks hashes. hasher: None for argon2 with its defaults."""

    def __init__(self, hasher: "PasswordHasher | None" = None) -> None:
        self._given = hasher

    def hash(self, password: str) -> str:
        """Return a hash with a salt of its own. Raises MissingExtraError without argon2."""
        return self._hasher.hash(composed(password))

    def fits(self, hashed: str | None, password: str) -> bool:
        """Tell whether a password is that of a hash; where there is none it takes as long, and never is.

        What is longer than any password is not worked on.
        """
        hasher = self._hasher
        from argon2.exceptions import InvalidHashError, VerificationError

        try:
            found = hasher.verify(hashed or self._nobodys, composed(password[: LONGEST + 1]))
        except (VerificationError, InvalidHashError, UnicodeEncodeError):
            return False
        return found and hashed is not None

    def is_outdated(self, hashed: str) -> bool:
        """Tell whether a hash was made with other parameters than are made now."""
        return self._hasher.check_needs_rehash(hashed)

    @cached_property
    def _hasher(self) -> "PasswordHasher":
        if self._given is not None:
            return self._given
        try:
            from argon2 import PasswordHasher
        except ModuleNotFoundError as error:
            raise MissingExtraError("passwords need argon2: pip install 'allabel[app]'") from error
        return PasswordHasher()

    @property
    def _nobodys(self) -> str:
        """A hash of nothing in particular, drawn and not worked out: else a name that nobody has would take twice."""
        hasher = self._hasher
        salt, drawn = (_unpadded(secrets.token_bytes(n)) for n in (hasher.salt_len, hasher.hash_len))
        costs = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
        return f"$argon2id$v=19${costs}${salt}${drawn}"


def composed(text: str) -> str:
    """Return a text in the one spelling that it has, however a keyboard composes its accents."""
    return unicodedata.normalize("NFC", text)


def _unpadded(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")
