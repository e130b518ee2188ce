"""The engine over a stand-in for the vLLM package: loading, options, errors, and what is made of its outputs."""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from allabel.annotate.backends import build
from allabel.annotate.llm.base import Token
from allabel.annotate.llm.offline_engine import EngineError, RequestError
from allabel.annotate.llm.offline_vllm import load
from allabel.config import load as settings
from allabel.errors import InputError, MissingExtraError, ServerError
from allabel.schema import LabelSchema

SAMPLING = {"temperature": 0.0, "seed": 0, "max_tokens": 9}
SAY = ({"role": "user", "content": "HCl"},)


class EngineDeadError(Exception):
    pass


class Tokenizer:
    all_special_ids = (0,)

    def convert_ids_to_tokens(self, ids: list[int]) -> list[str]:
        return [["<end>", "HC", "l"][i] for i in ids]

    def apply_chat_template(self, messages: list[Any], **options: Any) -> str:
        assert options == {"tokenize": False, "add_generation_prompt": True, "chat_template": "T", "thinking": False}
        if messages[0]["role"] != "user":
            raise ValueError("no system messages")
        return " ".join(message["content"] for message in messages) + " assistant:"

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        assert not add_special_tokens
        return list(range(len(text.split())))


class LLM:
    """Says HCl to everything, but takes no prompt that says `long`."""

    chat_template = "T"
    made: "LLM"

    def __init__(self, model: str, *, dtype: str = "auto", quantization: str | None = None, **kwargs: Any) -> None:
        if model == "nobody/nothing":
            raise OSError("no such\nmodel")
        LLM.made, self.arguments = self, {"model": model, "dtype": dtype, **kwargs}
        self.model_config, self.llm_engine, self.engine_core = SimpleNamespace(max_model_len=512), self, self
        self.added: list[tuple[Any, Any, Any]] = []
        self.aborted: list[str] = []
        self.dead = False
        self.closed = False

    def get_tokenizer(self) -> Tokenizer:
        return Tokenizer()

    def get_default_sampling_params(self) -> Any:
        return SimpleNamespace(repetition_penalty=1.1, top_p=0.9, top_k=40, min_p=0.0, temperature=0.7)

    def enqueue_chat(self, messages: Any, parameters: Any, *, use_tqdm: bool, chat_template_kwargs: Any) -> list[str]:
        assert not use_tqdm
        if "long" in messages[0][-1]["content"]:
            raise ValueError("the prompt\nis too long")
        self.added.append((messages[0], parameters, chat_template_kwargs))
        return [f"{len(self.added)}-0a1b2c3d"]

    def step(self) -> list[Any]:
        if self.dead:
            raise EngineDeadError("it died")
        logprobs = [
            {1: SimpleNamespace(logprob=-0.5, decoded_token=None)},
            {2: SimpleNamespace(logprob=-0.25, decoded_token=None)},
        ]
        text = SimpleNamespace(text="HCl", token_ids=[1, 2], logprobs=logprobs, finish_reason="stop")
        return [
            SimpleNamespace(
                request_id=str(len(self.added)),
                finished=finished,
                outputs=[text],
                prompt_token_ids=[5, 6, 7],
                num_cached_tokens=2,
            )
            for finished in (False, True)
        ]

    def shutdown(self) -> None:
        self.closed = True

    def abort_request(self, ids: list[str], *, internal: bool) -> None:
        assert internal
        self.aborted += ids


@dataclass
class EngineArgs:
    tensor_parallel_size: int = 1
    enable_prefix_caching: bool | None = None
    structured_outputs_config: dict[str, Any] = field(default_factory=dict)


