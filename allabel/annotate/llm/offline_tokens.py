"""Which bytes each token of an answer wrote: exactly, also where a character is spread over several tokens."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Protocol

from allabel.annotate.llm.base import Token

_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")


class Tokenizer(Protocol):
    """What of a tokenizer is needed here; those of transformers have it."""

    @property
    def all_special_ids(self) -> Sequence[int]:
        """The tokens that are left out of an answer's content, such as its end mark."""
        ...

    def convert_ids_to_tokens(self, ids: Sequence[int]) -> Sequence[str]:
        """Return the tokens as the vocabulary spells them."""
        ...


def tokens(
    content: str, ids: Sequence[int], logprobs: Sequence[Mapping[int, Any]] | None, tokenizer: Tokenizer
) -> tuple[Token, ...]:
    """Return an answer's tokens; none at all where they cannot be told for certain.

    logprobs: for each token, by its id, what has `logprob` and `decoded_token`, as vLLM gives it. A vocabulary spells
    bytes in the alphabet of GPT-2 or as `<0xE2>`: the spelling is the right one where together they write the content.
    """
    if logprobs is None or len(logprobs) != len(ids):
        return ()
    chosen = [at[id] for id, at in zip(ids, logprobs, strict=True) if id in at]
    if len(chosen) < len(ids) or any(math.isnan(one.logprob) for one in chosen):
        return ()
    special, pieces = frozenset(tokenizer.all_special_ids), tokenizer.convert_ids_to_tokens(list(ids))
    data = content.encode("utf-8", "surrogatepass")
    spelled: list[tuple[Sequence[str], Callable[[str], bytes]]] = [
        (pieces, _byte_level),
        (pieces, _sentence_piece),
        ([one.decoded_token or "" for one in chosen], str.encode),
    ]
    for texts, read in spelled:
        written = [text.encode() if id in special else read(text) for id, text in zip(ids, texts, strict=True)]
        if data in b"".join(part for id, part in zip(ids, written, strict=True) if id not in special):
            return tuple(Token(part, float(one.logprob)) for part, one in zip(written, chosen, strict=True))
    return ()


def _byte_level(piece: str) -> bytes:
    """Read a piece whose every character stands for a byte; others, as of added tokens, stand for themselves."""
    alphabet = _alphabet()
    if all(character in alphabet for character in piece):
        return bytes(alphabet[character] for character in piece)
    return piece.encode()


def _sentence_piece(piece: str) -> bytes:
    """Read a piece that is text with ▁ for a blank, or one byte."""
    byte = _BYTE.fullmatch(piece)
    return bytes([int(byte[1], 16)]) if byte else piece.replace("▁", " ").encode()


@cache
def _alphabet() -> dict[str, int]:
    """Return the byte that each character stands for: itself where it can be printed, else 256 and up, in order.

    Source: Radford et al. 2019 (GPT-2), `bytes_to_unicode`.
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in set(printable)]
    return {chr(byte): byte for byte in printable} | {chr(256 + n): byte for n, byte in enumerate(others)}
