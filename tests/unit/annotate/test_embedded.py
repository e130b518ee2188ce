"""The embedded annotator: learns real data, is deterministic, keeps offsets."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from allabel.annotate.base import Demonstration
from allabel.annotate.demonstrations import Demonstrations
from allabel.annotate.embedded import EmbeddedAnnotator
from allabel.annotate.pieces import pieces
from allabel.annotate.tagger import Tagger
from allabel.document import DocId, Document, Span
from allabel.errors import InputError
from allabel.reply import Grounding, Reply, Status
from retrieval.bm25 import Bm25

Sentences = Callable[[str, int], list[Document]]


def demonstration(id: str, text: str, *names: str, label: str = "Chemical") -> Demonstration:
    return Demonstration(
        DocId(id), text, tuple(Span(text.index(name), text.index(name) + len(name), label) for name in names)
    )


SALTS = [
    demonstration("1", "NaCl was dissolved in water", "NaCl", "water"),
    demonstration("2", "KCl was dissolved in DMF", "KCl", "DMF"),
    demonstration("3", "then LiCl was added to water", "LiCl", "water"),
    demonstration("4", "the mixture was stirred for two days"),
    demonstration("5", "benzene and toluene were distilled", "benzene", "toluene"),
]


class Counting:
    """A retriever factory that counts how often an index is built: once a training."""

    def __init__(self) -> None:
        self.n_built = 0

    def __call__(self, texts: Sequence[str]) -> Bm25:
        self.n_built += 1
        return Bm25(texts)


@pytest.fixture(scope="module")
def shown(bc5cdr: Sentences) -> list[Demonstration]:
    documents = bc5cdr("train", 4000)
    drawn = np.random.default_rng(0).permutation(len(documents))[:200]
    return [Demonstration(documents[i].id, documents[i].text, documents[i].entities or ()) for i in drawn]


@pytest.fixture(scope="module")
def trained(shown: list[Demonstration]) -> EmbeddedAnnotator:
    annotator = EmbeddedAnnotator()
    annotator.fit(shown)
    return annotator


@pytest.fixture(scope="module")
def held_out(bc5cdr: Sentences) -> list[Document]:
    return bc5cdr("test", 300)


@pytest.fixture(scope="module")
def replies(trained: EmbeddedAnnotator, shown: list[Demonstration], held_out: list[Document]) -> list[Reply]:
    return trained.annotate([d.text for d in held_out], shown)


def test_two_hundred_real_sentences_teach_it_more_than_half_of_the_entities(
    replies: list[Reply], held_out: list[Document]
) -> None:
    hits = sum(len({*r.spans} & {*(d.entities or ())}) for r, d in zip(replies, held_out, strict=True))
    proposed, gold = sum(len(r.spans) for r in replies), sum(len(d.entities or ()) for d in held_out)
    assert gold > 500
    assert 2 * hits / (proposed + gold) > 0.5


def test_every_proposal_is_grounded_and_scored_and_every_reply_has_a_perplexity(
    replies: list[Reply], held_out: list[Document]
) -> None:
    assert len(replies) == len(held_out)
    for reply, document in zip(replies, held_out, strict=True):
        assert reply.status is Status.OK
        assert reply.perplexity is not None
        assert reply.perplexity >= 1
        for proposal in reply.proposals:
            assert proposal.span is not None
            assert proposal.grounding is Grounding.EXACT
            assert proposal.mention == document.text[proposal.span.start : proposal.span.end]
            assert proposal.label == proposal.span.label
            assert proposal.score is not None
            assert 0 < proposal.score <= 1


def test_scores_tell_right_entities_from_wrong_ones(replies: list[Reply], held_out: list[Document]) -> None:
    right, wrong = [], []
    for reply, document in zip(replies, held_out, strict=True):
        for proposal in reply.proposals:
            (right if proposal.span in (document.entities or ()) else wrong).append(proposal.score or 0.0)
    assert np.mean(right) > np.mean(wrong) + 0.1


def test_a_second_training_gives_the_same_replies(
    replies: list[Reply], shown: list[Demonstration], held_out: list[Document]
) -> None:
    assert EmbeddedAnnotator().annotate([d.text for d in held_out], shown) == replies


def test_a_reply_does_not_depend_on_the_texts_beside_it(
    replies: list[Reply], trained: EmbeddedAnnotator, shown: list[Demonstration], held_out: list[Document]
) -> None:
    for i in (0, 150, 299):
        (alone,) = trained.annotate([held_out[i].text], shown)
        assert alone.spans == replies[i].spans
        assert alone.perplexity == pytest.approx(replies[i].perplexity)
        assert alone.demonstrations == replies[i].demonstrations


def test_the_quick_way_to_tag_sums_the_features_that_are_spelled_out_in_training(
    shown: list[Demonstration], held_out: list[Document]
) -> None:
    tagger = Tagger(Demonstrations(shown[:80], Bm25), 5)
    texts = [*(d.text for d in held_out[:60]), shown[0].text, "😀 e\u0301thanol\u00a0(NaCl)", "x", "..."]
    near = Demonstrations(shown[:80], Bm25).nearest(texts, 5)
    borne = 0
    for text, demonstrations, (tokens, decoded, told) in zip(texts, near, tagger.tag(texts), strict=True):
        words = [token.word for token in pieces(text)]
        features = tagger._features(tokens, words, {}, demonstrations)
        borne += sum(f.startswith("demo=") for token in features for f in token)
        (spelled,) = tagger.crf.decode([tagger.crf.emissions(features)])
        assert decoded is not None
        assert told == demonstrations
        assert decoded.tags.tolist() == spelled.tags.tolist()
        assert decoded.log_probability == pytest.approx(spelled.log_probability, abs=1e-9)
    assert borne > 100


@pytest.mark.parametrize("limit", [200_000, 50])
def test_what_is_kept_of_words_is_the_same_however_many_came_before(
    shown: list[Demonstration], held_out: list[Document], limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("allabel.annotate.tagger._TABLE_LIMIT", limit)
    demonstrations = Demonstrations(shown[:80], Bm25)
    used = Tagger(demonstrations, 5)
    texts = [d.text for d in held_out[:60]]
    one_by_one = [next(used.tag([text])) for text in texts]
    at_once = list(Tagger(demonstrations, 5, used.learned).tag(texts))
    for (_, alone, _), (_, beside, _) in zip(one_by_one, at_once, strict=True):
        assert alone is not None
        assert beside is not None
        assert alone.tags.tolist() == beside.tags.tolist()
        assert alone.log_probability == pytest.approx(beside.log_probability)


def test_it_trains_anew_only_when_the_demonstrations_change() -> None:
    counting = Counting()
    annotator = EmbeddedAnnotator(retriever=counting)
    assert annotator.model == "crf"
    first = annotator.annotate(["NaCl in water"], SALTS)
    model = annotator.model
    assert annotator.annotate(["NaCl in water"], list(SALTS)) == first
    assert (counting.n_built, annotator.model) == (1, model)
    annotator.annotate(["NaCl in water"], SALTS[:4])
    assert counting.n_built == 2
    assert annotator.model != model
    relabelled = [*SALTS[:4], Demonstration(SALTS[4].id, SALTS[4].text, ())]
    annotator.annotate(["NaCl in water"], relabelled)
    assert counting.n_built == 3
    annotator.annotate(["NaCl in water"], SALTS)
    assert annotator.model == model


def test_without_demonstrations_it_says_what_to_do() -> None:
    with pytest.raises(InputError, match="learns from annotated texts") as refused:
        EmbeddedAnnotator().annotate(["NaCl in water"], [])
    assert "allabel annotate" in refused.value.remedy


def test_no_text_asks_for_nothing() -> None:
    assert EmbeddedAnnotator().annotate([], []) == []


@pytest.mark.parametrize("text", ["", " ", "\u00a0\r\n\t"])
def test_a_text_without_a_word_has_no_entities_and_no_doubt(text: str) -> None:
    before, blank, after = EmbeddedAnnotator().annotate(["NaCl in water", text, "KCl in DMF"], SALTS)
    assert (blank.status, blank.proposals, blank.perplexity) == (Status.OK, (), 1.0)
    assert before.spans
    assert after.spans


def test_a_demonstration_without_a_word_does_not_stop_the_training() -> None:
    (reply,) = EmbeddedAnnotator().annotate(["NaCl in water"], [*SALTS, demonstration("6", " ")])
    assert Span(0, 4, "Chemical") in reply.spans


def test_a_text_is_never_its_own_demonstration_nor_is_a_copy_of_it() -> None:
    copies = [*SALTS, demonstration("1 again", SALTS[0].text, "NaCl", "water")]
    texts = [d.text for d in SALTS]
    for text, reply in zip(texts, EmbeddedAnnotator(shots=3).annotate(texts, copies), strict=True):
        assert len(reply.demonstrations) == 3
        assert all(d.text != text for d in copies if d.id in reply.demonstrations)
    (all_of_them,) = EmbeddedAnnotator(shots=50).annotate([texts[0]], copies)
    assert sorted(all_of_them.demonstrations) == ["2", "3", "4", "5"]


def test_the_nearest_demonstrations_come_first_and_no_shots_show_none() -> None:
    (reply,) = EmbeddedAnnotator(shots=2).annotate(["benzene and toluene in DMF"], SALTS)
    assert reply.demonstrations[0] == "5"
    assert len(reply.demonstrations) == 2
    (bare,) = EmbeddedAnnotator(shots=0).annotate(["benzene and toluene in DMF"], SALTS)
    assert bare.demonstrations == ()


@pytest.mark.parametrize("n", [1, 3])
def test_demonstrations_without_any_entity_teach_that_there_is_none(n: int) -> None:
    empty = [demonstration(str(i), f"the mixture was stirred {i} days") for i in range(n)]
    (reply,) = EmbeddedAnnotator().annotate(["NaCl in water"], empty)
    assert (reply.status, reply.proposals) == (Status.OK, ())
    assert reply.perplexity == pytest.approx(1)


def test_of_overlapping_gold_spans_it_learns_the_longest() -> None:
    nested = [
        Demonstration(
            DocId(str(i)),
            f"{name} acid was added",
            (
                Span(0, len(name), "Part"),
                Span(0, len(name) + 5, "Chemical"),
                Span(len(name) + 1, len(name) + 5, "Part"),
            ),
        )
        for i, name in enumerate(["acetic", "formic", "nitric", "citric"])
    ]
    (reply,) = EmbeddedAnnotator().annotate(["formic acid was removed"], nested)
    assert reply.spans == (Span(0, 11, "Chemical"),)


@pytest.mark.parametrize(
    "text",
    [
        "😀😀 NaCl was dissolved",
        "e\u0301tude: NaCl was dissolved",
        "so\u00a0NaCl\u00a0was dissolved",
        "first\r\n\r\nNaCl was dissolved",
        "  \tNaCl was dissolved",
        "İİ NaCl was dissolved",
        "👩‍🔬 says NaCl was dissolved",
    ],
)
def test_offsets_count_code_points_of_the_text_as_it_came(text: str) -> None:
    (reply,) = EmbeddedAnnotator().annotate([text], SALTS)
    start = text.index("NaCl")
    assert Span(start, start + 4, "Chemical") in reply.spans


def test_a_tagger_shown_other_demonstrations_tags_with_what_it_had_learned(bc5cdr):
    documents = bc5cdr("train", 120)
    shown = [Demonstration(d.id, d.text, d.entities or ()) for d in documents]
    texts = [d.text for d in bc5cdr("test", 40)]
    tagger = Tagger(Demonstrations(shown[:80], Bm25), 5)
    before = [near for _, _, near in tagger.tag(texts)]
    later = tagger.showing(Demonstrations(shown, Bm25))
    anew = Tagger(Demonstrations(shown, Bm25), 5, tagger.learned)
    for (_, decoded, near), (_, expected, wanted) in zip(later.tag(texts), anew.tag(texts), strict=True):
        assert near == wanted
        assert decoded.tags.tolist() == expected.tags.tolist()
        assert decoded.log_probability == pytest.approx(expected.log_probability)
    assert any(near != now for near, (_, _, now) in zip(before, later.tag(texts), strict=True))


def test_shots_of_a_call_say_how_many_demonstrations_are_shown(bc5cdr):
    shown = [Demonstration(d.id, d.text, d.entities or ()) for d in bc5cdr("train", 60)]
    tagger = Tagger(Demonstrations(shown, Bm25), 5)
    for shots, n in ((None, 5), (0, 0), (2, 2)):
        assert {len(near) for _, _, near in tagger.tag([bc5cdr("test", 3)[1].text], shots)} == {n}
