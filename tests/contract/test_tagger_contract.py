"""The promises of the seam `TokenTagger`, over every registered tagger, each as small as it goes."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_encoders import LABELS, bert, lessons

from allabel.active.base import Prediction, Samples, TokenTagger
from allabel.active.sentence import Sentence, tag_set
from allabel.annotate.pieces import runs
from allabel.document import DocId
from allabel.errors import InputError, LabelError
from allabel.plugins import load, names

TAGGERS = names("taggers")
WITHOUT_TORCH = ("crf", "softmax")
Make = Callable[[], TokenTagger]


EMPTY = Sentence.of_words(DocId("empty"), [], [])
ODD = [
    EMPTY,
    Sentence.of_words(DocId("one"), ["aspirin"]),
    Sentence.of_words(DocId("odd"), ["Ünknown", "wörds", "😀", "1,2-dichloroethane", "x" * 100, "New", "Rome"]),
    EMPTY,
]


def options(name: str, folder: Path) -> dict[str, Any]:
    """Return what makes a tagger small enough for a test; nothing for one that is not known here."""
    if name in WITHOUT_TORCH:
        return {}
    for package in ("torch", "transformers"):
        pytest.importorskip(package, reason=f"the extra finetune is not installed: {package}")
    from allabel.active.taggers.bilstm import LstmSizes
    from allabel.active.taggers.cnn_cnn_lstm import CnnSizes
    from allabel.active.taggers.fitting import Training

    training = Training(
        epochs=20, batch_sentences=4, learning_rate=1e-2, held_out=0.0, patience=None, precision="float32", device="cpu"
    )
    small = {"word": 16, "character": 8, "dropout": 0.1, "unknown_words": 0.1}
    if name == "cnn_cnn_lstm":
        return {"training": training, "sizes": CnnSizes(**small, channels=16, tag=4, decoder=16)}
    if name in {"bilstm", "bilstm_crf"}:
        return {"training": training, "sizes": LstmSizes(**small, state=16)}
    if name == "distilbert":
        return {"training": replace(training, learning_rate=2e-3), "encoder": bert(folder)}
    return {}


@pytest.fixture(scope="module", params=TAGGERS)
def make(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Make an untrained tagger."""
    own = options(request.param, tmp_path_factory.mktemp("encoder"))
    return partial(load("taggers", request.param), LABELS, **own)


@pytest.fixture(scope="module")
def trained(make: Make) -> TokenTagger:
    tagger = make()
    tagger.fit(lessons(30), seed=0)
    return tagger


def same(left: Sequence[np.ndarray], right: Sequence[np.ndarray], **tolerance: float) -> None:
    assert len(left) == len(right)
    for mine, theirs in zip(left, right, strict=True):
        np.testing.assert_allclose(mine, theirs, **(tolerance or {"rtol": 0, "atol": 0}))


def test_the_taggers_of_the_papers_are_registered() -> None:
    assert {"distilbert", "cnn_cnn_lstm", "bilstm", "bilstm_crf", "crf"} <= set(TAGGERS)


def test_it_is_called_by_its_registered_name_and_its_tags_are_those_of_the_labels(make: Make) -> None:
    tagger = make()
    assert tagger.name in TAGGERS
    assert tagger.tags == tag_set(LABELS)


def test_rows_are_distributions_over_all_tags_in_the_order_of_the_sentences(trained: TokenTagger) -> None:
    asked = [*ODD, *lessons(9)]
    found = trained.predict_proba(asked)
    assert [rows.shape for rows in found] == [(len(sentence), len(trained.tags)) for sentence in asked]
    for rows in found:
        assert rows.dtype == np.float64
        assert (rows >= 0).all()
        np.testing.assert_allclose(rows.sum(axis=1), 1.0, atol=1e-9)


def test_a_sentence_gets_the_same_answer_alone_as_among_others(trained: TokenTagger) -> None:
    asked = [*ODD, *lessons(9)]
    together, turned = trained.predict_proba(asked), trained.predict_proba(asked[::-1])
    same(together, turned[::-1], atol=1e-5)
    for sentence, rows in zip(asked, together, strict=True):
        same(trained.predict_proba([sentence]), [rows], atol=1e-5)


def test_a_sentence_without_words_gets_empty_answers(trained: TokenTagger) -> None:
    (rows,) = trained.predict_proba([EMPTY])
    assert rows.shape == (0, len(trained.tags))
    assert trained.predict([EMPTY]) == [Prediction((), 0.0)]
    assert (trained.predict([]), trained.predict_proba([])) == ([], [])


def test_predictions_are_tags_with_a_log_probability(trained: TokenTagger) -> None:
    asked = [*ODD, *lessons(9)]
    for sentence, prediction in zip(asked, trained.predict(asked), strict=True):
        assert len(prediction.tags) == len(sentence)
        assert set(prediction.tags) <= set(trained.tags)
        assert prediction.log_probability <= 0


def test_both_answers_at_once_are_those_of_asking_twice(trained: TokenTagger) -> None:
    asked = [*ODD, *lessons(9)]
    predictions, probabilities = trained.predict_both(asked)
    assert predictions == trained.predict(asked)
    same(probabilities, trained.predict_proba(asked))
    assert trained.predict_both([]) == ([], [])


