"""The loop, end to end on a small real tagger."""

import math
from dataclasses import replace

import pytest
from counting_tagger import CountingTagger, SamplingTagger, a_pool, accuracy

from allabel.active.design import Design
from allabel.active.loop import active_learning
from allabel.active.partial import POLICIES
from allabel.active.sentence import Sentence
from allabel.errors import AllabelError, InputError, LabelError

POOL = a_pool()
TEST = a_pool(40, seed=9)
N_WORDS = sum(map(len, POOL))
SMALL = Design(schedule="5%x6", start_share=0.05)


def run(design=SMALL, pool=POOL, kind=CountingTagger, **options):
    return list(active_learning(pool, kind, design, lambda tagger: accuracy(tagger, TEST), **options))


def test_rounds_buy_by_the_schedule_and_count_what_is_known():
    rounds = run()
    assert [found.number for found in rounds] == list(range(7))
    start = rounds[0].n_words
    assert len(rounds[0].picks) == 3
    for found in rounds:
        by_hand = {(pick.id, word) for r in rounds[: found.number + 1] for pick in r.picks for word in pick.words}
        assert found.n_words == len(by_hand)
        assert found.share == found.n_words / N_WORDS
        assert found.n_sentences == len({id for id, _ in by_hand})
        assert found.fitted.n_words == found.n_words
        assert start + 0.05 * N_WORDS * found.number - 1 <= found.n_words <= start + 0.05 * N_WORDS * found.number + 30
    assert rounds[-1].seconds > rounds[0].seconds > 0
    assert rounds[-1].scores["accuracy"] > rounds[0].scores["accuracy"]


def test_at_the_sentence_level_whole_sentences_are_bought():
    whole = {sentence.id: tuple(range(len(sentence))) for sentence in POOL}
    for found in run():
        assert all(pick.words == whole[pick.id] for pick in found.picks)
        assert found.n_entities == found.n_whole_entities


def test_at_the_entity_level_no_entity_is_known_in_part_and_at_the_token_level_some_are():
    entity = run(replace(SMALL, level="entity"))
    token = run(replace(SMALL, level="token", query="random"))
    assert all(found.n_entities == found.n_whole_entities for found in entity)
    assert any(found.n_entities > found.n_whole_entities for found in token)
    budget = [token[0].n_words + round(0.05 * N_WORDS * n + 1e-9) for n in range(7)]
    assert [found.n_words for found in token] == pytest.approx(budget, abs=1)


@pytest.mark.parametrize("query", ["least_confidence", "prediction_entropy", "random", "sequence_lc", "mnlp", "bald"])
def test_every_query_runs(query):
    assert len(run(replace(SMALL, query=query, n_passes=10), kind=SamplingTagger)) == 7


@pytest.mark.parametrize("partial", POLICIES)
def test_every_policy_runs(partial):
    rounds = run(replace(SMALL, level="token", partial=partial))
    assert len(rounds) == 7
    if partial == "mask_entity_like":
        assert rounds[-1].fitted.n_words > rounds[-1].n_words


@pytest.mark.parametrize("start", ["nnp_guided", "word_coverage", "core_set:1,sum_rank:1"])
def test_every_start_annotates_its_share_whole(start):
    rounds = run(replace(SMALL, start=start))
    assert len(rounds[0].picks) == 3


def test_the_first_sentences_can_be_given_by_id():
    rounds = run(replace(SMALL, start_ids=("s7", "s3")))
    assert [pick.id for pick in rounds[0].picks] == ["s3", "s7"]


def test_designs_of_one_seed_begin_with_the_same_sentences_and_another_seed_with_others():
    first = [run(replace(SMALL, query=query, n_rounds=0))[0].picks for query in ("random", "mnlp")]
    assert first[0] == first[1] != run(replace(SMALL, seed=1, n_rounds=0))[0].picks


def test_the_same_design_gives_the_same_rounds():
    assert run(replace(SMALL, query="random")) == run(replace(SMALL, query="random"))
    assert run(replace(SMALL, query="random")) != run(replace(SMALL, query="random", seed=1))


def test_the_loop_ends_when_nothing_is_left_to_buy():
    rounds = run(replace(SMALL, schedule="100words"))
    assert rounds[-1].share == 1
    assert rounds[-1].n_words == N_WORDS
    assert math.isclose(sum(len(pick.words) for found in rounds for pick in found.picks), N_WORDS)


