"""What fits a model's window: demonstrations are left out from the least similar, in numbers that are reported."""

import math
import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from allabel.annotate.base import Demonstration
from allabel.annotate.llm.base import Form
from allabel.annotate.llm.prompt import Messages, messages
from allabel.errors import AllabelError, ServerError
from allabel.schema import LabelSchema

# How many tokens the model reads for these messages, its chat template's own included. Raises ServerError.
Count = Callable[[Messages], int]

# A turn's marks in the chat templates of Llama, Qwen, Mistral and SmolLM, and what some of them put before all.
TOKENS_A_TURN, TOKENS_BEFORE = 8, 32
LETTERS_A_TOKEN = 2.5
_LETTERS_OR_OTHER = re.compile(r"[A-Za-z]+|[^A-Za-z ]")


class WindowError(AllabelError):
    """A text that does not fit the model's window even without any demonstration."""


@dataclass(frozen=True, slots=True)
class Window:
    """A model's window, in tokens. n_output_tokens: kept free for the answer. count: None where only an estimate is."""

    max_tokens: int
    n_output_tokens: int
    count: Count | None = None

    def __post_init__(self) -> None:
        if not 0 < self.n_output_tokens < self.max_tokens:
            raise WindowError(
                f"the model's window of {self.max_tokens} tokens leaves no room for a prompt beside "
                f"{self.n_output_tokens} tokens of answer\n  remedy: set max_output_tokens lower"
            )

    @property
    def room(self) -> int:
        """Tokens that a prompt may take."""
        return self.max_tokens - self.n_output_tokens


@dataclass(frozen=True, slots=True)
class Fitted:
    """A prompt that fits. shown: the demonstrations in it, most similar first. exact: n_prompt_tokens was counted."""

    messages: Messages
    shown: tuple[Demonstration, ...]
    n_dropped: int
    n_prompt_tokens: int
    exact: bool


def estimate(shown: Messages) -> int:
    """Return how many tokens messages take, rather too many than too few, where the model's tokenizer is not at hand.

    Letters are two in five, and any other character a token for each of its bytes. On 1000 texts each of five data
    sets this is 1.4 to 2 times (medians) what the tokenizers of SmolLM2 and BERT count. Of 3083 counts of 100 tokens
    or more it was below 3, by 5 % at worst: where numbers and locants are dense.
    """
    return TOKENS_BEFORE + sum(TOKENS_A_TURN + estimate_text(message["content"]) for message in shown)


@lru_cache(maxsize=16_384)
def estimate_text(text: str) -> int:
    """Return how many tokens a text takes by itself, as `estimate` reckons; never less than its start does."""
    return sum(
        math.ceil(len(found) / LETTERS_A_TOKEN)
        if found.isascii() and found.isalpha()
        else len(found.encode("utf-8", "surrogatepass"))
        for found in _LETTERS_OR_OTHER.findall(text)
    )


def fit(
    form: Form, text: str, demonstrations: Sequence[Demonstration], schema: LabelSchema, window: Window | None
) -> Fitted:
    """Return the prompt with as many demonstrations, most similar first, as fit; all where the window is unknown.

    What fits by the estimate is not counted, which spares the server a request a text. Where counting fails, the
    estimate stands, and `exact` says so. Raises WindowError where the text alone does not fit.
    """

    def prompt(k: int) -> Messages:
        return messages(form, text, demonstrations[:k], schema)

    k = len(demonstrations)
    whole = prompt(k)
    n_estimated = estimate(whole)
    if window is None or n_estimated <= window.room:
        return Fitted(whole, tuple(demonstrations), 0, n_estimated, exact=False)
    try:
        exact, n_tokens = window.count is not None, _sizes(window.count or estimate, prompt)
        k = _largest(k, window.room, n_tokens)
    except ServerError:
        exact, n_tokens = False, _sizes(estimate, prompt)
        k = _largest(k, window.room, n_tokens)
    if k < 0:
        raise WindowError(
            f"the text alone makes a prompt of {n_tokens(0)} tokens ({'counted' if exact else 'by estimate'}), and the "
            f"model's window of {window.max_tokens} has room for {window.room} beside the answer\n"
            "  remedy: split the text, or set max_output_tokens lower"
        )
    return Fitted(prompt(k), tuple(demonstrations[:k]), len(demonstrations) - k, n_tokens(k), exact)


def _sizes(count: Count, prompt: Callable[[int], Messages]) -> Callable[[int], int]:
    """Count the prompt of k demonstrations, each k once."""
    known: dict[int, int] = {}

    def n_tokens(k: int) -> int:
        if k not in known:
            known[k] = count(prompt(k))
        return known[k]

    return n_tokens


def _largest(most: int, room: int, n_tokens: Callable[[int], int]) -> int:
    """Return the largest k whose prompt fits, -1 where none does."""
    if n_tokens(most) <= room:
        return most
    return bisect_right(range(most), room, key=n_tokens) - 1


@dataclass(slots=True)
class Dropping:
    """What fitting left out of a run's prompts, so far."""

    n_texts: int = 0
    n_shortened: int = 0
    n_dropped: int = 0
    n_estimated: int = 0
    n_too_long: int = 0

    def add(self, fitted: Sequence[Fitted | None]) -> None:
        """Count a text's prompts, one a part, None for one that does not fit.

        An estimate counts where something was dropped.
        """
        shortened = [one for one in fitted if one is not None and one.n_dropped]
        self.n_texts += 1
        self.n_too_long += None in fitted
        self.n_shortened += bool(shortened)
        self.n_dropped += sum(one.n_dropped for one in shortened)
        self.n_estimated += any(not one.exact for one in shortened)

    def in_words(self, window: Window | None) -> str:
        """Say it in one line; nothing where every prompt fitted whole."""
        if window is None or not (self.n_shortened or self.n_too_long):
            return ""
        estimated = f" ({self.n_estimated:,} of them by an estimate of the tokens)" if self.n_estimated else ""
        too_long = f"; texts that do not fit even without any: {self.n_too_long:,}" if self.n_too_long else ""
        return (
            f"{self.n_dropped:,} demonstrations were left out of the prompts of {self.n_shortened:,} of "
            f"{self.n_texts:,} texts{estimated} to fit the model's window of {window.max_tokens:,} tokens with "
            f"{window.n_output_tokens:,} for the answer{too_long}"
        )
