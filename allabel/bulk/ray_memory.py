"""What language models answered, kept by one process for all workers: a store's file takes one writer well."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from allabel.annotate.llm.base import Answer
from allabel.annotate.llm.memory import Asked
from allabel.store.store import Store
from allabel.tagging import StoreMemory

# Answers that a worker holds back before they go to the keeper: what a kill of it may cost.
AT_ONCE = 8


class Keeper:
    """Opens the store, looks answers up and keeps new ones; run as an actor. backend: for the journal of calls."""

    def __init__(self, place: str | Path, backend: str) -> None:
        self._open = ExitStack()
        self._memory = StoreMemory(self._open.enter_context(Store.open(place)), backend)
        self._keep = self._open.enter_context(self._memory.keeping())

    def recall(self, keys: list[str]) -> dict[str, Answer]:
        """Return the answers kept under these keys."""
        return dict(self._memory.recall(keys))

    def keep(self, asked: list[Asked]) -> None:
        """Have these written, soon."""
        for one in asked:
            self._keep(one)

    def close(self) -> None:
        """Write all that is left, and close the store."""
        self._open.close()


class RemoteMemory:
    """A worker's memory. keeper: the actor that holds it."""

    def __init__(self, keeper: Any) -> None:
        self._keeper = keeper

    def recall(self, keys: Iterable[str]) -> Mapping[str, Answer]:
        """Return the answers kept under these keys; a key without one is left out."""
        found: dict[str, Answer] = _get(self._keeper.recall.remote(list(keys)))
        return found

    @contextmanager
    def keeping(self) -> Iterator[Callable[[Asked], None]]:
        """Give what keeps a request; when the context ends the keeper has all of them."""
        held: list[Asked] = []
        sent: list[Any] = []

        def hand_over() -> None:
            if held:
                sent.append(self._keeper.keep.remote(list(held)))
                held.clear()

        def keep(asked: Asked) -> None:
            held.append(asked)
            if len(held) >= AT_ONCE:
                hand_over()

        try:
            yield keep
        finally:
            hand_over()
            _get(sent)


def _get(what: Any) -> Any:
    from allabel.bulk.ray_engine import require_ray

    return require_ray().get(what)
