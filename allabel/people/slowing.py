"""Making guesses of passwords slow, for names that there are and for names that there are not."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select

from allabel.people.errors import SignInError
from allabel.store.tables import failures

FREE = 5
LONGEST_S = 60
FORGOTTEN_AFTER = timedelta(days=1)


class Slowing:
    """Counts failures by name: five are free, then a name waits 1, 2, 4, ... seconds, at most a minute."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock

    def check(self, connection: Connection, name: str) -> None:
        """Raise SignInError where the name has to wait."""
        row = connection.execute(select(failures).where(failures.c.name == name)).first()
        if row is None or row.n < FREE:
            return
        wait_s = min(LONGEST_S, 2 ** min(row.n - FREE, 10))
        left_s = (row.at + timedelta(seconds=wait_s) - self._clock()).total_seconds()
        if left_s > 0:
            raise SignInError(
                f"{row.n} wrong passwords in a row for this name", remedy=f"try again in {int(left_s) + 1} seconds"
            )

    def failed(self, connection: Connection, name: str) -> None:
        """Count one more, and forget those of days past."""
        now = self._clock()
        connection.execute(delete(failures).where(failures.c.at < now - FORGOTTEN_AFTER))
        n = connection.execute(select(failures.c.n).where(failures.c.name == name)).scalar() or 0
        self.forget(connection, name)
        connection.execute(insert(failures), {"name": name, "n": n + 1, "at": now})

    def forget(self, connection: Connection, name: str) -> None:
        """Begin anew with a name."""
        connection.execute(delete(failures).where(failures.c.name == name))
