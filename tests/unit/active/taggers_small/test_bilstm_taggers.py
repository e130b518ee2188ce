"""The recurrent taggers: padding, chains, and characters read by an LSTM."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from with_torch import torch

from allabel.active.sentence import Sentence
from allabel.active.taggers.bilstm import BiLstmCrfTagger, BiLstmTagger, LstmSizes
from allabel.active.taggers.fitting import Training
from allabel.active.taggers.iobes import Iobes
from allabel.document import DocId
from allabel.errors import InputError

SIZES = LstmSizes(word=12, character=8, state=10, dropout=0.2, unknown_words=0.2)
TRAINING = Training(
    epochs=30, batch_sentences=4, learning_rate=2e-2, held_out=0.0, patience=None, precision="float32", device="cpu"
)
LEARNED = [
    Sentence.of_words(DocId("0"), ["we", "gave", "aspirin"], ["O", "O", "B-drug"]),
    Sentence.of_words(DocId("1"), ["acetic", "acid", "."], ["B-drug", "I-drug", "O"]),
    Sentence.of_words(DocId("2"), ["nothing"], ["O"]),
]


def test_characters_may_be_read_by_an_lstm() -> None:
    sizes = replace(SIZES, characters="lstm", character=7, dropout=0.0, unknown_words=0.0)
    made = BiLstmTagger(["drug"], training=TRAINING, sizes=sizes)
    made.fit(LEARNED, seed=0)
    assert [p.tags for p in made.predict(LEARNED)] == [s.tags for s in LEARNED]


def test_a_chains_marginals_and_best_sequence_are_those_of_counting_every_sequence() -> None:
    tagger = BiLstmCrfTagger(["drug"], training=replace(TRAINING, epochs=2), sizes=SIZES)
    tagger.fit(LEARNED, seed=0)
    network, scheme, asked = tagger._trained, Iobes(["drug"]), LEARNED[0]
    with torch.no_grad():
        ((_, _, encoded),) = tagger._answers().encoded([asked])
        scores = network.out(encoded)
        sequences = np.array(list(product(range(len(scheme)), repeat=len(asked))))
        logs = []
        for sequence in sequences:
            only = torch.nn.functional.one_hot(torch.tensor(sequence), len(scheme)).bool()[None]
            logs.append(-float(network.crf.loss(scores, only, torch.tensor([len(asked)]))))
    probabilities = np.exp(logs)
    assert probabilities.sum() == pytest.approx(1, abs=1e-4)
    (prediction,), (rows,) = tagger.predict([asked]), tagger.predict_proba([asked])
    best = int(np.argmax(logs))
    assert prediction.log_probability == pytest.approx(logs[best], abs=1e-4)
    assert prediction.tags == tuple(tagger.tags[k] for k in scheme.read(sequences[best]))
    one_hot = np.eye(len(scheme))[sequences]
    expected = scheme.summed((probabilities[:, None, None] * one_hot).sum(axis=0))
    np.testing.assert_allclose(rows, expected / expected.sum(axis=1, keepdims=True), atol=1e-4)


def test_a_training_that_is_stopped_leaves_the_tagger_as_it_was() -> None:
    made = BiLstmTagger(["drug"], training=TRAINING, sizes=SIZES)
    made.fit(LEARNED, seed=0)
    before = made.predict_proba(LEARNED)

    def stop(done: int, of: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    others = [Sentence.of_words(DocId("3"), ["aspirin", "was", "new"], ["O", "B-drug", "O"])]
    with pytest.raises(KeyboardInterrupt):
        made.fit(others, seed=1, progress=stop)
    for mine, then in zip(made.predict_proba(LEARNED), before, strict=True):
        np.testing.assert_array_equal(mine, then)


@pytest.mark.parametrize("make", [BiLstmTagger, BiLstmCrfTagger])
def test_losses_for_rare_tags_are_for_decisions_on_single_words(make: type[BiLstmTagger]) -> None:
    if make is BiLstmCrfTagger:
        with pytest.raises(InputError, match="bilstm_crf decides on whole sentences"):
            make(["drug"], loss="focal")
    else:
        made = make(["drug"], training=TRAINING, sizes=SIZES, loss="focal")
        made.fit(LEARNED, seed=0)
        assert [p.tags for p in made.predict(LEARNED)] == [s.tags for s in LEARNED]


@pytest.mark.parametrize("make", [BiLstmTagger, BiLstmCrfTagger])
def test_partly_annotated_sentences_are_learned(make: type[BiLstmTagger]) -> None:
    whole = [replace(s, id=DocId(f"{s.id}-{n}")) for n in range(8) for s in LEARNED]
    rng = np.random.default_rng(0)
    partly = [s.with_tags(tag if rng.random() < 0.6 else None for tag in s.tags) for s in whole]
    made = make(["drug"], training=TRAINING, sizes=SIZES)
    made.fit(partly, seed=0)
    assert [p.tags for p in made.predict(LEARNED)] == [s.tags for s in LEARNED]


@pytest.mark.parametrize("make", [BiLstmTagger, BiLstmCrfTagger])
def test_passes_agree_in_distribution_with_torchs_own_dropout(make: type[BiLstmTagger]) -> None:
    made = make(["drug"], training=replace(TRAINING, epochs=6), sizes=replace(SIZES, dropout=0.5))
    made.fit(LEARNED, seed=0)
    asked, n = LEARNED[1], 600
    network = made._trained
    torch.manual_seed(0)
    with torch.no_grad():
        ((_, batch, encoded),) = made._answers().encoded([asked])
        copies = torch.nn.functional.dropout(encoded.repeat(n, 1, 1), 0.5)
        tags, _ = network._decided(network.out(copies), batch.lengths.repeat(n))
    slow = made._scheme.read(tags.numpy())
    (fast,) = made.sample([asked], n, 0)
    for t in range(len(asked)):
        counted = [np.bincount(own[:, t], minlength=len(made.tags)) / n for own in (slow, fast)]
        # Three standard errors of a difference of two shares, at most.
        np.testing.assert_allclose(*counted, atol=3 * (0.5 / n) ** 0.5)
    assert (fast != fast[0]).any()
    (other,) = made.sample([asked], n, 1)
    assert (fast != other).any()
