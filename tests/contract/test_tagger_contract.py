"""The promises of the seam `TokenTagger`, over every registered tagger, each as small as it goes."""

import subprocess
import sys
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
from tiny_encoders import bert

from allabel.active.base import Samples, TokenTagger
from allabel.active.sentence import Sentence
from allabel.annotate.pieces import runs
from allabel.document import DocId
from allabel.errors import InputError, LabelError
from allabel.plugins import load, names
from allabel.testing import TaggerContract
from allabel.testing.lessons import LABELS, lessons
from allabel.testing.tagger_training import EMPTY, Make

TAGGERS = names("taggers")
WITHOUT_TORCH = ("crf", "softmax")


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


def test_the_taggers_of_the_papers_are_registered() -> None:
    assert {"distilbert", "cnn_cnn_lstm", "bilstm", "bilstm_crf", "crf"} <= set(TAGGERS)


@cache
def maker(name: str, folder: Path) -> Make:
    # First what skips where the extra is not installed.
    small = options(name, folder)
    return partial(load("taggers", name), **small)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("encoder")


class TestEveryTagger(TaggerContract):
    @pytest.fixture(params=TAGGERS)
    def make(self, request: pytest.FixtureRequest, folder: Path) -> Make:
        return maker(request.param, folder)

    def test_it_is_called_by_its_registered_name(self, make: Make, request: pytest.FixtureRequest) -> None:
        assert make(LABELS).name in TAGGERS
        assert make(LABELS).name in request.node.name

    def test_it_learns_a_pattern_wholly(self, trained: TokenTagger) -> None:
        for sentence, prediction in zip(lessons(30), trained.predict(lessons(30)), strict=True):
            assert runs(prediction.tags) == runs([tag or "O" for tag in sentence.tags])

    def test_what_is_refused_is_said_in_words(self, make: Make) -> None:
        with pytest.raises(LabelError, match=r"'odd'.*'B-gene'.*drug, place"):
            make(LABELS).fit([*lessons(3), Sentence.of_words(DocId("odd"), ["BRCA1"], ["B-gene"])], seed=0)
        for nothing in ([], [EMPTY], [lessons(1)[0].unknown()]):
            with pytest.raises(InputError, match="annotated"):
                make(LABELS).fit(nothing, seed=0)
        with pytest.raises(InputError, match="not trained"):
            make(LABELS).predict(lessons(1))
        if not make(LABELS).learns_partly:
            first = lessons(1)[0]
            known = [first.with_tags([None, *first.tags[1:]]), *lessons(3)[1:]]
            with pytest.raises(InputError, match=r"'0' is annotated in .* of .* words.*\n.*drop_unknowns"):
                make(LABELS).fit(known, seed=0)

    def test_words_that_nobody_annotated_are_fewer(self, make: Make) -> None:
        known = [s.with_tags(None if i % 5 == 3 else tag for i, tag in enumerate(s.tags)) for s in lessons(12)]
        if make(LABELS).learns_partly:
            assert make(LABELS).fit(known, seed=0).n_words < sum(map(len, known))

    def test_a_network_has_dropout(self, make: Make) -> None:
        assert isinstance(make(LABELS), Samples) == (make(LABELS).name not in WITHOUT_TORCH)

    def test_damaged_descriptions_are_refused(self, trained: TokenTagger, tmp_path: Path) -> None:
        trained.save(tmp_path / "tagger")
        for path in (tmp_path / "tagger").rglob("*.json"):
            path.write_text("{")
        with pytest.raises(InputError, match="tagger"):
            type(trained).load(tmp_path / "tagger")


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
