"""2,000 texts against a server that fails one request in five, in every way there is."""

import json
from collections import Counter

import numpy as np
import pytest
from faulty_server import FaultyServer, content_for

from allabel.annotate.llm.base import Answer, Request
from allabel.annotate.llm.chat_transport import ChatTransport
from allabel.annotate.llm.retry import Policy
from allabel.reply import Status

pytestmark = pytest.mark.enable_socket

N = 2000
SCHEMA = {"type": "object", "properties": {"echo": {"type": "string"}}}
PASSING = (
    *("429", "429-after", "500", "502", "503", "hang", "drip", "reset", "html", "cut body"),
    *("no choices", "null content", "cut content", "wrong schema"),
)
LASTING = {
    "400": Status.FAILED,
    "401": Status.FAILED,
    "404": Status.FAILED,
    "500": Status.FAILED,
    "wrong schema": Status.UNPARSEABLE,
    "null content": Status.UNPARSEABLE,
    "length": Status.TRUNCATED,
    "refusal": Status.REFUSED,
    "filter": Status.REFUSED,
    "nan": Status.OK,
}


def check(i: int, answer: Answer) -> str:
    try:
        return "" if set(json.loads(answer.content)) == {"echo"} else "'echo' is missing"
    except ValueError as error:
        return f"not JSON: {error}"


def test_every_text_ends_ok_or_with_the_right_status_and_none_twice() -> None:
    rng = np.random.default_rng(7)
    texts = [f"text {i}" for i in range(N)]
    passing = {text: rng.choice(PASSING, size=rng.integers(1, 3)) for text in texts[::6]}
    lasting = {text: str(rng.choice(list(LASTING))) for text in texts[5::30]}
    assert 0.19 < (len(passing) + len(lasting)) / N < 0.21
    # Asked once more after a malformed answer, and no oftener: two of them in a row would last.
    malformed = {"null content", "cut content", "wrong schema"}
    passing = {text: [*faults[:1], *(f for f in faults[1:] if f not in malformed)] for text, faults in passing.items()}

    def script(text: str, n_before: int) -> str:
        if text in lasting:
            return lasting[text]
        faults = passing.get(text, [])
        return str(faults[n_before]) if n_before < len(faults) else ""

    got: dict[int, Answer] = {}

    def take(i: int, answer: Answer) -> None:
        assert i not in got, f"{texts[i]} was answered twice"
        got[i] = answer

    requests = [Request(({"role": "user", "content": text},), SCHEMA) for text in texts]
    with FaultyServer(script) as server:
        # A hundredth of the usual waits; a deadline that a busy machine does not break by itself.
        policy = Policy(base_s=0.005, cap_s=0.5, overload_retries=30)
        sender = ChatTransport(server.url, "m", api_key="k", concurrency=64, timeout_s=4.0, policy=policy)
        sender.send(requests, take, check)

    assert sorted(got) == list(range(N))
    for i, text in enumerate(texts):
        answer, expected = got[i], LASTING[lasting[text]] if text in lasting else Status.OK
        assert (answer.status, bool(answer.error)) == (expected, expected is not Status.OK), (text, answer)
        if expected is Status.OK:
            assert answer.content == content_for(text)
            assert answer.n_attempts == server.asked[text] == 1 + len(passing.get(text, []))
        assert answer.tokens or lasting.get(text) is not None
    assert sender.stopped == ""
    assert sender.tally.statuses == Counter(answer.status.value for answer in got.values())
    assert sender.tally.n_requests == sum(server.asked.values()) == sum(a.n_attempts for a in got.values())
    assert set(server.faults) == {*PASSING, *LASTING, ""}
