"""A saved encoder: read back the same, opened by Hugging Face, and refused where it is not whole."""

import json
import shutil

import numpy as np
import pytest
from tiny_encoders import LABELS, lessons
from with_torch import transformers

from allabel.active.taggers.encoder import EncoderTagger
from allabel.active.taggers.encoder_network import quiet
from allabel.active.taggers.fitting import Training
from allabel.errors import InputError, LabelError

ONCE = Training(epochs=1, batch_sentences=8, learning_rate=5e-3, held_out=0.0, precision="float32")


@pytest.mark.parametrize("options", [{}, {"crf": True, "constrained": True}, {"layers": 2, "dropout": 0.3}], ids=str)
def test_what_was_saved_says_the_same_when_read_back(bert, folder, options):
    tagger = EncoderTagger(LABELS, encoder=bert, training=ONCE, **options)
    tagger.fit(lessons(), seed=0)
    tagger.save(folder)
    read = EncoderTagger.load(folder)
    assert (read.labels, read.tags) == (tagger.labels, tagger.tags)
    for one, other in zip(read.predict_proba(lessons()), tagger.predict_proba(lessons()), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    for one, other in zip(read.sample(lessons(3), 5, 0), tagger.sample(lessons(3), 5, 0), strict=True):
        np.testing.assert_array_equal(one, other)
    assert read.fit(lessons(), seed=0).n_steps == 3


def test_the_pipeline_of_hugging_face_opens_it_and_finds_the_same_entities(bert, folder):
    training = Training(epochs=15, batch_sentences=8, learning_rate=5e-3, held_out=0.0, precision="float32")
    tagger = EncoderTagger(LABELS, encoder=bert, training=training)
    tagger.fit(lessons(), seed=0)
    tagger.save(folder)
    with quiet():
        pipeline = transformers.pipeline("token-classification", model=str(folder), aggregation_strategy="first")
    n_found = 0
    for sentence, prediction in zip(lessons(), tagger.predict(lessons()), strict=True):
        expected = [(span.start, span.end, span.label) for span in sentence.spans(prediction.tags)]
        found = [(group["start"], group["end"], group["entity_group"]) for group in pipeline(sentence.text)]
        assert found == expected
        n_found += len(found)
    assert n_found > 30


def test_the_config_names_the_tags(trained, folder):
    trained.save(folder)
    config = json.loads((folder / "config.json").read_text())
    assert config["id2label"] == {"0": "O", "1": "B-drug", "2": "I-drug", "3": "B-place", "4": "I-place"}
    assert config["architectures"] == ["BertForTokenClassification"]


def test_saving_replaces_what_was_there(trained, folder):
    folder.mkdir()
    (folder / "old").touch()
    trained.save(folder)
    assert not (folder / "old").exists()
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    EncoderTagger.load(folder)


def test_a_folder_that_is_not_there_is_named(folder):
    with pytest.raises(InputError, match=str(folder)):
        EncoderTagger.load(folder)


@pytest.mark.parametrize("lost", ["model.safetensors", "config.json", "tagger.json", "tokenizer.json"])
def test_half_a_folder_is_refused_naming_what_lacks(trained, folder, lost):
    trained.save(folder)
    (folder / lost).unlink()
    with pytest.raises(InputError, match=lost):
        EncoderTagger.load(folder)


def test_weights_that_were_cut_short_are_refused(trained, folder):
    trained.save(folder)
    data = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError, match=folder.name):
        EncoderTagger.load(folder)


def test_the_weights_of_a_crf_that_are_lost_are_named(bert, folder):
    tagger = EncoderTagger(LABELS, encoder=bert, training=ONCE, crf=True)
    tagger.fit(lessons(8), seed=0)
    tagger.save(folder)
    (folder / "beside.safetensors").unlink()
    with pytest.raises(InputError, match=r"beside\.safetensors"):
        EncoderTagger.load(folder)


def test_an_encoder_without_its_head_is_not_taken_for_a_trained_tagger(trained, bert, folder):
    trained.save(folder)
    shutil.copy(f"{bert}/model.safetensors", folder)
    told = json.loads((folder / "tagger.json").read_text())
    told["files"]["model.safetensors"] = (folder / "model.safetensors").stat().st_size
    (folder / "tagger.json").write_text(json.dumps(told))
    with pytest.raises(InputError, match=r"lacks 2 of its weights.*classifier"):
        EncoderTagger.load(folder)


@pytest.mark.parametrize("labels", [("drug", "place", "gene"), ("place", "drug")], ids=str)
def test_what_was_fine_tuned_may_be_the_encoder_of_another_with_a_head_of_its_own(trained, folder, labels):
    trained.save(folder)
    tagger = EncoderTagger(labels, encoder=str(folder), training=ONCE)
    tagger.fit(lessons(), seed=0)
    assert len(tagger.predict_proba(lessons(1))[0][0]) == 1 + 2 * len(labels)
    with quiet():
        fresh = transformers.AutoModelForTokenClassification.from_pretrained(folder)
    head = tagger._trained.network.encoder.classifier.weight
    assert head.shape != fresh.classifier.weight.shape or (head - fresh.classifier.weight).abs().mean() > 0.1


def test_other_labels_than_asked_for_are_refused_naming_both(trained, folder):
    trained.save(folder)
    assert EncoderTagger.load(folder, labels=["place", "drug"]).labels == LABELS
    with pytest.raises(LabelError, match=r"knows the labels drug, place, and asked for are gene, place"):
        EncoderTagger.load(folder, labels=["gene", "place"])


def test_a_later_format_is_refused(trained, folder):
    trained.save(folder)
    told = json.loads((folder / "tagger.json").read_text())
    (folder / "tagger.json").write_text(json.dumps({**told, "format": 99}))
    with pytest.raises(InputError, match="format 99"):
        EncoderTagger.load(folder)


def test_saving_before_training_is_refused(folder):
    with pytest.raises(InputError, match="not trained"):
        EncoderTagger(LABELS).save(folder)
    assert not folder.exists()
