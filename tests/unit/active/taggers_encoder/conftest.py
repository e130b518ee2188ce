"""Tiny encoders for the tests of this folder, and a tagger trained once."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import tiny_encoders


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """Networks as small as these are slower on two threads than on one."""
    if find_spec("torch") is None:
        yield
        return
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def bert(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a BERT of three layers."""
    pytest.importorskip("transformers", reason="the encoder needs transformers")
    return tiny_encoders.bert(tmp_path_factory.mktemp("bert"))


@pytest.fixture(scope="session", params=["bert", "distilbert", "roberta"])
def any_encoder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a tiny encoder of each kind in turn."""
    pytest.importorskip("transformers", reason="the encoder needs transformers")
    written: str = getattr(tiny_encoders, request.param)(tmp_path_factory.mktemp(request.param))
    return written


@pytest.fixture(scope="session")
def trained(bert: str) -> Any:
    """A tagger that has learned `lessons`; not to be fitted again."""
    from allabel.active.taggers.encoder import EncoderTagger
    from allabel.active.taggers.fitting import Training

    training = Training(epochs=12, batch_sentences=8, learning_rate=5e-3, held_out=0.0, precision="float32")
    tagger = EncoderTagger(tiny_encoders.LABELS, encoder=bert, training=training)
    tagger.fit(tiny_encoders.lessons(), seed=0)
    return tagger


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a tagger may be saved."""
    return tmp_path / "tagger"
