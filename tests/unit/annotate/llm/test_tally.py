"""Budgets and counts; keys and the JSON of answers; bodies that are read."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allabel.annotate.llm.base import Answer, Request, Token
from allabel.annotate.llm.completion import CompletionError, read, tokens
from allabel.annotate.llm.keys import answer_from_json, answer_to_json, cache_key, prompt_hash, worth_keeping
from allabel.annotate.llm.tally import Limits, Price, Tally, Verdict, prompt_estimate
from allabel.errors import BudgetError
from allabel.reply import Status


def request(text: str = "HCl") -> Request:
    return Request(({"role": "user", "content": text},), {"type": "object"})


def spend(tally: Tally, prompt: int, output: int) -> None:
    estimate = tally.estimate(prompt, output)
    tally.sent(estimate.n_tokens)
    tally.came_back(estimate, prompt, output)


def test_a_limit_on_money_without_a_price_is_refused() -> None:
    with pytest.raises(BudgetError, match="prices"):
        Tally(Limits(money=1.0))


@pytest.mark.parametrize("limits", [Limits(requests=2), Limits(tokens=200), Limits(money=2e-4)])
def test_a_limit_is_reached_when_it_is_used_up_and_is_named(limits: Limits) -> None:
    tally = Tally(limits, Price(prompt=1.0, output=1.0))
    spend(tally, 90, 10)
    assert (tally.reached, tally.verdict(1)) == ("", Verdict.GO)
    spend(tally, 90, 10)
    assert tally.reached.startswith("budget reached")
    assert tally.verdict(1) is Verdict.STOP


@pytest.mark.parametrize("limits", [Limits(tokens=1000), Limits(money=1e-3)])
def test_what_is_under_way_is_reckoned_with(limits: Limits) -> None:
    tally = Tally(limits, Price(prompt=1.0, output=1.0))
    tally.sent(900)
    assert tally.verdict(99) is Verdict.GO
    assert tally.verdict(101) is Verdict.WAIT


def test_one_request_goes_out_however_large_while_the_budget_is_not_used_up() -> None:
    assert Tally(Limits(tokens=10)).verdict(10**6) is Verdict.GO


def test_estimates_follow_what_requests_really_took() -> None:
    tally = Tally()
    assert tally.estimate(100, 50).n_tokens == 150
    estimate = tally.estimate(100, 50)
    tally.sent(estimate.n_tokens)
    tally.came_back(estimate, 200, 10)
    assert tally.estimate(100, 50).n_tokens == 210
    # One that failed says nothing of what an answer takes.
    tally.sent(210)
    tally.came_back(estimate, 0, 0)
    assert tally.estimate(100, 50).n_tokens == 210


def test_an_estimate_keeps_prompt_and_output_apart() -> None:
    tally = Tally()
    estimate = tally.estimate(100, 50)
    assert (estimate.n_prompt_tokens, estimate.n_output_tokens) == (100, 50)
    tally.sent(estimate.n_tokens)
    tally.came_back(estimate, 200, 10)
    again = tally.estimate(50, 50)
    assert (again.n_prompt_tokens, again.n_output_tokens) == (100, 10)


@pytest.mark.parametrize(
    ("answer", "n_uncounted"),
    [
        (Answer(Status.OK, "{}", n_prompt_tokens=3, n_output_tokens=1), 0),
        (Answer(Status.TRUNCATED, "", n_prompt_tokens=3), 0),
        (Answer(Status.OK, "{}", n_prompt_tokens=3), 1),
        (Answer(Status.OK, "{}"), 1),
        (Answer(Status.REFUSED), 1),
        (Answer(Status.FAILED), 0),
    ],
)
def test_answers_whose_tokens_nobody_counted_are_told_of(answer: Answer, n_uncounted: int) -> None:
    tally = Tally()
    tally.answered(answer)
    assert tally.as_data()["uncounted"] == n_uncounted
    assert ("(estimated for 1 of 1 answers" in tally.in_words()) == bool(n_uncounted)


def test_a_prompt_is_estimated_by_its_characters() -> None:
    assert prompt_estimate(request("x" * 300)) == 101


# --- keys ---


def test_the_key_is_of_everything_that_decides_the_answer_in_any_order() -> None:
    key = cache_key(request(), {"model": "m", "seed": 0})
    assert key == cache_key(request(), {"seed": 0, "model": "m"})
    assert len(key) == 64
    others = [
        cache_key(request("HBr"), {"model": "m", "seed": 0}),
        cache_key(request(), {"model": "n", "seed": 0}),
        cache_key(request(), {"model": "m", "seed": 1}),
        cache_key(Request(request().messages, None), {"model": "m", "seed": 0}),
        cache_key(Request(request().messages, {"type": "array"}), {"model": "m", "seed": 0}),
        cache_key(Request(({"role": "system", "content": "HCl"},), {"type": "object"}), {"model": "m", "seed": 0}),
    ]
    assert len({key, *others}) == 7


def test_a_text_that_is_no_valid_unicode_has_a_key_and_a_hash() -> None:
    assert cache_key(request("\ud800"), {}) != cache_key(request("\ud801"), {})
    assert len(prompt_hash(request("\ud800"))) == 64


def test_what_decides_must_be_json() -> None:
    with pytest.raises(TypeError):
        cache_key(request(), {"rng": object()})


@given(
    st.builds(
        Answer,
        st.sampled_from(Status),
        st.text(),
        st.text(),
        st.lists(st.builds(Token, st.binary(), st.floats(allow_nan=False))).map(tuple),
        st.integers(0),
        st.integers(0),
        st.integers(0),
        st.floats(0, 1e6),
    )
)
def test_an_answer_comes_back_from_json_as_it_was(answer: Answer) -> None:
    assert answer_from_json(json.loads(json.dumps(answer_to_json(answer), allow_nan=False))) == answer


def test_only_failures_are_tried_anew() -> None:
    assert [status for status in Status if not worth_keeping(Answer(status))] == [Status.FAILED]


# --- bodies ---


def body(**choice: Any) -> bytes:
    usual: dict[str, Any] = {"finish_reason": "stop", "message": {"content": "x"}}
    return json.dumps({"choices": [usual | choice], "usage": {"prompt_tokens": 3, "completion_tokens": None}}).encode()


def test_a_body_is_read_with_what_a_server_leaves_out_as_nothing() -> None:
    assert read(body(), 10) == Answer(Status.OK, "x", n_prompt_tokens=3)
    assert read(body(message={"content": ["x"]}), 10) == Answer(Status.OK, "", n_prompt_tokens=3)
    assert read(body(logprobs="none"), 10).tokens == ()


def test_a_reply_that_was_cut_off_names_the_remedy() -> None:
    answer = read(body(finish_reason="length"), 10)
    assert answer.status is Status.TRUNCATED
    assert "at 10 tokens" in answer.error
    assert "raise max_output_tokens" in answer.error


@pytest.mark.parametrize(
    "data",
    [b"", b"<html>", b"\xff\xfe", b"[1]", b"null", b"{}", b'{"choices": []}', b'{"choices": [3]}', b"[" * 100_000],
)
def test_a_body_that_is_no_completion_is_an_error(data: bytes) -> None:
    with pytest.raises(CompletionError):
        read(data, 10)


@pytest.mark.parametrize(
    "bad",
    [
        {"token": "a", "logprob": math.nan},
        {"token": "a", "logprob": None},
        {"token": "a", "logprob": True},
        {"token": "a"},
        {"logprob": -1.0},
        {"token": "a", "logprob": -1.0, "bytes": [300]},
        {"token": "\ud800", "logprob": -1.0},
        "a",
    ],
)
def test_one_bad_token_leaves_no_tokens(bad: Any) -> None:
    good = {"token": "µ", "logprob": -1, "bytes": None}
    assert tokens({"content": [good]}) == (Token("µ".encode(), -1.0),)
    assert tokens({"content": [good, bad]}) == ()


def test_a_token_s_bytes_are_the_server_s_where_it_gives_them() -> None:
    assert tokens({"content": [{"token": "\ufffd", "bytes": [0xC2], "logprob": -math.inf}]}) == (
        Token(b"\xc2", -math.inf),
    )
