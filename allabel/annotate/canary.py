"""The first contact with a server: is it there, does it know the model, does it keep to a JSON schema?"""

import json
import secrets
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from allabel.annotate.llm.completion import CompletionError, read
from allabel.errors import ServerError

if TYPE_CHECKING:
    from openai import APIError, AsyncOpenAI

MAX_TOKENS = 64
_DEGRADED = 'or set structured = "none", where answers are only read strictly'
OTHER_WAYS = {
    "response_format": f'; try structured = "structured_outputs" on a vLLM server, {_DEGRADED}',
    "structured_outputs": f'; try structured = "response_format", {_DEGRADED}',
}
# Makes the fields of a request that bind its reply: of the schema's name and the schema.
Binding = Callable[[str, Mapping[str, Any]], dict[str, Any]]


def response_format(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Return the request's `response_format` that binds a reply to a JSON schema."""
    return {"type": "json_schema", "json_schema": {"name": name, "strict": True, "schema": schema}}


def by_response_format(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a request that bind its reply as OpenAI's servers and their like take it."""
    return {"response_format": response_format(name, dict(schema))}


async def prove(
    client: "AsyncOpenAI",
    model: str,
    sampling: dict[str, Any],
    bind: Binding | None = by_response_format,
    setting: str = "response_format",
) -> None:
    """Ask for a word that only the schema names. Raises ServerError where the reply is not that word.

    sampling: what the requests proper will send, so that a server that takes none of it says so here.
    bind: how the schema is sent; None asks without one, and any reply will do. setting: its name, for messages.
    """
    from openai import APIError

    try:
        await contact(client, model, sampling, bind, setting)
    except APIError as error:
        # Without the cause: its request holds the key.
        raise await explained(error, client, model) from None


async def contact(
    client: "AsyncOpenAI", model: str, sampling: dict[str, Any], bind: Binding | None, setting: str
) -> None:
    """Do what `prove` does, but raise the client's own errors as they are, so that the caller may try again."""
    word = f"allabel-{secrets.token_hex(4)}"
    request = {
        **sampling,
        "model": model,
        "messages": [{"role": "user", "content": 'Answer with JSON only: {"word":"..."}'}],
        **(bind("canary", schema_of(word)) if bind else {}),
        "max_tokens": MAX_TOKENS,
    }
    response = await client.chat.completions.with_raw_response.create(**request)
    try:
        content = read(response.content, MAX_TOKENS).content
    except CompletionError as error:
        raise ServerError(
            f"what answers at {shown_url(client.base_url)} is no language-model server: {error}\n"
            "  remedy: check OPENAI_BASE_URL; it ends in /v1"
        ) from None
    if bind and not keeps_to(content, word):
        raise ServerError(
            f"the server at {shown_url(client.base_url)} ignores `{setting}`: asked for one certain word by JSON "
            f"schema, the model {model!r} answered {content[:80]!r}\n"
            "  remedy: use a server that keeps to JSON schemas (vLLM 0.12 or later does)" + OTHER_WAYS.get(setting, "")
        )


def shown_url(url: object) -> str:
    """Return a server's address as it may be shown: without user, password and query."""
    parts = urlsplit(str(url))
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def no_server(client: "AsyncOpenAI", reason: str) -> str:
    """Say that nothing answers at the client's address, why, and the way out."""
    return (
        f"no language-model server answers at {shown_url(client.base_url)} ({reason})\n"
        "  remedy: start the server, or set OPENAI_BASE_URL to where it listens (it ends in /v1)"
    )


def words(error: "APIError", api_key: str) -> str:
    """Say in one line what an API error was; the key is masked, for some servers repeat it."""
    return " ".join(_masked(str(error.message), api_key).split())[:500]


def _masked(text: str, api_key: str) -> str:
    """Return the text without the key, also where it is quoted as Python quotes strings."""
    for form in (api_key, repr(api_key)[1:-1], api_key.strip()):
        text = text.replace(form, "***") if form else text
    return text


def _set_way(error: "APIError") -> str:
    """Return the setting by which the request that failed was bound to a schema, "" where it was not."""
    try:
        sent = json.loads(error.request.content)
        return next((setting for setting in OTHER_WAYS if setting in sent), "")
    except (ValueError, TypeError, RuntimeError):
        return ""


def schema_of(word: str) -> dict[str, Any]:
    """Return the JSON schema that lets nothing but this word be said."""
    return {
        "type": "object",
        "properties": {"word": {"type": "string", "enum": [word]}},
        "required": ["word"],
        "additionalProperties": False,
    }


def keeps_to(content: str, word: str) -> bool:
    """Tell whether an answer is the word, as the schema asks."""
    try:
        return bool(json.loads(content) == {"word": word})
    except ValueError:
        return False


async def explained(error: "APIError", client: "AsyncOpenAI", model: str) -> ServerError:
    """Return an error of the first request in words, with the way out: address, key, model or the server's log."""
    from openai import (
        APIConnectionError,
        APIStatusError,
        AuthenticationError,
        BadRequestError,
        NotFoundError,
        PermissionDeniedError,
        UnprocessableEntityError,
    )

    url = shown_url(client.base_url)
    if isinstance(error, APIConnectionError):
        reason = words(error, client.api_key) if error.__cause__ is None else str(error.__cause__) or str(error)
        return ServerError(no_server(client, _masked(reason, client.api_key)))
    if isinstance(error, AuthenticationError | PermissionDeniedError):
        return ServerError(
            f"the server at {url} refuses the key (HTTP {error.status_code})\n"
            "  remedy: set OPENAI_API_KEY (or ALLABEL_API_KEY, which overrules it) to a key that this server takes"
        )
    if isinstance(error, APIStatusError) and 300 <= error.status_code < 400:
        return ServerError(
            f"the server at {url} sends on to another address (HTTP {error.status_code}), and texts go to none but the "
            "one that was named\n  remedy: if that one is right, set OPENAI_BASE_URL to it (it ends in /v1)"
        )
    offered = await _offered(client)
    if isinstance(error, NotFoundError):
        listing = f"it offers {', '.join(offered)}" if offered else "it lists no models"
        remedy = "name a model that it offers" if offered else "check OPENAI_BASE_URL (it ends in /v1) and the model"
        return ServerError(f"the server at {url} has no model {model!r}; {listing}\n  remedy: {remedy}")
    # A server, or a proxy before it, that takes no schema of this kind says no more than that the request is bad.
    refused = isinstance(error, BadRequestError | UnprocessableEntityError)
    ways = OTHER_WAYS.get(_set_way(error), "") if refused else ""
    return ServerError(
        f"the server at {url} fails at the first request: {words(error, client.api_key)}\n"
        "  remedy: look into the server's log; it must take chat completions with json_schema and logprobs" + ways
    )


async def _offered(client: "AsyncOpenAI") -> list[str]:
    from openai import APIError

    try:
        return sorted([model.id async for model in client.models.list()])
    except APIError:
        return []
