"""NDJSON answers, read line by line as they come, and asked for again from where they broke off."""

from collections.abc import Iterable
from typing import Protocol

from allabel.client.errors import ApiError, Failure
from allabel.client.results import Tagged
from allabel.client.retrying import Retries
from allabel.client.steps import (
    Answer,
    Broken,
    Call,
    Close,
    Emit,
    Open,
    Pause,
    Read,
    Steps,
    failed,
    new_id,
    pause_after,
    tries_of,
)


class Wanted(Protocol):
    """What is to come out of an answer of lines."""

    def call(self) -> Call:
        """Return the request for what has not come yet."""
        ...

    def take(self, line: bytes) -> Tagged | None:
        """Take a line; gives a result, or None where it is one that came before or is to be asked for again.

        Raises ApiError for a line that cannot be read.
        """
        ...

    def missing(self) -> Failure | None:
        """Say, after an answer's end, why it lacks something; None where it is all there."""
        ...

    def given_up(self, error: ApiError) -> Iterable[Tagged]:
        """Return what stands in for what never came. Raises the error where nothing can."""
        ...


class Opened:
    """A request for lines that is under way, so that the next can be sent before this one is read to its end."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted, self._id = wanted, new_id()
        self._got: Answer | Broken | None = None
        self._n_taken = 0

    def open(self) -> Steps[None]:
        """Send the request."""
        self._got = yield Open(self._wanted.call(), self._id)

    def read(self, retries: Retries) -> Steps[None]:
        """Emit what comes, and ask again for what does not. Raises ApiError where that is in vain."""
        tries = tries_of(retries)
        while True:
            n_before = self._n_taken
            found = yield from self._through()
            if found is None:
                return
            if self._n_taken > n_before:
                tries.succeeded()
            wait_s = pause_after(found, tries)
            if wait_s is None:
                for result in self._wanted.given_up(found.error):
                    yield Emit(result)
                return
            yield Pause(wait_s)
            yield from self.open()

    def _through(self) -> Steps[Failure | None]:
        got = self._got
        assert got is not None
        if isinstance(got, Broken) or not got.good:
            return failed(got, self._id)
        # No `finally` here: whoever performs the steps closes what is open when they are left half-way.
        found = yield from self._lines(got)
        yield Close(got.stream)
        return found

    def _lines(self, got: Answer) -> Steps[Failure | None]:
        rest = b""
        while True:
            chunk: bytes | Broken | None = yield Read(got.stream)
            if isinstance(chunk, Broken):
                return failed(chunk, self._id)
            # Only at \n: json leaves U+2028 and its like in the lines, where str.splitlines would cut.
            *whole, rest = (rest + (b"\n" if chunk is None else chunk)).split(b"\n")
            try:
                for line in whole:
                    yield from self._taken(line)
            except ApiError as error:
                # Half a line, as of a proxy that gave up: what is missing is asked for again.
                return Failure(error, again=True)
            if chunk is None:
                return self._wanted.missing()

    def _taken(self, line: bytes) -> Steps[None]:
        if line.strip():
            result = self._wanted.take(line)
            if result is not None:
                self._n_taken += 1
                yield Emit(result)
