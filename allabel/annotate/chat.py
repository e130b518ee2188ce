"""The annotator behind any OpenAI-compatible server: retrieved demonstrations, one chat completion a text."""

import asyncio
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from allabel.annotate.base import Demonstration
from allabel.annotate.canary import prove, response_format, words
from allabel.annotate.demonstrations import Demonstrations, RetrieverFactory
from allabel.annotate.ground import ground
from allabel.annotate.parse import ReplyFormatError, parse, response_schema
from allabel.annotate.perplexity import perplexity
from allabel.annotate.prompt import messages
from allabel.reply import Reply, Status
from allabel.schema import LabelSchema

if TYPE_CHECKING:
    from openai import AsyncOpenAI
    from openai.types.chat import ChatCompletion
    from openai.types.chat.chat_completion import Choice

MAX_RETRIES = 2


class ChatAnnotator:
    """Tags texts with a chat model that is shown, for each text, its most similar demonstrations.

    retriever: builds the index over the demonstrations' texts. shots: demonstrations a text, 0 for none.
    api_key: OPENAI_API_KEY of the environment by default, "EMPTY" where there is none.
    """

    name = "chat"

    def __init__(
        self,
        schema: LabelSchema,
        *,
        base_url: str,
        model: str,
        retriever: RetrieverFactory,
        api_key: str | None = None,
        shots: int = 5,
        concurrency: int = 8,
        timeout_s: float = 120.0,
        max_output_tokens: int = 1024,
        temperature: float = 0.0,
        seed: int = 0,
    ) -> None:
        if shots < 0 or concurrency < 1:
            raise ValueError(f"shots {shots} must be at least 0 and concurrency {concurrency} at least 1")
        self.schema, self.base_url, self.model, self.shots = schema, base_url, model, shots
        self._retriever, self._concurrency, self._timeout_s = retriever, concurrency, timeout_s
        self._api_key = api_key or os.environ.get("OPENAI_API_KEY") or "EMPTY"
        self._sampling = {
            "temperature": temperature,
            "seed": seed,
            "max_tokens": max_output_tokens,
            "logprobs": True,
        }
        self._proven = False

    def __repr__(self) -> str:
        return f"ChatAnnotator(model={self.model!r}, shots={self.shots})"

    def annotate(self, texts: Sequence[str], demonstrations: Sequence[Demonstration]) -> list[Reply]:
        """Return one reply a text, in order; a text whose request fails has a `failed` reply, and the rest go on.

        The first call proves the server with one request more. Raises ServerError where nothing can be had from it,
        LabelError where a demonstration bears a label that the schema does not name. Not to be called from a
        running event loop.
        """
        for demonstration in demonstrations:
            for span in demonstration.entities:
                self.schema.check(span.label)
        if not texts:
            return []
        shown = Demonstrations(demonstrations, self._retriever).nearest(texts, self.shots)
        return asyncio.run(self._annotate(texts, shown))

    async def _annotate(self, texts: Sequence[str], shown: Sequence[Sequence[Demonstration]]) -> list[Reply]:
        from openai import AsyncOpenAI

        gate = asyncio.Semaphore(self._concurrency)
        async with AsyncOpenAI(
            base_url=self.base_url, api_key=self._api_key, timeout=self._timeout_s, max_retries=MAX_RETRIES
        ) as client:
            if not self._proven:
                await prove(client, self.model, self._sampling)
                self._proven = True

            async def guarded(text: str, row: Sequence[Demonstration]) -> Reply:
                async with gate:
                    return await self._ask(client, text, row)

            return await asyncio.gather(*map(guarded, texts, shown))

    async def _ask(self, client: "AsyncOpenAI", text: str, row: Sequence[Demonstration]) -> Reply:
        from openai import APIError

        ids = tuple(demonstration.id for demonstration in row)
        request: dict[str, Any] = {
            "model": self.model,
            "messages": messages(text, row, self.schema),
            "response_format": response_format("entities", response_schema(self.schema)),
            **self._sampling,
        }
        try:
            completion: ChatCompletion = await client.chat.completions.create(**request)
        except APIError as error:
            problem = f"the request failed: {words(error, self._api_key)}"
            return Reply(Status.FAILED, demonstrations=ids, error=problem)
        if not completion.choices:
            return Reply(Status.FAILED, demonstrations=ids, error="the server answered without any choice")
        status, mentions, problem = self._read(completion.choices[0])
        usage = completion.usage
        return Reply(
            status,
            tuple(ground(text, mentions)),
            perplexity=perplexity(_logprobs(completion.choices[0])),
            demonstrations=ids,
            error=problem,
            raw=completion.choices[0].message.content or "",
            n_prompt_tokens=usage.prompt_tokens if usage else 0,
            n_output_tokens=usage.completion_tokens if usage else 0,
        )

    def _read(self, choice: "Choice") -> tuple[Status, list[tuple[str, str]], str]:
        if choice.message.refusal or choice.finish_reason == "content_filter":
            return Status.REFUSED, [], choice.message.refusal or "the server's content filter stopped the reply"
        if choice.finish_reason == "length":
            return (
                Status.TRUNCATED,
                [],
                f"the reply was cut off at {self._sampling['max_tokens']} tokens or the context",
            )
        try:
            return Status.OK, parse(choice.message.content or "", self.schema), ""
        except ReplyFormatError as error:
            return Status.UNPARSEABLE, [], str(error)


def _logprobs(choice: "Choice") -> list[float]:
    tokens = choice.logprobs.content if choice.logprobs else None
    return [token.logprob for token in tokens or ()]