def test_wholly_known_sentences_are_not_scored_again():
    asked = []

    class Watched(CountingTagger):
        def predict_proba(self, sentences):
            asked.append([sentence.id for sentence in sentences])
            return super().predict_proba(sentences)

    rounds = list(active_learning(POOL, Watched, SMALL, lambda tagger: {}))
    for found, ids in zip(rounds, asked, strict=False):
        known = {pick.id for r in rounds[: found.number + 1] for pick in r.picks}
        assert set(ids) == {sentence.id for sentence in POOL} - known


def test_a_new_tagger_is_made_each_round_unless_it_learns_on():
    made = []

    def make():
        made.append(CountingTagger())
        return made[-1]

    list(active_learning(POOL, make, SMALL, lambda tagger: {}))
    assert len(made) == 7
    made.clear()
    list(active_learning(POOL, make, replace(SMALL, incremental=True), lambda tagger: {}))
    assert len(made) == 1


def test_progress_is_told_a_line_a_round():
    told = []
    run(replace(SMALL, n_rounds=1), tell=told.append)
    assert told[0].startswith("round 0: ")
    assert "accuracy" in told[1]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"query": "mnlp", "level": "token"}, "the query mnlp scores whole sentences"),
        ({"schedule": "50sentences", "level": "entity"}, "the schedule '50sentences' buys whole sentences"),
        ({"partial": "forget"}, "no policy"),
        ({"aggregate": "median"}, "aggregation"),
        ({"start_share": 0}, "share of first sentences"),
        ({"start": "perplexity"}, "needs annotations"),
        ({"n_passes": 0}, "passes is 0"),
        ({"n_rounds": -1}, "rounds is -1"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_wrong_designs_are_refused_at_birth(wrong, message):
    with pytest.raises(InputError, match=message):
        Design(**wrong)


@pytest.mark.parametrize(
    ("pool", "kind", "design", "message"),
    [
        ([*POOL, Sentence.of_words("empty", [], [])], CountingTagger, SMALL, "'empty' has no words"),
        ([*POOL, POOL[0]], CountingTagger, SMALL, "2 sentences of the pool have the id 's0'"),
        ([*POOL, POOL[0].unknown()], CountingTagger, SMALL, "without a gold tag"),
        ([], CountingTagger, SMALL, "no sentences"),
        (POOL, CountingTagger, replace(SMALL, query="bald"), "bald needs a tagger with dropout"),
        (POOL, CountingTagger, replace(SMALL, start_ids=("nobody",)), "'nobody' is not in the pool"),
    ],
)
def test_what_does_not_go_together_is_refused_before_anything_starts(pool, kind, design, message):
    with pytest.raises(InputError, match=message):
        active_learning(pool, kind, design, lambda tagger: {})


def test_a_pool_with_labels_that_the_tagger_does_not_have_is_refused_before_anything_starts():
    with pytest.raises(LabelError, match="LOC"):
        active_learning(POOL, lambda: CountingTagger(["PER"]), SMALL, lambda tagger: {})


class OutOfMemory(CountingTagger):
    """Fails when it is to learn from more than so many words."""

    most = 150

    def fit(self, sentences, *, seed, tell=lambda line: None):
        if sum(sentence.n_known for sentence in sentences) > self.most:
            raise AllabelError("out of memory with batches of 16 sentences\n  remedy: make them smaller")
        return super().fit(sentences, seed=seed, tell=tell)


def test_a_round_that_fails_keeps_those_before_and_the_same_call_goes_on(tmp_path):
    got, path = [], tmp_path / "run.jsonl"
    with pytest.raises(AllabelError) as error:
        got.extend(active_learning(POOL, OutOfMemory, SMALL, lambda t: accuracy(t, TEST), journal=path))
    failed = len(path.read_text().splitlines()) - 2
    assert failed > 0
    assert f"round {failed} could not be done: out of memory with batches of 16" in str(error.value)
    assert f"kept in {path}" in str(error.value)

    class MoreMemory(OutOfMemory):
        most = 10**6

    assert run(kind=MoreMemory, journal=path) == run()


def test_a_round_that_fails_without_a_journal_says_what_would_have_kept_it():
    with pytest.raises(AllabelError, match="give a journal next time"):
        run(kind=OutOfMemory)
