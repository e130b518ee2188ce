"""The promises of the seam `TokenTagger` about training: what it learns from, and what it refuses."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from allabel.active.base import TokenTagger
from allabel.active.sentence import Sentence
from allabel.document import DocId
from allabel.errors import InputError, LabelError
from allabel.testing.lessons import LABELS, lessons

Make = Callable[[Sequence[str]], TokenTagger]
EMPTY = Sentence.of_words(DocId("empty"), [], [])
# Training may take long, and pytest knows no method that is a fixture for a whole class.
_TRAINED: dict[Make, TokenTagger] = {}


class TrainingContract:
    """What training promises; a part of `TaggerContract`."""

    @pytest.fixture
    def make(self) -> Make:
        """Return what gives an untrained tagger when it is called with the labels: the tagger's class."""
        raise NotImplementedError("give a fixture `make` that returns the tagger's class")

    @pytest.fixture
    def trained(self, make: Make) -> TokenTagger:
        """Return a tagger that was trained on the thirty lessons."""
        if make not in _TRAINED:
            tagger = make(LABELS)
            tagger.fit(lessons(30), seed=0)
            _TRAINED[make] = tagger
        return _TRAINED[make]

    def test_the_same_seed_gives_the_same_tagger(self, make: Make, trained: TokenTagger) -> None:
        """On the same machine."""
        again = make(LABELS)
        again.fit(lessons(30), seed=0)
        for mine, theirs in zip(again.predict_proba(lessons(5)), trained.predict_proba(lessons(5)), strict=True):
            assert np.array_equal(mine, theirs)

    def test_fitting_tells_what_it_learned_from(self, make: Make) -> None:
        """`Fitted` counts what had tags; the last `progress` comes before the last line, and is at its end."""
        heard: list[str | tuple[int, int]] = []
        learned = [*lessons(8), EMPTY]
        fitted = make(LABELS).fit(learned, seed=0, tell=heard.append, progress=lambda *counts: heard.append(counts))
        assert len(heard) >= 2, "`tell` and `progress` were not called"
        assert heard[-2] == (fitted.n_epochs, fitted.n_epochs)
        assert isinstance(heard[-1], str)
        assert (fitted.n_sentences, fitted.n_words) == (8, sum(map(len, learned)))
        assert fitted.stopped

    def test_a_tag_of_another_schema_is_refused_with_the_sentence_and_the_tag(self, make: Make) -> None:
        """LabelError: a label that the tagger was not made with can be learned by no column of it."""
        with pytest.raises(LabelError, match=r"'odd'.*'B-gene'"):
            make(LABELS).fit([*lessons(3), Sentence.of_words(DocId("odd"), ["BRCA1"], ["B-gene"])], seed=0)

    @pytest.mark.parametrize("nothing", [[], [EMPTY], [lessons(1)[0].unknown()]], ids=["none", "no words", "unknown"])
    def test_nothing_annotated_is_refused(self, make: Make, nothing: list[Sentence]) -> None:
        """InputError, which `allabel.active.base.annotated` raises in words."""
        with pytest.raises(InputError):
            make(LABELS).fit(nothing, seed=0)

    def test_words_that_nobody_annotated_take_no_part(self, make: Make) -> None:
        """With `learns_partly` they are not counted; without it such a sentence is refused, by its id."""
        known = [s.with_tags(None if i % 5 == 3 else tag for i, tag in enumerate(s.tags)) for s in lessons(12)]
        tagger = make(LABELS)
        if not tagger.learns_partly:
            with pytest.raises(InputError, match="'0'"):
                tagger.fit(known, seed=0)
            return
        assert tagger.fit(known, seed=0).n_words == sum(sentence.n_known for sentence in known)

    def test_a_sentence_that_nobody_annotated_changes_no_count(self, make: Make) -> None:
        """It is left out, not taken for a sentence without entities."""
        assert make(LABELS).fit([*lessons(8), lessons(9)[8].unknown()], seed=0).n_sentences == 8

    def test_an_untrained_tagger_says_so(self, make: Make) -> None:
        """InputError before there is anything to predict by."""
        with pytest.raises(InputError):
            make(LABELS).predict(lessons(1))
