"""Evaluation shows no text a near-duplicate of itself, whatever annotator is evaluated."""

from collections.abc import Callable, Sequence

import pytest

from allabel.annotate.base import Demonstration
from allabel.annotate.embedded import EmbeddedAnnotator
from allabel.document import Document
from allabel.reply import Grounding, Proposal, Reply, Status
from eval.apart import Apart
from eval.simulate import demonstrations, score_annotator


class Copying:
    """Says of a text what the demonstration of the same words says, in any case of letters; else nothing."""

    name, model = "copying", "by heart"

    def __init__(self) -> None:
        self.calls: list[tuple[int, int]] = []

    def annotate(self, texts: Sequence[str], demonstrations: Sequence[Demonstration]) -> list[Reply]:
        self.calls.append((len(texts), len(demonstrations)))
        known = {d.text.casefold(): d for d in demonstrations}
        found = [known.get(text.casefold()) for text in texts]
        return [
            Reply(
                Status.OK,
                tuple(Proposal(s.label, d.text[s.start : s.end], s, Grounding.EXACT) for s in d.entities) if d else (),
                shown=(),
                raw=text,
            )
            for text, d in zip(texts, found, strict=True)
        ]


@pytest.fixture
def documents(bc5cdr: Callable[[str, int], list[Document]]) -> list[Document]:
    return [d for d in bc5cdr("train", 80) if d.entities and len(d.text.split()) > 14]


def shouted(document: Document) -> Document:
    return Document(document.id, document.text.upper(), document.entities)


def test_an_annotator_that_copies_from_near_duplicates_scores_nothing(documents: list[Document]) -> None:
    test, shown = documents[:6], [shouted(d) for d in documents]
    copying = Copying()
    assert copying.annotate([d.text for d in test], demonstrations(shown))[0].spans == test[0].entities
    scores = score_annotator(copying, shown, test)
    assert (scores.micro.predicted, scores.micro.gold) == (0, sum(len(d.entities or ()) for d in test))


def test_the_trained_annotator_is_evaluated_without_the_texts_own_gold(documents: list[Document]) -> None:
    shown, test = documents[:12], [shouted(documents[0])]
    leaking = EmbeddedAnnotator().annotate([test[0].text], demonstrations(shown))
    (fair,) = Apart(EmbeddedAnnotator()).annotate([test[0].text], demonstrations(shown))
    (right,) = EmbeddedAnnotator().annotate([test[0].text], demonstrations(shown[1:]))
    assert fair == right
    assert documents[0].id in leaking[0].demonstrations
    assert documents[0].id not in fair.demonstrations


def test_texts_without_near_duplicates_are_tagged_together_and_replies_keep_their_order(
    documents: list[Document],
) -> None:
    shown = documents[:10]
    test = [documents[11], shouted(documents[0]), documents[12], shouted(documents[0]), shouted(documents[1])]
    copying = Copying()
    replies = Apart(copying).annotate([d.text for d in test], demonstrations(shown))
    assert [reply.raw for reply in replies] == [d.text for d in test]
    assert copying.calls == [(2, 10), (2, 9), (1, 9)]
    assert Apart(copying).annotate([], demonstrations(shown)) == []


def test_what_is_evaluated_keeps_its_name() -> None:
    apart = Apart(Copying())
    assert (apart.name, apart.model) == ("copying", "by heart")
