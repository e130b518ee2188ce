"""What a run has used and may still use: requests, tokens, money."""

import math
from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from allabel.annotate.llm.base import Answer, Request
from allabel.errors import BudgetError
from allabel.reply import Status

# Of chemistry in English, on the careful side; corrected by what servers count.
CHARACTERS_A_TOKEN = 3


@dataclass(frozen=True, slots=True)
class Price:
    """What a million tokens cost, in any one currency."""

    prompt: float
    output: float

    def money(self, n_prompt_tokens: float, n_output_tokens: float) -> float:
        """Return what so many tokens cost."""
        return (self.prompt * n_prompt_tokens + self.output * n_output_tokens) / 1e6


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may use at most, None for as much as it takes.

    requests: sent to a server, retries, failures and those that prove it included. tokens: of prompts and outputs
    together. money: by the price of the model.
    """

    requests: int | None = None
    tokens: int | None = None
    money: float | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a request is reckoned to take. characters_as_tokens: of its prompt, before any correction."""

    characters_as_tokens: int
    n_prompt_tokens: int
    n_output_tokens: int

    @property
    def n_tokens(self) -> int:
        """Tokens of prompt and output together."""
        return self.n_prompt_tokens + self.n_output_tokens


class Verdict(Enum):
    """May a request go out: yes, perhaps once those under way are back, or no more at all."""

    GO = "go"
    WAIT = "wait"
    STOP = "stop"


@dataclass(slots=True)
class Tally:
    """Counts what goes out and comes back, and says when a limit is reached.

    Requests under way are reckoned with at an estimate, so a limit on tokens or money is passed by what one request
    takes and what the estimates were off, never by all that is under way. Raises BudgetError for a limit on money
    without a price.

    n_proofs: requests that prove a server, beside those about texts. n_uncounted: answers whose tokens are estimates,
    some or all, as the server did not count them.
    """

    limits: Limits = field(default_factory=Limits)
    price: Price | None = None
    n_requests: int = 0
    n_proofs: int = 0
    n_prompt_tokens: int = 0
    n_output_tokens: int = 0
    n_uncounted: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    _n_under_way: int = 0
    _tokens_under_way: int = 0
    _n_measured: int = 0
    _estimated_prompts: int = 0

    def __post_init__(self) -> None:
        if self.limits.money is not None and self.price is None:
            raise BudgetError("a limit on money needs the model's price", remedy="set [prices.MODEL] in allabel.toml")

    @property
    def n_tokens(self) -> int:
        """Tokens of prompts and outputs so far."""
        return self.n_prompt_tokens + self.n_output_tokens

    @property
    def money(self) -> float | None:
        """What the tokens cost so far; None where no price is known."""
        return None if self.price is None else self.price.money(self.n_prompt_tokens, self.n_output_tokens)

    @property
    def reached(self) -> str:
        """Say which limit is reached, with its number; "" where none is."""
        limits = self.limits
        for name, used, limit in (
            ("requests", self.n_requests + self.n_proofs, limits.requests),
            ("tokens", self.n_tokens, limits.tokens),
            ("money", self.money, limits.money),
        ):
            if limit is not None and used is not None and used >= limit:
                return f"budget reached: {used:,.10g} of {limit:,.10g} {name} are used"
        return ""

    def estimate(self, n_prompt_tokens: int, most: int) -> Estimate:
        """Return what a request will take, as those before it did.

        n_prompt_tokens: by its characters. most: the tokens an output may be, taken while none has come.
        """
        if not self._n_measured:
            return Estimate(n_prompt_tokens, n_prompt_tokens, most)
        prompt = n_prompt_tokens * self.n_prompt_tokens / max(1, self._estimated_prompts)
        return Estimate(n_prompt_tokens, math.ceil(prompt), math.ceil(self.n_output_tokens / self._n_measured))

    def verdict(self, n_tokens: int) -> Verdict:
        """Tell whether a request of about n_tokens may go out now."""
        if self.reached:
            return Verdict.STOP
        if not self._n_under_way:
            return Verdict.GO
        tokens = self.n_tokens + self._tokens_under_way + n_tokens
        if self.limits.tokens is not None and tokens > self.limits.tokens:
            return Verdict.WAIT
        if self.limits.money is not None and self.price is not None:
            # At the dearer price: what is under way is not split into prompt and output.
            rate = max(self.price.prompt, self.price.output) / 1e6
            if (self.money or 0.0) + rate * (self._tokens_under_way + n_tokens) > self.limits.money:
                return Verdict.WAIT
        return Verdict.GO

    def sent(self, n_tokens: int) -> None:
        """Count a request of about n_tokens as under way."""
        self.n_requests += 1
        self._n_under_way += 1
        self._tokens_under_way += n_tokens

    def came_back(self, estimate: Estimate, n_prompt_tokens: int, n_output_tokens: int) -> None:
        """Count what a request took, 0 and 0 for one that failed; estimate as it was sent with."""
        self._n_under_way -= 1
        self._tokens_under_way -= estimate.n_tokens
        if n_prompt_tokens + n_output_tokens:
            self._n_measured += 1
            self._estimated_prompts += estimate.characters_as_tokens
        self.n_prompt_tokens += n_prompt_tokens
        self.n_output_tokens += n_output_tokens

    def answered(self, answer: Answer) -> None:
        """Count how a text's request ended, and whether the server said what it took."""
        self.statuses[answer.status.value] += 1
        is_heard = bool(answer.content) or answer.status is not Status.FAILED
        is_counted = answer.n_prompt_tokens and (answer.n_output_tokens or not answer.content)
        self.n_uncounted += is_heard and not is_counted

    def as_data(self) -> dict[str, Any]:
        """Return every figure, for `--json`."""
        return {
            "requests": self.n_requests,
            "proofs": self.n_proofs,
            "prompt_tokens": self.n_prompt_tokens,
            "output_tokens": self.n_output_tokens,
            "uncounted": self.n_uncounted,
            "money": self.money,
            "statuses": dict(self.statuses),
        }

    def in_words(self) -> str:
        """Say it in one line."""
        statuses = ", ".join(f"{n:,} {status}" for status, n in self.statuses.most_common()) or "nothing answered"
        cost = "" if self.money is None else f"; {self.money:.4g} by the price table"
        tokens = f"{self.n_prompt_tokens:,} prompt and {self.n_output_tokens:,} output tokens"
        if self.n_uncounted:
            n_answers = sum(self.statuses.values())
            tokens += f" (estimated for {self.n_uncounted:,} of {n_answers:,} answers, as the server did not count)"
        if self.n_proofs:
            tokens += f"; {self.n_proofs:,} more request{'s' * (self.n_proofs > 1)} to prove the server"
        return f"{statuses}; {self.n_requests:,} requests, {tokens}{cost}"


def prompt_estimate(request: Request) -> int:
    """Return about how many tokens a request's messages are: by their characters."""
    n_characters = sum(len(message["content"]) + CHARACTERS_A_TOKEN for message in request.messages)
    return math.ceil(n_characters / CHARACTERS_A_TOKEN)


def output_estimate(answer: Answer) -> int:
    """Return about how many tokens an answer is: those that came with it, or by its characters."""
    return len(answer.tokens) or math.ceil(len(answer.content) / CHARACTERS_A_TOKEN)
