"""Monte Carlo dropout over an encoder: what is computed once changes nothing."""

import numpy as np
import pytest
from tiny_encoders import LABELS, lessons
from with_torch import torch

from allabel.active.base import Samples
from allabel.active.sentence import Sentence
from allabel.active.taggers.encoder import EncoderTagger
from allabel.active.taggers.encoder_batches import batch_of
from allabel.active.taggers.encoder_dropout import QuickDropout
from allabel.active.taggers.encoder_network import set_dropout
from allabel.active.taggers.encoder_sampling import stochastic_scores
from allabel.active.taggers.fitting import Training
from allabel.document import DocId
from allabel.errors import InputError

ONCE = Training(epochs=1, batch_sentences=8, learning_rate=5e-3, held_out=0.0, precision="float32")


@pytest.fixture(scope="module")
def tagger(any_encoder):
    """A tagger hardly trained, so that it is in doubt."""
    made = EncoderTagger(LABELS, encoder=any_encoder, training=ONCE)
    made.fit(lessons(), seed=0)
    return made


@pytest.mark.parametrize("layers", [0, 1, 2, 3, None])
def test_passes_without_dropout_are_the_prediction(tagger, layers):
    model = tagger._trained
    shares = [(module, module.p) for module in model.network.modules() if isinstance(module, torch.nn.Dropout)]
    set_dropout(model.network, 0.0)
    try:
        found = stochastic_scores(model, lessons(5), 3, 0, layers)
        for passes, scores in zip(found, model.scores(lessons(5)), strict=True):
            np.testing.assert_allclose(passes, np.broadcast_to(scores, passes.shape), atol=1e-4)
    finally:
        for module, share in shares:
            module.p = share


def test_with_all_layers_a_pass_is_the_whole_network_in_training_mode(tagger):
    model, sentences = tagger._trained, [lessons(1)[0]]
    (passes,) = stochastic_scores(model, sentences, 4, 11, None)
    batch = batch_of(model.pieces.windows(sentences) * 4, model.pad, model.device)
    with torch.random.fork_rng(), torch.inference_mode(), QuickDropout():
        torch.manual_seed(11)
        model.network.train()
        scores = model.network(batch)[batch.rows, batch.columns]
        model.network.eval()
    np.testing.assert_allclose(passes, scores.view(4, len(sentences[0]), -1).numpy(), atol=1e-5)


def test_with_every_layer_the_spread_is_that_of_the_network_but_for_its_embeddings(tagger):
    """Drawn apart, so compared by mean and spread."""
    model, sentences = tagger._trained, [lessons(1)[0]]
    (passes,) = stochastic_scores(model, sentences, 800, 1, 3)
    batch = batch_of(model.pieces.windows(sentences) * 800, model.pad, model.device)
    with torch.random.fork_rng(), torch.inference_mode():
        torch.manual_seed(2)
        model.network.train()
        model.network.encoder.base_model.embeddings.eval()
        scores = model.network(batch)[batch.rows, batch.columns].view(passes.shape).numpy()
        model.network.eval()
    np.testing.assert_allclose(passes.mean(0), scores.mean(0), atol=0.25)
    np.testing.assert_allclose(passes.std(0), scores.std(0), rtol=0.2)


def test_samples_are_decisions_of_each_pass_and_the_same_for_the_same_seed(tagger):
    assert isinstance(tagger, Samples)
    sentences = [*lessons(4), Sentence.of_words(DocId("empty"), [])]
    once = tagger.sample(sentences, 30, 1)
    assert [found.shape for found in once] == [(30, len(sentence)) for sentence in sentences]
    assert all(found.min() >= 0 and found.max() < 5 for found in once[:4])
    assert all(np.array_equal(a, b) for a, b in zip(once, tagger.sample(sentences, 30, 1), strict=True))
    (first,), (second,) = (stochastic_scores(tagger._trained, lessons(1), 30, seed, 1) for seed in (1, 2))
    assert not np.array_equal(first, second)


def test_after_sampling_predictions_are_what_they_were(tagger):
    before = tagger.predict_proba(lessons(4))
    tagger.sample(lessons(4), 3, 0)
    for one, other in zip(tagger.predict_proba(lessons(4)), before, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_crf_decides_in_each_pass_on_whole_sentences(bert):
    tagger = EncoderTagger(LABELS, encoder=bert, training=ONCE, crf=True, constrained=True)
    tagger.fit(lessons(), seed=0)
    for found in tagger.sample(lessons(6), 20, 0):
        for tags in found:
            before = "O"
            for tag in (tagger.tags[i] for i in tags):
                assert not tag.startswith("I-") or before[2:] == tag[2:]
                before = tag


def test_more_stochastic_layers_than_there_are_is_refused(bert):
    tagger = EncoderTagger(LABELS, encoder=bert, training=ONCE, stochastic_layers=4)
    tagger.fit(lessons(8), seed=0)
    with pytest.raises(InputError, match="stochastic_layers is 4, and the encoder has 3 layers"):
        tagger.sample(lessons(1), 2, 0)
    assert len(tagger.predict(lessons(1))) == 1


def test_an_architecture_whose_layers_cannot_be_told_apart_says_so(trained, monkeypatch):
    # A depth that no list of layers has stands for an architecture that keeps them otherwise.
    monkeypatch.setattr(trained._trained.network.encoder.config, "num_hidden_layers", 9)
    with pytest.raises(InputError, match="stochastic_layers to None"):
        trained.sample(lessons(1), 2, 0)
