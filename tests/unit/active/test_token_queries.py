"""Query strategies on a small real tagger."""

import math

import numpy as np
import pytest
from counting_tagger import CountingTagger, SamplingTagger, a_pool

from allabel.active import scores
from allabel.active.queries import Asking, OfProbabilities
from allabel.active.sentence import Sentence
from allabel.errors import InputError
from allabel.plugins import load, names

NAMES = ("breaking_ties", "least_confidence", "prediction_entropy", "random", "sequence_lc", "mnlp", "bald")


def trained(kind=CountingTagger):
    tagger = kind()
    tagger.fit(a_pool(20), seed=0)
    return tagger


def unknown(n=12):
    return [sentence.unknown() for sentence in a_pool(n, seed=1)]


def test_the_seven_queries_are_registered_by_their_names():
    assert set(NAMES) <= set(names("queries"))
    assert [load("queries", name).name for name in NAMES] == list(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_query_scores_every_sentence_and_the_same_again_for_the_same_seed(name):
    query, pool = load("queries", name), unknown()
    found = [query(trained(SamplingTagger), pool, Asking(seed, n_passes=20)) for seed in (0, 0)]
    assert found[0].sentences.shape == (12,)
    assert np.isfinite(found[0].sentences).all()
    assert found[0].sentences.tolist() == found[1].sentences.tolist()
    assert (found[0].words is not None) == query.scores_words
    if found[0].words is not None:
        assert found[0].words.shape == (sum(map(len, pool)),)


@pytest.mark.parametrize("name", ["breaking_ties", "least_confidence", "prediction_entropy"])
def test_a_sentence_scores_as_its_most_doubtful_word(name):
    tagger, pool = trained(), unknown()
    found = load("queries", name)(tagger, pool, Asking(0))
    by_hand = [getattr(scores, name)(probs).min() for probs in tagger.predict_proba(pool)]
    assert found.sentences == pytest.approx(by_hand)


def test_words_that_are_annotated_already_do_not_count_for_their_sentence():
    tagger = CountingTagger()
    tagger.fit([Sentence.of_words("a", ["sure"] * 9, ["O"] * 9)], seed=0)
    half = Sentence.of_words("b", ["sure", "new"], [None, "O"])
    whole = Sentence.of_words("c", ["sure", "new"], ["O", "O"])
    none = Sentence.of_words("d", ["sure", "new"])
    for name in ("breaking_ties", "least_confidence", "prediction_entropy"):
        first, second, third = load("queries", name)(tagger, [half, whole, none], Asking(0)).sentences
        assert third < first < math.inf == second


def test_the_aggregation_can_be_chosen():
    tagger, pool = trained(), unknown()
    probs = tagger.predict_proba(pool)
    found = load("queries", "breaking_ties")(tagger, pool, Asking(0, aggregate="mean"))
    assert found.sentences == pytest.approx([scores.breaking_ties(one).mean() for one in probs])


def test_mnlp_divides_by_the_words_and_sequence_lc_does_not():
    tagger, pool = trained(), unknown()
    logs = [prediction.log_probability for prediction in tagger.predict(pool)]
    assert load("queries", "sequence_lc")(tagger, pool, Asking(0)).sentences == pytest.approx(logs)
    by_hand = [log / len(sentence) for log, sentence in zip(logs, pool, strict=True)]
    assert load("queries", "mnlp")(tagger, pool, Asking(0)).sentences == pytest.approx(by_hand)


def test_bald_means_over_the_words_of_a_sentence():
    tagger, pool = trained(SamplingTagger), unknown(3)
    found = load("queries", "bald")(tagger, pool, Asking(7, n_passes=50))
    ends = np.cumsum([len(sentence) for sentence in pool])
    by_hand = [part.mean() for part in np.split(found.words, ends[:-1])]
    assert found.sentences == pytest.approx(by_hand)


def test_bald_takes_large_pools_batch_by_batch_and_draws_other_passes_for_each(monkeypatch):
    monkeypatch.setattr("allabel.active.queries._BATCH_WORDS", 10)
    asked = []

    class Watched(SamplingTagger):
        def sample(self, sentences, n_passes, seed):
            asked.append((len(sentences), seed))
            return super().sample(sentences, n_passes, seed)

    pool = unknown()
    found = load("queries", "bald")(trained(Watched), pool, Asking(0, n_passes=5))
    assert len(found.sentences) == sum(n for n, _ in asked) == len(pool)
    assert len(asked) == len({seed for _, seed in asked}) > 1


def test_at_random_a_long_sentence_is_no_likelier_than_a_short_one():
    short, long = Sentence.of_words("a", ["x"]), Sentence.of_words("b", ["x"] * 50)
    query, tagger = load("queries", "random"), CountingTagger()
    first = [query(tagger, [short, long], Asking(seed)).sentences.argmin() for seed in range(400)]
    assert 160 < sum(first) < 240


def test_a_query_that_needs_samples_refuses_a_tagger_without_dropout():
    with pytest.raises(InputError, match="bald needs a tagger with dropout, and CountingTagger has none"):
        load("queries", "bald")(trained(), unknown(), Asking(0))


def test_a_tagger_that_leaves_words_out_is_named_with_the_sentence():
    class Short(CountingTagger):
        def predict_proba(self, sentences):
            return [probs[:-1] for probs in super().predict_proba(sentences)]

    with pytest.raises(InputError, match="'s0'"):
        load("queries", "breaking_ties")(Short(), unknown(), Asking(0))


def test_a_query_of_ones_own_is_a_name_and_a_function():
    query = OfProbabilities("most_outside", lambda probs: probs[:, 0])
    tagger, pool = trained(), unknown()
    assert query(tagger, pool, Asking(0)).sentences[0] == tagger.predict_proba(pool)[0][:, 0].min()


def test_no_sentences_give_no_scores():
    for name in NAMES:
        assert len(load("queries", name)(trained(SamplingTagger), [], Asking(0)).sentences) == 0
