"""The CNN-CNN-LSTM tagger: its greedy decoder step by step, its passes, its rounds."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from with_torch import torch

from allabel.active.sentence import Sentence
from allabel.active.taggers.cnn_cnn_lstm import CnnCnnLstmTagger, CnnSizes
from allabel.active.taggers.fitting import Training
from allabel.active.taggers.iobes import Iobes
from allabel.active.taggers.networks.decoder import TagDecoder
from allabel.active.taggers.networks.dropped import Dropped
from allabel.active.taggers.networks.network import partial_loss
from allabel.document import DocId
from allabel.errors import InputError

SIZES = CnnSizes(word=12, character=8, channels=12, tag=4, decoder=12, dropout=0.2, unknown_words=0.2)
TRAINING = Training(
    epochs=6, batch_sentences=4, learning_rate=1e-2, held_out=0.0, patience=None, precision="float32", device="cpu"
)
LABELS = ("drug", "place")


def sentence(i: int, words: str, tags: str | None = None) -> Sentence:
    return Sentence.of_words(DocId(str(i)), words.split(), None if tags is None else tags.split())


LEARNED = [
    sentence(0, "we gave aspirin today", "O O B-drug O"),
    sentence(1, "aspirin in New York .", "B-drug O B-place I-place O"),
    sentence(2, "codeine and aspirin", "B-drug O B-drug"),
    sentence(3, "nothing here", "O O"),
    sentence(4, "to Oslo we went", "O B-place O O"),
]


@pytest.fixture(scope="module")
def tagger() -> CnnCnnLstmTagger:
    made = CnnCnnLstmTagger(LABELS, training=TRAINING, sizes=SIZES)
    made.fit(LEARNED, seed=0)
    return made


@pytest.fixture(scope="module")
def decoder() -> TagDecoder:
    torch.manual_seed(0)
    made = TagDecoder(5, 6, tag_size=3, size=4, dropout=0.5, n_drawn=4)
    with torch.no_grad():
        for weight in made.parameters():
            weight.mul_(3)
    return made.eval()


def log_probability(decoder: TagDecoder, features: torch.Tensor, tags: Sequence[int]) -> float:
    """Log P of a tag sequence by the chain rule, with the module's own LSTM and nothing of `greedy`."""
    allowed = torch.nn.functional.one_hot(torch.tensor([tags]), 5).bool()
    with torch.no_grad():
        logs = decoder(features[None], allowed).log_softmax(dim=2)
    return sum(float(logs[0, t, tag]) for t, tag in enumerate(tags))


def test_the_greedy_tags_and_their_probability_are_those_of_going_step_by_step(decoder: TagDecoder) -> None:
    torch.manual_seed(1)
    features = torch.randn(4, 5, 6)
    lengths = torch.tensor([5, 5, 3, 1])
    with torch.no_grad():
        written = decoder.greedy(features, lengths)
    for row, length in enumerate(lengths.tolist()):
        tags: list[int] = []
        for t in range(length):
            scores = [log_probability(decoder, features[row, : t + 1], [*tags, k]) for k in range(5)]
            before = log_probability(decoder, features[row, :t], tags) if tags else 0.0
            np.testing.assert_allclose(written.log_probabilities[row, t].numpy(), np.array(scores) - before, atol=1e-5)
            tags.append(int(np.argmax(scores)))
        assert written.tags[row, :length].tolist() == tags


def test_the_decoder_is_a_distribution_over_sequences(decoder: TagDecoder) -> None:
    features = torch.randn(3, 6)
    total = sum(math.exp(log_probability(decoder, features, tags)) for tags in product(range(5), repeat=3))
    assert total == pytest.approx(1, abs=1e-5)


def test_the_loss_of_partly_known_words_is_minus_the_log_of_what_is_allowed() -> None:
    logits = torch.randn(2, 3, 4)
    allowed = torch.zeros(2, 3, 4, dtype=torch.bool)
    allowed[0, 0, 1] = True
    allowed[0, 1, [1, 2]] = True
    allowed[0, 2] = True  # unknown
    allowed[1] = True
    allowed[1, 0, 0] = False
    allowed[1, 1, 3] = False  # beyond the end of the sentence
    mask = torch.tensor([[True, True, True], [True, False, False]])
    p = logits.softmax(dim=2)
    expected = -(p[0, 0, 1].log() + p[0, 1, [1, 2]].sum().log() + p[1, 0, 1:].sum().log()) / 3
    assert partial_loss(logits, allowed, mask, "cross_entropy").item() == pytest.approx(expected.item(), abs=1e-6)


def test_a_sentences_log_probability_is_the_sum_over_its_greedy_steps(tagger: CnnCnnLstmTagger) -> None:
    for prediction, rows in zip(tagger.predict(LEARNED), tagger.predict_proba(LEARNED), strict=True):
        # IOB2 adds B to S and I to E, so that a step's largest sum is at least what was decided.
        assert prediction.log_probability <= np.log(rows.max(axis=1)).sum() + 1e-6


