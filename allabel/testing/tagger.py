"""The promises of the seam `TokenTagger`: what a trained tagger answers, and how it is kept."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from allabel.active.base import FloatArray, Prediction, Samples, TokenTagger
from allabel.active.sentence import Sentence, tag_set
from allabel.document import DocId
from allabel.errors import InputError
from allabel.testing.lessons import LABELS, lessons, untouched_chance
from allabel.testing.tagger_training import Make, TrainingContract

EMPTY = Sentence.of_words(DocId("empty"), [], [])
ODD = (
    EMPTY,
    Sentence.of_words(DocId("one"), ["aspirin"]),
    Sentence.of_words(DocId("odd"), ["Ünknown", "wörds", "😀", "1,2-dichloroethane", "x" * 100, "New", "Rome"]),
    EMPTY,
)
ASKED = (*ODD, *lessons(9))


class TaggerContract(TrainingContract):
    """What every tagger promises. Inherit it as a class `Test…` that gives `make`.

    Where `make` is the same object each time, as a class is, one is trained for all tests that ask a trained one.
    """

    def test_it_has_a_name_and_the_tags_of_its_labels(self, make: Make) -> None:
        """The tags come of the labels it was made with, and not of what was annotated so far."""
        tagger = make(LABELS)
        assert isinstance(tagger.name, str)
        assert tagger.name
        assert isinstance(tagger.learns_partly, bool)
        assert tagger.tags == tag_set(LABELS)

    def test_rows_are_distributions_over_all_tags_in_the_order_of_the_sentences(self, trained: TokenTagger) -> None:
        """`predict_proba` gives (n_words, n_tags) in double precision, rows sum to 1."""
        found = trained.predict_proba(ASKED)
        assert [rows.shape for rows in found] == [(len(sentence), len(trained.tags)) for sentence in ASKED]
        for rows in found:
            assert rows.dtype == np.float64
            assert (rows >= 0).all()
            np.testing.assert_allclose(rows.sum(axis=1), 1.0, atol=1e-9)

    def test_a_sentence_gets_the_same_answer_alone_as_among_others(self, trained: TokenTagger) -> None:
        """Sentences are asked about in batches of any size and order."""
        together, turned = trained.predict_proba(ASKED), trained.predict_proba(ASKED[::-1])
        _same(together, turned[::-1], 1e-5)
        for sentence, rows in zip(ASKED, together, strict=True):
            _same(trained.predict_proba([sentence]), [rows], 1e-5)

    def test_a_sentence_without_words_gets_empty_answers(self, trained: TokenTagger) -> None:
        """And no sentence gets none."""
        (rows,) = trained.predict_proba([EMPTY])
        assert rows.shape == (0, len(trained.tags))
        assert trained.predict([EMPTY]) == [Prediction((), 0.0)]
        assert (trained.predict([]), trained.predict_proba([])) == ([], [])

    def test_predictions_are_tags_with_a_log_probability(self, trained: TokenTagger) -> None:
        """A tag a word, each one of `tags`; the probability of all of them together."""
        for sentence, prediction in zip(ASKED, trained.predict(ASKED), strict=True):
            assert len(prediction.tags) == len(sentence)
            assert set(prediction.tags) <= set(trained.tags)
            assert prediction.log_probability <= 0

    def test_both_answers_at_once_are_those_of_asking_twice(self, trained: TokenTagger) -> None:
        """`predict_both` saves a pass over the sentences and changes nothing."""
        predictions, probabilities = trained.predict_both(ASKED)
        assert predictions == trained.predict(ASKED)
        _same(probabilities, trained.predict_proba(ASKED), 0)
        assert trained.predict_both([]) == ([], [])

    def test_it_learned_what_it_was_taught(self, trained: TokenTagger) -> None:
        """Nine of ten words of the sentences that it was trained on get their tag."""
        taught = lessons(30)
        pairs = [
            (given, tag)
            for sentence, prediction in zip(taught, trained.predict(taught), strict=True)
            for given, tag in zip(prediction.tags, sentence.tags, strict=True)
        ]
        assert sum(given == tag for given, tag in pairs) >= 0.9 * len(pairs)

    def test_predicting_leaves_chance_outside_alone(self, trained: TokenTagger) -> None:
        """Nothing is drawn from numpy's own generator."""
        with untouched_chance():
            trained.predict_proba(lessons(2))

    def test_saved_and_loaded_it_gives_the_same_probabilities(self, trained: TokenTagger, tmp_path: Path) -> None:
        """The folder is made with those above it; saved again, it is replaced, and nothing else stays beside it."""
        trained.save(tmp_path / "here" / "tagger")
        again = type(trained).load(tmp_path / "here" / "tagger")
        assert again.tags == trained.tags
        _same(again.predict_proba(ASKED), trained.predict_proba(ASKED), 1e-7)
        assert [p.tags for p in again.predict(ASKED)] == [p.tags for p in trained.predict(ASKED)]
        trained.save(tmp_path / "here" / "tagger")
        assert [path.name for path in (tmp_path / "here").iterdir()] == ["tagger"]

    def test_loading_what_is_not_there_or_damaged_says_which_folder(self, trained: TokenTagger, tmp_path: Path) -> None:
        """InputError that names it, for no folder and for one whose files are cut off."""
        with pytest.raises(InputError, match="nowhere"):
            type(trained).load(tmp_path / "nowhere")
        trained.save(tmp_path / "tagger")
        for path in (tmp_path / "tagger").rglob("*"):
            if path.is_file():
                path.write_bytes(path.read_bytes()[:1])
        with pytest.raises(InputError, match="tagger"):
            type(trained).load(tmp_path / "tagger")

    def test_passes_have_their_shape_and_their_seed(self, trained: TokenTagger) -> None:
        """For a tagger with dropout: `sample` gives (n_passes, n_words) positions in `tags`, decided by the seed."""
        if not isinstance(trained, Samples):
            pytest.skip(f"{trained.name} has no `sample`: nothing drops out")
        passes = trained.sample(ASKED, 20, 5)
        assert [own.shape for own in passes] == [(20, len(sentence)) for sentence in ASKED]
        for own in passes:
            assert own.dtype == np.int64
            assert ((own >= 0) & (own < len(trained.tags))).all()
        before = trained.predict_proba(ASKED)
        for mine, theirs in zip(passes, trained.sample(ASKED, 20, 5), strict=True):
            assert np.array_equal(mine, theirs)
        _same(before, trained.predict_proba(ASKED), 0)


def _same(left: Sequence[FloatArray], right: Sequence[FloatArray], atol: float) -> None:
    assert len(left) == len(right)
    for mine, theirs in zip(left, right, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-7 if atol else 0, atol=atol)
