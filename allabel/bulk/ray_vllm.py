"""`--backend vllm` on Ray: prompts out of every block go through `ray.data.llm`, and come back to be read here.

Rendering prompts and reading answers are the annotator's own: it is run once with a transport that notes what is asked,
on the workers, and once with one that has the answers, here. A malformed answer is not asked for a second time, and a
sampling option that the model's own generation_config.json sets is not taken over: a transport of its own by identity,
whose answers are not those of `--engine local`.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from allabel.annotate.backends import asking
from allabel.annotate.llm.base import Answer, Check, Request, Token, nothing_wrong
from allabel.annotate.llm.completion import cut_off
from allabel.annotate.llm.keys import prompt_hash
from allabel.annotate.llm.memory import AsksModel
from allabel.annotate.llm.offline_options import DEFAULTS, TEMPLATE_OPTIONS, deciding
from allabel.annotate.llm.tally import Tally
from allabel.annotate.llm.window import Window
from allabel.bulk.source import Block
from allabel.bulk.task import Task
from allabel.config import Settings
from allabel.reply import Status

Row = dict[str, Any]
ERROR = "__inference_error__"
# Rows that an engine is given at once; it runs as many of them as fit its GPU.
BATCH = 256


class RayTransport:
    """Has what is asked answered by rows that come in the order of blocks. rows: those, or None to note only."""

    def __init__(self, settings: Settings, rows: Iterator[Row] | None = None) -> None:
        self._settings, self._rows = settings, rows
        self.asked: list[Request] = []
        self._came: dict[str, Row] = {}
        self.tally = Tally()

    @property
    def model(self) -> str:
        """The model's name or folder."""
        return self._settings.model

    @property
    def identity(self) -> dict[str, Any]:
        """What of this transport decides an answer."""
        return {
            "transport": "ray.data.llm",
            "model": self.model,
            "engine": deciding(self._settings.vllm),
            "structured": "none" if self._settings.structured == "none" else "structured_outputs",
            **sampling(self._settings),
        }

    @property
    def stopped(self) -> str:
        """Nothing is left unsent here: Ray ends the run where an engine cannot go on."""
        return ""

    def report(self) -> str:
        """Say in one line what was asked and what it took; "" while nothing was."""
        return self.tally.in_words() if self.tally.statuses else ""

    def send(
        self, requests: Sequence[Request], got: Callable[[int, Answer], None], check: Check = nothing_wrong
    ) -> None:
        """Answer each request by the row that has its prompt; without rows note what is asked, and answer nothing."""
        for i in range(len(requests)):
            if self._rows is None:
                self.asked.append(requests[i])
                got(i, Answer(Status.FAILED, error="not sent: only noted", n_attempts=0))
                continue
            answer = answer_of(self._row(prompt_hash(requests[i])), self._settings.max_output_tokens)
            if answer.status is Status.OK and (problem := self._problem(i, answer, check)):
                answer = Answer(
                    *(Status.UNPARSEABLE, answer.content, problem, answer.tokens),
                    n_prompt_tokens=answer.n_prompt_tokens,
                    n_output_tokens=answer.n_output_tokens,
                )
            self.tally.n_requests += 1
            self.tally.n_prompt_tokens += answer.n_prompt_tokens
            self.tally.n_output_tokens += answer.n_output_tokens
            self.tally.answered(answer)
            got(i, answer)

    def forget(self) -> None:
        """Drop rows that nobody wanted: the block they are of is done."""
        self._came.clear()

    @staticmethod
    def _problem(i: int, answer: Answer, check: Check) -> str:
        return check(i, answer) if answer.content.strip() else "the reply is empty"

    def _row(self, key: str) -> Row:
        assert self._rows is not None
        while key not in self._came:
            row = next(self._rows, None)
            if row is None:
                return {ERROR: "Ray gave no answer"}
            self._came[row["key"]] = row
        return self._came[key]


