"""Questions to people about single words: what a tuned model is least sure of, and what the answers make known."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from allabel.active.base import FloatArray, TokenTagger
from allabel.active.flat import BoolArray
from allabel.active.levels import check_level
from allabel.active.queries import Asking, Query, check_tagger
from allabel.active.scores import in_order
from allabel.active.sentence import OUTSIDE, Sentence
from allabel.document import DocId, Span
from allabel.errors import BudgetError
from allabel.plugins import load
from allabel.store.questions import Question, QuestionAnswer, Says

Level = Literal["token", "entity"]
_WANTED = re.compile(r"(?P<n>\d+)\s*(?P<level>token|entity|tokens|entities)", re.ASCII)
_LEVELS: dict[str, Level] = {"token": "token", "tokens": "token", "entity": "entity", "entities": "entity"}
_PREFIX = {Says.BEGINS: "B-", Says.INSIDE: "I-"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """How many questions to ask at a level; a token question is on one word, an entity question on a whole entity."""

    n: int
    level: Level

    @classmethod
    def parse(cls, told: str) -> "Wanted":
        """Read "200tokens" or "50entities". Raises BudgetError for anything else."""
        match = _WANTED.fullmatch(told.strip())
        if match is None or not int(match["n"]):
            raise BudgetError(
                f"{told!r} does not say how much to ask",
                remedy="for example 200tokens (single words) or 50entities (whole entities)",
            )
        return cls(int(match["n"]), _LEVELS[match["level"]])


def with_answers(sentence: Sentence, answers: Iterable[QuestionAnswer]) -> Sentence:
    """Return a sentence in which the words that the answers speak of are known, and no others.

    answers: those that stand, on this text. Where two speak of the same word the later one counts, and the earlier
    wholly gives way: half of an entity is none.
    """
    tags: list[str | None] = [None] * len(sentence)
    for answer in sorted(answers, key=lambda one: one.seq or 0, reverse=True):
        words = [i for i, (start, end) in enumerate(sentence.offsets) if start < answer.end and answer.start < end]
        if any(tags[i] is not None for i in words):
            continue
        for nth, i in enumerate(words):
            if answer.says is Says.OUTSIDE:
                tags[i] = OUTSIDE
            else:
                tags[i] = _PREFIX.get(answer.says, "I-" if nth else "B-") + answer.label
    return sentence.with_tags(tags)


def check_query(query: str, level: Level, tagger: type[TokenTagger]) -> Query:
    """Return the query of this name, where it can choose words at the level by a tagger of this class.

    Raises UnknownNameError for an unknown query, InputError for one that scores whole sentences only or that the tagger
    cannot answer.
    """
    how: Query = load("queries", query)
    check_level(level, scores_words=how.scores_words, query=f"the query {query}")
    check_tagger(how, tagger)
    return how


def choose(
    tagger: TokenTagger,
    sentences: Sequence[Sentence],
    wanted: Wanted,
    *,
    query: str = "breaking_ties",
    seed: int = 0,
    asked: Mapping[DocId, Collection[tuple[int, int]]] | None = None,
) -> list[Question]:
    """Return questions on the words that the tagger is least sure of, the least sure first; fewer where there are few.

    sentences: not annotated; words with a tag are known and not asked about. asked: offsets of words that were asked
    about already, by text. At the entity level no two questions are on the same entity, as far as the model sees it.
    Raises what `check_query` does.
    """
    scores = check_query(query, wanted.level, type(tagger))(tagger, sentences, Asking(seed)).words
    assert scores is not None  # as check_query says
    lengths = np.array([len(sentence) for sentence in sentences], dtype=np.int64)
    starts = np.cumsum(lengths) - lengths
    of_sentence = np.repeat(np.arange(len(sentences)), lengths)
    closed = np.fromiter((tag is not None for one in sentences for tag in one.tags), dtype=bool, count=len(scores))
    taken = _asked_about(sentences, asked or {})
    order = in_order(scores, np.random.default_rng(seed))
    order = order[~(closed | taken)[order]]
    # Most questions are on the first words: their sentences go through the model together.
    first_ones = list(dict.fromkeys(of_sentence[order[: wanted.n]].tolist()))
    probabilities = dict(zip(first_ones, tagger.predict_proba([sentences[s] for s in first_ones]), strict=True))
    found: list[Question] = []
    for at in order.tolist():
        if len(found) == wanted.n:
            break
        if taken[at]:
            continue
        s = int(of_sentence[at])
        sentence, start = sentences[s], int(starts[s])
        if s not in probabilities:
            (probabilities[s],) = tagger.predict_proba([sentence])
        first, end, label = extent(_known(probabilities[s], sentence, tagger.tags), tagger.tags, at - start)
        reach = slice(start + first, start + end) if wanted.level == "entity" else slice(at, at + 1)
        if taken[reach].any():
            continue
        taken[reach] = True
        guess = Span(sentence.offsets[first][0], sentence.offsets[end - 1][1], label)
        begin, stop = sentence.offsets[at - start]
        found.append(Question(None, sentence.id, begin, stop, guess, float(scores[at])))
    return found


def _asked_about(sentences: Sequence[Sentence], asked: Mapping[DocId, Collection[tuple[int, int]]]) -> BoolArray:
    """Return which words were asked about already: (n_words,) of all sentences."""
    found = [offsets in asked.get(sentence.id, ()) for sentence in sentences for offsets in sentence.offsets]
    return np.array(found, dtype=bool)


def extent(probabilities: FloatArray, tags: Sequence[str], word: int) -> tuple[int, int, str]:
    """Return `(first, last + 1, label)` of the entity that a word is part of, by the model, if it is part of one.

    probabilities: (n_words, n_tags), a column for each of `tags`. The label is the likeliest at the word; the entity
    goes on to either side as long as going on is likelier than a beginning or an end.
    """
    column = {tag: i for i, tag in enumerate(tags)}
    labels = [tag[2:] for tag in tags if tag.startswith("B-")]
    begins, inside = (probabilities[:, [column[prefix + x] for x in labels]] for prefix in ("B-", "I-"))
    best = int((begins + inside)[word].argmax())
    begin, carry, out = begins[:, best], inside[:, best], probabilities[:, column[OUTSIDE]]
    first, end = word, word + 1
    while first > 0 and carry[first] > begin[first] and begin[first - 1] + carry[first - 1] > out[first - 1]:
        first -= 1
    while end < len(probabilities) and carry[end] > max(begin[end], out[end]):
        end += 1
    return first, end, labels[best]


def _known(probabilities: FloatArray, sentence: Sentence, tags: Sequence[str]) -> FloatArray:
    """Return the distributions with what people said of words in the place of what the model thinks."""
    sure = probabilities.copy()
    for i, tag in enumerate(sentence.tags):
        if tag is not None:
            sure[i] = [one == tag for one in tags]
    return sure
