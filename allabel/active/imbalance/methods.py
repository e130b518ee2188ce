"""What is done about rare entity types, by name: `--imbalance`."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from allabel.active.imbalance.augmentation import (
    Change,
    augmented,
    replaced_by_synonyms,
    replaced_mentions,
    replaced_tokens,
    shuffled_segments,
)
from allabel.active.imbalance.resampling import Resampling, entity_words, nscrd, sc, scr, scrd
from allabel.active.imbalance.synonyms import wordnet
from allabel.active.imbalance.undersampling import undersampled
from allabel.active.sentence import Sentence
from allabel.errors import InputError, UnknownNameError

NONE = "none"
RESAMPLING: Mapping[str, Resampling] = {"sc": sc, "scr": scr, "scrd": scrd, "nscrd": nscrd}
UNDERSAMPLING = "undersampling"
AUGMENTATION = ("replaced_tokens", "synonyms", "replaced_mentions", "shuffled_segments", "augmentation")
# Of each word's decision; for taggers that decide word by word.
LOSSES = ("focal", "dice")
METHODS = (NONE, *RESAMPLING, UNDERSAMPLING, *AUGMENTATION, *LOSSES)


def check_method(name: str) -> None:
    """Raise UnknownNameError where there is no such method."""
    if name not in METHODS:
        raise UnknownNameError(f"there is no way {name!r} with rare types", remedy=f"known are {', '.join(METHODS)}")


def loss_of(name: str) -> str | None:
    """Return the loss that the tagger is to learn by; None for its own. Raises UnknownNameError."""
    check_method(name)
    return name if name in LOSSES else None


def balanced(
    name: str, sentences: Sequence[Sentence], labels: Sequence[str], seed: int, *, public_code: bool = False
) -> list[Sentence]:
    """Return what a tagger is to learn from in place of these sentences; a loss changes none of them.

    Repeated and new sentences come after the one they are of and have its id; originals stay as they are, in order.
    public_code: see `Resampling`. Raises UnknownNameError; InputError where synonyms are asked for and WordNet is not
    there, or undersampling leaves nothing.
    """
    check_method(name)
    if name in RESAMPLING:
        factors = repeats(name, sentences, labels, public_code=public_code)
        return [sentence for sentence, n in zip(sentences, factors, strict=True) for _ in range(n)]
    if name == UNDERSAMPLING:
        kept = undersampled(sentences)
        if sentences and not kept:
            raise InputError(
                f"none of the {len(sentences)} sentences holds an entity, and undersampling keeps what is near to one",
                remedy="annotate some that do, or take another way with rare types",
            )
        return kept
    if name in AUGMENTATION:
        return augmented(sentences, _changes(name, sentences), seed)
    return list(sentences)


def repeats(name: str, sentences: Sequence[Sentence], labels: Sequence[str], *, public_code: bool = False) -> list[int]:
    """Return how often each sentence is repeated by one of `RESAMPLING`."""
    lengths = np.array([len(sentence) for sentence in sentences], dtype=np.int64)
    found: list[int] = RESAMPLING[name](entity_words(sentences, labels), lengths, public_code=public_code).tolist()
    return found


def _changes(name: str, sentences: Sequence[Sentence]) -> list[Change]:
    making: Mapping[str, Callable[[], Change]] = {
        "replaced_tokens": lambda: replaced_tokens(sentences),
        "synonyms": lambda: replaced_by_synonyms(wordnet()),
        "replaced_mentions": lambda: replaced_mentions(sentences),
        "shuffled_segments": shuffled_segments,
    }
    return [make() for each, make in making.items() if name in {each, "augmentation"}]
