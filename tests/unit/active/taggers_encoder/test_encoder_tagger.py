"""The encoder as a tagger: what it learns from, and what it says of words."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from tiny_encoders import LABELS, lessons
from with_torch import torch

from allabel.active.sentence import Sentence
from allabel.active.taggers.encoder import EncoderTagger
from allabel.active.taggers.encoder_batches import batch_of
from allabel.active.taggers.fitting import Training
from allabel.active.taggers.held_out import strict_f1
from allabel.document import DocId
from allabel.errors import AllabelError, InputError, LabelError

QUICK = Training(epochs=12, batch_sentences=8, learning_rate=5e-3, held_out=0.0, precision="float32")
ONCE = replace(QUICK, epochs=1)


def f1(tagger, sentences):
    return strict_f1(sentences, [prediction.tags for prediction in tagger.predict(sentences)])


def weights(tagger):
    return {name: value.clone() for name, value in tagger._trained.network.state_dict().items()}


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


def test_every_kind_of_encoder_learns(any_encoder):
    tagger = EncoderTagger(LABELS, encoder=any_encoder, training=QUICK)
    told = []
    fitted = tagger.fit(lessons(), seed=0, tell=told.append)
    assert f1(tagger, lessons()) > 0.9
    assert (fitted.n_sentences, fitted.n_epochs, fitted.n_steps, len(told)) == (24, 12, 36, 12)
    assert fitted.held_out_f1 is None
    assert "nothing was held out" in fitted.stopped


@pytest.mark.parametrize(
    "options",
    [
        {"crf": True, "constrained": True, "head_learning_rate": 2e-2},
        {"loss": "focal"},
        # It is flat where a tag is unlikely, so that it takes its time.
        {"loss": "dice", "training": replace(QUICK, epochs=30)},
        {"layers": 2, "freeze_embeddings": True, "dropout": 0.0},
    ],
    ids=str,
)
def test_every_option_learns_too(bert, options):
    tagger = EncoderTagger(LABELS, encoder=bert, **{"training": QUICK, **options})
    tagger.fit(lessons(), seed=0)
    assert f1(tagger, lessons()) > 0.8


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(bert):
    tagger = EncoderTagger(LABELS, encoder=bert, training=ONCE)
    found = []
    for seed in (1, 1, 2):
        tagger.fit(lessons(), seed=seed)
        found.append(weights(tagger))
    assert same(found[0], found[1])
    assert not same(found[0], found[2])


def test_training_leaves_the_chance_of_others_alone(bert):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    EncoderTagger(LABELS, encoder=bert, training=ONCE).fit(lessons(8), seed=1)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("crf", [False, True])
def test_a_tag_that_is_not_known_teaches_nothing(bert, crf):
    sentences = lessons(8)
    unknown = [sentence.with_tags([*sentence.tags[:3], *[None] * (len(sentence) - 3)]) for sentence in sentences]
    tagger = EncoderTagger(LABELS, encoder=bert, training=QUICK, crf=crf)
    fitted = tagger.fit([*unknown, sentences[0].unknown()], seed=0)
    assert (fitted.n_sentences, fitted.n_words) == (8, 24)
    tags = {tag for prediction in tagger.predict(sentences) for tag in prediction.tags}
    # No place was ever shown to it, so it names none as soon as it has learned what was.
    assert "B-drug" in tags
    assert not {"B-place", "I-place"} & tags


def test_probabilities_are_of_words_and_decisions_are_the_likeliest(trained):
    sentences = [*lessons(3), Sentence.of_words(DocId("empty"), [])]
    for sentence, p, prediction in zip(
        sentences, trained.predict_proba(sentences), trained.predict(sentences), strict=True
    ):
        assert p.shape == (len(sentence), 5)
        np.testing.assert_allclose(p.sum(1), 1.0)
        assert prediction.tags == tuple(trained.tags[i] for i in p.argmax(1))
        assert prediction.log_probability == pytest.approx(float(np.log(p.max(1)).sum()))


def test_a_sentence_is_tagged_alike_alone_and_among_others(trained):
    together = trained.predict_proba(lessons())
    for sentence, p in zip(lessons(), together, strict=True):
        np.testing.assert_allclose(trained.predict_proba([sentence])[0], p, atol=1e-5)


def test_a_text_longer_than_the_window_is_read_in_windows_to_its_end(trained):
    words = [word for sentence in lessons() for word in sentence.words]
    (p,) = trained.predict_proba([Sentence.of_words(DocId("long"), words)])
    # The last words are read from a window of their own: the one that ends with the text.
    model = trained._trained
    windows = model.pieces.windows([Sentence.of_words(DocId("long"), words)])
    assert len(windows) > 4
    last = model.network.eval()(batch_of(windows[-1:], model.pad, model.device))[0, windows[-1].firsts]
    assert p.shape == (len(words), 5)
    np.testing.assert_allclose(p[windows[-1].words], last.detach().softmax(1).numpy(), atol=1e-5)


def test_each_word_of_a_long_text_is_learned_from_once(bert):
    sentences = lessons()
    words = [word for sentence in sentences for word in sentence.words]
    tags = [tag for sentence in sentences for tag in sentence.tags]
    tagger = EncoderTagger(LABELS, encoder=bert, training=QUICK)
    fitted = tagger.fit([Sentence.of_words(DocId(str(i)), words, tags) for i in range(3)], seed=0)
    assert fitted.n_words == 3 * len(words)
    assert f1(tagger, lessons()) > 0.5


def test_words_without_pieces_and_odd_words_are_tagged_too(trained):
    odd = Sentence.of_words(DocId("odd"), ["\u200b", "😀", "x" * 500, "gave", "\ufe0f"])
    (p,) = trained.predict_proba([odd])
    np.testing.assert_allclose(p.sum(1), 1.0)


def test_held_out_sentences_stop_the_training_and_the_best_weights_stay(bert):
    told = []
    training = replace(QUICK, epochs=30, held_out=0.25, patience=2, schedule="constant")
    tagger = EncoderTagger(LABELS, encoder=bert, training=training)
    fitted = tagger.fit(lessons(120), seed=0, tell=told.append)
    assert fitted.n_epochs < 30
    assert "no better held-out F1 for 2 epochs" in fitted.stopped
    assert f"held-out F1 {fitted.held_out_f1:.3f}" in told[fitted.n_epochs - 3]


def test_only_the_embeddings_of_pieces_that_occur_change(bert):
    tagger = EncoderTagger(LABELS, encoder=bert, training=ONCE)
    tagger.fit([sentence for sentence in lessons() if "Lima" not in sentence.words], seed=0)
    model = tagger._trained
    from transformers import AutoModel

    before = AutoModel.from_pretrained(bert).get_input_embeddings().weight
    after = model.network.encoder.get_input_embeddings().weight
    changed = (before != after).any(1)
    assert changed[model.tokenizer.convert_tokens_to_ids("gave")]
    assert not changed[model.tokenizer.convert_tokens_to_ids("Lima")]
    assert not changed[model.tokenizer.pad_token_id]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"constrained": True}, "constrained is True and crf is False"),
        ({"crf": True, "loss": "focal"}, "decides on whole sentences by a CRF"),
        ({"loss": "hinge"}, "known are cross_entropy, focal, dice"),
    ],
    ids=str,
)
def test_an_option_that_would_do_nothing_is_refused_by_name(options, says):
    with pytest.raises(InputError, match=says):
        EncoderTagger(LABELS, **options)


def test_training_without_a_known_word_is_refused(bert):
    with pytest.raises(InputError, match="no word is annotated"):
        EncoderTagger(LABELS, encoder=bert).fit([lessons(1)[0].unknown()], seed=0)


def test_a_tag_of_another_schema_is_refused_by_name(bert):
    with pytest.raises(LabelError, match="B-drug"):
        EncoderTagger(["place"], encoder=bert).fit(lessons(), seed=0)


def test_asking_before_training_is_refused():
    with pytest.raises(InputError, match="not trained"):
        EncoderTagger(LABELS).predict(lessons(1))


def test_an_encoder_that_is_not_there_is_named_with_the_way_out(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(InputError, match=r"'no-such/encoder-at-all'.*offline.*\n.*download it once.*folder"):
        EncoderTagger(LABELS, encoder="no-such/encoder-at-all", training=ONCE).fit(lessons(), seed=0)


def test_a_folder_that_is_not_there_and_one_without_a_model_are_named(tmp_path):
    with pytest.raises(InputError, match=r"nowhere'.*no such folder"):
        EncoderTagger(LABELS, encoder=str(tmp_path / "nowhere"), training=ONCE).fit(lessons(), seed=0)
    with pytest.raises(InputError, match="the folder holds no model"):
        EncoderTagger(LABELS, encoder=str(tmp_path), training=ONCE).fit(lessons(), seed=0)


def test_an_encoder_without_its_tokenizer_is_refused(bert, tmp_path):
    for name in ("config.json", "model.safetensors"):
        shutil.copy(f"{bert}/{name}", tmp_path)
    with pytest.raises(InputError, match="no vocabulary"):
        EncoderTagger(LABELS, encoder=str(tmp_path)).fit(lessons(), seed=0)


def test_more_layers_than_there_are_is_refused(bert):
    with pytest.raises(InputError, match=r"has 3 layers, and layers is 7\n  remedy: give 1 to 3"):
        EncoderTagger(LABELS, encoder=bert, layers=7).fit(lessons(), seed=0)


def test_a_training_that_fails_leaves_the_tagger_as_it_was(bert):
    tagger = EncoderTagger(LABELS, encoder=bert, training=ONCE)
    tagger.fit(lessons(), seed=0)
    before = weights(tagger)

    def full(line):
        raise MemoryError

    with pytest.raises(AllabelError, match=r"memory ran out in training.*\n.*batch_sentences smaller than 8"):
        tagger.fit(lessons(), seed=1, tell=full)
    assert same(weights(tagger), before)


def test_nothing_is_printed(bert, capfd):
    EncoderTagger(LABELS, encoder=bert, training=ONCE).fit(lessons(8), seed=0)
    assert capfd.readouterr() == ("", "")
