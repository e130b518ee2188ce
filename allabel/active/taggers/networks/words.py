"""A word as a vector: its embedding beside what its characters say."""

from typing import Literal

import torch
from torch import Tensor, nn

from allabel.active.taggers.networks.batch import Batch
from allabel.active.taggers.vocabulary import N_SPECIAL, PAD, UNKNOWN

_SPREAD = 0.2  # of the embeddings at first: at 1, F1 after 800 sentences of gmb_subset was 7 points lower
_AT_ONCE = 1024  # words whose characters are read together where nothing is trained: they fit in cache


def convolution(n_in: int, n_out: int) -> nn.Conv1d:
    """Return a convolution with kernel 3 whose outputs vary as its inputs do after ReLU. Source: He et al. 2015."""
    made = nn.Conv1d(n_in, n_out, 3, padding=1)
    nn.init.kaiming_normal_(made.weight, nonlinearity="relu")
    assert made.bias is not None
    nn.init.zeros_(made.bias)
    return made


class CharCnn(nn.Module):
    """Two convolutions over a word's characters, each added to its input, then the largest value of each channel.

    Kernel 3, ReLU, dropout between the layers. Source: Shen et al. 2017, section 2.
    """

    def __init__(self, size: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList(convolution(size, size) for _ in range(2))
        self.dropout = nn.Dropout(dropout)
        self.size = size

    def forward(self, embedded: Tensor, mask: Tensor) -> Tensor:
        """Return (n_words, size) of (n_words, c, size); mask: (n_words, c), where there is a character."""
        inside = mask[:, None, :]
        hidden = embedded.transpose(1, 2) * inside
        for i, layer in enumerate(self.layers):
            fed = self.dropout(hidden) if i else hidden
            hidden = (hidden + torch.relu(layer(fed))) * inside
        return hidden.masked_fill(~inside, -torch.inf).amax(dim=2)


class CharLstm(nn.Module):
    """The last states of an LSTM that reads a word's characters, and of one that reads them backwards.

    Source: Lample et al. 2016.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(size, (size + 1) // 2, batch_first=True, bidirectional=True)
        self.size = 2 * ((size + 1) // 2)

    def forward(self, embedded: Tensor, mask: Tensor) -> Tensor:
        """Return (n_words, size) of (n_words, c, size); mask: (n_words, c), where there is a character."""
        lengths = mask.sum(dim=1).cpu()
        packed = nn.utils.rnn.pack_padded_sequence(embedded, lengths, batch_first=True, enforce_sorted=False)
        _, (states, _) = self.lstm(packed)
        return torch.cat([states[0], states[1]], dim=1)


class WordFeatures(nn.Module):
    """Each word's embedding beside its characters' vector; in training some words are replaced by [UNK].

    unknown_words: the share of words replaced, each time anew, so that [UNK] is learned and the characters count.
    size: of the vector of a word.
    """

    def __init__(
        self,
        *,
        word_size: int,
        character_size: int,
        characters: Literal["cnn", "lstm"],
        dropout: float,
        unknown_words: float,
    ) -> None:
        super().__init__()
        self.words = _embedding(N_SPECIAL, word_size)
        self.characters = _embedding(N_SPECIAL, character_size)
        self.reader = CharCnn(character_size, dropout) if characters == "cnn" else CharLstm(character_size)
        self.dropout = nn.Dropout(dropout)
        self.unknown_words = unknown_words
        self.size = word_size + self.reader.size

    def grow(self, n_words: int, n_characters: int) -> None:
        """Add random rows until there are so many; the rows there are stay as they are."""
        self.words = _grown(self.words, n_words)
        self.characters = _grown(self.characters, n_characters)

    def spell(self, characters: Tensor) -> Tensor:
        """Return the vectors of spelled words: (n_words, c) to (n_words, size of the reader)."""
        return torch.as_tensor(self.reader(self.characters(characters), characters != PAD))

    @torch.no_grad()
    def spell_all(self, characters: Tensor) -> Tensor:
        """Return what `spell` does, for any number of words: short words with short ones, so many at a time."""
        lengths = (characters != PAD).sum(dim=1)
        order = lengths.argsort(stable=True)
        parts = [self.spell(characters[some][:, : int(lengths[some].max())]) for some in torch.split(order, _AT_ONCE)]
        found = torch.empty(len(characters), self.reader.size, device=characters.device, dtype=parts[0].dtype)
        found[order] = torch.cat(parts)
        return found

    def forward(self, batch: Batch, spelled: Tensor | None = None) -> Tensor:
        """Return (b, n + 2, size). spelled: the characters' vectors, where they were made before."""
        words = batch.words
        if self.training and self.unknown_words:
            hidden = (torch.rand(words.shape, device=words.device) < self.unknown_words) & (words >= N_SPECIAL)
            words = words.masked_fill(hidden, UNKNOWN)
        read = self.spell(batch.characters) if spelled is None else spelled
        # Rows of a table by `embedding`: its gradient is summed faster than that of indexing.
        return torch.as_tensor(
            self.dropout(torch.cat([self.words(words), nn.functional.embedding(batch.spellings, read)], dim=2))
        )


def _embedding(n: int, size: int) -> nn.Embedding:
    made = nn.Embedding(n, size, padding_idx=PAD)
    with torch.no_grad():
        made.weight[PAD + 1 :].normal_(std=_SPREAD)
    return made


def _grown(before: nn.Embedding, n: int) -> nn.Embedding:
    if n <= before.num_embeddings:
        return before
    made = _embedding(n, before.embedding_dim).to(before.weight.device)
    with torch.no_grad():
        made.weight[: before.num_embeddings] = before.weight
    return made
