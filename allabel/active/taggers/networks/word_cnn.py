"""The word-level encoder: convolutions over the words of a sentence."""

import torch
from torch import Tensor, nn

from allabel.active.taggers.networks.words import convolution


class WordCnn(nn.Module):
    """Two convolutions over the words; each layer's output is laid beside the words' own features.

    Kernel 3, ReLU, dropout between. size: of the vector of a word, `channels + n_features`. Source: Shen et al. 2017,
    section 2.
    """

    def __init__(self, n_features: int, channels: int, dropout: float, n_layers: int = 2) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            convolution(n_features if i == 0 else channels + n_features, channels) for i in range(n_layers)
        )
        self.dropout = nn.Dropout(dropout)
        self.size = channels + n_features

    def forward(self, features: Tensor, mask: Tensor) -> Tensor:
        """Return (b, m, size) of (b, m, n_features); mask: (b, m), where there is a word, [BOS] and [EOS] included."""
        inside = mask[:, None, :]
        words = features.transpose(1, 2) * inside
        hidden = words
        for i, layer in enumerate(self.layers):
            fed = torch.cat([self.dropout(hidden[:, : -words.shape[1]]), words], dim=1) if i else hidden
            hidden = torch.cat([torch.relu(layer(fed)) * inside, words], dim=1)
        return hidden.transpose(1, 2)