def test_it_learns_a_pattern_wholly(trained: TokenTagger) -> None:
    for sentence, prediction in zip(lessons(30), trained.predict(lessons(30)), strict=True):
        assert runs(prediction.tags) == runs([tag or "O" for tag in sentence.tags])


def test_the_same_seed_gives_the_same_tagger(make: Make, trained: TokenTagger) -> None:
    again = make()
    again.fit(lessons(30), seed=0)
    same(again.predict_proba(lessons(5)), trained.predict_proba(lessons(5)))


def test_chance_outside_is_left_as_it_was(make: Make, trained: TokenTagger) -> None:
    np.random.seed(3)  # noqa: NPY002  the state that nobody should touch
    before = np.random.get_state()[1].tolist()  # noqa: NPY002  as above
    trained.predict_proba(lessons(2))
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002  as above


def test_fitting_tells_what_it_learned_from(make: Make) -> None:
    heard: list[str | tuple[int, int]] = []
    learned = [*lessons(8), EMPTY]
    fitted = make().fit(learned, seed=0, tell=heard.append, progress=lambda *counts: heard.append(counts))
    assert heard[-2] == (fitted.n_epochs, fitted.n_epochs)
    assert isinstance(heard[-1], str)
    assert (fitted.n_sentences, fitted.n_words) == (8, sum(map(len, learned)))
    assert fitted.stopped


def test_saved_and_loaded_it_gives_the_same_probabilities(trained: TokenTagger, tmp_path: Path) -> None:
    asked = [*ODD, *lessons(5)]
    trained.save(tmp_path / "here" / "tagger")
    again = type(trained).load(tmp_path / "here" / "tagger")
    assert again.tags == trained.tags
    same(again.predict_proba(asked), trained.predict_proba(asked), atol=1e-7)
    assert [p.tags for p in again.predict(asked)] == [p.tags for p in trained.predict(asked)]
    trained.save(tmp_path / "here" / "tagger")
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["tagger"]


def test_loading_what_is_not_there_or_damaged_says_which_folder(trained: TokenTagger, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere"):
        type(trained).load(tmp_path / "nowhere")
    trained.save(tmp_path / "tagger")
    for path in (tmp_path / "tagger").rglob("*.json"):
        path.write_text("{")
    with pytest.raises(InputError, match="tagger"):
        type(trained).load(tmp_path / "tagger")


def test_a_tag_of_another_schema_is_refused_with_the_sentence_and_the_labels(make: Make) -> None:
    with pytest.raises(LabelError, match=r"'odd'.*'B-gene'.*drug, place"):
        make().fit([*lessons(3), Sentence.of_words(DocId("odd"), ["BRCA1"], ["B-gene"])], seed=0)


@pytest.mark.parametrize("nothing", [[], [EMPTY], [lessons(1)[0].unknown()]], ids=["none", "no words", "unknown"])
def test_nothing_annotated_is_refused(make: Make, nothing: list[Sentence]) -> None:
    with pytest.raises(InputError, match="annotated"):
        make().fit(nothing, seed=0)


def test_what_is_unknown_takes_no_part(make: Make) -> None:
    known = [s.with_tags(None if i % 5 == 3 else tag for i, tag in enumerate(s.tags)) for s in lessons(12)]
    tagger = make()
    if not tagger.learns_partly:
        with pytest.raises(InputError, match=r"'0' is annotated in .* of .* words.*\n.*drop_unknowns"):
            tagger.fit(known, seed=0)
        return
    fitted = tagger.fit(known, seed=0)
    assert fitted.n_words == sum(sentence.n_known for sentence in known)
    assert fitted.n_words < sum(map(len, known))


def test_a_sentence_that_nobody_annotated_changes_no_count(make: Make) -> None:
    fitted = make().fit([*lessons(8), lessons(9)[8].unknown()], seed=0)
    assert fitted.n_sentences == 8


def test_passes_have_their_shape_and_their_seed(trained: TokenTagger) -> None:
    if not isinstance(trained, Samples):
        assert trained.name in WITHOUT_TORCH, "a network has dropout"
        pytest.skip(f"{trained.name} is no network: nothing drops out")
    asked = [*ODD, *lessons(6)]
    passes = trained.sample(asked, 20, 5)
    assert [own.shape for own in passes] == [(20, len(sentence)) for sentence in asked]
    for own in passes:
        assert own.dtype == np.int64
        assert ((own >= 0) & (own < len(trained.tags))).all()
    same(passes, trained.sample(asked, 20, 5))
    before = trained.predict_proba(asked)
    same(before, trained.predict_proba(asked))


def test_an_untrained_tagger_says_so(make: Make) -> None:
    with pytest.raises(InputError, match="not trained"):
        make().predict(lessons(1))


def test_without_torch_each_names_what_to_install_and_the_crf_works() -> None:
    program = """
import sys
sys.modules["torch"] = sys.modules["transformers"] = None
from allabel.errors import MissingExtraError
from allabel.plugins import load, names
for name in names("taggers"):
    try:
        print(name, load("taggers", name)(["drug"]).tags)
    except MissingExtraError as error:
        print(name, error)
"""
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    for name, line in zip(TAGGERS, told.splitlines(), strict=True):
        assert line.startswith(name)
        assert ("'B-drug'" if name in WITHOUT_TORCH else "pip install 'allabel[finetune]'") in line
