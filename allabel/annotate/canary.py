"""The first contact with a server: is it there, does it know the model, does it keep to a JSON schema?"""

import json
import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from allabel.errors import ServerError

if TYPE_CHECKING:
    from openai import APIError, AsyncOpenAI
    from openai.types.chat import ChatCompletion

MAX_TOKENS = 64


def response_format(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Return the request's `response_format` that binds a reply to a JSON schema."""
    return {"type": "json_schema", "json_schema": {"name": name, "strict": True, "schema": schema}}


async def prove(client: "AsyncOpenAI", model: str, sampling: dict[str, Any]) -> None:
    """Ask for a word that only the schema names. Raises ServerError where the reply is not that word.

    sampling: what the requests proper will send, so that a server that takes none of it says so here.
    """
    from openai import APIError

    word = f"allabel-{secrets.token_hex(4)}"
    request = {
        **sampling,
        "model": model,
        "messages": [{"role": "user", "content": 'Answer with JSON only: {"word":"..."}'}],
        "response_format": response_format("canary", _schema(word)),
        "max_tokens": MAX_TOKENS,
    }
    try:
        completion: ChatCompletion = await client.chat.completions.create(**request)
    except APIError as error:
        # Without the cause: its request holds the key.
        raise await _explained(error, client, model) from None
    content = (completion.choices[0].message.content or "") if completion.choices else ""
    if not _binds(content, word):
        raise ServerError(
            f"the server at {shown_url(client)} ignores `response_format`: asked for one certain word by JSON schema, "
            f"the model {model!r} answered {content[:80]!r}\n"
            "  remedy: use a server that keeps to JSON schemas (vLLM 0.12 or later does)"
        )


def shown_url(client: "AsyncOpenAI") -> str:
    """Return the server's address as it may be shown: without user, password and query."""
    parts = urlsplit(str(client.base_url))
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def words(error: "APIError", api_key: str) -> str:
    """Say in one line what an API error was; the key is masked, for some servers repeat it."""
    return " ".join(str(error.message).replace(api_key, "***").split())[:500]


def _schema(word: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"word": {"type": "string", "enum": [word]}},
        "required": ["word"],
        "additionalProperties": False,
    }


def _binds(content: str, word: str) -> bool:
    try:
        return bool(json.loads(content) == {"word": word})
    except ValueError:
        return False


async def _explained(error: "APIError", client: "AsyncOpenAI", model: str) -> ServerError:
    from openai import APIConnectionError, AuthenticationError, NotFoundError, PermissionDeniedError

    url = shown_url(client)
    if isinstance(error, APIConnectionError):
        reason = words(error, client.api_key) if error.__cause__ is None else str(error.__cause__) or str(error)
        return ServerError(
            f"no language-model server answers at {url} ({reason})\n"
            "  remedy: start the server, or set OPENAI_BASE_URL to where it listens (it ends in /v1)"
        )
    if isinstance(error, AuthenticationError | PermissionDeniedError):
        return ServerError(
            f"the server at {url} refuses the key (HTTP {error.status_code})\n"
            "  remedy: set OPENAI_API_KEY to a key that this server takes"
        )
    offered = await _offered(client)
    if isinstance(error, NotFoundError):
        listing = f"it offers {', '.join(offered)}" if offered else "it lists no models"
        remedy = "name a model that it offers" if offered else "check OPENAI_BASE_URL (it ends in /v1) and the model"
        return ServerError(f"the server at {url} has no model {model!r}; {listing}\n  remedy: {remedy}")
    return ServerError(
        f"the server at {url} fails at the first request: {words(error, client.api_key)}\n"
        "  remedy: look into the server's log; it must take chat completions with json_schema and logprobs"
    )


async def _offered(client: "AsyncOpenAI") -> list[str]:
    from openai import APIError

    try:
        return sorted([model.id async for model in client.models.list()])
    except APIError:
        return []
