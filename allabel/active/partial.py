"""What a tagger is trained on where sentences are annotated in part; a sentence with no known word is left out.

Source: METHODS.md section 2. Entity-like is a word whose Penn tag is NNP; `I-` may be known without its `B-`.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Literal

from allabel.active.sentence import OUTSIDE, Sentence
from allabel.errors import InputError

Partial = Literal["mask_unknowns", "drop_unknowns", "mask_entity_like", "drop_entity_like"]
ENTITY_LIKE = frozenset({"NNP"})


def mask_unknowns(sentence: Sentence) -> Sentence | None:
    """Return the full sentence, in which unknown words take no part in the loss."""
    return sentence if sentence.n_known else None


def drop_unknowns(sentence: Sentence) -> Sentence | None:
    """Return a sentence of the known words alone."""
    if sentence.n_known in {0, len(sentence)}:
        return sentence if sentence.n_known else None
    return sentence.keeping([i for i, tag in enumerate(sentence.tags) if tag is not None])


def mask_entity_like(sentence: Sentence, entity_like: Collection[str] = ENTITY_LIKE) -> Sentence | None:
    """Return the full sentence, unknown words `O` unless they look like entities: those stay unknown.

    Raises InputError where the sentence has no part-of-speech tags.
    """
    if sentence.n_known in {0, len(sentence)}:
        return sentence if sentence.n_known else None
    if not sentence.pos:
        raise InputError(
            f"the sentence {sentence.id!r} has no part-of-speech tags, so nobody knows which words look like entities",
            remedy="tag it with allabel.active.pos.with_pos, or choose mask_unknowns",
        )
    return sentence.with_tags(
        OUTSIDE if tag is None and pos not in entity_like else tag
        for tag, pos in zip(sentence.tags, sentence.pos, strict=True)
    )


def drop_entity_like(sentence: Sentence, entity_like: Collection[str] = ENTITY_LIKE) -> Sentence | None:
    """Return the sentence without unknown words that look like entities; the other unknown words are `O`.

    Raises InputError where the sentence has no part-of-speech tags.
    """
    filled = mask_entity_like(sentence, entity_like)
    return None if filled is None else drop_unknowns(filled)


POLICIES: dict[Partial, Callable[[Sentence], Sentence | None]] = {
    "mask_unknowns": mask_unknowns,
    "drop_unknowns": drop_unknowns,
    "mask_entity_like": mask_entity_like,
    "drop_entity_like": drop_entity_like,
}


def needs_pos(partial: Partial) -> bool:
    """Tell whether a policy looks at part-of-speech tags. Raises InputError for one that is not known."""
    if partial not in POLICIES:
        raise InputError(
            f"there is no policy {partial!r} for partial labels", remedy=f"known are {', '.join(POLICIES)}"
        )
    return partial.endswith("entity_like")


def training_set(sentences: Sequence[Sentence], partial: Partial) -> list[Sentence]:
    """Return what is learned from, in order. Raises InputError for a policy that is not known."""
    needs_pos(partial)
    made = map(POLICIES[partial], sentences)
    return [sentence for sentence in made if sentence is not None]
