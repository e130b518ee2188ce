"""What a request is known by: the hash of its prompt for the journal, and of all that decides its answer."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from allabel.annotate.llm.base import Answer, Request, Token
from allabel.reply import Status

# Raise it when reading a completion or asking again changes, so that answers kept before are asked for anew.
VERSION = "1"

Json = dict[str, Any]


def prompt_hash(request: Request) -> str:
    """Return the SHA-256 of the rendered messages, in hexadecimal."""
    return _sha256([dict(message) for message in request.messages])


def cache_key(request: Request, decided_by: Mapping[str, Any]) -> str:
    """Return the SHA-256 of everything that decides an answer, in hexadecimal.

    decided_by: the transport's `identity` (model, address, sampling, structured output) and the versions of form and
    parser. The order of keys does not matter; anything that JSON cannot hold raises TypeError.
    """
    return _sha256(
        {
            "version": VERSION,
            "messages": [dict(message) for message in request.messages],
            "json_schema": None if request.json_schema is None else dict(request.json_schema),
            "decided_by": dict(decided_by),
        }
    )


def worth_keeping(answer: Answer) -> bool:
    """Tell whether an answer may be given again: the model was heard, whatever it said. A failure is tried anew."""
    return answer.status is not Status.FAILED


def answer_to_json(answer: Answer) -> Json:
    """Write a whole answer as JSON that every database takes."""
    return {
        "status": answer.status.value,
        "content": answer.content,
        "error": answer.error,
        # Bytes as Latin-1, one character each; JSON has no infinity, so that travels as a string.
        "tokens": [[token.bytes.decode("latin-1"), _number(token.logprob)] for token in answer.tokens],
        "n_prompt_tokens": answer.n_prompt_tokens,
        "n_output_tokens": answer.n_output_tokens,
        "n_attempts": answer.n_attempts,
        "latency_s": answer.latency_s,
    }


def answer_from_json(data: Json) -> Answer:
    """Read what `answer_to_json` wrote."""
    return Answer(
        Status(data["status"]),
        data["content"],
        data["error"],
        tuple(Token(written.encode("latin-1"), float(logprob)) for written, logprob in data["tokens"]),
        data["n_prompt_tokens"],
        data["n_output_tokens"],
        data["n_attempts"],
        data["latency_s"],
    )


def _number(number: float) -> float | str:
    return str(number) if number in {float("inf"), float("-inf")} else number


def _sha256(data: Any) -> str:
    # Escaped to ASCII, so that a lone surrogate in a text has a hash too.
    written = json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(written.encode("ascii")).hexdigest()
