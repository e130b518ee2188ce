"""How hard a sentence is for a pre-trained masked language model, which knows nothing of the task.

Source: METHODS.md section 2, language-model-guided first sentences.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from allabel.active.base import FloatArray, IntArray, Tell
from allabel.active.pretrained import had
from allabel.active.scores import aggregate_each
from allabel.active.sentence import Sentence
from allabel.active.taggers.windows import cuts
from allabel.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    import torch


class _Hidden(NamedTuple):
    """A word to mask in its window. pieces: ids of the window, as they stand; of the word n_own, from `at` on."""

    word: int
    pieces: IntArray
    at: int
    n_own: int


class MaskedLm:
    """A masked language model of Hugging Face, by name or folder.

    Every word of a sentence is masked in turn, all its pieces, and the prediction for the first of them counts, as a
    word's distribution is its first piece's everywhere here. device: as torch names it; by default a GPU where there
    is one. batch_pieces: so many pieces, padding included, go through the model at once.
    Raises MissingExtraError without torch and transformers, InputError for a model that is not there or has no
    weights for predicting words.
    """

    def __init__(self, model: str, *, device: str | None = None, batch_pieces: int = 8192) -> None:
        try:
            import torch
            from transformers import AutoModelForMaskedLM

            from allabel.active.taggers.encoder_network import load_tokenizer, quiet, window_of
        except ImportError as error:
            raise MissingExtraError(
                "the language-model-guided start needs torch and transformers: pip install 'allabel[finetune]'"
            ) from error
        self._tokenizer = load_tokenizer(model)
        with quiet():
            self._model, told = had(AutoModelForMaskedLM, model, output_loading_info=True, use_safetensors=True)
        _check_predicts(model, self._tokenizer, told["missing_keys"])
        self._device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self._model.to(self._device).eval()
        self._batch_pieces = batch_pieces
        self._before, self._after = _special(self._tokenizer)
        self._window = window_of(self._model, self._tokenizer) - len(self._before) - len(self._after)

    def doubts(self, sentences: Sequence[Sentence], *, tell: Tell = lambda line: None) -> FloatArray:
        """Return, for each sentence, the smallest difference of the two likeliest predictions over its words.

        Returns (n_sentences,) in [0, 1], infinite for a sentence without words. The lower, the harder. A text longer
        than the model's window is cut into windows at words, and none is left out.
        """
        lengths = np.array([len(sentence) for sentence in sentences], dtype=np.int64)
        return aggregate_each(self.differences(sentences, tell=tell), lengths)

    def differences(self, sentences: Sequence[Sentence], *, tell: Tell = lambda line: None) -> FloatArray:
        """Return the difference of the two likeliest predictions for every word: (n_words,) of all sentences."""
        texts = [sentence.spelled for sentence in sentences]
        pieces = self._pieces({word for words in texts for word in words})
        hidden: list[_Hidden] = []
        n_words = 0
        for words in texts:
            hidden += self._hidden([pieces[word] for word in words], n_words)
            n_words += len(words)
        # Neighbours in length waste little padding.
        hidden.sort(key=lambda one: len(one.pieces), reverse=True)
        found = np.zeros(n_words)
        told = done = 0
        for batch in self._batches(hidden):
            found[[one.word for one in batch]] = self._ask(batch)
            done += len(batch)
            if done * 10 // n_words > told:
                told = done * 10 // n_words
                tell(f"masked language model: {done:,} of {n_words:,} words")
        return found

    def _pieces(self, words: set[str]) -> dict[str, list[int]]:
        """Return the pieces of each word.

        A word of which the tokenizer leaves nothing (a zero-width space) is masked all the same; one longer than the
        window is told by its beginning.
        """
        if not words:
            return {}
        listed, tokenizer = sorted(words), self._tokenizer
        ids = tokenizer(listed, add_special_tokens=False)["input_ids"]
        unknown = [tokenizer.pad_token_id if tokenizer.unk_token_id is None else tokenizer.unk_token_id]
        return {word: (some or unknown)[: self._window] for word, some in zip(listed, ids, strict=True)}

    def _hidden(self, pieces: Sequence[Sequence[int]], n_before: int) -> Iterator[_Hidden]:
        """Yield each word of a sentence, by its pieces, with the window in which it stands."""
        sizes = np.array([len(of_word) for of_word in pieces], dtype=np.int64)
        for cut in cuts(sizes, self._window, overlap=0):
            inside = [piece for of_word in pieces[cut.start : cut.end] for piece in of_word]
            window = np.array([*self._before, *inside, *self._after], dtype=np.int64)
            at = len(self._before)
            for word in range(cut.start, cut.end):
                yield _Hidden(n_before + word, window, at, len(pieces[word]))
                at += len(pieces[word])

    def _batches(self, hidden: Sequence[_Hidden]) -> Iterator[Sequence[_Hidden]]:
        """Cut what is sorted by length, the longest first, into batches."""
        first = 0
        while first < len(hidden):
            n = max(1, self._batch_pieces // len(hidden[first].pieces))
            yield hidden[first : first + n]
            first += n

    def _ask(self, batch: Sequence[_Hidden]) -> FloatArray:
        import torch

        longest = max(len(one.pieces) for one in batch)
        pad = self._tokenizer.pad_token_id or 0
        ids = torch.full((len(batch), longest), pad, dtype=torch.long)
        mask = torch.zeros((len(batch), longest), dtype=torch.long)
        for row, one in enumerate(batch):
            ids[row, : len(one.pieces)] = torch.from_numpy(one.pieces)
            ids[row, one.at : one.at + one.n_own] = self._tokenizer.mask_token_id
            mask[row, : len(one.pieces)] = 1
        at = torch.tensor([one.at for one in batch], device=self._device)
        with torch.inference_mode(), _Only(self._model, at):
            logits = self._model(input_ids=ids.to(self._device), attention_mask=mask.to(self._device)).logits[:, 0]
        likeliest = logits.float().softmax(dim=-1).topk(2, dim=-1).values
        difference = (likeliest[:, 0] - likeliest[:, 1]).double().cpu().numpy()
        return np.asarray(difference, dtype=np.float64)


class _Only:
    """Lets the layers after the encoder see one place of each row: the vocabulary is large, the other places unused."""

    def __init__(self, model: Any, at: "torch.Tensor") -> None:
        self._encoder, self._at = model.base_model, at

    def __enter__(self) -> None:
        self._handle = self._encoder.register_forward_hook(self._pick)

    def __exit__(self, *_: object) -> None:
        self._handle.remove()

    def _pick(self, module: Any, inputs: Any, output: Any) -> Any:
        import torch

        rows = torch.arange(len(self._at), device=self._at.device)
        output.last_hidden_state = output.last_hidden_state[rows, self._at][:, None]
        return output


def _check_predicts(name: str, tokenizer: Any, missing_keys: Collection[str]) -> None:
    """Raise InputError for a model that predicts no masked words."""
    # Where the weights that predict words are missing, transformers makes them up at random and goes on.
    if missing_keys:
        raise InputError(
            f"{name!r} cannot predict masked words: the weights {', '.join(sorted(missing_keys)[:3])} are not in it "
            f"({len(missing_keys)} are missing)",
            remedy="give a model that was trained as a masked language model, such as distilbert-base-cased",
        )
    if tokenizer.mask_token_id is None:
        raise InputError(
            f"the tokenizer of {name!r} has no mask token", remedy="give a model such as distilbert-base-cased"
        )


def _special(tokenizer: Any) -> tuple[list[int], list[int]]:
    """Return the ids of the special pieces that stand before and after a text."""
    dressed, bare = (tokenizer("a", add_special_tokens=special)["input_ids"] for special in (True, False))
    at = next(i for i in range(len(dressed)) if dressed[i : i + len(bare)] == bare)
    return dressed[:at], dressed[at + len(bare) :]
