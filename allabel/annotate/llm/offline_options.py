"""What may stand under [vllm] in allabel.toml: arguments of vLLM's own `LLM`, and which of them decide an answer."""

from collections.abc import Iterable, Mapping
from typing import Any

from allabel.errors import InputError, meant

# Ours: handed to the chat template of every request.
TEMPLATE_OPTIONS = "chat_template_kwargs"
# vLLM keeps prefixes by default too; here everything rests on it, for prompts begin alike.
DEFAULTS: Mapping[str, Any] = {"enable_prefix_caching": True}
# These change speed and memory, and an answer no more than other texts in its batch do: a run that went out of memory
# goes on with less, and keeps what it has.
NEUTRAL = frozenset(
    {
        "block_size",
        "cpu_offload_gb",
        "disable_custom_all_reduce",
        "disable_log_stats",
        "distributed_executor_backend",
        "download_dir",
        "enable_chunked_prefill",
        "enable_prefix_caching",
        "enforce_eager",
        "gpu_memory_utilization",
        "hf_token",
        "kv_cache_memory_bytes",
        "load_format",
        "max_num_batched_tokens",
        "max_num_seqs",
        "max_parallel_loading_workers",
        "pipeline_parallel_size",
        "tensor_parallel_size",
    }
)


def deciding(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return those options that decide an answer, for the key that it is kept under."""
    return {name: options[name] for name in sorted(options) if name not in NEUTRAL}


def check_names(options: Mapping[str, Any], known: Iterable[str]) -> None:
    """Raise InputError where an option is none of vLLM's. known: the arguments that the installed vLLM takes."""
    if "model" in options:
        raise InputError("[vllm] holds 'model'", remedy="the model stands by itself: model = … above all tables")
    names = sorted({*known, TEMPLATE_OPTIONS} - {"model"})
    for name in options:
        if name not in names:
            raise InputError(
                f"[vllm] holds {name!r}, and the installed vLLM has no such engine argument",
                remedy=f"{meant(name, names)} they are listed at: vllm serve --help=all".lstrip(),
            )
