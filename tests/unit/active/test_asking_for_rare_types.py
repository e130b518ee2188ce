"""The query for rare types, and training sets that are balanced in the loop."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from counting_tagger import CountingTagger

from allabel.active.base import Fitted
from allabel.active.design import Design
from allabel.active.imbalance.asking import rare_types
from allabel.active.loop import active_learning
from allabel.active.queries import Asking
from allabel.active.sentence import Sentence
from allabel.active.tuning import make
from allabel.config import Finetune
from allabel.errors import InputError, UnknownNameError


def told(n: int) -> list[Sentence]:
    """Return sentences with many people and one place in six."""
    people = [
        Sentence.of_words(f"p{i}", ["Ada", "met", "Bob", "again"], ["B-PER", "O", "B-PER", "O"]) for i in range(n)
    ]
    places = [
        Sentence.of_words(f"l{i}", ["we", "saw", "Rome", "again"], ["O", "O", "B-LOC", "O"]) for i in range(n // 5)
    ]
    return [*people, *places]


def test_sentences_with_rare_types_are_asked_for_first() -> None:
    pool = told(20)
    tagger = CountingTagger()
    tagger.fit(pool * 5, seed=0)
    asked = [sentence.unknown() for sentence in pool]
    found = rare_types(tagger, asked, Asking(0))
    first = np.argsort(found.sentences)[:4]
    assert {asked[i].id for i in first} == {"l0", "l1", "l2", "l3"}
    assert found.words is not None
    at = int(np.argmin(found.words))
    assert [word for sentence in asked for word in sentence.words][at] == "Rome"


def test_what_is_annotated_does_not_count() -> None:
    pool = told(10)
    tagger = CountingTagger()
    tagger.fit(pool, seed=0)
    found = rare_types(tagger, [pool[0], pool[-1].unknown()], Asking(0))
    assert np.isinf(found.sentences[0])
    assert np.isfinite(found.sentences[1])
    assert rare_types(tagger, [], Asking(0)).sentences.shape == (0,)


class Noting(CountingTagger):
    """Notes how many sentences it is given."""

    def __init__(self, given: list[int]) -> None:
        super().__init__()
        self.given = given

    def fit(self, sentences: Sequence[Sentence], **options: Any) -> Fitted:
        self.given.append(len(sentences))
        return super().fit(sentences, **options)


@pytest.mark.parametrize(("imbalance", "more"), [("none", False), ("sc", True), ("replaced_mentions", True)])
def test_each_round_learns_from_a_balanced_set(imbalance: str, more: bool) -> None:
    given: list[int] = []
    design = Design(start_share=0.5, schedule="20%", n_rounds=1, imbalance=imbalance)
    rounds = list(active_learning(told(20), lambda: Noting(given), design, lambda tagger: {}))
    assert [n > found.n_sentences for n, found in zip(given, rounds, strict=True)] == [more, more]


def test_a_way_that_is_not_known_is_refused_before_anything_starts() -> None:
    with pytest.raises(UnknownNameError, match="smote"):
        Design(imbalance="smote")


@pytest.mark.parametrize("loss", ["focal", "dice"])
def test_a_tagger_that_cannot_take_a_loss_says_so(loss: str) -> None:
    with pytest.raises(InputError, match="crf decides on whole sentences"):
        make(Finetune(tagger="crf", imbalance=loss), ["PER"])
    assert make(Finetune(tagger="softmax", imbalance=loss), ["PER"]).name == "softmax"
    assert make(Finetune(tagger="crf", imbalance="scr"), ["PER"]).name == "crf"
