"""The inbox of mentions that a model named and that stand nowhere in their texts, and how often that happens."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from allabel.document import DocId
from allabel.reply import Grounding, TaggedDocument


@dataclass(frozen=True, slots=True)
class Ungrounded:
    """One mention that is not in its text."""

    doc_id: DocId
    label: str
    mention: str
    model: str


@dataclass(frozen=True, slots=True)
class UngroundedRate:
    """How many of a model's mentions of one label are not in their texts. n_mentions: all that it named, at least 1."""

    model: str
    label: str
    n_ungrounded: int
    n_mentions: int

    @property
    def rate(self) -> float:
        """The share of mentions that are not in their texts, in [0, 1]."""
        return self.n_ungrounded / self.n_mentions


def ungrounded(tagged: Iterable[TaggedDocument]) -> list[Ungrounded]:
    """Return every `missing` mention, in the order of documents and replies: what a person has to look at."""
    return [
        Ungrounded(document.id, proposal.label, proposal.mention, document.model)
        for document in tagged
        for proposal in document.reply.proposals
        if proposal.grounding is Grounding.MISSING
    ]


def ungrounded_rates(tagged: Iterable[TaggedDocument]) -> list[UngroundedRate]:
    """Return the rate of every model and label that occurs, sorted by model and label."""
    named: Counter[tuple[str, str]] = Counter()
    missing: Counter[tuple[str, str]] = Counter()
    for document in tagged:
        for proposal in document.reply.proposals:
            named[document.model, proposal.label] += 1
            missing[document.model, proposal.label] += proposal.grounding is Grounding.MISSING
    return [UngroundedRate(*key, missing[key], n) for key, n in sorted(named.items())]
