"""The backend `dictionary`: what a look-up in the annotated names would do, as a baseline."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import cached_property

from allabel.annotate.base import Demonstration
from allabel.annotate.stale import shown
from allabel.config import Settings
from allabel.document import Span
from allabel.errors import InputError
from allabel.reply import Grounding, Proposal, Reply, Status
from allabel.schema import LabelSchema


class Names:
    """The mentions of some annotated texts, with how often each bears which label."""

    def __init__(self, demonstrations: Sequence[Demonstration]) -> None:
        self.labels: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.where: defaultdict[str, list[Demonstration]] = defaultdict(list)
        for demonstration in demonstrations:
            for span in demonstration.entities:
                mention = demonstration.text[span.start : span.end]
                self.labels[mention][span.label] += 1
                self.where[mention].append(demonstration)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Match any of the mentions as whole words, the longest first."""
        longest_first = sorted(self.labels, key=lambda mention: (-len(mention), mention))
        return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)")


class Dictionary:
    """Tags every mention that is annotated somewhere with the label it mostly bears; it learns nothing else.

    A mention's score is the share of its annotations that bear the label.
    """

    name = "dictionary"
    model = "names"

    def __init__(self, schema: LabelSchema, settings: Settings) -> None:
        self._labels, self._shots = schema.names, settings.shots

    def annotate(self, texts: Sequence[str], demonstrations: Sequence[Demonstration]) -> list[Reply]:
        """Return one reply a text, in order. Raises InputError where nothing is annotated."""
        if not demonstrations:
            raise InputError(
                "a dictionary is made of annotated texts, and there are none",
                remedy="allabel select, then annotate what is queued",
            )
        of_all, own = Names(demonstrations), {demonstration.text for demonstration in demonstrations}
        # A text that is annotated itself must not be looked up in its own annotation.
        return [
            self._reply(text, Names([d for d in demonstrations if d.text != text]) if text in own else of_all)
            for text in texts
        ]

    def _reply(self, text: str, names: Names) -> Reply:
        proposals, used = [], {}
        for match in names.pattern.finditer(text) if names.labels else ():
            labels = names.labels[match[0]]
            label, n = labels.most_common(1)[0]
            if label in self._labels:
                span = Span(match.start(), match.end(), label)
                proposals.append(Proposal(label, match[0], span, Grounding.EXACT, n / labels.total()))
                used |= {demonstration.id: demonstration for demonstration in names.where[match[0]]}
        return Reply(Status.OK, tuple(proposals), shown=shown(list(used.values())[: self._shots]))
