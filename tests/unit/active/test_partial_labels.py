"""The paper's own example, John Doe flew to New York City..., through the four policies."""

import pytest

from allabel.active.partial import (
    POLICIES,
    drop_entity_like,
    drop_unknowns,
    mask_entity_like,
    mask_unknowns,
    needs_pos,
    training_set,
)
from allabel.active.sentence import Sentence
from allabel.errors import InputError

WORDS = ["John", "flew", "to", "New", "York", "to", "watch", "the", "Super", "Bowl", "final", "with", "his", "friends"]
POS = ["NNP", "VBD", "TO", "NNP", "NNP", "TO", "VB", "DT", "NNP", "NNP", "JJ", "IN", "PRP$", "NNS"]
KNOWN = {1: "O", 2: "O", 3: "B-LOC", 4: "I-LOC"}
PAPERS = Sentence.of_words("papers", WORDS, [KNOWN.get(i) for i in range(len(WORDS))], POS)


def test_mask_unknowns_keeps_the_sentence_as_it_is():
    assert mask_unknowns(PAPERS) == PAPERS


def test_drop_unknowns_leaves_the_known_words():
    left = drop_unknowns(PAPERS)
    assert left.words == ("flew", "to", "New", "York")
    assert left.tags == ("O", "O", "B-LOC", "I-LOC")
    assert left.pos == ("VBD", "TO", "NNP", "NNP")


def test_mask_entity_like_calls_unknown_words_outside_unless_they_look_like_entities():
    made = mask_entity_like(PAPERS)
    assert made.words == PAPERS.words
    unknown = [word for word, tag in zip(made.words, made.tags, strict=True) if tag is None]
    assert unknown == ["John", "Super", "Bowl"]
    assert made.tags[1:8] == ("O", "O", "B-LOC", "I-LOC", "O", "O", "O")


def test_drop_entity_like_drops_those_and_keeps_the_rest_as_outside():
    made = drop_entity_like(PAPERS)
    assert " ".join(made.words) == "flew to New York to watch the final with his friends"
    assert None not in made.tags


def test_other_parts_of_speech_can_count_as_entity_like():
    made = mask_entity_like(PAPERS, {"NNP", "NNS"})
    assert [w for w, t in zip(made.words, made.tags, strict=True) if t is None] == ["John", "Super", "Bowl", "friends"]


@pytest.mark.parametrize("name", POLICIES)
def test_every_policy_leaves_out_a_sentence_that_nobody_annotated_and_keeps_a_whole_one(name):
    whole = PAPERS.with_tags(tag or "O" for tag in PAPERS.tags)
    assert training_set([PAPERS.unknown(), whole, Sentence.of_words("none", [])], name) == [whole]


@pytest.mark.parametrize("name", ["mask_entity_like", "drop_entity_like"])
def test_policies_that_look_at_parts_of_speech_say_so_where_there_are_none(name):
    assert needs_pos(name)
    bare = Sentence.of_words("bare", ["a", "b"], ["O", None])
    with pytest.raises(InputError, match="'bare' has no part-of-speech tags"):
        training_set([bare], name)


def test_another_policy_is_refused_and_the_known_ones_are_named():
    with pytest.raises(InputError, match="mask_unknowns, drop_unknowns"):
        training_set([PAPERS], "guess")
