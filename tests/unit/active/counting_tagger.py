"""A small real tagger for tests of the loop: how often each word bore each tag, plus one. Learns in no time."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np

from allabel.active.base import Fitted, FloatArray, IntArray, Prediction, Progress, Tell, check_tags
from allabel.active.sentence import Sentence, tag_set
from allabel.document import DocId
from allabel.errors import InputError


class CountingTagger:
    """Counts; a second fit adds to the first, so that it can be used as one that learns on."""

    name = "counting"
    learns_partly = True

    def __init__(self, labels: Sequence[str] = ("PER", "LOC")) -> None:
        self.tags = tag_set(labels)
        self.counts: dict[str, list[int]] = {}

    def fit(
        self,
        sentences: Sequence[Sentence],
        *,
        seed: int,
        tell: Tell = lambda line: None,
        progress: Progress = lambda done, of: None,
    ) -> Fitted:
        check_tags(sentences, self.tags)
        n_words = sum(sentence.n_known for sentence in sentences)
        if not n_words:
            raise InputError("no word is annotated", remedy="annotate some")
        for sentence in sentences:
            for word, tag in zip(sentence.words, sentence.tags, strict=True):
                if tag is not None:
                    self.counts.setdefault(word, [1] * len(self.tags))[self.tags.index(tag)] += 1
        return Fitted(len(sentences), n_words, 1, 1, None, 0.0, "counted")

    def predict_proba(self, sentences: Sequence[Sentence]) -> list[FloatArray]:
        none = [1] * len(self.tags)
        counts = [np.array([self.counts.get(w, none) for w in s.words], dtype=np.float64) for s in sentences]
        return [(c.reshape(-1, len(self.tags)) / c.sum(axis=1, keepdims=True)) for c in counts]

    def predict(self, sentences: Sequence[Sentence]) -> list[Prediction]:
        return self.predict_both(sentences)[0]

    def predict_both(self, sentences: Sequence[Sentence]) -> tuple[list[Prediction], list[FloatArray]]:
        found = self.predict_proba(sentences)
        decided = [
            Prediction(tuple(self.tags[i] for i in probs.argmax(axis=1)), float(np.log(probs.max(axis=1)).sum()))
            for probs in found
        ]
        return decided, found

    def save(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        (folder / "counts.json").write_text(json.dumps({"tags": self.tags, "counts": self.counts}))

    @classmethod
    def load(cls, folder: Path) -> Self:
        kept = json.loads((folder / "counts.json").read_text())
        loaded = cls()
        loaded.tags, loaded.counts = tuple(kept["tags"]), kept["counts"]
        return loaded


class SamplingTagger(CountingTagger):
    """Draws the tags of each pass from its distributions."""

    name = "sampling"

    def sample(self, sentences: Sequence[Sentence], n_passes: int, seed: int) -> list[IntArray]:
        rng = np.random.default_rng(seed)
        return [
            (rng.random((n_passes, len(probs), 1)) > probs.cumsum(axis=1)[None, :, :-1]).sum(axis=2)
            for probs in self.predict_proba(sentences)
        ]


def a_pool(n: int = 60, seed: int = 0) -> list[Sentence]:
    """Make sentences in which names of one or two words stand among others; each knows its parts of speech."""
    rng = np.random.default_rng(seed)
    people, places = ["Ada", "Grace", "Emmy", "Marie"], ["Paris", "York", "Bonn", "Rome"]
    made = []
    for number in range(n):
        words: list[str] = []
        tags: list[str] = []
        pos: list[str] = []
        for _ in range(int(rng.integers(2, 7))):
            words += [f"w{int(rng.integers(40))}" for _ in range(int(rng.integers(1, 4)))]
            tags += ["O"] * (len(words) - len(tags))
            pos += ["NN"] * (len(words) - len(pos))
            if rng.random() < 0.4:
                words += ["Lady", str(rng.choice(people))]
                tags += ["B-PER", "I-PER"]
                pos += ["NNP", "NNP"]
            elif rng.random() < 0.3:
                words.append(str(rng.choice(places)))
                tags.append("B-LOC")
                pos.append("NNP")
        made.append(Sentence.of_words(DocId(f"s{number}"), words, tags, pos))
    return made


def accuracy(tagger: CountingTagger, sentences: Sequence[Sentence]) -> dict[str, float]:
    """Return the share of words that get their tag."""
    pairs = [
        (tag, gold)
        for sentence, said in zip(sentences, tagger.predict(sentences), strict=True)
        for tag, gold in zip(said.tags, sentence.tags, strict=True)
    ]
    return {"accuracy": sum(tag == gold for tag, gold in pairs) / len(pairs)}
