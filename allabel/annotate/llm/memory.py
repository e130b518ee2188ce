"""What was asked before: answers are looked up before a model is asked, and kept as they come."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from allabel.annotate.base import Annotator, Demonstration
from allabel.annotate.llm.base import Answer
from allabel.reply import Reply


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was answered. text: the whole text it was about; key, prompt_hash: see `llm.keys`."""

    text: str
    key: str
    prompt_hash: str
    model: str
    answer: Answer


class Memory(Protocol):
    """Keeps answers and a journal of requests, for as long as it likes."""

    def recall(self, keys: Iterable[str]) -> Mapping[str, Answer]:
        """Return the answers kept under these keys; a key without one is left out."""
        ...

    def keeping(self) -> AbstractContextManager[Callable[[Asked], None]]:
        """Give what keeps a request; when the context ends, also by an interruption, all of them are kept."""
        ...


class Forgetful:
    """Keeps nothing."""

    def recall(self, keys: Iterable[str]) -> Mapping[str, Answer]:
        """Return nothing."""
        return {}

    @contextmanager
    def keeping(self) -> Iterator[Callable[[Asked], None]]:
        """Give what keeps nothing."""
        yield lambda asked: None


@runtime_checkable
class AsksModel(Annotator, Protocol):
    """An annotator that asks a language model: requests cost, so they are remembered, told of, and may run out."""

    def remember(self, memory: Memory) -> None:
        """Look answers up here from now on, and keep them here."""
        ...

    def stream(
        self, texts: Sequence[str], demonstrations: Sequence[Demonstration], got: Callable[[int, Reply], None]
    ) -> None:
        """Do what `annotate` does, and call `got(i, reply)` once a text as it comes, in any order."""
        ...

    @property
    def stopped(self) -> str:
        """Say why texts were left unasked, "" while none were."""
        ...

    def report(self) -> list[str]:
        """Say what was asked, what it took, and what was left out of prompts."""
        ...
