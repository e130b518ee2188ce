"""Annotators that are not allabel's own, held to one reply a text: a reply less would tag the wrong texts."""

from collections.abc import Sequence

from allabel.annotate.base import Annotator, Demonstration
from allabel.plugins import not_one
from allabel.reply import Reply


class Plugged:
    """Another's annotator by the name it was asked for; everything is its own but the look at its replies."""

    def __init__(self, backend: str, annotator: Annotator) -> None:
        self._backend, self._annotator = backend, annotator

    @property
    def name(self) -> str:
        """What the annotator calls itself."""
        return self._annotator.name

    @property
    def model(self) -> str:
        """The annotator's model."""
        return self._annotator.model

    def annotate(self, texts: Sequence[str], demonstrations: Sequence[Demonstration]) -> list[Reply]:
        """Return the annotator's replies. Raises PluginError where they are not one a text."""
        replies = list(self._annotator.annotate(texts, demonstrations))
        for reply in replies:
            if not isinstance(reply, Reply):
                problem = f"it replies objects of {type(reply).__name__}, and not of allabel.reply.Reply"
                raise not_one("backends", self._backend, problem)
        if len(replies) != len(texts):
            raise not_one("backends", self._backend, f"it gave {len(replies)} replies to {len(texts)} texts")
        return replies