def test_what_unknown_words_would_have_been_changes_nothing(tagger: CnnCnnLstmTagger) -> None:
    def trained(hidden: str) -> list[np.ndarray]:
        partly = [*LEARNED, sentence(9, "aspirin or heparin", f"B-drug O {hidden}").with_tags(["B-drug", None, None])]
        made = CnnCnnLstmTagger(LABELS, training=replace(TRAINING, epochs=2), sizes=SIZES)
        made.fit(partly, seed=0)
        return made.predict_proba(LEARNED)

    for mine, theirs in zip(trained("B-drug"), trained("B-place"), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("free_running", [True, False])
def test_partly_annotated_sentences_are_learned(free_running: bool) -> None:
    # In each sentence a few words only; together they give the pattern away.
    whole = [replace(s, id=DocId(f"{s.id}-{n}")) for n in range(8) for s in LEARNED]
    rng = np.random.default_rng(0)
    partly = [s.with_tags(tag if rng.random() < 0.6 else None for tag in s.tags) for s in whole]
    made = CnnCnnLstmTagger(LABELS, training=replace(TRAINING, epochs=15), sizes=SIZES, free_running=free_running)
    made.fit(partly, seed=0)
    assert [p.tags for p in made.predict(LEARNED)] == [s.tags for s in LEARNED]


def test_a_second_fit_goes_on_from_the_first_and_keeps_the_rows_of_words(tmp_path: Path) -> None:
    made = CnnCnnLstmTagger(LABELS, training=TRAINING, sizes=SIZES)
    made.fit(LEARNED[:3], seed=0)
    before = made.predict_proba(LEARNED[:3])
    still = CnnCnnLstmTagger(
        LABELS, training=replace(TRAINING, epochs=1, learning_rate=1e-12, weight_decay=0.0), sizes=SIZES
    )
    made.save(tmp_path / "first")
    grown = CnnCnnLstmTagger.load(tmp_path / "first")
    grown._training = still._training  # a fit that moves nothing shows what the new rows alone do
    grown.fit([*LEARNED, sentence(7, "ßéñ 東京", "O B-place")], seed=1)
    for mine, theirs in zip(before, grown.predict_proba(LEARNED[:3]), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-6)
    known = tagger_rows(made)
    again = tagger_rows(grown)
    assert set(known) < set(again)
    for word, row in known.items():
        np.testing.assert_allclose(again[word], row, atol=1e-6)


def tagger_rows(tagger: CnnCnnLstmTagger) -> dict[str, np.ndarray]:
    weight = tagger._trained.features.words.weight.detach().numpy()
    return {word: weight[row] for word, row in zip(tagger._words, tagger._words.rows(tagger._words), strict=True)}


def test_going_on_after_loading_is_going_on_without_it(tmp_path: Path) -> None:
    made = CnnCnnLstmTagger(LABELS, training=replace(TRAINING, epochs=2), sizes=SIZES)
    made.fit(LEARNED[:3], seed=0)
    made.save(tmp_path / "tagger")
    loaded = CnnCnnLstmTagger.load(tmp_path / "tagger")
    for one in (made, loaded):
        one.fit(LEARNED, seed=1)
    for mine, theirs in zip(made.predict_proba(LEARNED), loaded.predict_proba(LEARNED), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_what_was_trained_on_a_device_that_is_not_here_can_be_loaded(tagger: CnnCnnLstmTagger, tmp_path: Path) -> None:
    tagger.save(tmp_path / "tagger")
    path = tmp_path / "tagger" / "tagger.json"
    told = json.loads(path.read_text())
    told["training"]["device"] = "cuda:99"
    path.write_text(json.dumps(told))
    assert CnnCnnLstmTagger.load(tmp_path / "tagger").predict(LEARNED) == tagger.predict(LEARNED)


def test_without_incremental_training_each_fit_begins_anew() -> None:
    twice = CnnCnnLstmTagger(LABELS, training=replace(TRAINING, epochs=2), sizes=SIZES, incremental=False)
    twice.fit(LEARNED[:2], seed=5)
    twice.fit(LEARNED, seed=0)
    once = CnnCnnLstmTagger(LABELS, training=replace(TRAINING, epochs=2), sizes=SIZES)
    once.fit(LEARNED, seed=0)
    for mine, theirs in zip(once.predict_proba(LEARNED), twice.predict_proba(LEARNED), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_vectors_are_where_words_begin_and_unannotated_sentences_bring_theirs(tmp_path: Path) -> None:
    path = tmp_path / "vectors.txt"
    vectors = {"aspirin": np.full(12, 0.5), "heparin": np.full(12, -0.25)}
    path.write_text("".join(f"{w} {' '.join(map(str, v))}\n" for w, v in vectors.items()))
    still = replace(TRAINING, epochs=1, learning_rate=1e-12, weight_decay=0.0)
    made = CnnCnnLstmTagger(LABELS, training=still, sizes=SIZES, vectors=path)
    made.fit([*LEARNED, sentence(8, "Heparin unheard")], seed=0)
    rows = tagger_rows(made)
    for word, vector in vectors.items():
        np.testing.assert_allclose(rows[word], vector, atol=1e-6)
    assert "unheard" not in rows
    path.write_text("aspirin 1 2\n")
    with pytest.raises(InputError, match="line 1: holds a word and 2 numbers where 12 are needed"):
        CnnCnnLstmTagger(LABELS, training=still, sizes=SIZES, vectors=path).fit(LEARNED, seed=0)


def test_dropout_drops_its_share_and_keeps_the_mean() -> None:
    dropped = Dropped(0)
    values = dropped(torch.ones(1000, 100), 0.3)
    assert float((values == 0).float().mean()) == pytest.approx(0.3, abs=0.01)
    assert float(values.mean()) == pytest.approx(1, abs=0.01)
    assert dropped(torch.ones(3), 0.0).tolist() == [1, 1, 1]


@pytest.fixture
def unsure() -> CnnCnnLstmTagger:
    made = CnnCnnLstmTagger(LABELS, training=replace(TRAINING, epochs=4), sizes=replace(SIZES, dropout=0.5))
    made.fit(LEARNED, seed=0)
    return made


@pytest.fixture
def slow_pass(unsure: CnnCnnLstmTagger) -> Callable[[Sentence], np.ndarray]:
    """One stochastic pass over one sentence with torch's own dropout, a step at a time, in IOB2 positions."""
    network, scheme = unsure._trained, Iobes(LABELS)
    decoder = network.decoder

    def one(asked: Sentence) -> np.ndarray:
        with torch.no_grad():
            ((_, _, features),) = unsure._answers().encoded([asked])
            tags: list[int] = []
            state = None
            for t in range(len(asked)):
                before = decoder.tags.weight[tags[-1] if tags else decoder.go]
                found = torch.nn.functional.dropout(features[0, t, : decoder.n_drawn], decoder.dropout.p)
                word = torch.cat([found, features[0, t, decoder.n_drawn :]])
                out, state = decoder.lstm(torch.cat([before, word])[None, None], state)
                kept = torch.nn.functional.dropout(out[0], decoder.dropout.p)
                tags.append(int((decoder.out(kept) + decoder.direct(word[None])).argmax()))
        return scheme.read(np.array(tags))

    return one


def test_passes_agree_in_distribution_with_a_slow_loop(
    unsure: CnnCnnLstmTagger, slow_pass: Callable[[Sentence], np.ndarray]
) -> None:
    asked = sentence(0, "Oslo gave codeine New today")
    n = 500
    torch.manual_seed(0)
    slow = np.array([slow_pass(asked) for _ in range(n)])
    (fast,) = unsure.sample([asked], n, 0)
    for t in range(len(asked)):
        counted = [np.bincount(own[:, t], minlength=len(unsure.tags)) / n for own in (slow, fast)]
        # Three standard errors of a difference of two shares, at most.
        np.testing.assert_allclose(*counted, atol=3 * math.sqrt(0.5 / n))
    assert (fast != np.median(fast, axis=0)).mean() > 0.02


def test_passes_that_drop_out_everywhere_are_of_the_same_shape_and_disagree(tagger: CnnCnnLstmTagger) -> None:
    everywhere = CnnCnnLstmTagger(LABELS, training=TRAINING, sizes=SIZES, everywhere=True)
    everywhere.fit(LEARNED, seed=0)
    passes = everywhere.sample(LEARNED, 8, 0)
    assert [own.shape for own in passes] == [(8, len(s)) for s in LEARNED]
    for mine, theirs in zip(passes, everywhere.sample(LEARNED, 8, 0), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    before = everywhere.predict_proba(LEARNED)
    np.testing.assert_array_equal(before[0], tagger.predict_proba(LEARNED)[0])


def test_training_that_was_killed_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    class KilledError(Exception):
        pass

    def kill(line: str) -> None:
        if line.startswith("epoch 3"):
            raise KilledError

    def made(checkpoint: Path | None) -> CnnCnnLstmTagger:
        return CnnCnnLstmTagger(LABELS, training=TRAINING, sizes=SIZES, checkpoint=checkpoint)

    whole, halted, resumed = made(None), made(tmp_path / "state"), made(tmp_path / "state")
    whole.fit(LEARNED, seed=0)
    with pytest.raises(KilledError):
        halted.fit(LEARNED, seed=0, tell=kill)
    resumed.fit(LEARNED, seed=0)
    for mine, theirs in zip(whole.predict_proba(LEARNED), resumed.predict_proba(LEARNED), strict=True):
        np.testing.assert_array_equal(mine, theirs)
