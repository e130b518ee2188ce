"""Annotators by name, put together from settings."""

import inspect
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from allabel.annotate.base import Annotator
from allabel.annotate.llm.base import Form, Transport
from allabel.annotate.llm.memory import AsksModel
from allabel.annotate.llm.window import Window, WindowError
from allabel.annotate.plugged import Plugged
from allabel.annotate.retrievers import retriever
from allabel.config import Settings
from allabel.errors import InputError
from allabel.plugins import is_own, load, made, not_one, takes
from allabel.schema import LabelSchema

if TYPE_CHECKING:
    from allabel.annotate.embedded import EmbeddedAnnotator
    from allabel.annotate.llm.tally import Tally

# Of 20,833 parts of so many tokens, from five corpora, none had more strings than a schema lists.
LISTABLE_TOKENS = 1024
Backend = Callable[[LabelSchema, Settings], Annotator]


def build(schema: LabelSchema, settings: Settings) -> Annotator:
    """Return the annotator that the settings name. Raises InputError where one is missing, unknown or is none."""
    backend: Any = load("backends", settings.backend)
    if not _takes_two(backend):
        raise not_one("backends", settings.backend, "it cannot be called with a label schema and settings")
    needs = ("name", "model", "annotate")
    built: Annotator = made("backends", settings.backend, lambda: backend(schema, settings), needs)
    held = is_own("backends", settings.backend) or isinstance(built, AsksModel)
    return built if held else Plugged(settings.backend, built)


def _takes_two(backend: Any) -> bool:
    try:
        inspect.signature(backend).bind(None, None)
    except TypeError:  # not callable at all, or not so
        return False
    except ValueError:  # what is written in another language has no signature: it is a backend only as a class
        return isinstance(backend, type) and hasattr(backend, "annotate")
    return True


def embedded(schema: LabelSchema, settings: Settings) -> "EmbeddedAnnotator":
    """Return the annotator that needs no server."""
    from allabel.annotate.embedded import EmbeddedAnnotator

    return EmbeddedAnnotator(shots=settings.shots, retriever=retriever(settings))


def chat(schema: LabelSchema, settings: Settings) -> Annotator:
    """Return the annotator behind an OpenAI-compatible server."""
    from allabel.annotate.llm.chat_transport import ChatTransport
    from allabel.annotate.llm.pace import Pace
    from allabel.annotate.llm.retry import Policy
    from allabel.annotate.llm.server_window import ask_window
    from allabel.annotate.llm.several_servers import addresses

    base_url = base_url_of(settings)
    for name, value, variables in (
        ("base_url", base_url, "ALLABEL_BASE_URL or OPENAI_BASE_URL"),
        ("model", settings.model, "ALLABEL_MODEL"),
    ):
        if not value:
            raise InputError(
                f"the chat backend needs {name!r}, and none is set",
                remedy=f"set {variables}, give --{name.replace('_', '-')}, or write it into allabel.toml",
            )
    urls = addresses(base_url)
    for url in urls or [base_url]:
        if not url.startswith(("http://", "https://")):
            raise InputError(f"the server {url!r} is no URL", remedy="for example http://127.0.0.1:8000/v1")
    api_key = api_key_of(settings)
    transport = ChatTransport(
        base_url,
        settings.model,
        api_key=api_key,
        structured=settings.structured,
        concurrency=settings.concurrency,
        timeout_s=settings.timeout_s,
        max_output_tokens=settings.max_output_tokens,
        policy=Policy(retries=settings.retries, patience_s=settings.patience_s),
        pace=Pace.of(settings.requests_per_minute, settings.tokens_per_minute),
        tally=_tally(settings),
        tell=warnings.warn,
    )

    def window() -> Window | None:
        from openai import DefaultHttpxClient, OpenAI

        def told(url: str) -> Window | None:
            with OpenAI(
                base_url=url, api_key=api_key, http_client=DefaultHttpxClient(follow_redirects=False)
            ) as client:
                return ask_window(client, settings.model, settings.max_output_tokens, settings.context_tokens)

        with _context_named(settings):
            # What one of several servers does not tell, or cannot just now, the others do.
            return min(filter(None, map(told, urls)), key=lambda window: window.max_tokens, default=None)

    return asking(schema, settings, transport, window, "chat")


