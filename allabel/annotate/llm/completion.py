"""A chat completion as it came over the wire, read by hand: nothing that a server leaves out stops a run."""

import json
import math
from typing import Any

from allabel.annotate.llm.base import Answer, Token
from allabel.errors import AllabelError
from allabel.reply import Status

_MOST_SHOWN = 1000


class CompletionError(AllabelError):
    """A body that is no chat completion: the message says what it is."""


def read(body: bytes, max_output_tokens: int) -> Answer:
    """Return the answer in a response's body, its status by finish reason and refusal.

    `ok` may have empty content: whether that answers anything is the form's to say. Raises CompletionError for a body
    that is not JSON, and for one without a choice or a message.
    """
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        raise CompletionError(f"the server sent no JSON: {_start(body)}") from None
    choices = data.get("choices") if isinstance(data, dict) else None
    if not isinstance(choices, list) or not choices:
        reported = data.get("error") if isinstance(data, dict) else None
        raise CompletionError(
            "the server answered without any choice" + (f": {str(reported)[:200]}" if reported else "")
        )
    choice = choices[0]
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(message, dict):
        raise CompletionError("the server answered with a choice that holds no message")
    usage = data.get("usage")
    status, error = _status(choice, message, max_output_tokens)
    content = message.get("content")
    return Answer(
        status,
        content if isinstance(content, str) else "",
        error,
        tokens(choice.get("logprobs")),
        _count(usage, "prompt_tokens"),
        _count(usage, "completion_tokens"),
    )


def cut_off(max_output_tokens: int) -> str:
    """Say that a reply is not whole, and the way out."""
    return (
        f"the reply was cut off at {max_output_tokens} tokens or the context: raise max_output_tokens, or set "
        "part_tokens lower"
    )


def tokens(logprobs: Any) -> tuple[Token, ...]:
    """Return the tokens of a choice's `logprobs`; none at all where one of them has no number or no text.

    One NaN makes the whole answer's probability unknown, and leaving that token out would shift the rest.
    """
    listed = logprobs.get("content") if isinstance(logprobs, dict) else None
    if not isinstance(listed, list):
        return ()
    found = []
    for entry in listed:
        token = _token(entry)
        if token is None:
            return ()
        found.append(token)
    return tuple(found)


def _token(entry: Any) -> Token | None:
    if not isinstance(entry, dict):
        return None
    logprob, raw = entry.get("logprob"), entry.get("bytes")
    if isinstance(logprob, bool) or not isinstance(logprob, int | float):
        return None
    try:
        logprob = float(logprob)
        written = bytes(raw) if isinstance(raw, list) else entry["token"].encode()
    except (KeyError, AttributeError, TypeError, ValueError, OverflowError):
        return None
    return None if math.isnan(logprob) else Token(written, logprob)


def _status(choice: dict[str, Any], message: dict[str, Any], max_output_tokens: int) -> tuple[Status, str]:
    finish = choice.get("finish_reason")
    if refusal := message.get("refusal"):
        return Status.REFUSED, str(refusal)[:_MOST_SHOWN]
    if finish == "content_filter":
        return Status.REFUSED, "the server's content filter stopped the reply"
    if finish == "length":
        return Status.TRUNCATED, cut_off(max_output_tokens)
    return Status.OK, ""


def _count(usage: Any, name: str) -> int:
    n = usage.get(name) if isinstance(usage, dict) else None
    # More than any window holds is no count, and more than a database can keep.
    return n if isinstance(n, int) and 0 < n < 2**31 else 0


def _start(body: bytes) -> str:
    # Only the beginning, which tells HTML from a cut body; a body may repeat what was sent.
    return repr(body[:40].decode("utf-8", "replace")) + ("…" if len(body) > 40 else "")
