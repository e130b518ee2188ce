"""A server's word on its model's window and on how many tokens a prompt takes. vLLM gives both, others often none."""

from typing import TYPE_CHECKING, Any

from allabel.annotate.llm.prompt import Messages
from allabel.annotate.llm.window import Count, Window
from allabel.errors import ServerError

if TYPE_CHECKING:
    from openai import OpenAI

TIMEOUT_S = 10.0


def ask_window(client: "OpenAI", model: str, n_output_tokens: int, max_tokens: int | None = None) -> Window | None:
    """Return the model's window as the server tells it, None where neither it nor `max_tokens` does.

    max_tokens: the window as it is set, which overrules the server's.
    """
    max_tokens = max_tokens or max_model_len(client, model)
    if max_tokens is None:
        return None
    return Window(max_tokens, n_output_tokens, server_count(client, model))


def max_model_len(client: "OpenAI", model: str) -> int | None:
    """Return `max_model_len` from the server's list of models, None where it does not say or cannot be asked."""
    from openai import APIError

    try:
        listed = client.with_options(timeout=TIMEOUT_S).models.list()
        lengths = [(card.model_extra or {}).get("max_model_len") for card in listed if card.id == model]
    # A proxy's page instead of a list of models is read without complaint and fails where it is used.
    except (APIError, AttributeError, TypeError):
        return None
    return next((n for n in lengths if isinstance(n, int) and n > 0), None)


def server_count(client: "OpenAI", model: str) -> Count | None:
    """Return the server's own count of messages' tokens (`/tokenize`), None where it has none."""
    url = str(client.base_url).rstrip("/").removesuffix("/v1") + "/tokenize"

    def count(shown: Messages) -> int:
        from openai import APIError

        body = {"model": model, "messages": list(shown), "add_generation_prompt": True}
        try:
            found: Any = client.with_options(timeout=TIMEOUT_S).post(url, cast_to=object, body=body)
        except APIError as error:
            raise ServerError(f"the server does not count tokens: {type(error).__name__}") from None
        n = found.get("count") if isinstance(found, dict) else None
        if not isinstance(n, int) or n < 1:
            raise ServerError("the server does not count tokens: its answer has no count")
        return n

    try:
        count(({"role": "user", "content": "NaCl"},))
    except ServerError:
        return None
    return count
