"""Answers of language models, kept in the run's folder, and what becomes known of them on the way."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

from allabel.annotate.llm.base import Answer
from allabel.annotate.llm.memory import Asked
from allabel.reply import Status
from allabel.store.store import Store
from allabel.tagging import StoreMemory

# Failures at once that are still the texts' own.
MOST_LASTING = 0.1


class Recall(StoreMemory):
    """A store's memory that counts what it gives back, what is asked, and what failed.

    seconds: that the recalled answers took when they were asked, added up. n_tokens: prompt and output tokens of all.
    n_asked: requests. failures: of those that came to nothing, how often each was sent, and why in words.
    """

    def __init__(self, store: Store, backend: str) -> None:
        super().__init__(store, backend)
        self.n_recalled, self.n_asked, self.seconds, self.n_tokens = 0, 0, 0.0, 0
        self.failures: list[tuple[int, str]] = []

    def recall(self, keys: Iterable[str]) -> Mapping[str, Answer]:
        """Return the answers kept under these keys; a key without one is left out."""
        found = super().recall(keys)
        self.n_recalled += len(found)
        for answer in found.values():
            self.seconds += answer.latency_s
            self.n_tokens += answer.n_prompt_tokens + answer.n_output_tokens
        return found

    @contextmanager
    def keeping(self) -> Iterator[Callable[[Asked], None]]:
        """Give what keeps a request, and looks at its answer."""
        with super().keeping() as keep:

            def look(asked: Asked) -> None:
                self.n_asked += 1
                self.n_tokens += asked.answer.n_prompt_tokens + asked.answer.n_output_tokens
                if asked.answer.status is Status.FAILED:
                    self.failures.append((asked.answer.n_attempts, asked.answer.error))
                keep(asked)

            yield look

    @property
    def trouble(self) -> str:
        """Say that the server, not the model, failed: after asking again, or for more than a text in ten; "" if not.

        A text that is refused at once, as it is too long, is the model's own failure, and counted as one.
        """
        passing = [why for n_attempts, why in self.failures if n_attempts > 1]
        if not passing and len(self.failures) <= MOST_LASTING * self.n_asked:
            return ""
        example = passing[0] if passing else self.failures[0][1]
        return f"{len(self.failures)} of {self.n_asked} requests failed, for example: {example}"