@pytest.fixture
def vllm(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Put a stand-in for the package where `import vllm` finds it."""
    names = (
        "vllm",
        "vllm.sampling_params",
        "vllm.exceptions",
        "vllm.v1",
        "vllm.v1.engine",
        "vllm.v1.engine.exceptions",
    )
    modules: dict[str, Any] = {name: ModuleType(name) for name in names}
    for name, module in modules.items():
        module.__spec__ = SimpleNamespace(name=name)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setenv("VLLM_LOGGING_STREAM", "ext://sys.stderr")
    monkeypatch.setenv("VLLM_WORKER_MULTIPROC_METHOD", "spawn")
    top = modules["vllm"]
    top.LLM, top.EngineArgs, top.SamplingParams, top.__version__ = LLM, EngineArgs, SimpleNamespace, "0.22.0"
    top.exceptions = modules["vllm.exceptions"]
    modules["vllm.sampling_params"].StructuredOutputsParams = SimpleNamespace
    modules["vllm.v1.engine.exceptions"].EngineDeadError = EngineDeadError
    return modules


def test_a_missing_vllm_names_the_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "vllm", None)
    with pytest.raises(MissingExtraError, match=r"needs vllm: pip install 'allabel\[vllm\]'"):
        load("m", {})
    with pytest.raises(MissingExtraError, match=r"pip install 'allabel\[vllm\]'"):
        build(LabelSchema.of(["A"]), settings(tmp_path, backend="allabel.annotate.backends:vllm", model="m"))


def test_the_backend_needs_a_model(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"needs 'model'.*\n.*--model"):
        build(LabelSchema.of(["A"]), settings(tmp_path, backend="allabel.annotate.backends:vllm"))


def test_options_reach_the_engine_and_prefixes_are_cached(vllm: dict[str, Any]) -> None:
    load("m", {"dtype": "bfloat16", "tensor_parallel_size": 2})
    assert LLM.made.arguments == {
        "model": "m",
        "dtype": "bfloat16",
        "tensor_parallel_size": 2,
        "enable_prefix_caching": True,
    }
    load("m", {"enable_prefix_caching": False})
    assert LLM.made.arguments["enable_prefix_caching"] is False


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"tensor_paralel_size": 2}, r"no such engine argument\n.*did you mean 'tensor_parallel_size'"),
        ({"model": "n"}, r"\[vllm\] holds 'model'"),
        ({"kwargs": {}}, "no such engine argument"),
    ],
)
def test_an_option_that_vllm_does_not_have_is_refused(vllm: dict[str, Any], options: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        load("m", options)


def test_a_vllm_that_is_too_old_names_the_version_that_is_needed(vllm: dict[str, Any]) -> None:
    del vllm["vllm.sampling_params"].StructuredOutputsParams
    vllm["vllm"].__version__ = "0.10.2"
    with pytest.raises(InputError, match=r"vLLM 0\.10\.2 is too old.*needs 0\.22 or later"):
        load("m", {})


def test_a_vllm_without_a_queue_of_chats_is_too_old(vllm: dict[str, Any]) -> None:
    vllm["vllm"].LLM = type("Old", (), {})
    with pytest.raises(InputError, match=r"needs 0\.22 or later"):
        load("m", {})


def test_a_model_that_cannot_be_loaded_is_told_in_one_line(vllm: dict[str, Any]) -> None:
    with pytest.raises(ServerError, match="cannot start with the model 'nobody/nothing': no such model\n  remedy"):
        load("nobody/nothing", {})


def test_a_request_carries_sampling_the_models_own_defaults_and_its_schema(vllm: dict[str, Any]) -> None:
    engine = load("m", {"chat_template_kwargs": {"thinking": False}})
    engine.add(SAY, SAMPLING, {"type": "object"})
    ((messages, parameters, template_options),) = LLM.made.added
    assert messages == [{"role": "user", "content": "HCl"}]
    assert template_options == {"thinking": False}
    assert (parameters.temperature, parameters.seed, parameters.max_tokens, parameters.logprobs) == (0.0, 0, 9, 0)
    assert (parameters.repetition_penalty, parameters.top_p, parameters.top_k) == (1.1, 0.9, 40)
    assert parameters.structured_outputs.json == {"type": "object"}
    engine.add(SAY, SAMPLING, None)
    assert LLM.made.added[1][1].structured_outputs is None


def test_what_is_done_has_content_tokens_and_counts(vllm: dict[str, Any]) -> None:
    engine = load("m", {})
    id = engine.add(SAY, SAMPLING, None)
    (done,) = engine.step()
    assert (done.id, done.finish, done.content) == (id, "stop", "HCl")
    assert done.tokens == (Token(b"HC", -0.5), Token(b"l", -0.25))
    assert (done.n_prompt_tokens, done.n_output_tokens, done.n_cached_tokens) == (3, 2, 2)


def test_dropped_requests_are_aborted_and_finished_ones_are_not(vllm: dict[str, Any]) -> None:
    engine = load("m", {})
    first, second = (engine.add(SAY, SAMPLING, None) for _ in range(2))
    engine.step()
    engine.drop([first, second])
    assert LLM.made.aborted == ["1-0a1b2c3d"]


@pytest.mark.parametrize(("text", "says"), [("a long text", "the prompt is too long"), ("\ud800", "surrogate")])
def test_a_request_that_is_not_taken_says_why(vllm: dict[str, Any], text: str, says: str) -> None:
    with pytest.raises(RequestError, match=says):
        load("m", {}).add(({"role": "user", "content": text},), SAMPLING, None)


def test_the_engine_is_closed_when_the_program_ends(vllm: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    at_the_end = list[Any]()
    monkeypatch.setattr("atexit.register", at_the_end.append)
    load("m", {})
    assert not LLM.made.closed
    (close,) = at_the_end
    close()
    assert LLM.made.closed


def test_an_engine_that_died_says_so(vllm: dict[str, Any]) -> None:
    engine = load("m", {})
    LLM.made.dead = True
    with pytest.raises(EngineError, match="it died"):
        engine.step()


def test_messages_are_counted_with_the_chat_template(vllm: dict[str, Any]) -> None:
    engine = load("m", {"chat_template_kwargs": {"thinking": False}})
    assert engine.max_model_len == 512
    assert engine.count(SAY) == 2
    with pytest.raises(ServerError, match="does not count these messages: no system messages"):
        engine.count(({"role": "system", "content": "x"},))
