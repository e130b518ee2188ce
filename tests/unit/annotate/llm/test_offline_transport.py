"""The transport within the process over an engine that answers by script: no vLLM is needed."""

import json
import signal
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from echo_requests import SCHEMA, ask, request
from faulty_server import content_for

from allabel.annotate.llm.base import Answer, Token
from allabel.annotate.llm.offline_engine import Done, EngineError, RequestError
from allabel.annotate.llm.offline_transport import OfflineTransport
from allabel.annotate.llm.prompt import Messages
from allabel.annotate.llm.tally import Limits, Tally
from allabel.errors import ServerError
from allabel.reply import Status

Script = Callable[[Messages], Done]


def echo(shown: Messages) -> Done:
    return done(content_for(shown[-1]["content"]))


def done(content: str, finish: str = "stop") -> Done:
    return Done("", finish, content, (Token(content.encode(), -0.5),), 11, 7, 5)


class ScriptedEngine:
    """Answers the newest request first, two a step, and the canary as its schema says."""

    max_model_len = 100

    def __init__(self, script: Script = echo, *, binds: bool = True, lives: int = 10**6) -> None:
        self.script, self.binds, self.lives = script, binds, lives
        self.asked: list[tuple[Messages, Mapping[str, Any], Mapping[str, Any] | None]] = []
        self.running: dict[str, Messages] = {}
        self.dropped: list[str] = []
        self.interrupt_at = -1

    def count(self, shown: Messages) -> int:
        return sum(len(message["content"].split()) for message in shown)

    def add(self, shown: Messages, sampling: Mapping[str, Any], json_schema: Mapping[str, Any] | None) -> str:
        if "too long" in shown[-1]["content"]:
            raise RequestError("the prompt is too long")
        self.asked.append((shown, sampling, json_schema))
        self.running[str(len(self.asked))] = shown
        return str(len(self.asked))

    def step(self) -> list[Done]:
        self.lives -= 1
        if self.lives < 0:
            raise EngineError("out of memory")
        if self.lives == self.interrupt_at:
            signal.raise_signal(signal.SIGINT)
        found = []
        for id in list(self.running)[-2:]:
            schema = self.asked[int(id) - 1][2] or {}
            words = schema.get("properties", {}).get("word", {}).get("enum")
            made = (
                done(json.dumps({"word": words[0] if self.binds else "x"})) if words else self.script(self.running[id])
            )
            found.append(Done(id, made.finish, made.content, made.tokens, 11, 7, 5))
            del self.running[id]
        return found

    def drop(self, ids: Sequence[str]) -> None:
        self.dropped += ids


def transport(engine: ScriptedEngine, **options: Any) -> OfflineTransport:
    return OfflineTransport("m", lambda: engine, **options)


def test_every_request_is_answered_once_with_content_tokens_and_counts() -> None:
    texts = [f"text {i}" for i in range(300)]
    answers = ask(transport(ScriptedEngine()), *texts)
    assert [answer.content for answer in answers] == [content_for(text) for text in texts]
    assert {answer.status for answer in answers} == {Status.OK}
    assert answers[0].tokens == (Token(content_for("text 0").encode(), -0.5),)
    assert (answers[0].n_prompt_tokens, answers[0].n_output_tokens, answers[0].n_attempts) == (11, 7, 1)
    assert answers[0].latency_s > 0


def test_answers_are_handed_over_as_they_come() -> None:
    engine, running = ScriptedEngine(), list[int]()
    transport(engine).send([request(f"{i}") for i in range(10)], lambda i, answer: running.append(len(engine.running)))
    assert running == [8, 8, 6, 6, 4, 4, 2, 2, 0, 0]


def test_requests_are_greedy_seeded_and_bound_to_their_schema() -> None:
    engine = ScriptedEngine()
    ask(transport(engine, seed=5, max_output_tokens=99), "a")
    canary, (_, sampling, schema) = engine.asked
    assert canary[1]["max_tokens"] == 64
    assert sampling == {"temperature": 0.0, "seed": 5, "max_tokens": 99}
    assert schema == SCHEMA


def test_structured_none_binds_nothing_asks_no_canary_and_says_so_once() -> None:
    engine, told = ScriptedEngine(), list[str]()
    sender = transport(engine, structured="none", tell=told.append)
    ask(sender, "a")
    ask(sender, "b")
    assert [schema for _, _, schema in engine.asked] == [None, None]
    assert len(told) == 1
    assert "not bound" in told[0]


def test_a_form_without_a_schema_needs_no_canary() -> None:
    engine = ScriptedEngine()
    ask(transport(engine), "a", schema=None)
    assert [schema for _, _, schema in engine.asked] == [None]


def test_an_engine_that_ignores_the_schema_is_found_out_before_the_first_text() -> None:
    engine = ScriptedEngine(binds=False)
    with pytest.raises(ServerError, match=r"ignores the JSON schema.*'m' answered.*\n.*structured = .none."):
        ask(transport(engine), "a")
    assert len(engine.asked) == 1


