"""The seam to an engine in this process: it takes requests one by one, and gives each back when it is done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from allabel.annotate.llm.base import Token
from allabel.annotate.llm.prompt import Messages
from allabel.errors import AllabelError


class RequestError(AllabelError):
    """A request that the engine does not take; others it takes."""


class EngineError(AllabelError):
    """An engine that has ended, and takes nothing more."""


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a request. finish: `stop`, `length`, or vLLM's word for what went wrong."""

    id: str
    finish: str
    content: str
    tokens: tuple[Token, ...] = ()
    n_prompt_tokens: int = 0
    n_output_tokens: int = 0
    n_cached_tokens: int = 0


class Engine(Protocol):
    """What carries requests within the process."""

    @property
    def max_model_len(self) -> int:
        """The model's window in tokens, prompt and answer together."""
        ...

    def count(self, shown: Messages) -> int:
        """Return how many tokens the model reads for these messages. Raises ServerError where that cannot be told."""
        ...

    def add(self, shown: Messages, sampling: Mapping[str, Any], json_schema: Mapping[str, Any] | None) -> str:
        """Take a request in and return its id. Raises RequestError, EngineError."""
        ...

    def step(self) -> list[Done]:
        """Go on with all requests for a moment, and return those that are done. Raises EngineError."""
        ...

    def drop(self, ids: Sequence[str]) -> None:
        """Forget these requests. Raises EngineError."""
        ...
