"""The inbox of mentions that a model named and that have no place in their texts, and how often that happens."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from allabel.document import DocId
from allabel.reply import Grounding, TaggedDocument

_PLACELESS = (Grounding.MISSING, Grounding.OVERLAPPING)


@dataclass(frozen=True, slots=True)
class Ungrounded:
    """One mention, as the model wrote it, that is not in its text or only across another mention there."""

    doc_id: DocId
    label: str
    mention: str
    model: str
    grounding: Grounding = Grounding.MISSING


@dataclass(frozen=True, slots=True)
class UngroundedRate:
    """How many of a model's mentions of one label are not in their texts. n_mentions: all that it named, at least 1.

    n_overlapping: in the text, and only across another mention; they are no part of `n_ungrounded`.
    """

    model: str
    label: str
    n_ungrounded: int
    n_mentions: int
    n_overlapping: int = 0

    @property
    def rate(self) -> float:
        """The share of mentions that are not in their texts, in [0, 1]."""
        return self.n_ungrounded / self.n_mentions


def ungrounded(tagged: Iterable[TaggedDocument]) -> list[Ungrounded]:
    """Return every `missing` and `overlapping` mention, in the order of documents and replies: for a person to see."""
    return [
        Ungrounded(document.id, proposal.label, proposal.mention, document.model, proposal.grounding)
        for document in tagged
        for proposal in document.reply.proposals
        if proposal.grounding in _PLACELESS
    ]


def ungrounded_rates(tagged: Iterable[TaggedDocument]) -> list[UngroundedRate]:
    """Return the rate of every model and label that occurs, sorted by model and label."""
    named: Counter[tuple[str, str]] = Counter()
    without: dict[Grounding, Counter[tuple[str, str]]] = {grounding: Counter() for grounding in _PLACELESS}
    for document in tagged:
        for proposal in document.reply.proposals:
            key = document.model, proposal.label
            named[key] += 1
            if proposal.grounding in _PLACELESS:
                without[proposal.grounding][key] += 1
    missing, overlapping = (without[grounding] for grounding in _PLACELESS)
    return [UngroundedRate(*key, missing[key], n, overlapping[key]) for key, n in sorted(named.items())]
