"""Penn tags for words as they are given."""

import sys

import pytest

from allabel.active.pos import with_pos
from allabel.active.sentence import Sentence
from allabel.errors import MissingExtraError

BARE = Sentence.of_words("bare", ["John", "flew", "to", "New", "York", "and/or", "3.5", "mg", "."])


def test_the_datas_own_tags_stay():
    own = Sentence.of_words("own", ["x", "y"], None, ["NNP", "VB"])
    assert with_pos([own, Sentence.of_words("none", [])]) == [own, Sentence.of_words("none", [])]


def test_each_word_gets_one_penn_tag_without_any_download():
    pytest.importorskip("textblob", reason="textblob tags parts of speech")
    tagged = with_pos([BARE])[0]
    assert tagged.words == BARE.words
    assert tagged.pos[0] == tagged.pos[3] == tagged.pos[4] == "NNP"
    assert tagged.pos[1:3] == ("VBD", "TO")
    assert tagged.pos[6] == "CD"


def test_another_tagger_of_words_can_be_given():
    tagged = with_pos([BARE], lambda words: ["NN"] * len(words))
    assert set(tagged[0].pos) == {"NN"}


def test_without_textblob_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "textblob.en", None)
    with pytest.raises(MissingExtraError, match=r"allabel\[finetune\]"):
        with_pos([BARE])
