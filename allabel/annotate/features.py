"""Features of the embedded annotator: the form of a word, its neighbours, the annotated names, the demonstrations.

All but the last depend on single words at fixed distances, so that they are made once a word and not once a token.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from allabel.annotate.pieces import chunk_pieces

# Words at these distances speak for a token; how much of them is told falls with the distance.
OFFSETS = (-2, -1, 0, 1, 2)
LEXICON_OFFSETS = (-1, 0, 1)
OUTSIDE = "<outside>"

# word -> tag -> in how many annotated tokens; the annotated names with their contexts' O included.
Lexicon = Mapping[str, Mapping[str, int]]

_REPEAT = re.compile(r"(.)\1+")
_EDGE = ".,;:!?()[]{}\"'"


@lru_cache(maxsize=1 << 17)
def word_features(chunk: str, index: int, offset: int) -> tuple[str, ...]:
    """Return what `told_by` does, kept for the next time: a hundred thousand words are some hundred megabytes."""
    return told_by(chunk, index, offset)


def told_by(chunk: str, index: int, offset: int) -> tuple[str, ...]:
    """Return what the `index`-th piece of a chunk says of the token `offset` pieces before it."""
    start, end, lower = chunk_pieces(chunk)[index]
    word = chunk[start:end]
    shape = _shape(word)
    found = [f"w={lower}"]
    if abs(offset) <= 1:
        found.append(f"shape={shape}")
    if abs(offset) == 1 and len(lower) > 3:
        found.append(f"s3={lower[-3:]}")
    if offset == 0:
        found.append("bias")
        found += [f"p{n}={lower[:n]}" for n in range(1, 6) if len(lower) > n]
        found += [f"s{n}={lower[-n:]}" for n in range(1, 6) if len(lower) > n]
        if len(lower) > 4:
            found += [f"g={lower[i : i + 3]}" for i in range(len(lower) - 2)]
        core = chunk.strip(_EDGE)
        if core != word and len(core) > len(word):
            found += [f"c={core.lower()}", f"cshape={_shape(core)}", f"cs3={core.lower()[-3:]}"]
    return tuple(f"{offset}|{feature}" for feature in found)


def lexicon(tagged: Iterable[tuple[Sequence[str], Sequence[str]]]) -> dict[str, Counter[str]]:
    """Count the tags each word was annotated with, over `(words, tags)` of annotated texts."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for words, tags in tagged:
        for word, tag in zip(words, tags, strict=True):
            counts[word][tag] += 1
    return dict(counts)


def lexicon_features(word: str, counts: Lexicon, own: Lexicon, offset: int) -> list[str]:
    """Return what the other annotated texts say of a word: which tags it had, and whether it had only that one.

    own: the counts of the text itself, left out, since at tagging time a text is not among the annotated ones.
    """
    mine = own.get(word, {})
    others = {tag: n - mine.get(tag, 0) for tag, n in counts.get(word, {}).items()}
    seen = [tag for tag, n in others.items() if n > 0]
    if not seen:
        return [f"{offset}|lex?"]
    return [f"{offset}|lex{'=' if len(seen) == 1 else '~'}{tag}" for tag in sorted(seen)]


def demonstration_features(labels: Iterable[str]) -> list[str]:
    """Return what the demonstrations shown for a text say of one of its words: the labels (or O) it bears."""
    return [f"demo={label}" for label in sorted(labels)]


@lru_cache(maxsize=1 << 17)
def _shape(word: str) -> str:
    kinds = "".join("X" if c.isupper() else "x" if c.islower() else "9" if c.isdigit() else c for c in word)
    return _REPEAT.sub(r"\1\1", kinds)
