"""Pictures of token-level active learning: what is asked, what it brings, long sentences, repeated sentences."""

from collections import defaultdict
from collections.abc import Mapping

import numpy as np
from picture_corpus import chosen, documents
from picture_svg import BLUE, GREEN, INK, ORANGE, RED, SMALL, SOFT, Picture, Scale, axes, legend

from allabel.active import queries
from allabel.active.design import Design
from allabel.active.imbalance.methods import repeats
from allabel.active.imbalance.resampling import entity_words
from allabel.active.queries import Asking
from allabel.active.sentence import Sentence
from allabel.active.taggers.crfsuite import CrfTagger
from allabel.active.taggers.softmax import SoftmaxTagger
from allabel.runs import STRICT_MICRO
from eval.active import Trial

LABELS = ("Reagent", "Solvent", "Product", "Amount", "Condition", "Apparatus")
# What is asked for, from left to right: (query, level, name, marker, colour).
ARMS = (
    ("random", "sentence", "sentences, at random", "cross", SOFT),
    ("breaking_ties", "sentence", "sentences, breaking ties", "square", ORANGE),
    ("breaking_ties", "entity", "entities, breaking ties", "circle", BLUE),
)
SCHEDULE, START = "5%x8", 0.05
N_ASKED = 40
# Name, query, and the step of the axis.
BY_LENGTH = (
    ("LC: log P(tags)", queries.sequence_lc, 5.0),
    ("MNLP: log P(tags) / words", queries.mnlp, 0.1),
)


def what_is_asked(quick: bool) -> Picture:
    """Draw `p1 - p2` of each word of one sentence, and what each level would ask for."""
    tagger = CrfTagger(LABELS)
    tagger.fit([Sentence.of_document(d) for d in chosen("adaptive", "10%", 0, quick)], seed=0)
    pool = [Sentence.of_document(d) for d in documents("test", quick)]
    pool = [s for s in pool if 9 <= len(s) <= 14]
    scores = queries.breaking_ties(tagger, [s.unknown() for s in pool], Asking(0))
    assert scores.words is not None  # breaking ties scores words
    ends = np.cumsum([len(s) for s in pool])
    parts = np.split(scores.words, ends[:-1])
    # A sentence in which the word that is asked about lies in an entity of several words: there the levels differ.
    asked = [int(np.argmin(part)) for part in parts]
    inside = [_entity(s, i) for s, i in zip(pool, asked, strict=True)]
    at = min((i for i in range(len(pool)) if len(inside[i]) > 1), key=lambda i: float(parts[i].min()))
    return _of_words(pool[at], parts[at].tolist(), asked[at], inside[at])


def _of_words(sentence: Sentence, ties: list[float], asked: int, entity: range) -> Picture:
    words, wide = sentence.words, 48
    picture = Picture(
        "What breaking ties asks for in one sentence, by level",
        f"The sentence: {sentence.text} The two likeliest tags are nearest at {words[asked]!r}: {ties[asked]:.2f}; "
        f"the entity there is {' '.join(words[i] for i in entity)!r}.",
        100 + wide * len(words),
        330,
    )
    y = Scale((0, 1), (200, 60))
    picture.text(12, 24, "p1 − p2, how far the two likeliest tags are apart: the lower, the sooner asked")
    for tick in (0, 0.5, 1):
        picture.line(80, y(tick), 80 + wide * len(words), y(tick))
        picture.text(72, y(tick) + 5, f"{tick:g}", anchor="end", size=SMALL + 1, fill=SOFT)
    rows = (
        ("sentence", range(len(words)), ORANGE),
        ("entity", entity, BLUE),
        ("token", range(asked, asked + 1), GREEN),
    )
    for i, (word, value) in enumerate(zip(words, ties, strict=True)):
        middle = 80 + wide * (i + 0.5)
        picture.box(middle - 12, y(value), 24, 200 - y(value), fill=RED if i == asked else SOFT)
        picture.text(middle, 218 + 15 * (i % 2), word, anchor="middle", size=SMALL, bold=i == asked)
    for j, (level, bought, colour) in enumerate(rows):
        top = 248 + 25 * j
        picture.text(72, top + 14, level, anchor="end", size=SMALL + 1)
        picture.box(80 + wide * bought.start + 3, top, wide * len(bought) - 6, 18, fill=colour, opacity=0.7, stroke=INK)
    return picture


def what_asking_brings(quick: bool) -> Picture:
    """Draw F1 by the share of words that is annotated, for sentences and entities."""
    trial = Trial(
        tuple(Sentence.of_document(d) for d in documents("pool", quick)),
        tuple(Sentence.of_document(d) for d in documents("test", quick)),
        LABELS,
    )
    seeds = range(1 if quick else 3)
    curves: Mapping[str, dict[int, list[tuple[float, float]]]] = {arm[2]: defaultdict(list) for arm in ARMS}
    for query, level, name, _, _ in ARMS:
        for seed in seeds:
            design = Design(query=query, level=level, schedule=SCHEDULE, start_share=START, seed=seed)
            for i, one in enumerate(trial.run(lambda: SoftmaxTagger(LABELS), design, None)):
                curves[name][i].append((one.share, one.scores[STRICT_MICRO]))
    picture = Picture("", "", 640, 430)
    x, y = Scale((0, 0.5), (70, 610)), Scale((0.3, 0.9), (360, 50))
    ticks = [(f / 10, f"{10 * f} %") for f in range(6)], [(f / 10, f"{f / 10:.1f}") for f in range(3, 10)]
    axes(picture, x, y, ticks, ("words of the pool that are annotated", "strict micro F1 on 84 other sentences"))
    told = []
    for _, _, name, shape, colour in ARMS:
        means = [tuple(np.mean(both, axis=0).tolist()) for both in curves[name].values()]
        picture.path([(x(share), y(f1)) for share, f1 in means], stroke=colour)
        for share, f1 in means:
            picture.mark(shape, x(share), y(f1), fill=colour)
        told.append(f"{name}: " + ", ".join(f"{100 * share:.0f} % {f1:.2f}" for share, f1 in means))
    legend(picture, 370, 290, [(shape, colour, name) for _, _, name, shape, colour in ARMS])
    picture.title = "F1 by the share of words that is annotated, when whole sentences or single entities are asked for"
    picture.description = f"The tagger softmax, mean of {len(seeds)} seeds. {'; '.join(told)}."
    return picture


