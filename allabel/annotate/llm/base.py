"""The seams of this room: a form asks and reads, a transport carries, an answer comes back with its tokens."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from allabel.annotate.base import Demonstration
from allabel.reply import Status
from allabel.schema import LabelSchema


@dataclass(frozen=True, slots=True)
class Mention:
    """One mention as the model wrote it.

    occurrence: which of equal mentions in the text it is, from 1; None where the model did not say.
    start, end: where the mention's own characters stand in the answer's content, for its probability.
    """

    label: str
    text: str
    occurrence: int | None
    start: int
    end: int


class Form(Protocol):
    """How entities are asked for and written down: `json` or `markup`. Registered as `allabel.forms`."""

    name: str
    version: str

    def instructions(self, schema: LabelSchema) -> str:
        """Return the system message: the same for every text of a schema, so that servers reuse its prefix."""
        ...

    def answer(self, shown: Demonstration, labels: Sequence[str]) -> str:
        """Write a demonstration's entities as the model should answer; `read` gives them back.

        labels: those of the schema, in its order.
        """
        ...

    def json_schema(self, schema: LabelSchema, text: str) -> dict[str, Any] | None:
        """Return the JSON schema that binds the answer to this text, None where the form is no JSON."""
        ...

    def read(self, content: str, text: str, schema: LabelSchema) -> list[Mention]:
        """Read an answer to `text`, in its own order. Raises ReplyFormatError; mends nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Request:
    """One chat completion to be had. messages: role and content, the text to be tagged last."""

    messages: tuple[Mapping[str, str], ...]
    json_schema: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Token:
    """A token of an answer: the bytes it wrote and its natural log-probability."""

    bytes: bytes
    logprob: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request: `ok` with content, or another status with the reason in words.

    fault: the reason without anything that a server said, which may quote the text; "" where nothing failed at one.
    tokens: of the content, in order; empty where the server gives none. n_attempts: requests sent, the last included.
    latency_s: seconds from the first request to the answer, waiting included.
    """

    status: Status
    content: str = ""
    error: str = ""
    tokens: tuple[Token, ...] = ()
    n_prompt_tokens: int = 0
    n_output_tokens: int = 0
    n_attempts: int = 1
    latency_s: float = 0.0
    fault: str = ""


# Of a request's position and an `ok` answer to it: what is wrong with its content, "" where nothing is.
Check = Callable[[int, Answer], str]


def nothing_wrong(i: int, answer: Answer) -> str:
    """Take any answer: the check of those who have none."""
    return ""


class Transport(Protocol):
    """Carries requests to a model: `chat` to a server, `vllm` within the process."""

    @property
    def model(self) -> str:
        """The model's name, as replies name it."""
        ...

    @property
    def identity(self) -> Mapping[str, Any]:
        """What of this transport decides an answer, as JSON, for the key it is kept under."""
        ...

    @property
    def stopped(self) -> str:
        """Say why requests were left unsent: a limit reached, or a server that fell silent. "" while none were."""
        ...

    def report(self) -> str:
        """Say in one line what was asked and what it took; "" while nothing was."""
        ...

    def send(
        self, requests: Sequence[Request], got: Callable[[int, Answer], None], check: Check = nothing_wrong
    ) -> None:
        """Have every request answered, and call `got(i, answer)` once for each as it comes, in any order.

        Requests are taken in order, each when its turn comes: a sequence that renders them on the way is welcome.
        check: asked of every `ok` answer; the model is shown what is wrong and asked once more, then the answer is
        `unparseable`. One with no content is asked for once more likewise. A request that fails has an answer that says
        so. Raises ServerError where nothing can be had at all, what `got` and `check` raise, and KeyboardInterrupt,
        each after every answer that came has been handed over.
        """
        ...
