"""Annotators by name, put together from settings."""

from collections.abc import Callable

from allabel.annotate.base import Annotator
from allabel.annotate.retrievers import retriever
from allabel.config import Settings
from allabel.plugins import load
from allabel.schema import LabelSchema

Backend = Callable[[LabelSchema, Settings], Annotator]


def build(schema: LabelSchema, settings: Settings) -> Annotator:
    """Return the annotator that the settings name. Raises InputError where one is missing or unknown."""
    backend: Backend = load("backends", settings.backend)
    return backend(schema, settings)


def embedded(schema: LabelSchema, settings: Settings) -> Annotator:
    """Return the annotator that needs no server."""
    from allabel.annotate.embedded import EmbeddedAnnotator

    return EmbeddedAnnotator(shots=settings.shots, retriever=retriever(settings))


def chat(schema: LabelSchema, settings: Settings) -> Annotator:
    """Return the annotator behind an OpenAI-compatible server."""
    import os

    from allabel.annotate.chat import ChatAnnotator
    from allabel.errors import InputError

    base_url = settings.base_url or os.environ.get("OPENAI_BASE_URL", "")
    for name, value, variables in (
        ("base_url", base_url, "ALLABEL_BASE_URL or OPENAI_BASE_URL"),
        ("model", settings.model, "ALLABEL_MODEL"),
    ):
        if not value:
            raise InputError(
                f"the chat backend needs {name!r}, and none is set",
                remedy=f"set {variables}, give --{name.replace('_', '-')}, or write it into allabel.toml",
            )
    if not base_url.startswith(("http://", "https://")):
        raise InputError(f"the server {base_url!r} is no URL", remedy="for example http://127.0.0.1:8000/v1")
    return ChatAnnotator(
        schema,
        base_url=base_url,
        model=settings.model,
        api_key=settings.api_key or None,
        shots=settings.shots,
        retriever=retriever(settings),
        concurrency=settings.concurrency,
        timeout_s=settings.timeout_s,
        max_output_tokens=settings.max_output_tokens,
    )
