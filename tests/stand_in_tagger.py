"""Taggers that learn nothing much, for tests of what is around them: `stand_in_tagger:ByHeart` and others."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from allabel.active.base import Fitted, FloatArray, Prediction, Progress, Tell
from allabel.active.sentence import Sentence, tag_set
from allabel.errors import AllabelError


class ByHeart:
    """Gives a word the tag that it had most lately, surely; a word it never saw is a tie of all tags."""

    name = "by_heart"
    learns_partly = True

    def __init__(self, labels: Sequence[str], *, checkpoint: Path | None = None) -> None:
        self.labels, self.checkpoint = tuple(labels), checkpoint
        self.known: dict[str, str] = {}

    @property
    def tags(self) -> tuple[str, ...]:
        return tag_set(self.labels)

    def fit(
        self,
        sentences: Sequence[Sentence],
        *,
        seed: int,
        tell: Tell = lambda line: None,
        progress: Progress = lambda done, of: None,
    ) -> Fitted:
        for sentence in sentences:
            self.known |= {w: tag for w, tag in zip(sentence.words, sentence.tags, strict=True) if tag is not None}
        for epoch in (1, 2):
            progress(epoch, 2)
            tell(f"epoch {epoch} of 2: loss 0.0")
        n_known = [sentence.n_known for sentence in sentences]
        return Fitted(len(sentences), sum(n_known), 2, 2, 0.5, 0.1, "after all 2 epochs")

    def predict_both(self, sentences: Sequence[Sentence]) -> tuple[list[Prediction], list[FloatArray]]:
        return self.predict(sentences), self.predict_proba(sentences)

    def predict_proba(self, sentences: Sequence[Sentence]) -> list[FloatArray]:
        even = np.full(len(self.tags), 1 / len(self.tags))
        sure = {tag: np.eye(len(self.tags))[i] * 0.9 + 0.1 / len(self.tags) for i, tag in enumerate(self.tags)}
        found = [[sure.get(self.known.get(word, ""), even) for word in sentence.words] for sentence in sentences]
        return [np.array(rows).reshape(-1, len(self.tags)) for rows in found]

    def predict(self, sentences: Sequence[Sentence]) -> list[Prediction]:
        return [
            Prediction(tuple(self.tags[i] for i in p.argmax(axis=1)), float(np.log(p.max(axis=1)).sum()))
            for p in self.predict_proba(sentences)
        ]

    def save(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "known.json").write_text(json.dumps([self.labels, self.known]), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        labels, known = json.loads((folder / "known.json").read_text(encoding="utf-8"))
        made = cls(labels)
        made.known = known
        return made


class Interrupted(ByHeart):
    """Is stopped by Ctrl+C after an epoch, once its checkpoint is written; goes on from it the next time."""

    def fit(
        self,
        sentences: Sequence[Sentence],
        *,
        seed: int,
        tell: Tell = lambda line: None,
        progress: Progress = lambda done, of: None,
    ) -> Fitted:
        assert self.checkpoint is not None
        if not self.checkpoint.exists():
            self.checkpoint.parent.mkdir(parents=True, exist_ok=True)
            self.checkpoint.write_text("epoch 1", encoding="utf-8")
            progress(1, 2)
            tell("epoch 1 of 2: loss 0.0")
            raise KeyboardInterrupt
        tell("goes on after epoch 1")
        return super().fit(sentences, seed=seed, tell=tell, progress=progress)


class WithoutRoom(ByHeart):
    """Cannot be saved."""

    def save(self, folder: Path) -> None:
        folder.mkdir()
        raise OSError(28, "No space left on device", str(folder))


class OutOfMemory(ByHeart):
    """Fails in training."""

    def fit(self, *_: Any, **__: Any) -> Fitted:
        raise AllabelError("the memory ran out\n  remedy: make the batch smaller")
