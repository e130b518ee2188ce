"""Words as the pieces of an encoder's vocabulary, looked up once a word."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from allabel.active.sentence import Sentence
from allabel.active.taggers.windows import Window, cuts


class Pieces:
    """Cuts sentences into windows of piece ids.

    tokenizer: a Hugging Face tokenizer. limit: the most pieces the encoder sees at once, special ones counted.
    """

    def __init__(self, tokenizer: Any, limit: int) -> None:
        self._tokenizer, self._cache = tokenizer, dict[str, list[int]]()
        whole, bare = (tokenizer("a", add_special_tokens=special)["input_ids"] for special in (True, False))
        at = next(i for i in range(len(whole)) if whole[i : i + len(bare)] == bare)
        self._before, self._after = whole[:at], whole[at + len(bare) :]
        self._room = limit - len(self._before) - len(self._after)
        unknown = tokenizer.unk_token_id
        self._unknown = [tokenizer.pad_token_id if unknown is None else unknown]

    def windows(self, sentences: Sequence[Sentence]) -> list[Window]:
        """Return the windows of all sentences, in order; a sentence without words has none."""
        spelled = [sentence.spelled for sentence in sentences]
        self._learn({word for words in spelled for word in words} - self._cache.keys())
        return [window for position, words in enumerate(spelled) for window in self._of_text(position, words)]

    def _of_text(self, position: int, words: Sequence[str]) -> list[Window]:
        pieces = [self._cache[word] for word in words]
        sizes = np.array([len(ids) for ids in pieces], dtype=np.int64)
        found = []
        for cut in cuts(sizes, self._room, self._room // 4):
            inside = slice(cut.start, cut.end)
            ids = [*self._before, *(id for some in pieces[inside] for id in some), *self._after]
            firsts = len(self._before) + np.concatenate([[0], np.cumsum(sizes[inside])[:-1]])
            own = np.arange(cut.own_start, cut.own_end)
            found.append(Window(position, own, np.array(ids, dtype=np.int64), firsts[own - cut.start]))
        return found

    def _learn(self, words: set[str]) -> None:
        if not words:
            return
        listed = sorted(words)
        # A word longer than half a window would leave no room around it; what its later pieces tell is left out.
        longest = max(1, self._room // 2)
        for word, ids in zip(listed, self._tokenizer(listed, add_special_tokens=False)["input_ids"], strict=True):
            self._cache[word] = list(ids[:longest]) or self._unknown
