"""Each promise of `TaggerContract` is broken by a tagger, and the contract says so."""

from collections.abc import Sequence
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest
from contract_cases import breaks, promises_of, run

from allabel.active.base import Fitted, FloatArray, IntArray, Prediction, TokenTagger
from allabel.active.sentence import Sentence, tag_set
from allabel.active.taggers.crfsuite import CrfTagger
from allabel.errors import InputError, LabelError
from allabel.testing import TaggerContract
from allabel.testing.lessons import LABELS, lessons


class Nameless(CrfTagger):
    name = ""


class TurnedTags(CrfTagger):
    """Has the columns in an order of its own."""

    @property
    def tags(self) -> tuple[str, ...]:
        return tag_set(self._labels[::-1])


class Unnormalised(CrfTagger):
    def predict_proba(self, sentences: Sequence[Sentence]) -> list[FloatArray]:
        return [2 * rows for rows in super().predict_proba(sentences)]


class Sorted(CrfTagger):
    """Answers the longest sentence first."""

    def predict_proba(self, sentences: Sequence[Sentence]) -> list[FloatArray]:
        return super().predict_proba(sorted(sentences, key=len))


class Batched(CrfTagger):
    """What a sentence gets depends on how many are asked about."""

    def predict_proba(self, sentences: Sequence[Sentence]) -> list[FloatArray]:
        even = 1 / len(self.tags)
        return [(rows * 9 + even * len(sentences)) / (9 + len(sentences)) for rows in super().predict_proba(sentences)]


class SkipsEmpty(CrfTagger):
    def predict_proba(self, sentences: Sequence[Sentence]) -> list[FloatArray]:
        return super().predict_proba([sentence for sentence in sentences if len(sentence)])


class NoProbability(CrfTagger):
    def predict(self, sentences: Sequence[Sentence]) -> list[Prediction]:
        return [Prediction(one.tags, 1.0) for one in super().predict(sentences)]


class Untrue(CrfTagger):
    """Says both otherwise than one by one."""

    def predict_both(self, sentences: Sequence[Sentence]) -> tuple[list[Prediction], list[FloatArray]]:
        predictions, probabilities = super().predict_both(sentences)
        return predictions, [rows[::-1] for rows in probabilities]


class LearnsNothing(CrfTagger):
    def predict(self, sentences: Sequence[Sentence]) -> list[Prediction]:
        return [Prediction(("O",) * len(sentence), 0.0) for sentence in sentences]


class Draws(CrfTagger):
    def predict_proba(self, sentences: Sequence[Sentence]) -> list[FloatArray]:
        np.random.random()  # noqa: NPY002  the fault
        return super().predict_proba(sentences)


class Forgets(CrfTagger):
    """Is loaded as another one."""

    @classmethod
    def load(cls, folder: Path) -> Self:
        made = super().load(folder)
        made.fit(lessons(4)[:1], seed=0)
        return made


class LeavesFiles(CrfTagger):
    def save(self, folder: Path) -> None:
        super().save(folder)
        (folder.parent / "left.tmp").touch()


class Trusting(CrfTagger):
    """Makes an untrained one of a folder that it cannot read."""

    @classmethod
    def load(cls, folder: Path) -> Self:
        try:
            return super().load(folder)
        except InputError:
            return cls(LABELS)


class Sampling(CrfTagger):
    """Draws another sample each time."""

    def sample(self, sentences: Sequence[Sentence], n_passes: int, seed: int) -> list[IntArray]:
        rng = np.random.default_rng()
        return [rng.integers(0, len(self.tags), (n_passes, len(sentence))) for sentence in sentences]


class Seedless(CrfTagger):
    """Each object answers a little otherwise."""

    objects = count()

    def __init__(self, labels: Sequence[str]) -> None:
        super().__init__(labels)
        self.own = 0.01 * next(self.objects)

    def predict_proba(self, sentences: Sequence[Sentence]) -> list[FloatArray]:
        return [(rows + self.own) / (1 + self.own * len(self.tags)) for rows in super().predict_proba(sentences)]