def who_asks_for_long_ones(quick: bool) -> Picture:
    """Draw the scores of LC and MNLP by the length of the sentence, with what each would ask for first."""
    tagger = CrfTagger(LABELS)
    first = chosen("adaptive", "10%", 0, quick)
    tagger.fit([Sentence.of_document(d) for d in first], seed=0)
    rest = [Sentence.of_document(d).unknown() for d in documents("pool", quick) if d not in first]
    lengths = [len(s) for s in rest]
    picture = Picture("", "", 700, 400)
    told = []
    for i, (name, query, step) in enumerate(BY_LENGTH):
        scores = query(tagger, rest, Asking(0)).sentences
        asked = set(np.argsort(scores, kind="stable")[:N_ASKED].tolist())
        left = 60 + 345 * i
        n_steps = int(np.ceil(-scores.min() / step))
        x, y = Scale((0, max(lengths)), (left, left + 275)), Scale((-step * n_steps, 0), (320, 60))
        ticks = (
            [(n, str(n)) for n in range(0, max(lengths), 20)],
            [(-step * n, f"{-step * n:g}" if n else "0") for n in range(n_steps + 1)],
        )
        axes(picture, x, y, ticks, ("words of the sentence", name))
        for j, (n, score) in enumerate(zip(lengths, scores.tolist(), strict=True)):
            asks = j in asked
            picture.mark(
                "triangle" if asks else "circle", x(n), y(score), fill=RED if asks else "#b0b0b0", r=5 if asks else 3
            )
        mean = float(np.mean([lengths[j] for j in asked]))
        told.append(f"{name.partition(':')[0]} asks for sentences of {mean:.0f} words")
        picture.text(left + 8, 30, told[-1])
    picture.mark("triangle", 70, 384, fill=RED)
    all_of_them = f"all {len(rest)} have {np.mean(lengths):.0f} words on average"
    picture.text(82, 389, f"the {N_ASKED} that are asked for first; {all_of_them}")
    picture.title = "Least confidence asks for long sentences, MNLP does not"
    picture.description = f"Scores of sentences: {all_of_them}. {'; '.join(told)}."
    return picture


def how_often_repeated(quick: bool) -> Picture:
    """Draw how often each sentence is repeated, by its entity words, for the four functions."""
    sentences = [Sentence.of_document(d) for d in documents("pool", quick)]
    n_words = entity_words(sentences, LABELS).sum(axis=1)
    most_words = int(n_words.max()) + 1
    picture = Picture("", "", 700, 560)
    told = []
    for i, name in enumerate(("sc", "scr", "scrd", "nscrd")):
        factors = np.array(repeats(name, sentences, LABELS))
        left, top = 60 + 335 * (i % 2), 40 + 260 * (i // 2)
        most = 8 * (1 + int(factors.max()) // 8)
        x, y = Scale((0, most_words), (left, left + 265)), Scale((0, most), (top + 160, top + 10))
        ticks = (
            [(n, str(n)) for n in range(0, most_words, 10)],
            [(n, str(n)) for n in np.linspace(0, most, 5).astype(int).tolist()],
        )
        axes(picture, x, y, ticks, ("entity words of the sentence", ""))
        for n, factor, sentence in zip(n_words.tolist(), factors.tolist(), sentences, strict=True):
            picture.mark("circle", x(n), y(factor), fill=BLUE if len(sentence) > 25 else ORANGE, r=3.5)
        grown = float(
            sum(f * len(s) for f, s in zip(factors.tolist(), sentences, strict=True)) / sum(map(len, sentences))
        )
        told.append(f"{name}: up to {factors.max()} times, {grown:.1f} times the words")
        picture.text(left, top - 4, told[-1])
    legend(picture, 70, 540, [("circle", BLUE, "sentences of more than 25 words")])
    legend(picture, 400, 540, [("circle", ORANGE, "shorter ones")])
    picture.title = "How often each sentence of the shipped corpus is repeated, by four functions"
    picture.description = f"{len(sentences)} sentences. {'; '.join(told)}."
    return picture


def _entity(sentence: Sentence, position: int) -> range:
    """Return the words of the gold entity that a word lies in, or the word alone."""
    start, end = sentence.offsets[position]
    for span in sentence.spans():
        if span.start <= start and end <= span.end:
            inside = [i for i, (a, b) in enumerate(sentence.offsets) if span.start <= a and b <= span.end]
            return range(inside[0], inside[-1] + 1)
    return range(position, position + 1)
