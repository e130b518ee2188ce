"""What annotation costs: words, and estimated seconds of a person's time."""

from dataclasses import dataclass, field

import numpy as np

from allabel.active.base import IntArray
from allabel.active.flat import Words
from allabel.select.cost import CostModel


@dataclass(frozen=True, slots=True)
class Cost:
    """What some annotation takes. n_shown: sentences shown to a person, again in each round they are shown."""

    n_words: int = 0
    n_entities: int = 0
    n_shown: int = 0
    seconds: float = 0.0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            self.n_words + other.n_words,
            self.n_entities + other.n_entities,
            self.n_shown + other.n_shown,
            self.seconds + other.seconds,
        )


@dataclass(frozen=True, slots=True)
class Prices:
    """How long people take: `a` a sentence shown, `b` a word annotated, `c` an entity marked, and reading around it.

    model: a, b and c, fitted from logged times where there are some. context_s_per_word: what it takes to read a word
    of a shown sentence that is not asked about. A word in doubt is judged by what stands around it, so its sentence is
    read; the default is reading alone at 240 words a minute, an assumption. 0 charges nothing for reading.
    """

    model: CostModel = field(default_factory=CostModel)
    context_s_per_word: float = 0.25

    def of(self, words: Words, bought: IntArray) -> Cost:
        """Return what it takes to annotate these words in one round. An entity counts once where a part is bought."""
        shown, n_bought = np.unique(words.sentence[bought]), len(bought)
        n_context = int(words.lengths[shown].sum()) - n_bought
        n_entities = len(words.entities_of(bought))
        seconds = (
            self.model.fixed_s * len(shown)
            + self.model.per_token_s * n_bought
            + self.model.per_entity_s * n_entities
            + self.context_s_per_word * n_context
        )
        return Cost(n_bought, n_entities, len(shown), seconds)
