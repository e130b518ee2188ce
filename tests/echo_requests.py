"""Requests to echo a text, sent by a transport and waited for: what the tests of transports share."""

import json
from collections.abc import Callable
from typing import Any

from allabel.annotate.llm.base import Answer, Request, Transport
from allabel.annotate.llm.chat_transport import ChatTransport
from allabel.annotate.llm.retry import Policy

KEY = "sk-very-secret"
SCHEMA = {"type": "object", "properties": {"echo": {"type": "string"}}, "required": ["echo"]}
SLOW = ("hang", "drip")
HASTY = Policy(base_s=0.005, cap_s=0.02)


def request(text: str, schema: dict[str, Any] | None = SCHEMA) -> Request:
    return Request(({"role": "system", "content": "Echo."}, {"role": "user", "content": text}), schema)


def check(i: int, answer: Answer) -> str:
    try:
        return "" if "echo" in json.loads(answer.content) else "'echo' is missing"
    except ValueError as error:
        return f"not JSON: {error}"


def ask(sender: Transport, *texts: str, schema: dict[str, Any] | None = SCHEMA) -> list[Answer]:
    got: dict[int, Answer] = {}

    def take(i: int, answer: Answer) -> None:
        assert i not in got
        got[i] = answer

    sender.send([request(text, schema) for text in texts], take, check)
    return [got[i] for i in range(len(texts))]


def transport(url: str, **options: Any) -> ChatTransport:
    return ChatTransport(url, "m", **{"api_key": KEY, "policy": HASTY, "timeout_s": 5.0, **options})


def first(fault: str, times: int = 1) -> Callable[[str, int], str]:
    return lambda text, n_before: fault if n_before < times else ""
