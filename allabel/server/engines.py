"""What tags texts in a running server: one seam over annotators on board, in a thread, and behind other servers."""

from collections.abc import Sequence
from typing import Protocol

from allabel.annotate.base import Annotator, Demonstration
from allabel.reply import Reply
from allabel.server.line import Line


class Engine(Protocol):
    """Tags texts of many callers at once, from the demonstrations it was shown last."""

    @property
    def name(self) -> str:
        """What the backend calls itself in tagged output."""
        ...

    @property
    def model(self) -> str:
        """The model behind it."""
        ...

    @property
    def waits_for(self) -> str:
        """Say what is missing before texts can be tagged, "" where nothing is."""
        ...

    async def start(self) -> None:
        """Begin, in the event loop that runs."""
        ...

    async def stop(self) -> None:
        """End; what is under way is finished first."""
        ...

    async def show(self, demonstrations: Sequence[Demonstration]) -> None:
        """Take these as demonstrations from now on; when this returns they are retrieved."""
        ...

    async def tag(self, texts: Sequence[str], shots: int | None, *, behind: bool = False) -> list[Reply]:
        """Return one reply a text, in order. behind: when nobody else waits.

        Raises ProblemError where too many wait; a caller that is cancelled has no more of theirs tagged.
        """
        ...


class Threaded:
    """Any annotator, in one thread of its own; `shots` is as its settings say."""

    def __init__(self, annotator: Annotator, most: int) -> None:
        self._annotator, self._shown = annotator, tuple[Demonstration, ...]()
        self._line = Line(self._tag, most)

    @property
    def name(self) -> str:
        """The annotator's own."""
        return self._annotator.name

    @property
    def model(self) -> str:
        """The annotator's own."""
        return self._annotator.model

    @property
    def waits_for(self) -> str:
        """Nothing: what an annotator lacks it says itself."""
        return ""

    async def start(self) -> None:
        """Begin."""
        self._line.start()

    async def stop(self) -> None:
        """End after the texts under way."""
        await self._line.stop()

    async def show(self, demonstrations: Sequence[Demonstration]) -> None:
        """Give these to the annotator with the next texts."""
        self._shown = tuple(demonstrations)

    async def tag(self, texts: Sequence[str], shots: int | None, *, behind: bool = False) -> list[Reply]:
        """Return one reply a text, in order."""
        return await self._line.tag(texts, behind=behind)

    def _tag(self, texts: Sequence[str], shots: int | None) -> Sequence[Reply]:
        return self._annotator.annotate(texts, self._shown)
