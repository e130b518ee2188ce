"""How hard a sentence is for a pre-trained masked language model, which knows nothing of the task.

Source: METHODS.md section 2, language-model-guided first sentences.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from allabel.active.base import FloatArray, Tell
from allabel.active.scores import aggregate_each
from allabel.active.sentence import Sentence
from allabel.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    import torch


class _Hidden(NamedTuple):
    """A window of a sentence with one word masked. pieces: ids; at: the place of the word's first piece."""

    word: int
    pieces: list[int]
    at: int


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
        except ImportError as error:
            raise _no_torch() from error
        self._tokenizer, self._model = _loaded(model)
        self._device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self._model.to(self._device).eval()
        self._batch_pieces = batch_pieces
        self._before, self._after = _special(self._tokenizer)
        self._window = _longest(self._tokenizer, self._model) - len(self._before) - len(self._after)

    def doubts(self, sentences: Sequence[Sentence], *, tell: Tell = lambda line: None) -> FloatArray:
        """Return, for each sentence, the smallest difference of the two likeliest predictions over its words.

        Returns (n_sentences,) in [0, 1], infinite for a sentence without words. The lower, the harder. A text longer
        than the model's window is cut into windows at words, and none is left out.
        """
        lengths = np.array([len(sentence) for sentence in sentences], dtype=np.int64)
        return aggregate_each(self.differences(sentences, tell=tell), lengths)

    def differences(self, sentences: Sequence[Sentence], *, tell: Tell = lambda line: None) -> FloatArray:
        """Return the difference of the two likeliest predictions for every word: (n_words,) of all sentences."""
        hidden: list[_Hidden] = []
        n_words = 0
        for sentence in sentences:
            hidden += self._hidden(sentence.words, n_words)
            n_words += len(sentence)
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

    def _hidden(self, words: Sequence[str], n_before: int) -> Iterator[_Hidden]:
        """Yield each word of a sentence masked in turn, in the window in which it stands."""
        if not words:
            return
        tokenizer = self._tokenizer
        coded = tokenizer(list(words), add_special_tokens=False, is_split_into_words=True, truncation=False)
        pieces: list[list[int]] = [[] for _ in words]
        for piece, word in zip(coded["input_ids"], coded.word_ids(), strict=True):
            pieces[word].append(piece)
        # A word of which the tokenizer leaves nothing (a zero-width space) is masked all the same; one longer than the
        # window is told by its beginning.
        pieces = [(of_word or [tokenizer.unk_token_id])[: self._window] for of_word in pieces]
        for first, end in self._windows([len(of_word) for of_word in pieces]):
            flat = [piece for of_word in pieces[first:end] for piece in of_word]
            at = 0
            for word in range(first, end):
                n = len(pieces[word])
                masked = [*flat[:at], *[tokenizer.mask_token_id] * n, *flat[at + n :]]
                yield _Hidden(n_before + word, [*self._before, *masked, *self._after], len(self._before) + at)
                at += n

    def _windows(self, lengths: Sequence[int]) -> Iterator[tuple[int, int]]:
        first = taken = 0
        for word, length in enumerate(lengths):
            if taken + length > self._window:
                yield first, word
                first, taken = word, 0
            taken += length
        yield first, len(lengths)

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
            ids[row, : len(one.pieces)] = torch.tensor(one.pieces)
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


def _loaded(name: str) -> tuple[Any, Any]:
    try:
        from transformers import AutoModelForMaskedLM, AutoTokenizer
    except ImportError as error:
        raise _no_torch() from error
    try:
        tokenizer = AutoTokenizer.from_pretrained(name)
        if getattr(tokenizer, "add_prefix_space", True) is False:  # RoBERTa's kind, where words come one by one
            tokenizer = AutoTokenizer.from_pretrained(name, add_prefix_space=True)
        model, told = AutoModelForMaskedLM.from_pretrained(name, output_loading_info=True)
    except (OSError, ValueError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(
            f"the masked language model {name!r} cannot be loaded: {first}",
            remedy="give the folder of a model that was downloaded, or a name that the hub knows",
        ) from error
    # Where the weights that predict words are missing, transformers makes them up at random and goes on.
    if told["missing_keys"]:
        missing = sorted(told["missing_keys"])
        raise InputError(
            f"{name!r} cannot predict masked words: the weights {', '.join(missing[:3])} are not in it "
            f"({len(missing)} are missing)",
            remedy="give a model that was trained as a masked language model, such as distilbert-base-cased",
        )
    if not tokenizer.is_fast or tokenizer.mask_token_id is None:
        what = "mask token" if tokenizer.is_fast else "fast form, which says which piece is of which word"
        raise InputError(
            f"the tokenizer of {name!r} has no {what}", remedy="give a model such as distilbert-base-cased"
        )
    return tokenizer, model


def _special(tokenizer: Any) -> tuple[list[int], list[int]]:
    """Return the ids of the special pieces that stand before and after a text."""
    bare = tokenizer(["a"], is_split_into_words=True, add_special_tokens=False)["input_ids"]
    dressed = tokenizer(["a"], is_split_into_words=True)["input_ids"]
    at = next(i for i in range(len(dressed)) if dressed[i : i + len(bare)] == bare)
    return dressed[:at], dressed[at + len(bare) :]


def _longest(tokenizer: Any, model: Any) -> int:
    """Return how many pieces the model takes, special ones included."""
    longest = int(min(tokenizer.model_max_length, getattr(model.config, "max_position_embeddings", None) or 512))
    positions: Any = getattr(getattr(model.base_model, "embeddings", None), "position_embeddings", None)
    padding = getattr(positions, "padding_idx", None)
    # RoBERTa's kind counts places from behind the one for padding.
    return longest if padding is None else min(longest, positions.num_embeddings - padding - 1)


def _no_torch() -> MissingExtraError:
    return MissingExtraError(
        "the language-model-guided start needs torch and transformers: pip install 'allabel[finetune]'"
    )
