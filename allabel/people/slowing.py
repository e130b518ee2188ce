"""Making guesses of passwords slow, for names that there are and for names that there are not."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select

from allabel.people.errors import SignInError
from allabel.store.tables import failures

FREE = 5
# Several people may sit behind one address, and each may err.
FREE_AN_ADDRESS = 50
LONGEST_S = 60
FORGOTTEN_AFTER = timedelta(days=1)


class Slowing:
    """Counts failures by name: five are free, then a name waits 1, 2, 4, ... seconds, at most a minute.

    So does an address after fifty, whatever the names: a few guesses at each of many names are slow as well.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock

    def attempt(self, connection: Connection, name: str, address: str | None) -> None:
        """Count a guess as a failure before it is looked at, so that many at the same moment are not free.

        Raises SignInError, and counts nothing, where the name or the address has to wait.
        """
        counted = [(name, FREE, "this name")]
        counted += [(_of(address), FREE_AN_ADDRESS, "this address")] if address else []
        for key, free, what in counted:
            self._check(connection, key, free, what)
        now = self._clock()
        connection.execute(delete(failures).where(failures.c.at < now - FORGOTTEN_AFTER))
        for key, _, _ in counted:
            n = connection.execute(select(failures.c.n).where(failures.c.name == key)).scalar() or 0
            connection.execute(delete(failures).where(failures.c.name == key))
            connection.execute(insert(failures), {"name": key, "n": n + 1, "at": now})

    def _check(self, connection: Connection, key: str, free: int, what: str) -> None:
        row = connection.execute(select(failures).where(failures.c.name == key)).first()
        if row is None or row.n < free:
            return
        wait_s = min(LONGEST_S, 2 ** min(row.n - free, 10))
        left_s = (row.at + timedelta(seconds=wait_s) - self._clock()).total_seconds()
        # More than the whole wait is left where the clock was set back: that keeps nobody out.
        if 0 < left_s <= wait_s:
            raise SignInError(
                f"{row.n} wrong passwords in a row for {what}",
                remedy=f"try again in {int(left_s) + 1} seconds",
            )

    def forget(self, connection: Connection, name: str, address: str | None = None) -> None:
        """Begin anew with a name and an address."""
        keys = [name, *([_of(address)] if address else [])]
        connection.execute(delete(failures).where(failures.c.name.in_(keys)))


def _of(address: str) -> str:
    # No name begins with a space.
    return f" {address[:100]}"
