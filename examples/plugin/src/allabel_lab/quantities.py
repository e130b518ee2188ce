"""The strategy `quantities`: procedures before discussions."""

import re

import numpy as np

from allabel.select.base import Choice, Pool, Tools

_UNITS = (
    *("°C", "K", "h", "min", "s", "d", "mL", "ml", "µL", "μL", "L", "kg", "mg", "µg", "μg", "g", "mmol", "µmol", "mol"),
    *("mM", "M", "wt%", "mol%", "vol%", "%", "bar", "mbar", "kPa", "MPa", "Pa", "atm", "nm", "µm", "μm", "mm", "cm"),
    *("mV", "V", "mA", "A", "W", "Hz", "kHz", "rpm", "eq", "equiv"),
)
_UNIT = "|".join(map(re.escape, sorted(_UNITS, key=len, reverse=True)))
QUANTITY = re.compile(rf"(?<![\w.])\d+(?:[.,]\d+)?\s?(?:{_UNIT})(?!\w)")


class Quantities:
    """Picks the texts with the most quantities, as "80 °C" or "5 mL", the shorter one of two with as many."""

    name = "quantities"
    needs_annotations = False

    def __init__(self, tools: Tools) -> None:
        pass

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> list[Choice]:
        """Return the `n` candidates with the most quantities; score: how many."""
        candidates: list[int] = pool.candidates.tolist()
        found = {i: QUANTITY.findall(pool.texts[i]) for i in candidates}
        order = sorted(candidates, key=lambda i: (-len(found[i]), len(pool.texts[i])))
        return [Choice(i, float(len(found[i])), _reason(found[i])) for i in order[:n]]


def _reason(found: list[str]) -> str:
    return f"{len(found)} quantities: {', '.join(found[:5])}" if found else "no quantity, and none with one is left"
