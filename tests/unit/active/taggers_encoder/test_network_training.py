"""The training that all networks share."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_encoders import lessons
from with_torch import torch

from allabel.active.taggers.checkpoint import fingerprint
from allabel.active.taggers.fitting import Training, decayed, length_batches, train
from allabel.active.taggers.held_out import hold_out, strict_f1
from allabel.document import DocId
from allabel.errors import AllabelError, InputError

X = torch.randn(60, 6, generator=torch.Generator().manual_seed(0))
Y = (X[:, 0] > 0).long()
TRAINING = Training(epochs=5, learning_rate=2e-2, precision="float32", patience=None)
OF = fingerprint(lessons(4), ("drug", "place"), "")


class Killed(BaseException):
    """Stands for a kill."""


def learn(
    training=TRAINING,
    *,
    killed_at=None,
    held_out=True,
    checkpoint=None,
    of=None,
    tell=lambda line: None,
    progress=lambda done, of: None,
    f1=None,
):
    """Train a small network with dropout; return its weights and what was done."""
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.Dropout(0.3), torch.nn.Linear(8, 2))
    n = 0

    def loss(positions):
        nonlocal n
        n += 1
        if n == killed_at:
            raise Killed
        return torch.nn.functional.cross_entropy(network(X[positions]), Y[positions])

    def right():
        network.eval()
        with torch.inference_mode():
            return float((network(X).argmax(1) == Y).double().mean())

    history = train(
        network,
        [1] * 60,
        loss,
        training,
        seed=3,
        held_out_f1=(f1 or right) if held_out else None,
        tell=tell,
        progress=progress,
        checkpoint=checkpoint,
        of=of or OF,
    )
    return {name: value.clone() for name, value in network.state_dict().items()}, history


def equal(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("killed_at", [1, 3, 9, 18])
def test_a_training_that_was_killed_goes_on_to_the_same_weights(tmp_path, killed_at):
    whole, history = learn()
    path = tmp_path / "state"
    with pytest.raises(Killed):
        learn(killed_at=killed_at, checkpoint=path)
    weights, resumed = learn(checkpoint=path)
    assert equal(weights, whole)
    assert (resumed.n_steps, resumed.held_out_f1) == (history.n_steps, history.held_out_f1)


def test_a_training_that_ended_is_not_begun_again(tmp_path):
    whole, _ = learn(checkpoint=tmp_path / "state")
    told = []
    again, history = learn(checkpoint=tmp_path / "state", tell=told.append)
    assert equal(again, whole)
    assert (told, history.n_epochs) == ([], 5)


@pytest.mark.parametrize(
    ("of", "problem"),
    [
        (fingerprint(lessons(5), ("drug", "place"), ""), "its sentences are others"),
        (fingerprint(lessons(4), ("drug", "gene"), ""), "its labels: drug, place; here: drug, gene"),
        (fingerprint(lessons(4), ("drug", "place"), "crf"), "its options"),
    ],
)
def test_a_checkpoint_of_something_else_is_refused_and_stays(tmp_path, of, problem):
    path = tmp_path / "state"
    learn(checkpoint=path)
    before = path.read_bytes()
    with pytest.raises(InputError, match=problem):
        learn(checkpoint=path, of=of)
    assert path.read_bytes() == before


def test_a_damaged_checkpoint_is_refused(tmp_path):
    path = tmp_path / "state"
    learn(checkpoint=path)
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(InputError, match="cannot be read"):
        learn(checkpoint=path)


def test_a_checkpoint_that_cannot_be_written_is_named_with_the_way_out(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"state: the checkpoint cannot be written.*\n.*make room"):
        learn(checkpoint=tmp_path / "file" / "state")


def test_out_of_memory_names_the_batch_and_keeps_the_checkpoint(tmp_path):
    path = tmp_path / "state"
    epochs = []

    def full(line):
        epochs.append(line)
        if len(epochs) == 3:
            raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(AllabelError, match=r"batches of 16\n  remedy: make batch_sentences smaller.*is kept"):
        learn(checkpoint=path, tell=full)
    whole, _ = learn()
    weights, history = learn(checkpoint=path)
    assert equal(weights, whole)
    assert history.n_epochs == 5


def test_a_loss_that_is_no_number_says_what_to_change():
    with pytest.raises(AllabelError, match="learning_rate smaller than 1e"):
        learn(replace(TRAINING, learning_rate=1e30))


def test_the_best_weights_stay_and_patience_ends_the_training():
    longer, told = replace(TRAINING, epochs=6, schedule="constant", warmup=0.0), []
    scores = iter([0.1, 0.5, 0.4, 0.5, 0.3])
    weights, history = learn(replace(longer, patience=3), f1=lambda: next(scores), tell=told.append)
    assert (history.n_epochs, len(told), history.held_out_f1) == (5, 5, 0.5)
    assert history.stopped == "no better held-out F1 for 3 epochs; the weights are those of epoch 2"
    # At a constant rate, the weights of epoch 2 are those of a training of two epochs.
    assert equal(weights, learn(replace(longer, epochs=2), held_out=False)[0])


def test_progress_counts_the_epochs_before_the_line_that_tells_of_each_and_goes_on_after_a_kill(tmp_path):
    heard = []

    def listen(**more):
        return learn(progress=lambda *counts: heard.append(counts), tell=heard.append, **more)

    with pytest.raises(Killed):
        listen(killed_at=9, checkpoint=tmp_path / "state")  # 4 steps an epoch
    assert [one if isinstance(one, tuple) else one[:12] for one in heard] == [
        (1, 5),
        "epoch 1 of 5",
        (2, 5),
        "epoch 2 of 5",
    ]
    heard.clear()
    listen(checkpoint=tmp_path / "state")
    assert heard[0] == (3, 5)
    assert heard[-2] == (5, 5)


def test_the_rate_rises_and_falls_in_straight_lines():
    training = Training(warmup=0.2)
    assert [training.rate(step, 10) for step in range(10)] == pytest.approx(
        [0.5, 1.0, 1.0, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125]
    )
    constant = Training(warmup=0.2, schedule="constant")
    assert [constant.rate(step, 10) for step in range(10)] == [0.5, *[1.0] * 9]


@pytest.mark.parametrize(
    ("field", "value"),
    [("epochs", 0), ("schedule", "cosine"), ("held_out", 1.0), ("warmup", 2), ("precision", "int8")],
)
def test_a_value_that_cannot_be_is_refused_by_name(field, value):
    with pytest.raises(InputError, match=f"{field} is {value!r}"):
        Training(**{field: value})


def test_a_device_that_is_not_there_is_refused_by_name():
    from allabel.active.taggers import devices

    with pytest.raises(InputError, match="'nonesuch'"):
        devices.device("nonesuch")


def test_biases_and_norms_do_not_decay():
    network = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.LayerNorm(3))
    matrices, rest = decayed(network, 1e-3, 0.1)
    assert [p.ndim for p in matrices["params"]] == [2]
    assert (len(rest["params"]), rest["weight_decay"]) == (3, 0.0)


@given(st.lists(st.integers(1, 50), max_size=200), st.integers(1, 16), st.booleans())
def test_batches_hold_each_position_once(lengths, size, buckets):
    batches = length_batches(lengths, size, np.random.default_rng(0), buckets=buckets)
    assert sorted(i for batch in batches for i in batch.tolist()) == list(range(len(lengths)))
    assert len(batches) == -(-len(lengths) // size)
    assert all(len(batch) <= size for batch in batches)


def test_buckets_leave_little_padding_and_are_new_each_time():
    lengths = np.random.default_rng(0).integers(5, 100, 400)

    def padded(buckets):
        batches = length_batches(lengths, 16, np.random.default_rng(1), buckets=buckets)
        return sum(len(batch) * lengths[batch].max() for batch in batches) / lengths.sum()

    assert padded(True) < 1.2 < 1.6 < padded(False)
    first, second = (length_batches(lengths, 16, np.random.default_rng(seed)) for seed in (0, 1))
    assert {tuple(sorted(batch)) for batch in first} != {tuple(sorted(batch)) for batch in second}


def test_sentences_with_entities_are_held_out_and_none_without_a_known_tag():
    tagged = [*lessons(60), *(sentence.with_tags(["O"] * len(sentence)) for sentence in lessons(60))]
    tagged += [sentence.unknown() for sentence in lessons(60)]
    sentences = [replace(sentence, id=DocId(f"{i}")) for i, sentence in enumerate(tagged)]
    learned, held = hold_out(sentences, 0.25, seed=1)
    assert len(held) == 30
    assert all(i < 60 for i in held)
    assert sorted(learned + held) == list(range(120))
    assert hold_out(sentences, 0.25, seed=2)[1] != held


def test_copies_of_a_held_out_sentence_are_not_learned_from_and_it_is_held_out_once():
    sentences = [sentence for sentence in lessons(120) for _ in range(3)]
    learned, held = hold_out(sentences, 0.25, seed=1)
    assert len(held) == 30
    assert all(i % 3 == 0 for i in held)
    assert not {sentences[i].id for i in learned} & {sentences[i].id for i in held}
    assert len(learned) == 3 * 90


def test_fewer_than_thirty_are_not_held_out():
    assert hold_out(lessons(290), 0.1, seed=0) == (list(range(290)), [])
    assert len(hold_out(lessons(300), 0.1, seed=0)[1]) == 30


def test_f1_is_of_whole_entities_and_blind_to_what_is_not_annotated():
    sentence = lessons(1)[0]  # we gave aspirin in New Paris
    assert strict_f1([sentence], [sentence.tags]) == 1.0
    assert strict_f1([sentence], [["O", "O", "B-drug", "O", "B-place", "O"]]) == pytest.approx(0.5)
    assert strict_f1([sentence], [["B-drug", "O", "B-drug", "O", "B-place", "I-place"]]) == pytest.approx(0.8)
    blind = sentence.with_tags([None, *sentence.tags[1:]])
    assert strict_f1([blind], [["B-drug", "O", "B-drug", "O", "B-place", "I-place"]]) == 1.0
    assert strict_f1([sentence.unknown()], [["O"] * 6]) == 1.0