def annotator_over(task: Task, transport: RayTransport) -> AsksModel:
    """Return the annotator of the settings over this transport. The window is `max_model_len` of [vllm], if set."""
    settings = task.settings
    most = settings.context_tokens or settings.vllm.get("max_model_len")

    def window() -> Window | None:
        return Window(int(most), settings.max_output_tokens) if isinstance(most, int) else None

    made = asking(task.schema, settings, transport, window, "vllm")
    assert isinstance(made, AsksModel)
    return made


def sampling(settings: Settings) -> dict[str, Any]:
    """Return what every request carries."""
    return {"temperature": 0.0, "seed": 0, "max_tokens": settings.max_output_tokens}


def request_rows(task: Task, block: Block) -> list[Row]:
    """Return what is asked of a block, a row a request, each prompt once."""
    noting = RayTransport(task.settings)
    annotator_over(task, noting).annotate([d.text for d in block.documents], task.demonstrations)
    bound = task.settings.structured != "none"
    rows = []
    for request in {prompt_hash(request): request for request in noting.asked}.values():
        params = {**sampling(task.settings), "logprobs": 0}
        if bound and request.json_schema is not None:
            # As a string: tables would give all schemas the keys of each other.
            params["structured_outputs"] = {"json": json.dumps(request.json_schema)}
        rows.append(
            {
                "number": block.number,
                "key": prompt_hash(request),
                "messages": [dict(message) for message in request.messages],
                "sampling_params": params,
            }
        )
    return rows


def answered_row(row: Row) -> Row:
    """Return of a row that went through the engine what is wanted of it; runs on the workers."""
    logprobs = row.get("logprobs")
    tokens = []
    for id, at in zip(row["generated_tokens"], () if logprobs is None else logprobs, strict=False):
        chosen = {int(key): value for key, value in at.items() if value is not None}.get(int(id))
        if chosen is not None:
            tokens.append([chosen["decoded_token"] or "", float(chosen["logprob"])])
    return {
        "number": row["number"],
        "key": row["key"],
        "content": row["generated_text"],
        "tokens": json.dumps(tokens),
        "n_prompt": int(row["num_input_tokens"]),
        "n_output": int(row["num_generated_tokens"]),
    }


def answer_of(row: Mapping[str, Any], max_tokens: int) -> Answer:
    """Return the answer of a row. Ray does not say why an answer ended: one of `max_tokens` was cut off."""
    if row.get(ERROR):
        return Answer(Status.FAILED, error=f"the request failed: {' '.join(str(row[ERROR]).split())[:500]}")
    content, counts = row["content"], {"n_prompt_tokens": row["n_prompt"], "n_output_tokens": row["n_output"]}
    if row["n_output"] >= max_tokens:
        return Answer(Status.TRUNCATED, content, cut_off(max_tokens), **counts)
    return Answer(Status.OK, content, "", written(content, json.loads(row["tokens"])), **counts)


def written(content: str, tokens: Sequence[tuple[str, float]]) -> tuple[Token, ...]:
    """Return the tokens where together they write the content, perhaps with marks after it; else none at all.

    A character that is spread over several tokens comes as replacement characters, and is such a case.
    """
    found = tuple(Token(text.encode("utf-8", "surrogatepass"), logprob) for text, logprob in tokens)
    whole = b"".join(token.bytes for token in found)
    return found if content.encode("utf-8", "surrogatepass") in whole else ()


def through_engine(data: Any, settings: Settings, engines: int) -> Any:
    """Return the data set of request rows after it has been through vLLM. engines: copies of the model, a GPU each."""
    from ray.data.llm import build_processor, vLLMEngineProcessorConfig

    template = settings.vllm.get(TEMPLATE_OPTIONS)
    options = {name: value for name, value in settings.vllm.items() if name != TEMPLATE_OPTIONS}
    config = vLLMEngineProcessorConfig(
        model_source=settings.model,
        engine_kwargs={**DEFAULTS, **options},
        batch_size=BATCH,
        concurrency=engines,
        chat_template_stage={"enabled": True, "chat_template_kwargs": template},
        # vLLM says what it wrote; decoding it again would write it anew.
        detokenize_stage={"enabled": False},
        should_continue_on_error=True,
        log_engine_metrics=False,
    )
    return build_processor(config, postprocess=answered_row)(data)
