import json
import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allabel.annotate.llm.base import Mention, Token
from allabel.annotate.llm.scores import align, mention_logprobs, scores

CONTENT = '{"entities":[{"text":"4′-CO₂Et","label":"Chemical"}]}'


def mention(content: str, text: str) -> Mention:
    start = content.index(text)
    return Mention("Chemical", text, None, start, start + len(text))


def tokens(*parts: bytes, logprob: float = -0.5) -> list[Token]:
    return [Token(part, logprob) for part in parts]


def test_a_score_is_the_geometric_mean_over_the_mentions_own_tokens() -> None:
    written = [Token(b'{"', -9.0), Token(b"Na", math.log(0.5)), Token(b"Cl", math.log(0.125)), Token(b'"}', -9.0)]
    assert scores('{"NaCl"}', written, [Mention("C", "NaCl", None, 2, 6)]) == [pytest.approx(0.25)]


def test_a_token_that_writes_a_quote_and_the_mention_counts() -> None:
    written = [Token(b'{"Na', math.log(0.5)), Token(b'Cl"}', math.log(0.5))]
    assert scores('{"NaCl"}', written, [Mention("C", "NaCl", None, 2, 6)]) == [pytest.approx(0.5)]


def test_tokens_may_split_a_code_point() -> None:
    data = CONTENT.encode()
    split = tokens(*(data[i : i + 1] for i in range(len(data))))
    (found,) = mention_logprobs(CONTENT, split, [mention(CONTENT, "′")])
    assert found == [-0.5] * 3


@pytest.mark.parametrize(
    "written",
    [
        [],
        tokens(b"something else"),
        tokens(CONTENT.encode()[:-1]),
        tokens(CONTENT.encode(), logprob=math.nan),
    ],
)
def test_what_cannot_be_known_has_no_score(written: list[Token]) -> None:
    assert scores(CONTENT, written, [mention(CONTENT, "CO")]) == [None]


def test_a_mention_outside_the_content_has_no_score() -> None:
    assert scores("ab", tokens(b"ab"), [Mention("C", "x", None, 1, 9), Mention("C", "", None, 1, 1)]) == [None, None]


def test_a_nan_spoils_only_its_own_mention() -> None:
    written = [Token(b"a", math.nan), Token(b"b", 0.0)]
    assert scores("ab", written, [Mention("C", "a", None, 0, 1), Mention("C", "b", None, 1, 2)]) == [None, 1.0]


def test_no_probability_at_all_is_a_score_of_zero() -> None:
    assert scores("ab", [Token(b"ab", -math.inf)], [Mention("C", "a", None, 0, 1)]) == [0.0]


def test_the_content_may_be_part_of_what_was_written() -> None:
    written = tokens("\ufeff".encode(), b"<think>ab</think>", b"\n a", b"b", b"<|im_end|>", b"")
    assert align("ab", written) == [(0, 0), (0, 0), (0, 1), (1, 2), (2, 2), (2, 2)]


def test_special_tokens_inside_the_content_write_nothing() -> None:
    assert align("ab", tokens(b"a", b"<|quiet|>", b"b", b"</s>")) == [(0, 1), (1, 1), (1, 2), (2, 2)]


def test_bytes_that_the_server_could_not_show_are_those_between_their_neighbours() -> None:
    lost = "\ufffd".encode()
    written = tokens(b'{"a ' + lost, lost, lost + b"b", b'"}')
    content = '{"a ₂b"}'
    assert align(content, written) == [(0, 7), (4, 7), (4, 8), (8, 10)]


def test_bytes_lost_at_the_end_are_the_rest() -> None:
    assert align("a₂", tokens(b"a", "\ufffd".encode(), "\ufffd".encode(), b"</s>")) == [(0, 1), (1, 4), (1, 4), (4, 4)]


@st.composite
def written_answers(draw: st.DrawFn) -> tuple[str, list[bytes], Mention]:
    """An answer in JSON, cut into tokens at random bytes, and a stretch of it."""
    texts = draw(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), max_size=4))
    content = json.dumps({"entities": texts}, ensure_ascii=draw(st.booleans()))
    data = content.encode()
    cuts = [0, *sorted(draw(st.sets(st.integers(1, len(data) - 1)))), len(data)]
    start = draw(st.integers(0, len(content) - 1))
    end = draw(st.integers(start + 1, len(content)))
    parts = [data[a:b] for a, b in pairwise(cuts)]
    return content, parts, Mention("C", content[start:end], None, start, end)


@given(written_answers())
def test_the_tokens_of_a_mention_write_it_and_reach_no_further_than_they_must(
    answer: tuple[str, list[bytes], Mention],
) -> None:
    content, parts, m = answer
    numbered = [Token(part, -float(i)) for i, part in enumerate(parts)]
    (found,) = mention_logprobs(content, numbered, [m])
    assert found is not None
    which = [int(-x) for x in found]
    assert which == list(range(which[0], which[-1] + 1))
    before = sum(len(part) for part in parts[: which[0]])
    wrote = b"".join(parts[i] for i in which)
    own = content[m.start : m.end].encode()
    offset = len(content[: m.start].encode()) - before
    assert wrote[offset : offset + len(own)] == own
    assert offset < len(parts[which[0]])
    assert len(wrote) - offset - len(own) < len(parts[which[-1]])


@given(written_answers(), st.floats(-5, 0))
def test_equal_tokens_give_their_own_probability_however_many_they_are(
    answer: tuple[str, list[bytes], Mention], logprob: float
) -> None:
    content, parts, m = answer
    (score,) = scores(content, [Token(part, logprob) for part in parts], [m])
    assert score == pytest.approx(math.exp(logprob))


@given(written_answers(), st.data())
def test_end_marks_and_special_tokens_change_no_score(
    answer: tuple[str, list[bytes], Mention], data: st.DataObject
) -> None:
    content, parts, m = answer
    plain = [Token(part, -0.1 * i) for i, part in enumerate(parts)]
    at = data.draw(st.integers(0, len(plain)))
    special = Token(b"<|special \x00 token|>", -3.0)
    assert scores(content, [*plain[:at], special, *plain[at:]], [m]) == pytest.approx(scores(content, plain, [m]))
