"""Texts as words with tags."""

from dataclasses import replace

import pytest

from allabel.active.sentence import Sentence, digest, well_formed
from allabel.document import DocId, Document, Span
from allabel.errors import InputError

DOCUMENT = Document(DocId("a"), "NaCl (aq),\tin water", (Span(0, 4, "Salt"),))


def test_words_are_spelled_with_the_space_before_them_and_without_one_where_none_stands():
    words = Sentence.of_document(DOCUMENT)
    assert [word.strip() for word in words.spelled] == list(words.words)
    assert words.spelled[:4] == ("NaCl", " (", "aq", ")")
    assert words.spelled[-2:] == (" in", " water")


def test_a_text_that_nobody_annotated_has_no_known_word_and_one_without_entities_only_known_ones():
    assert Sentence.of_document(replace(DOCUMENT, entities=None)).n_known == 0
    outside = Sentence.of_document(replace(DOCUMENT, entities=()))
    assert set(outside.tags) == {"O"}
    assert Sentence.of_document(DOCUMENT).spans() == DOCUMENT.entities


@pytest.mark.parametrize(
    "other",
    [
        {"id": DocId("b")},
        {"text": "NaCl (aq),\nin water"},
        {"tags": (None,) * 7},
        {"pos": ("NN",) * 7},
    ],
)
def test_a_fingerprint_changes_with_all_that_a_sentence_says(other):
    sentence = Sentence.of_document(DOCUMENT)
    assert len(sentence) == 7
    assert digest([sentence]) == digest([replace(sentence)]) != digest([replace(sentence, **other)])
    assert digest([sentence, sentence]) != digest([sentence])


def test_a_tag_too_many_is_refused_with_the_sentence():
    with pytest.raises(InputError, match="'a' has 2 words, 3 tags"):
        Sentence.of_words(DocId("a"), ["x", "y"], ["O", "O", "O"])


def test_an_entity_that_begins_with_i_is_begun_and_none_is_joined_to_another():
    assert well_formed(["I-X", "I-X", "O", "I-Y", "I-X"]) == ["B-X", "I-X", "O", "B-Y", "B-X"]
    assert well_formed([]) == []
