"""How sure a model was of each mention it wrote: from the log-probabilities of the tokens that wrote it."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate

from allabel.annotate.llm.base import Mention, Token
from allabel.annotate.perplexity import perplexity

Stretch = tuple[int, int]
# What servers put for the bytes of a token that is only part of a code point.
_REPLACEMENT = "\ufffd".encode()


def scores(content: str, tokens: Sequence[Token], mentions: Sequence[Mention]) -> list[float | None]:
    """Return for each mention the geometric mean of its tokens' probabilities, exp(mean log-probability), in [0, 1].

    It is 1 / perplexity of the tokens that overlap content[start:end), the mention's own characters: the measure by
    which whole texts are ranked. The product, exp(sum), would doubt a name for being long: thirty copied tokens at
    0.98 make 0.55. The label's tokens do not count, and it is no probability of being right: see `calibration`.
    None where it cannot be known: no tokens, a NaN among the mention's, or tokens that do not write this content. A
    token that writes more than the mention (`"HCl`) counts whole.
    """
    return [
        None if found is None else 1 / value if (value := perplexity(found)) is not None else None
        for found in mention_logprobs(content, tokens, mentions)
    ]


def mention_logprobs(content: str, tokens: Sequence[Token], mentions: Sequence[Mention]) -> list[list[float] | None]:
    """Return for each mention the log-probabilities of the tokens that overlap its characters, None where unknown."""
    stretches = align(content, tokens)
    if stretches is None:
        return [None] * len(mentions)
    # Offsets in bytes of every code point, as a token may write part of one.
    at = [0, *accumulate(len(char.encode("utf-8", "surrogatepass")) for char in content)]
    writing = [i for i, (start, end) in enumerate(stretches) if start < end]
    starts, ends = [stretches[i][0] for i in writing], [stretches[i][1] for i in writing]
    found: list[list[float] | None] = []
    for m in mentions:
        if not 0 <= m.start < m.end <= len(content):
            found.append(None)
            continue
        first, last = bisect_right(ends, at[m.start]), bisect_left(starts, at[m.end])
        found.append([tokens[i].logprob for i in writing[first:last]] or None)
    return found


def align(content: str, tokens: Sequence[Token]) -> list[Stretch] | None:
    """Return the stretch of content's UTF-8 bytes that each token wrote, in order; None where that cannot be told.

    Tokens may stand around the content (a stripped blank, an end mark) and special tokens inside it (a byte order
    mark): these have empty stretches. Bytes that the server replaced by U+FFFD are taken to be the non-ASCII bytes
    between their neighbours, and each such token of a run has the stretch of the run.
    """
    if not tokens:
        return None
    data = content.encode("utf-8", "surrogatepass")
    return _within(data, tokens) or _walked(data, tokens)


def _within(data: bytes, tokens: Sequence[Token]) -> list[Stretch] | None:
    """Align by finding the content in what all tokens wrote; the last place, as reasoning stands before an answer."""
    offset = b"".join(token.bytes for token in tokens).rfind(data)
    if offset < 0:
        return None
    ends = [min(max(end - offset, 0), len(data)) for end in accumulate(len(token.bytes) for token in tokens)]
    return list(zip([0, *ends], ends, strict=False))


def _walked(data: bytes, tokens: Sequence[Token]) -> list[Stretch] | None:
    """Align token by token, passing over what does not come next."""
    found: list[Stretch | None] = [None] * len(tokens)
    here, unknown = 0, list[int]()
    for i, part in _parts(tokens):
        if part is None:
            unknown.append(i)
            continue
        place = data.find(part, here) if unknown else here if data.startswith(part, here) else -1
        if place >= 0 and _is_foreign(data[here:place]):
            _write(found, unknown, (here, place))
            _write(found, [i], (place, place + len(part)))
            here, unknown = place + len(part), []
    if unknown and _is_foreign(data[here:]):
        _write(found, unknown, (here, len(data)))
        here = len(data)
    return _filled(found) if here == len(data) else None


def _parts(tokens: Sequence[Token]) -> Iterator[tuple[int, bytes | None]]:
    """Yield each token's bytes, known parts and unknown ones (None) by turns."""
    for i, token in enumerate(tokens):
        for n, part in enumerate(token.bytes.split(_REPLACEMENT)):
            if n:
                yield i, None
            if part:
                yield i, part


def _write(found: list[Stretch | None], which: Sequence[int], stretch: Stretch) -> None:
    for i in which:
        before = found[i]
        found[i] = stretch if before is None else (before[0], stretch[1])


def _filled(found: Sequence[Stretch | None]) -> list[Stretch]:
    """Give tokens that wrote nothing the empty stretch where the one before them ended."""
    filled: list[Stretch] = []
    for stretch in found:
        end = filled[-1][1] if filled else 0
        filled.append(stretch or (end, end))
    return filled


def _is_foreign(data: bytes) -> bool:
    return all(byte >= 0x80 for byte in data)
