"""Requests to vLLM in this process: no server, the whole corpus in one batch."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from allabel.annotate.canary import MAX_TOKENS, keeps_to, schema_of
from allabel.annotate.llm.base import Answer, Check, Request, nothing_wrong
from allabel.annotate.llm.offline_engine import Engine
from allabel.annotate.llm.offline_interrupt import interruption
from allabel.annotate.llm.offline_options import deciding
from allabel.annotate.llm.offline_run import Run
from allabel.annotate.llm.structured import DEGRADED, Structured
from allabel.annotate.llm.tally import Tally
from allabel.annotate.llm.window import Window
from allabel.errors import ServerError
from allabel.reply import Status


class OfflineTransport:
    """Sends requests to an engine in this process, and hands the answers over as they come.

    load: loads the engine; called once, when it is first needed. options: what it is loaded with, for the identity.
    structured: `none` leaves answers unbound; anything else binds them in vLLM's own way. tally: counts over every
    `send`, and holds the run's limits. tell: hears, once, what a person should know.
    """

    def __init__(
        self,
        model: str,
        load: Callable[[], Engine],
        *,
        options: Mapping[str, Any] | None = None,
        structured: Structured = "structured_outputs",
        max_output_tokens: int = 1024,
        temperature: float = 0.0,
        seed: int = 0,
        tally: Tally | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._model, self._load, self._options = model, load, dict(options or {})
        self._bound = structured != "none"
        self._max_output_tokens = max_output_tokens
        self._sampling = {"temperature": temperature, "seed": seed, "max_tokens": max_output_tokens}
        self.tally = tally or Tally()
        self._tell, self._stopped, self._proven, self._n_cached = tell, "", set[bool](), 0

    def __repr__(self) -> str:
        return f"OfflineTransport(model={self._model!r}, bound={self._bound})"

    @cached_property
    def _engine(self) -> Engine:
        return self._load()

    @property
    def model(self) -> str:
        """The model's name or folder, as vLLM was given it."""
        return self._model

    @property
    def identity(self) -> dict[str, Any]:
        """What of this transport decides an answer, for the cache key: not what changes speed and memory alone."""
        return {
            "transport": "vllm",
            "model": self._model,
            "engine": deciding(self._options),
            "structured": "structured_outputs" if self._bound else "none",
            **self._sampling,
        }

    @property
    def stopped(self) -> str:
        """Say why requests were left unsent: a limit reached, or an engine that ended. "" while none were."""
        return self._stopped

    def report(self) -> str:
        """Say in one line what was asked and what it took; "" while nothing was."""
        if not self.tally.n_requests:
            return ""
        share = self._n_cached / max(1, self.tally.n_prompt_tokens)
        return f"{self.tally.in_words()}; {share:.0%} of the prompt tokens from the prefix cache"

    def window(self, max_tokens: int | None = None) -> Window:
        """Return the model's window, counted with its own tokenizer and chat template; loads the engine.

        max_tokens: the window as it is set, taken where it is the smaller one.
        """
        most = self._engine.max_model_len
        return Window(min(max_tokens or most, most), self._max_output_tokens, self._engine.count)

    def send(
        self, requests: Sequence[Request], got: Callable[[int, Answer], None], check: Check = nothing_wrong
    ) -> None:
        """Do what `Transport.send` says, in one batch that never stands still.

        The first call loads the model.
        """
        if not len(requests):
            return
        self._prove(bound=requests[0].json_schema is not None)
        run = Run(self._engine, requests, got, check, sampling=self._sampling, bound=self._bound, tally=self.tally)
        # A budget that is used up stays so, and so does an engine that has ended.
        run.stopped = self._stopped
        try:
            with interruption() as interrupted:
                run.go(interrupted)
        finally:
            self._stopped = run.stopped
            self._n_cached += run.n_cached_tokens

    def _prove(self, *, bound: bool) -> None:
        """Ask for a word that only the schema names. Raises ServerError where the answer is not that word."""
        if bound in self._proven:
            return
        if bound and not self._bound:
            self._tell(DEGRADED)
        elif bound:
            word, found = f"allabel-{secrets.token_hex(4)}", list[Answer]()
            asked = Request(({"role": "user", "content": 'Answer with JSON only: {"word":"..."}'},), schema_of(word))
            sampling = {**self._sampling, "max_tokens": MAX_TOKENS}

            def take(_: int, answer: Answer) -> None:
                found.append(answer)

            Run(self._engine, [asked], take, nothing_wrong, sampling=sampling, bound=True, tally=Tally()).go()
            self._judge(found[0], word)
        self._proven.add(bound)

    def _judge(self, answer: Answer, word: str) -> None:
        if answer.status is Status.FAILED:
            raise ServerError(
                f"the engine fails at the first request: {answer.error}\n  remedy: look at what vLLM says above"
            )
        if not keeps_to(answer.content, word):
            raise ServerError(
                "the engine ignores the JSON schema: asked for one certain word by it, the model "
                f"{self._model!r} answered {answer.content[:80]!r}\n"
                '  remedy: set structured = "none", where answers are only read strictly'
            )