def vllm(schema: LabelSchema, settings: Settings) -> Annotator:
    """Return the annotator that runs a language model in this process, with vLLM."""
    from allabel.annotate.llm.offline_transport import OfflineTransport
    from allabel.annotate.llm.offline_vllm import load as load_engine
    from allabel.annotate.llm.offline_vllm import missing

    if not settings.model:
        raise InputError(
            "the vllm backend needs 'model', and none is set",
            remedy="set ALLABEL_MODEL, give --model, or write it into allabel.toml: a name on the hub, or a folder",
        )
    if error := missing():
        raise error
    transport = OfflineTransport(
        settings.model,
        lambda: load_engine(settings.model, settings.vllm),
        options=settings.vllm,
        structured=settings.structured,
        max_output_tokens=settings.max_output_tokens,
        tally=_tally(settings),
        tell=warnings.warn,
    )

    def window() -> Window | None:
        with _context_named(settings):
            return transport.window(settings.context_tokens)

    return asking(schema, settings, transport, window, "vllm")


def form(settings: Settings) -> Form:
    """Return the form that the settings name. Raises UnknownNameError."""
    factory: Any = load("forms", settings.form)
    made: Form = factory(copy=settings.copied) if takes(factory, "copy") else factory()
    return made


def base_url_of(settings: Settings) -> str:
    """Return the server, or several with commas between; "" where none is set."""
    return settings.base_url or os.environ.get("OPENAI_BASE_URL", "")


def api_key_of(settings: Settings) -> str:
    """Return the server's key, "EMPTY" where none is set. Raises InputError, not showing it, for what is no key."""
    # Files of variables with Windows line ends leave a \r behind it.
    own, general = settings.api_key.strip(), os.environ.get("OPENAI_API_KEY", "").strip()
    key = own or general or "EMPTY"
    if not (key.isascii() and key.isprintable()):
        raise InputError(
            f"the key in {'ALLABEL_API_KEY' if own else 'OPENAI_API_KEY'} holds characters that no key has: only "
            "printable ASCII can be sent (the key is not shown)",
            remedy="copy it anew, without line ends or quotation marks",
        )
    return key


@contextmanager
def _context_named(settings: Settings) -> Iterator[None]:
    """Let a window that cannot be name the setting it comes from, where it comes from one."""
    try:
        yield
    except WindowError as error:
        if settings.context_tokens is None:
            raise
        raise WindowError(
            f"{error}, or context_tokens = {settings.context_tokens} higher: allabel.toml, or ALLABEL_CONTEXT_TOKENS"
        ) from None


def asking(
    schema: LabelSchema, settings: Settings, transport: Transport, window: Callable[[], Window | None], name: str
) -> Annotator:
    """Return the annotator that asks over this transport, in the form and with the demonstrations of the settings."""
    from allabel.annotate.llm.annotator import Choosing, LlmAnnotator, Splitting

    if settings.copied and takes(load("forms", settings.form), "copy") and settings.part_tokens > LISTABLE_TOKENS:
        warnings.warn(
            f"part_tokens = {settings.part_tokens}: a part with more than some 900 different words has more strings "
            "than a JSON schema may list, and its mentions are not bound to them",
            stacklevel=2,
        )
    return LlmAnnotator(
        schema,
        transport,
        form(settings),
        retriever(settings),
        choosing=Choosing(
            settings.shots,
            settings.floor,
            settings.diversity,
            settings.cover_labels,
            settings.exclude_near_duplicates,
            settings.cover_rare,
        ),
        splitting=Splitting(settings.part_tokens, settings.part_overlap),
        window=window,
        name=name,
    )


def _tally(settings: Settings) -> "Tally":
    """Return the count of a run with the settings' limits and the model's price."""
    from allabel.annotate.llm.tally import Limits, Price, Tally

    price = settings.prices.get(settings.model)
    return Tally(
        Limits(settings.budget_requests, settings.budget_tokens, settings.budget_money),
        None if price is None else Price(price.prompt, price.output),
    )
