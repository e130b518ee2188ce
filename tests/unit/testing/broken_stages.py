"""Strategies that each break one promise, and one that keeps all."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from allabel.select.base import Choice, Pool, Tools


class Longest:
    """Picks the longest texts first: keeps every promise."""

    name = "longest"
    needs_annotations = False

    def __init__(self, tools: Tools) -> None:
        self.tools = tools

    def order(self, pool: Pool, rng: np.random.Generator) -> Sequence[int]:
        found: list[int] = sorted(pool.candidates.tolist(), key=lambda i: -len(pool.texts[i]))
        return found

    def choice(self, pool: Pool, i: int) -> Choice:
        return Choice(i, float(len(pool.texts[i])), f"{len(pool.texts[i])} characters")

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> list[Choice]:
        return [self.choice(pool, i) for i in self.order(pool, rng)[:n]]


class Nameless(Longest):
    name = ""


class Labelled(Longest):
    def order(self, pool: Pool, rng: np.random.Generator) -> Sequence[int]:
        return list(range(len(pool)))


class Twice(Longest):
    def order(self, pool: Pool, rng: np.random.Generator) -> Sequence[int]:
        return [i for i in super().order(pool, rng) for _ in range(2)]


class TooFew(Longest):
    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> list[Choice]:
        return super().select(pool, min(n, 4), rng)


class OneTooMany(Longest):
    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> list[Choice]:
        return super().select(pool, n + 1, rng)


class Spare(Longest):
    def order(self, pool: Pool, rng: np.random.Generator) -> Sequence[int]:
        return [i for i in range(len(pool)) if i not in pool.labelled and pool.texts[i].strip()]


class Blank(Longest):
    def order(self, pool: Pool, rng: np.random.Generator) -> Sequence[int]:
        return [i for i in range(len(pool)) if i not in pool.labelled | pool.spare]


class Infinite(Longest):
    def choice(self, pool: Pool, i: int) -> Choice:
        return Choice(i, float("inf"), "endless")


class WithoutReason(Longest):
    def choice(self, pool: Pool, i: int) -> Choice:
        return Choice(i, 1.0, "")


class NumpyPosition(Longest):
    def choice(self, pool: Pool, i: int) -> Choice:
        position: Any = np.int64(i)
        return Choice(position, 1.0, "first")


class OwnChance(Longest):
    """Draws by itself, and not from the generator it is given."""

    def order(self, pool: Pool, rng: np.random.Generator) -> Sequence[int]:
        return [int(i) for i in np.random.default_rng().permutation(pool.candidates)]


class NumpysChance(Longest):
    def order(self, pool: Pool, rng: np.random.Generator) -> Sequence[int]:
        np.random.seed(0)  # noqa: NPY002  the fault
        return [int(i) for i in np.random.permutation(pool.candidates)]  # noqa: NPY002  the fault


class Remembering(Longest):
    """Chooses otherwise the second time."""

    def order(self, pool: Pool, rng: np.random.Generator) -> Sequence[int]:
        found = super().order(pool, rng)
        self.again = not getattr(self, "again", False)
        return found if self.again else found[::-1]


class NoPrefix(Longest):
    """Sorts what it drew, so that a smaller n is no beginning of a larger one."""

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> list[Choice]:
        return [self.choice(pool, i) for i in sorted(self.order(pool, rng)[:n])]


class FailsOnNothing(Longest):
    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> list[Choice]:
        max(len(pool.texts[i]) for i in pool.candidates)
        return super().select(pool, n, rng)


class DropsEqualTexts(Longest):
    def order(self, pool: Pool, rng: np.random.Generator) -> Sequence[int]:
        return list({pool.texts[i]: i for i in super().order(pool, rng)}.values())


class FailsOnLetters(Longest):
    """Has trouble with one text in a hundred pools."""

    def choice(self, pool: Pool, i: int) -> Choice:
        return Choice(i, 1 / (pool.texts[i].count("a") - 4), "by its letters")