def test_a_malformed_answer_is_shown_what_is_wrong_and_asked_once_more() -> None:
    engine = ScriptedEngine(lambda shown: done("nonsense") if len(shown) == 2 else done(content_for("mended")))
    sender = transport(engine)
    (answer,) = ask(sender, "a")
    assert (answer.status, answer.content, answer.n_attempts) == (Status.OK, content_for("mended"), 2)
    assert (answer.n_prompt_tokens, answer.n_output_tokens) == (22, 14)
    again = engine.asked[-1][0]
    assert [message["role"] for message in again] == ["system", "user", "assistant", "user"]
    assert again[2]["content"] == "nonsense"
    assert "not JSON" in again[3]["content"]
    assert sender.tally.n_requests == 2


@pytest.mark.parametrize(("content", "says"), [("nonsense", "not JSON"), (" ", "the reply is empty")])
def test_an_answer_that_is_malformed_twice_is_unparseable(content: str, says: str) -> None:
    (answer,) = ask(transport(ScriptedEngine(lambda _: done(content))), "a")
    assert (answer.status, answer.content, answer.n_attempts) == (Status.UNPARSEABLE, content, 2)
    assert says in answer.error


@pytest.mark.parametrize(
    ("finish", "status", "says"),
    [
        ("length", Status.TRUNCATED, "cut off at 1024 tokens or the context: raise max_output_tokens"),
        ("abort", Status.FAILED, "abort"),
    ],
)
def test_how_a_request_finished_decides_its_status(finish: str, status: Status, says: str) -> None:
    (answer,) = ask(transport(ScriptedEngine(lambda _: done("{", finish))), "a")
    assert answer.status is status
    assert says in answer.error
    assert answer.n_attempts == 1


def test_a_request_that_the_engine_does_not_take_fails_alone() -> None:
    a, b = ask(transport(ScriptedEngine()), "too long", "b")
    assert (a.status, a.error) == (Status.FAILED, "the request failed: the prompt is too long")
    assert b.status is Status.OK


def test_an_engine_that_ends_keeps_what_came_and_leaves_the_rest_unsent() -> None:
    sender = transport(ScriptedEngine(lives=3))
    answers = ask(sender, *(f"{i}" for i in range(300)))
    assert [answer.status for answer in answers].count(Status.OK) == 4
    assert "the engine ended: out of memory" in sender.stopped
    assert answers[0].error == "the request failed: the engine ended: out of memory"
    assert answers[299].error == "not sent: the engine ended: out of memory"
    assert answers[299].n_attempts == 0


def test_a_budget_of_requests_stops_the_run_and_stays_reached() -> None:
    sender = transport(ScriptedEngine(), tally=Tally(Limits(requests=3)))
    statuses = [answer.status for answer in ask(sender, *"abcde")]
    assert statuses.count(Status.OK) == 3
    assert "budget reached: 3 of 3 requests" in sender.stopped
    (late,) = ask(sender, "f")
    assert late.error.startswith("not sent: budget reached")


def test_a_budget_of_tokens_holds_requests_back_until_others_are_done() -> None:
    sender = transport(ScriptedEngine(), tally=Tally(Limits(tokens=100)), max_output_tokens=50)
    answers = ask(sender, *(f"{i}" for i in range(50)))
    assert 5 <= [answer.status for answer in answers].count(Status.OK) <= 7
    assert sender.tally.n_tokens <= 126


def test_ctrl_c_is_obeyed_after_what_came_was_handed_over() -> None:
    engine, got = ScriptedEngine(), list[int]()
    engine.interrupt_at = engine.lives - 3
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        transport(engine).send([request(f"{i}") for i in range(10)], lambda i, answer: got.append(i))
    assert sorted(got) == [6, 7, 8, 9]
    assert len(engine.dropped) == 6
    assert signal.getsignal(signal.SIGINT) is before


def test_what_got_raises_ends_the_run_and_leaves_the_engine_clean() -> None:
    engine = ScriptedEngine()

    def fail(i: int, answer: Answer) -> None:
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        transport(engine).send([request("a"), request("b"), request("c")], fail)
    assert {*engine.running} <= {*engine.dropped}


def test_the_identity_holds_what_decides_an_answer_and_not_what_memory_it_takes() -> None:
    small = transport(ScriptedEngine(), options={"gpu_memory_utilization": 0.5, "quantization": "fp8"}).identity
    large = transport(ScriptedEngine(), options={"gpu_memory_utilization": 0.9, "quantization": "fp8"}).identity
    other = transport(ScriptedEngine(), options={"quantization": "awq"}).identity
    assert small == large != other
    assert json.loads(json.dumps(small)) == small


def test_the_window_is_the_engines_unless_a_smaller_one_is_set() -> None:
    sender = transport(ScriptedEngine(), max_output_tokens=10)
    assert (sender.window().max_tokens, sender.window(50).max_tokens, sender.window(500).max_tokens) == (100, 50, 100)
    count = sender.window().count
    assert count is not None
    assert count(({"role": "user", "content": "a b c"},)) == 3


def test_the_report_tells_tokens_and_the_share_of_the_prefix_cache() -> None:
    sender = transport(ScriptedEngine())
    assert sender.report() == ""
    ask(sender, "a", "b")
    assert sender.report() == (
        "2 ok; 2 requests, 22 prompt and 14 output tokens; 45% of the prompt tokens from the prefix cache"
    )
