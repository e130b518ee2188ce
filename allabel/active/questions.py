"""Questions to people about single words: what a tuned model is least sure of, and what the answers make known."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from allabel.active.base import FloatArray, TokenTagger
from allabel.active.levels import check_level
from allabel.active.queries import Asking, Query, check_tagger
from allabel.active.sentence import OUTSIDE, Sentence
from allabel.document import DocId, Span
from allabel.errors import BudgetError, InputError
from allabel.plugins import load
from allabel.store.questions import Question, QuestionAnswer, Says

Level = Literal["token", "entity"]
_PREFIX = {Says.BEGINS: "B-", Says.INSIDE: "I-"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """How many questions to ask at a level; a token question is on one word, an entity question on a whole entity."""

    n: int
    level: Level

    @classmethod
    def parse(cls, told: str) -> "Wanted":
        """Read "200tokens" or "50entities". Raises BudgetError for anything else."""
        number = told.strip().rstrip("abcdefghijklmnopqrstuvwxyz").strip()
        unit = told.strip()[len(number) :].strip()
        levels: dict[str, Level] = {"token": "token", "tokens": "token", "entity": "entity", "entities": "entity"}
        if not (number.isascii() and number.isdigit() and int(number)) or unit not in levels:
            raise BudgetError(
                f"{told!r} does not say how much to ask",
                remedy="for example 200tokens (single words) or 50entities (whole entities)",
            )
        return cls(int(number), levels[unit])


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


def check_query(query: str, level: Level, tagger: type) -> None:
    """Raise what `choose` would, before there is a tagger of this class."""
    how: Query = load("queries", query)
    check_level(level, scores_words=how.scores_words, query=query)
    if how.needs_samples and not hasattr(tagger, "sample"):
        raise InputError(
            f"the query {query} needs a tagger with dropout, and {tagger.__name__} has none to sample from",
            remedy="choose a neural tagger, or the query breaking_ties, which needs one pass",
        )


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
    Raises UnknownNameError for an unknown query, InputError for one that scores whole sentences only or that the tagger
    cannot answer.
    """
    how: Query = load("queries", query)
    check_level(wanted.level, scores_words=how.scores_words, query=query)
    check_tagger(how, tagger)
    scores = how(tagger, sentences, Asking(seed)).words
    assert scores is not None
    lengths = np.array([len(sentence) for sentence in sentences], dtype=np.int64)
    of_sentence = np.repeat(np.arange(len(sentences)), lengths)
    of_word = np.arange(len(scores)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    probabilities: dict[int, FloatArray] = {}
    taken: dict[int, set[int]] = {}
    found: list[Question] = []
    for at in np.lexsort((np.random.default_rng(seed).random(len(scores)), scores)).tolist():
        s, i = int(of_sentence[at]), int(of_word[at])
        sentence = sentences[s]
        if s not in taken:
            before = (asked or {}).get(sentence.id, ())
            taken[s] = {j for j, offsets in enumerate(sentence.offsets) if offsets in before}
        if sentence.tags[i] is not None or i in taken[s]:
            continue
        if s not in probabilities:
            probabilities[s] = _known(tagger.predict_proba([sentence])[0], sentence, tagger.tags)
        first, end, label = extent(probabilities[s], tagger.tags, i)
        reach = range(first, end) if wanted.level == "entity" else range(i, i + 1)
        if taken[s].intersection(reach):
            continue
        taken[s].update(reach)
        (start, stop), guess = (
            sentence.offsets[i],
            Span(sentence.offsets[first][0], sentence.offsets[end - 1][1], label),
        )
        found.append(Question(None, sentence.id, start, stop, guess, float(scores[at])))
        if len(found) == wanted.n:
            break
    return found


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
