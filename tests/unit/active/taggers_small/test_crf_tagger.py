"""The CRFsuite tagger: words cut in any way, marginals, and what it cannot learn from."""

from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pytest

from allabel.active.sentence import Sentence
from allabel.active.taggers.crfsuite import CrfTagger
from allabel.active.taggers.form_features import told
from allabel.annotate.features import word_features
from allabel.document import DocId, Document, Span
from allabel.errors import InputError

LEARNED = [
    Sentence.of_words(DocId("0"), ["we", "gave", "aspirin"], ["O", "O", "B-drug"]),
    Sentence.of_words(DocId("1"), ["acetic", "acid", "."], ["B-drug", "I-drug", "O"]),
    Sentence.of_words(DocId("2"), ["no", "1,2-dichloroethane"], ["O", "B-drug"]),
]


def trained(*labels: str) -> CrfTagger:
    tagger = CrfTagger(labels or ("drug",))
    tagger.fit(LEARNED, seed=0)
    return tagger


def test_words_that_are_pieces_have_the_features_of_the_embedded_annotator() -> None:
    sentence = Sentence.of_document(Document(DocId("a"), "n-BuLi, 5 mL", (Span(0, 6, "drug"),)))
    assert sentence.words == ("n", "-", "BuLi", ",", "5", "mL")
    features = told(sentence, None, {})
    assert set(word_features("n-BuLi,", 2, 0)) < set(features[2])
    assert set(word_features("n-BuLi,", 1, -1)) < set(features[2])
    assert not any("whole=" in feature for word in features for feature in word)


def test_words_of_several_pieces_say_what_their_pieces_say_and_themselves() -> None:
    (_, features) = told(LEARNED[2], None, {})
    assert {"0|w=1", "0|w=dichloroethane", "0|whole=1,2-dichloroethane", "-1|w=no", "1|<outside>"} <= set(features)


def test_marginals_are_those_of_counting_every_sequence() -> None:
    tagger = trained()
    crf, asked = tagger._trained, LEARNED[1]
    scores = crf.emissions(told(asked, tagger._lexicon, {}))
    weights = {
        path: np.exp(
            sum(scores[t, k] for t, k in enumerate(path)) + sum(crf.transitions[a, b] for a, b in pairwise(path))
        )
        for path in product(range(len(crf.tags)), repeat=len(asked))
    }
    total = sum(weights.values())
    (rows,) = tagger.predict_proba([asked])
    for t, k in product(range(len(asked)), range(len(crf.tags))):
        expected = sum(w for path, w in weights.items() if path[t] == k) / total
        assert rows[t, tagger.tags.index(crf.tags[k])] == pytest.approx(expected, abs=1e-9)


def test_tags_that_were_never_seen_have_a_column_of_zeros() -> None:
    tagger = trained("place", "drug")
    (rows,) = tagger.predict_proba(LEARNED[:1])
    assert tagger.tags == ("O", "B-place", "I-place", "B-drug", "I-drug")
    assert (rows[:, 1:3] == 0).all()
    assert (rows[:, 3] > 0).all()


def test_its_words_own_tags_are_no_feature_of_a_sentence_in_training() -> None:
    counts = {"aspirin": {"B-drug": 1}}
    assert any(f == "0|lex=B-drug" for f in told(LEARNED[0], counts, {})[2])
    assert any(f == "0|lex?" for f in told(LEARNED[0], counts, counts)[2])


def test_sentences_annotated_in_part_are_refused_with_the_way_out() -> None:
    with pytest.raises(InputError, match=r"'x' is annotated in 1 of 2 words.*\n.*drop_unknowns"):
        CrfTagger(["drug"]).fit([Sentence.of_words(DocId("x"), ["a", "b"], ["O", None])], seed=0)


def test_sentences_that_nobody_annotated_are_passed_over() -> None:
    tagger = CrfTagger(["drug"])
    assert tagger.fit([*LEARNED, LEARNED[0].unknown()], seed=0).n_sentences == 3


def test_a_saved_chain_of_another_version_or_tagger_or_size_is_refused(tmp_path: Path) -> None:
    trained().save(tmp_path / "crf")
    path = tmp_path / "crf" / "tagger.json"
    kept = path.read_text()
    for old, new, says in (
        ('"format": 1', '"format": 99', "format 99"),
        ('"tagger": "crf"', '"tagger": "bilstm"', "'bilstm'"),
        ('"B-drug",\n', "", "is not what was saved"),
    ):
        path.write_text(kept.replace(old, new, 1))
        with pytest.raises(InputError, match=says):
            CrfTagger.load(tmp_path / "crf")


def test_a_failed_save_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="is a file"):
        trained().save(tmp_path / "file")
    with pytest.raises(InputError, match="cannot be saved"):
        trained().save(tmp_path / "file" / "below")
    assert (tmp_path / "file").read_text() == "x"
