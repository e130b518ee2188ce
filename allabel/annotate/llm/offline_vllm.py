"""vLLM's own `LLM` behind that seam. Nothing of vLLM is imported before an engine is loaded."""

import atexit
import dataclasses
import importlib.util
import inspect
import os
from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import TemplateError

from allabel.annotate.llm.offline_engine import Done, EngineError, RequestError
from allabel.annotate.llm.offline_options import DEFAULTS, TEMPLATE_OPTIONS, check_names
from allabel.annotate.llm.offline_tokens import tokens
from allabel.annotate.llm.prompt import Messages
from allabel.errors import InputError, MissingExtraError, ServerError
from allabel.telemetry import report_nothing

# The first whose `LLM` takes requests one by one under names that are meant for others.
NEEDED = "0.22"


def missing() -> MissingExtraError | None:
    """Return the error that says how vLLM is installed, None where it is."""
    if importlib.util.find_spec("vllm") is not None:
        return None
    return MissingExtraError("the vllm backend needs vllm: pip install 'allabel[vllm]'")


def load(model: str, options: Mapping[str, Any]) -> "VllmEngine":
    """Load the model into this process. options: the arguments of `vllm.LLM`.

    Raises MissingExtraError, InputError for options that vLLM does not have, ServerError where it cannot start.
    """
    if error := missing():
        raise error
    # vLLM speaks on standard output, where our own data go.
    os.environ.setdefault("VLLM_LOGGING_STREAM", "ext://sys.stderr")
    # As vLLM's own command line does: a fork would take over our threads' locks and OpenMP's.
    os.environ.setdefault("VLLM_WORKER_MULTIPROC_METHOD", "spawn")
    report_nothing()
    import vllm
    from vllm import sampling_params

    if not (hasattr(sampling_params, "StructuredOutputsParams") and hasattr(vllm.LLM, "enqueue_chat")):
        raise _too_old(vllm.__version__)
    known = {*inspect.signature(vllm.LLM.__init__).parameters} - {"self", "kwargs"}
    check_names(options, known | {field.name for field in dataclasses.fields(vllm.EngineArgs)})
    arguments = {name: value for name, value in options.items() if name != TEMPLATE_OPTIONS}
    try:
        llm = vllm.LLM(model=model, **{**DEFAULTS, **arguments})
    except (OSError, ValueError, TypeError, RuntimeError, ImportError) as error:
        raise ServerError(
            f"vLLM cannot start with the model {model!r}: {' '.join(str(error).split())[:500]}\n"
            "  remedy: look at what vLLM says above; where memory is short, set gpu_memory_utilization, max_model_len "
            "or quantization under [vllm]"
        ) from error
    engine = VllmEngine(llm, options.get(TEMPLATE_OPTIONS))
    # Before multiprocessing waits for vLLM's processes, which end only when they are told to.
    atexit.register(engine.close)
    return engine


def _too_old(version: str) -> InputError:
    return InputError(
        f"vLLM {version} is too old for the vllm backend, which needs {NEEDED} or later",
        remedy="pip install -U 'allabel[vllm]', or serve the model with that vLLM and take --backend chat",
    )


class VllmEngine:
    """An engine over one `vllm.LLM`. template_options: for the chat template of every request."""

    def __init__(self, llm: Any, template_options: Mapping[str, Any] | None = None) -> None:
        self._llm, self._template_options = llm, dict(template_options or {})
        self._tokenizer = llm.get_tokenizer()
        # vLLM answers under the id it was given first, and is told to forget under the one it made of it.
        self._own: dict[str, str] = {}

    @property
    def max_model_len(self) -> int:
        """The model's window in tokens, prompt and answer together."""
        return int(self._llm.model_config.max_model_len)

    def count(self, shown: Messages) -> int:
        """Return how many tokens the model reads for these messages. Raises ServerError where that cannot be told."""
        template = getattr(self._llm, "chat_template", None)
        options = self._template_options | ({} if template is None else {"chat_template": template})
        try:
            written = self._tokenizer.apply_chat_template(
                [dict(message) for message in shown], tokenize=False, add_generation_prompt=True, **options
            )
            return len(self._tokenizer.encode(written, add_special_tokens=False))
        except (TemplateError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise ServerError(f"the tokenizer does not count these messages: {error}") from error

    def add(self, shown: Messages, sampling: Mapping[str, Any], json_schema: Mapping[str, Any] | None) -> str:
        """Take a request in and return its id. Raises RequestError, EngineError."""
        from vllm import exceptions

        refusals = (ValueError, TypeError, TemplateError, getattr(exceptions, "VLLMClientError", ValueError))
        try:
            # Half a surrogate pair would come back as something about types.
            "".join(message["content"] for message in shown).encode()
            (made,) = self._llm.enqueue_chat(
                [[dict(message) for message in shown]],
                self._parameters(sampling, json_schema),
                use_tqdm=False,
                chat_template_kwargs=self._template_options or None,
            )
        except UnicodeEncodeError as error:
            raise RequestError("the text holds half a surrogate pair") from error
        except refusals as error:
            raise RequestError(_words(error)) from error
        except _fatal() as error:
            raise EngineError(_words(error)) from error
        # "12-0a1b2c3d" of the request "12"; versions that make nothing of it say "12".
        given = str(made).partition("-")[0]
        self._own[given] = made
        return given

    def step(self) -> list[Done]:
        """Go on with all requests for a moment, and return those that are done. Raises EngineError."""
        try:
            outputs = self._llm.llm_engine.step()
        except _fatal() as error:
            raise EngineError(_words(error)) from error
        return [self._done(output) for output in outputs if output.finished]

    def drop(self, ids: Sequence[str]) -> None:
        """Forget these requests. Raises EngineError."""
        made = [self._own.pop(id) for id in ids if id in self._own]
        try:
            if made:
                self._llm.llm_engine.abort_request(made, internal=True)
        except _fatal() as error:
            raise EngineError(_words(error)) from error

    def close(self) -> None:
        """End vLLM's processes; nothing more is taken."""
        self._llm.llm_engine.engine_core.shutdown()

    def _parameters(self, sampling: Mapping[str, Any], json_schema: Mapping[str, Any] | None) -> Any:
        from vllm import SamplingParams
        from vllm.sampling_params import StructuredOutputsParams

        # What the model's own generation_config.json asks for, as vLLM's server does.
        models = self._llm.get_default_sampling_params()
        names = ("repetition_penalty", "top_p", "top_k", "min_p")
        return SamplingParams(
            **{name: getattr(models, name) for name in names},
            **sampling,
            logprobs=0,
            structured_outputs=None if json_schema is None else StructuredOutputsParams(json=dict(json_schema)),
        )

    def _done(self, output: Any) -> Done:
        (only,) = output.outputs
        self._own.pop(output.request_id, None)
        return Done(
            output.request_id,
            str(only.finish_reason),
            only.text,
            tokens(only.text, only.token_ids, only.logprobs, self._tokenizer),
            len(output.prompt_token_ids or ()),
            len(only.token_ids),
            output.num_cached_tokens or 0,
        )


def _fatal() -> tuple[type[Exception], ...]:
    from vllm.v1.engine.exceptions import EngineDeadError

    return (EngineDeadError, RuntimeError)


def _words(error: Exception) -> str:
    return " ".join(str(error).split())[:500] or type(error).__name__
