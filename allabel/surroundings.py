"""What `allabel doctor` finds around a project: packages and extras, a GPU, servers of language models."""

import importlib.util
import platform
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from typing import TYPE_CHECKING

from allabel.errors import AllabelError

if TYPE_CHECKING:
    from allabel.config import Settings

# What each extra brings, by the names that are imported.
EXTRAS = {
    "app": ("streamlit", "argon2", "authlib"),
    "client": ("httpx",),
    "server": ("fastapi", "uvicorn", "limits", "prometheus_client"),
    "dense": ("faiss", "sentence_transformers", "torch"),
    "eval": ("plotly", "pyarrow", "datasets"),
    "finetune": ("torch", "transformers", "safetensors", "textblob"),
    "vllm": ("vllm",),
    "ray": ("ray", "aiohttp"),
    "parquet": ("pyarrow",),
    "postgres": ("psycopg",),
    "spacy": ("spacy",),
}
SERVER_TIMEOUT_S = 10.0
TORCH_TIMEOUT_S = 120.0
_N_MODELS_SHOWN = 5
# A requirement as the installed package states it: its name, and the extra that it is of.
_REQUIREMENT = re.compile(r"""([\w.-]+)[^;]*(?:;.*extra == ['"]([\w-]+)['"].*)?""")
# Asked in a process of its own: torch takes seconds and hundreds of megabytes, and a broken one may end the process.
_ASK_TORCH = (
    "import torch; n = torch.cuda.device_count() if torch.cuda.is_available() else 0; "
    "names = [torch.cuda.get_device_name(i) for i in range(n)]; "
    "mps = getattr(torch.backends, 'mps', None); "
    "print('; '.join(names) or ('Apple GPU (mps)' if mps and mps.is_available() else ''))"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; one that is not ok says what to do."""

    ok: bool
    what: str
    says: str


def versions() -> Finding:
    """Tell the versions of allabel and of Python, and the system."""
    told = f"allabel {version('allabel')}, Python {platform.python_version()}"
    return Finding(True, "versions", f"{told}, {platform.system()} {platform.machine()}")


def packages() -> Finding:
    """Tell the versions of the packages that are there of those that allabel names."""
    named = [_REQUIREMENT.fullmatch(line) for line in requires("allabel") or ()]
    names = {one[1] for one in named if one and (one[2] is None or one[2] in EXTRAS)}
    there = {name: found for name in sorted(names, key=str.lower) if (found := _version(name))}
    return Finding(True, "packages", ", ".join(f"{name} {found}" for name, found in there.items()))


def extras() -> Iterator[Finding]:
    """Tell which extras are there; and of each other one what it lacks, and how it is had."""
    lacking = {extra: [one for one in brings if not _is_there(one)] for extra, brings in EXTRAS.items()}
    there = [extra for extra, lacks in lacking.items() if not lacks]
    yield Finding(True, "extras installed", ", ".join(there) or "none")
    missing = {extra: lacks for extra, lacks in lacking.items() if lacks}
    if missing:
        told = "; ".join(f"{extra} (lacks {', '.join(lacks)})" for extra, lacks in missing.items())
        yield Finding(True, "extras missing", f"{told}: pip install 'allabel[{','.join(missing)}]', or those you need")


def gpu() -> Finding:
    """Tell which GPU torch sees. A build of torch for the CPU is told by its version, and is not loaded."""
    torch = _version("torch")
    if torch is None:
        return Finding(True, "GPU", "not looked for: torch is not installed, and nothing else here uses one")
    if "+cpu" in torch:
        return Finding(True, "GPU", f"none is used: torch {torch} is the build for the CPU")
    try:
        asked = subprocess.run(  # noqa: S603  our own interpreter and words  # nosec B603
            [sys.executable, "-c", _ASK_TORCH], capture_output=True, text=True, check=False, timeout=TORCH_TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        return Finding(False, "GPU", f"torch {torch} gave no answer in {TORCH_TIMEOUT_S:.0f} s: see nvidia-smi")
    if asked.returncode:
        last = (asked.stderr.strip().splitlines() or [f"status {asked.returncode}"])[-1]
        return Finding(False, "GPU", f"torch {torch} cannot be used: {last}; install it anew")
    found = (asked.stdout.strip().splitlines() or [""])[-1]
    return Finding(True, "GPU", f"{found} (torch {torch})" if found else f"torch {torch} sees none; it takes the CPU")


def servers(settings: "Settings") -> Iterator[Finding]:
    """Ask each server that the settings name for its models. One that is not in use may be silent."""
    from allabel.annotate.backends import base_url_of
    from allabel.annotate.canary import shown_url
    from allabel.annotate.llm.several_servers import addresses

    in_use = settings.backend == "chat"
    urls = addresses(base_url_of(settings))
    if in_use and not urls:
        yield Finding(False, "server", "the backend chat is in use, and no server is named: set OPENAI_BASE_URL")
    for url in urls:
        try:
            says = f"answers, {_model(settings.model, _offered(url, settings))}"
            yield Finding(True, "server", f"{shown_url(url)} {says}")
        except AllabelError as error:
            unused = "" if in_use else f" (not in use: the backend is {settings.backend})"
            yield Finding(not in_use, "server", f"{shown_url(url)} {error}{unused}")


def _offered(url: str, settings: "Settings") -> list[str]:
    """Return the names of a server's models. Raises AllabelError in words that follow its address."""
    from openai import APIError, APIStatusError, DefaultHttpxClient, OpenAI

    from allabel.annotate.backends import api_key_of
    from allabel.annotate.canary import words

    if not url.startswith(("http://", "https://")):
        raise AllabelError("is no URL: write it as http://127.0.0.1:8000/v1")
    key = api_key_of(settings)
    plain = DefaultHttpxClient(follow_redirects=False)
    with OpenAI(base_url=url, api_key=key, timeout=SERVER_TIMEOUT_S, max_retries=0, http_client=plain) as client:
        try:
            return [card.id for card in client.models.list()]
        except APIStatusError as error:
            told = f"refuses with status {error.status_code}: {words(error, key)}"
            raise AllabelError(f"{told}; see OPENAI_API_KEY" if error.status_code in {401, 403} else told) from None
        except APIError as error:
            raise AllabelError(f"does not answer ({words(error, key)}): start it, or mend OPENAI_BASE_URL") from None
        # A page instead of a list of models is read without complaint and fails where it is used.
        except (AttributeError, TypeError, ValueError):
            raise AllabelError("gives no list of models: the address ends in /v1") from None


def _model(model: str, offered: list[str]) -> str:
    """Say whether the model is among those offered. Raises AllabelError where it is not."""
    more = f" and {len(offered) - _N_MODELS_SHOWN} more" if len(offered) > _N_MODELS_SHOWN else ""
    told = ", ".join(offered[:_N_MODELS_SHOWN]) + more
    if model and model not in offered:
        raise AllabelError(f"does not offer the model {model!r}; it offers {told or 'none'}: set ALLABEL_MODEL")
    return f"and offers {model}" if model else f"and offers {told or 'no model'}; set ALLABEL_MODEL to choose one"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _is_there(module: str) -> bool:
    return importlib.util.find_spec(module) is not None
