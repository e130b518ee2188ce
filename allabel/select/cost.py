"""What annotation costs an expert: minutes = (a + b·tokens + c·entities) / 60, refitted from logged times."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.optimize import nnls

from retrieval.base import FloatArray, IntArray

# Times over this many times the median time a token are pauses (the telephone rang), and say nothing of the text.
PAUSE = 10.0
# The assumption that the prior stands on, as texts (tokens, entities) that took as long as it says: as much as six
# logged times, so that three real ones move it and fifty outweigh it.
_ASSUMED = ((10, 0), (10, 2), (25, 1), (25, 5), (50, 2), (50, 8))
# As much as a hundred tokens at the assumed density.
_ASSUMED_TOKENS = 100


@dataclass(frozen=True, slots=True)
class Logged:
    """One annotated text. seconds: the time the person spent on it, None where nobody measured."""

    n_tokens: int
    n_entities: int
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class CostModel:
    """The expected time for a text. The defaults are an assumption, made before anything is measured.

    fixed_s: to open a text, decide and confirm. per_token_s: technical English is read at about 170 words a minute.
    per_entity_s: one drag of the mouse and one key for the label. entities_per_token: how dense entities are expected
    to stand in a text not annotated yet. n_logged: the times it was fitted to; n_pauses: those left out.
    """

    fixed_s: float = 5.0
    per_token_s: float = 0.35
    per_entity_s: float = 3.0
    entities_per_token: float = 0.1
    n_logged: int = 0
    n_pauses: int = 0

    @classmethod
    def fit(cls, annotated: Sequence[Logged]) -> Self:
        """Fit the times by non-negative least squares of relative errors, shrunk to the assumption.

        Texts without a time count for the density of entities only.
        """
        n_tokens = sum(text.n_tokens for text in annotated)
        n_entities = sum(text.n_entities for text in annotated)
        density = (n_entities + cls().entities_per_token * _ASSUMED_TOKENS) / (n_tokens + _ASSUMED_TOKENS)
        timed = [text for text in annotated if text.seconds is not None]
        kept = _without_pauses(timed)
        if not kept:
            return cls(entities_per_token=density)
        sizes = np.array([*_ASSUMED, *((text.n_tokens, text.n_entities) for text in kept)], dtype=np.float64)
        design = np.column_stack([np.ones(len(sizes)), sizes])
        assumed = design @ [cls().fixed_s, cls().per_token_s, cls().per_entity_s]
        seconds = np.concatenate([assumed[: len(_ASSUMED)], [text.seconds or 0.0 for text in kept]])
        # Long texts vary by more seconds than short ones: the error is taken in parts of what is expected.
        (a, b, c), _ = nnls(design / assumed[:, None], seconds / assumed)
        return cls(float(a), float(b), float(c), density, len(kept), len(timed) - len(kept))

    def minutes(self, n_tokens: float, n_entities: float) -> float:
        """Return the expected minutes for one text."""
        return (self.fixed_s + self.per_token_s * n_tokens + self.per_entity_s * n_entities) / 60

    def minutes_of(self, n_tokens: IntArray | FloatArray) -> FloatArray:
        """Return the expected minutes for texts not annotated yet, from their token counts: (n_texts,)."""
        return (self.fixed_s + (self.per_token_s + self.per_entity_s * self.entities_per_token) * n_tokens) / 60

    def __str__(self) -> str:
        """Say the formula and what it stands on."""
        formula = (
            f"{self.fixed_s:.1f} s a text + {self.per_token_s:.2f} s a token + {self.per_entity_s:.1f} s an entity, "
            f"{self.entities_per_token:.2f} entities a token"
        )
        if not self.n_logged:
            return f"{formula}; an assumption, no time is logged yet"
        pauses = f", {self.n_pauses} left out as pauses" if self.n_pauses else ""
        return f"{formula}; stands on {self.n_logged} logged times{pauses} and an assumption worth {len(_ASSUMED)}"


def _without_pauses(timed: Sequence[Logged]) -> list[Logged]:
    if not timed:
        return []
    per_token = np.array([(text.seconds or 0.0) / max(1, text.n_tokens) for text in timed])
    bound = PAUSE * float(np.median(per_token))
    return [text for text, rate in zip(timed, per_token, strict=True) if rate <= bound]