class Silent(CrfTagger):
    def fit(self, sentences: Sequence[Sentence], **_: Any) -> Fitted:
        return super().fit(sentences, seed=0)


class CountsAll(CrfTagger):
    def fit(self, sentences: Sequence[Sentence], **given: Any) -> Fitted:
        done = super().fit(sentences, **given)
        return Fitted(len(sentences), done.n_words, 1, 1, None, 0.0, done.stopped)


class TakesAnyTag(CrfTagger):
    def fit(self, sentences: Sequence[Sentence], **given: Any) -> Fitted:
        known = [s.with_tags(tag if tag in self.tags else "O" for tag in s.tags) for s in sentences]
        return super().fit(known, **given)


class TakesNothing(CrfTagger):
    def fit(self, sentences: Sequence[Sentence], **given: Any) -> Fitted:
        try:
            return super().fit(sentences, **given)
        except LabelError:
            raise
        except InputError:
            return Fitted(0, 0, 0, 0, None, 0.0, "there was nothing")


class GuessesUntrained(CrfTagger):
    def predict(self, sentences: Sequence[Sentence]) -> list[Prediction]:
        return [Prediction(("O",) * len(sentence), 0.0) for sentence in sentences]


BREAKS: dict[str, list[type[CrfTagger]]] = {
    "test_it_has_a_name_and_the_tags_of_its_labels": [Nameless, TurnedTags],
    "test_rows_are_distributions_over_all_tags_in_the_order_of_the_sentences": [Unnormalised, Sorted],
    "test_a_sentence_gets_the_same_answer_alone_as_among_others": [Batched],
    "test_a_sentence_without_words_gets_empty_answers": [SkipsEmpty],
    "test_predictions_are_tags_with_a_log_probability": [NoProbability],
    "test_both_answers_at_once_are_those_of_asking_twice": [Untrue],
    "test_it_learned_what_it_was_taught": [LearnsNothing],
    "test_predicting_leaves_chance_outside_alone": [Draws],
    "test_saved_and_loaded_it_gives_the_same_probabilities": [Forgets, LeavesFiles],
    "test_loading_what_is_not_there_or_damaged_says_which_folder": [Trusting],
    "test_passes_have_their_shape_and_their_seed": [Sampling],
    "test_the_same_seed_gives_the_same_tagger": [Seedless],
    "test_fitting_tells_what_it_learned_from": [Silent, CountsAll],
    "test_a_tag_of_another_schema_is_refused_with_the_sentence_and_the_tag": [TakesAnyTag],
    "test_nothing_annotated_is_refused": [TakesNothing],
    "test_words_that_nobody_annotated_take_no_part": [TakesNothing],
    "test_a_sentence_that_nobody_annotated_changes_no_count": [CountsAll],
    "test_an_untrained_tagger_says_so": [GuessesUntrained],
}


@cache
def trained(tagger: type[CrfTagger]) -> TokenTagger:
    made = tagger(LABELS)
    made.fit(lessons(30), seed=0)
    return made


def given(tagger: type[CrfTagger], folder: Path) -> dict[str, Any]:
    return {"make": tagger, "trained": trained(tagger), "tmp_path": folder}


def test_every_promise_has_a_tagger_that_breaks_it() -> None:
    assert sorted(BREAKS) == promises_of(TaggerContract)


@pytest.mark.parametrize(("promise", "broken"), [(promise, one) for promise, all_ in BREAKS.items() for one in all_])
def test_a_tagger_that_breaks_a_promise_fails_there(promise: str, broken: type[CrfTagger], tmp_path: Path) -> None:
    assert breaks(TaggerContract(), promise, given(broken, tmp_path))


@pytest.mark.parametrize("promise", [name for name in BREAKS if "passes" not in name])
def test_a_tagger_that_keeps_all_passes(promise: str, tmp_path: Path) -> None:
    run(TaggerContract(), promise, given(CrfTagger, tmp_path))


def test_a_tagger_without_dropout_is_not_asked_for_passes(tmp_path: Path) -> None:
    with pytest.raises(pytest.skip.Exception):
        run(TaggerContract(), "test_passes_have_their_shape_and_their_seed", given(CrfTagger, tmp_path))
