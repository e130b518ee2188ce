"""New sentences made of annotated ones: well-formed, of known tags, and never in place of the originals."""

from pathlib import Path

import numpy as np
import pytest

from allabel.active.imbalance.augmentation import (
    augmented,
    replaced_by_synonyms,
    replaced_mentions,
    replaced_tokens,
    shuffled_segments,
)
from allabel.active.imbalance.methods import balanced
from allabel.active.imbalance.synonyms import PARTS, wordnet
from allabel.active.sentence import Sentence
from allabel.errors import InputError, UnknownNameError

ONE = Sentence.of_words(
    "1", ["He", "took", "sodium", "chloride", "quickly", "."], ["O", "O", "B-CHEM", "I-CHEM", "O", "O"]
)
TWO = Sentence.of_words("2", ["Aspirin", "eased", "heart", "pain"], ["B-CHEM", "O", "B-DIS", "I-DIS"])
HALF = Sentence.of_words("3", ["Lithium", "was", "odd"], ["B-CHEM", None, "O"])
ALL = [ONE, TWO, HALF]

NOUNS = """  1 the licence
00000001 03 n 02 ache 0 heart_disease 0 000 | pain
00000002 03 n 01 lonely 0 000 | alone
"""
ADVERBS = "00000003 02 r 02 quickly 0 apace(ip) 0 000 | fast\n"


@pytest.fixture
def words_net(tmp_path: Path) -> Path:
    for part in PARTS:
        (tmp_path / f"data.{part}").write_text({"noun": NOUNS, "adv": ADVERBS}.get(part, ""), encoding="utf-8")
    return tmp_path


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_a_word_is_replaced_by_one_that_bears_the_same_tag_and_an_unknown_one_stays() -> None:
    change = replaced_tokens(ALL, share=1)
    for seed in range(20):
        words, tags = change(ONE, np.random.default_rng(seed))
        assert tags == list(ONE.tags)
        assert {words[2]} <= {"sodium", "Aspirin", "Lithium"}
        assert {words[3]} <= {"chloride"}
        assert change(HALF, np.random.default_rng(seed))[0][1] == "was"


def test_an_entity_is_replaced_by_one_of_its_type_and_the_tags_go_with_it() -> None:
    change = replaced_mentions(ALL, share=1)
    seen = set()
    for seed in range(20):
        words, tags = change(TWO, np.random.default_rng(seed))
        made = Sentence.of_words("m", words, tags)
        seen |= {made.text[s.start : s.end] for s in made.spans() if s.label == "CHEM"}
        assert [made.text[s.start : s.end] for s in made.spans() if s.label == "DIS"] == ["heart pain"]
    assert seen == {"sodium chloride", "Aspirin", "Lithium"}


def test_words_are_shuffled_within_their_segment_only() -> None:
    words, tags = shuffled_segments(share=1)(ONE, np.random.default_rng(3))
    assert tags == list(ONE.tags)
    assert sorted(words[:2]) == ["He", "took"]
    assert sorted(words[2:4]) == ["chloride", "sodium"]
    assert sorted(words[4:]) == [".", "quickly"]


def test_two_entities_that_touch_are_two_segments() -> None:
    touching = Sentence.of_words("t", ["a", "b", "c"], ["B-X", "B-X", "I-X"])
    for seed in range(10):
        words, _ = shuffled_segments(share=1)(touching, np.random.default_rng(seed))
        assert words[0] == "a"


def test_synonyms_are_wordnets_and_one_of_several_words_goes_on_with_the_entity(words_net: Path) -> None:
    synonyms = wordnet(words_net)
    assert synonyms("ache") == ("heart disease",)
    assert synonyms("Ache") == ("Heart disease",)
    assert synonyms("quickly") == ("apace",)
    assert synonyms("lonely") == synonyms("benzene") == ()
    sentence = Sentence.of_words("s", ["the", "ache"], ["O", "B-DIS"])
    assert replaced_by_synonyms(synonyms, share=1)(sentence, rng()) == (
        ["the", "heart", "disease"],
        ["O", "B-DIS", "I-DIS"],
    )


def test_without_wordnet_the_message_says_how_to_get_it_and_the_rest_still_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WNSEARCHDIR", str(tmp_path))
    with pytest.raises(InputError, match="wordnet-base"):
        balanced("synonyms", ALL, ("CHEM", "DIS"), seed=0)
    assert len(balanced("replaced_mentions", ALL, ("CHEM", "DIS"), seed=0)) > len(ALL)


def test_a_damaged_file_of_wordnet_is_named_with_its_line(words_net: Path) -> None:
    (words_net / "data.verb").write_text("no such thing\n", encoding="utf-8")
    with pytest.raises(InputError, match="not a line of WordNet") as raised:
        wordnet(words_net)
    assert (raised.value.file, raised.value.line) == (words_net / "data.verb", 1)


def test_each_sentence_is_followed_by_at_most_one_new_one_of_its_id_and_the_same_seed_gives_the_same(
    words_net: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WNSEARCHDIR", str(words_net))
    many = [Sentence.of_words(f"{n}", one.words, one.tags) for n in range(40) for one in [ALL[n % 3]]]
    found = balanced("augmentation", many, ("CHEM", "DIS"), seed=1)
    assert found == balanced("augmentation", many, ("CHEM", "DIS"), seed=1)
    assert found != balanced("augmentation", many, ("CHEM", "DIS"), seed=2)
    originals = [one for one, before in zip(found, [None, *found], strict=False) if not before or before.id != one.id]
    assert originals == many
    assert len(many) < len(found) <= 2 * len(many)


def test_a_sentence_of_which_nothing_is_known_gets_no_copy() -> None:
    unknown = ONE.unknown()
    assert augmented([unknown], [shuffled_segments(share=1)], seed=0) == [unknown]


def test_an_unknown_way_names_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="nscrd"):
        balanced("smote", ALL, ("CHEM", "DIS"), seed=0)
