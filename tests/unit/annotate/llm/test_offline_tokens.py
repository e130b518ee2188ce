"""The bytes of an answer's tokens, against vocabularies that spell bytes in different ways."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allabel.annotate.llm.base import Token
from allabel.annotate.llm.offline_tokens import tokens

END = 0


@dataclass
class Logprob:
    logprob: float
    decoded_token: str | None = None


@dataclass
class Vocabulary:
    """A tokenizer of these pieces; the first is the end mark."""

    pieces: Sequence[str]

    @property
    def all_special_ids(self) -> list[int]:
        return [END]

    def convert_ids_to_tokens(self, ids: Sequence[int]) -> list[str]:
        return [self.pieces[i] for i in ids]


def read(content: str, pieces: Sequence[str], decoded: Sequence[str] = ()) -> tuple[Token, ...]:
    """Read an answer of these pieces and the end mark; their log-probabilities are -1, -2, …"""
    said = [*(decoded or [""] * len(pieces)), "<|end|>"]
    ids = [*range(1, len(pieces) + 1), END]
    logprobs = [{i: Logprob(-float(n), text)} for n, (i, text) in enumerate(zip(ids, said, strict=True), 1)]
    return tokens(content, ids, logprobs, Vocabulary(["<|end|>", *pieces]))


def byte_level(data: bytes) -> str:
    """Spell bytes as GPT-2 does: an implementation of its own, by the rule in words."""
    spelled, beyond = {}, 256
    for byte in range(256):
        if 33 <= byte <= 126 or 161 <= byte <= 172 or byte >= 174:
            spelled[byte] = chr(byte)
        else:
            spelled[byte], beyond = chr(beyond), beyond + 1
    return "".join(spelled[byte] for byte in data)


@given(st.text(st.characters(codec="utf-8"), min_size=1), st.lists(st.integers(0, 60), max_size=8))
def test_byte_level_pieces_write_the_content_wherever_they_cut_it(content: str, cuts: list[int]) -> None:
    data = content.encode()
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    parts = [data[start:end] for start, end in pairwise(edges)]
    found = read(content, [byte_level(part) for part in parts])
    assert [token.bytes for token in found] == [*parts, b"<|end|>"]
    assert [token.logprob for token in found] == [-float(n) for n in range(1, len(parts) + 2)]


def test_pieces_of_sentencepiece_write_blanks_and_single_bytes() -> None:
    found = read("iron Fe₂", ["▁iron", "▁Fe", "<0xE2>", "<0x82>", "<0x82>"])
    assert [token.bytes for token in found[:-1]] == [b" iron", b" Fe", b"\xe2", b"\x82", b"\x82"]


def test_an_unknown_spelling_falls_back_on_what_the_engine_decoded() -> None:
    found = read("a b", ["?1", "?2"], ["a", " b"])
    assert [token.bytes for token in found[:-1]] == [b"a", b" b"]


@pytest.mark.parametrize("content", ["something else", "ab "])
def test_tokens_that_do_not_write_the_content_are_not_given(content: str) -> None:
    assert read(content, ["a", "b"], ["a", "b"]) == ()


def test_no_tokens_are_given_where_one_has_no_number() -> None:
    vocabulary = Vocabulary(["<|end|>", "a"])
    assert tokens("a", [1], [{1: Logprob(math.nan)}], vocabulary) == ()
    assert tokens("a", [1], [{2: Logprob(-1.0)}], vocabulary) == ()
    assert tokens("a", [1], [], vocabulary) == ()
    assert tokens("a", [1], None, vocabulary) == ()
