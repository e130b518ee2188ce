"""The shallow softmax: what it learns by each loss."""

import numpy as np
import pytest
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression
from tiny_encoders import LABELS, lessons

from allabel.active.taggers.form_features import tagged_words, told
from allabel.active.taggers.held_out import strict_f1
from allabel.active.taggers.softmax import SoftmaxTagger
from allabel.errors import InputError


@pytest.mark.parametrize("loss", ["cross_entropy", "focal", "dice"])
def test_every_loss_learns(loss: str) -> None:
    tagger = SoftmaxTagger(LABELS, loss=loss)
    fitted = tagger.fit(lessons(40), seed=0)
    assert fitted.n_sentences == 40
    assert strict_f1(lessons(40), [one.tags for one in tagger.predict(lessons(40))]) > 0.95


def test_cross_entropy_is_the_logistic_regression_of_scikit_learn() -> None:
    sentences = lessons(30)
    tagger = SoftmaxTagger(LABELS, l2=1.0, lexicon=False)
    tagger.fit(sentences, seed=0)
    words = [dict.fromkeys(features, 1) for sentence in sentences for features in told(sentence, None, {})]
    gold = [tag for sentence in sentences for tag in sentence.tags]
    rows = DictVectorizer().fit_transform(words)
    theirs = LogisticRegression(C=1.0, fit_intercept=False, tol=1e-8, max_iter=2000).fit(rows, gold)
    ours = np.concatenate(tagger.predict_proba(sentences))[:, [tagger.tags.index(tag) for tag in theirs.classes_]]
    assert ours == pytest.approx(theirs.predict_proba(rows), abs=0.01)


def test_it_learns_from_the_known_words_of_a_sentence_alone() -> None:
    half = [s.with_tags(tag if i % 2 else None for i, tag in enumerate(s.tags)) for s in lessons(40)]
    fitted = SoftmaxTagger(LABELS).fit(half, seed=0)
    assert fitted.n_words == sum(sentence.n_known for sentence in half)


def test_a_loss_that_is_not_known_names_those_that_are() -> None:
    with pytest.raises(InputError, match="cross_entropy, focal, dice"):
        SoftmaxTagger(LABELS, loss="hinge")


def test_what_copies_of_a_sentence_say_of_its_words_is_left_out_as_what_it_says_itself() -> None:
    # Else every word of a repeated sentence is known from its copy, and nothing but that is learned.
    counts, own = tagged_words([*lessons(3), *lessons(3)])
    for sentence, mine in zip([*lessons(3), *lessons(3)], own, strict=True):
        alone = tagged_words([*lessons(3)])
        rest = [one for one in lessons(3) if one.id != sentence.id]
        assert told(sentence, counts, mine) == told(sentence, tagged_words([*rest, *rest])[0], {})
        assert told(sentence, alone[0], alone[1][lessons(3).index(sentence)]) == told(sentence, counts, mine)
