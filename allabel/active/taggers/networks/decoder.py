"""The tag decoder: an LSTM that writes the tags from left to right."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from allabel.active.taggers.networks.dropped import Dropped


@dataclass(frozen=True, slots=True)
class Written:
    """What a greedy decoder wrote.

    tags: (b, n). log_probabilities: (b, n, k), at each step, given the tags before it. Padding holds anything.
    """

    tags: Tensor
    log_probabilities: Tensor


class TagDecoder(nn.Module):
    """At each word the previous tag and the word's vector go in and a distribution over tags comes out.

    The first word's previous tag is [GO]. Where the previous tag is not known, its vector is one of its own; where it
    is one of several, the mean of theirs. Source: Shen et al. 2017, section 2. Beyond the paper, the word's vector also
    scores the tags directly, beside the LSTM's state: without that way past the gates, which saturate early, nothing is
    learned from a few hundred sentences.

    n_drawn: how many of a word's numbers, the first, are dropped out in `passes`; the others are shared by all passes.
    """

    def __init__(self, n_tags: int, n_features: int, *, tag_size: int, size: int, dropout: float, n_drawn: int) -> None:
        super().__init__()
        self.n_drawn = n_drawn
        self.n_tags, self.go, self.not_known = n_tags, n_tags, n_tags + 1
        self.tags = nn.Embedding(n_tags + 2, tag_size)
        self.lstm = nn.LSTM(tag_size + n_features, size, batch_first=True)
        self.out = nn.Linear(size, n_tags)
        self.direct = nn.Linear(n_features, n_tags, bias=False)
        self.dropout = nn.Dropout(dropout)

    def forward(self, features: Tensor, allowed: Tensor) -> Tensor:
        """Return the logits with the tags given: (b, n, k) of (b, n, n_features) and the tags allowed, (b, n, k)."""
        words = self.dropout(features)
        before = torch.cat([self._go(features), self._vectors(allowed)[:, :-1]], dim=1)
        states, _ = self.lstm(torch.cat([before, words], dim=2))
        return torch.as_tensor(self.out(self.dropout(states)) + self.direct(words))

    def greedy(self, features: Tensor, lengths: Tensor, allowed: Tensor | None = None) -> Written:
        """Write each word's likeliest tag, from left to right, without dropout.

        lengths: (b,), falling. allowed: (b, n, k), the tags that may be written; None for any.
        """
        weights = _Weights(self)
        read = features @ weights.words
        inputs, direct = read[:, :, : -self.n_tags] + weights.bias, read[:, :, -self.n_tags :]
        if allowed is not None:
            direct = direct.masked_fill(~allowed, -torch.inf)
        b, n, _ = features.shape
        written = features.new_zeros(b, n, self.n_tags)
        tags = torch.zeros(b, n, dtype=torch.int64, device=features.device)
        hidden, cell = features.new_zeros(2, b, weights.size)
        previous = torch.full((b,), self.go, device=features.device)
        for t, active in enumerate(_active(lengths, n)):
            gates = inputs[:active, t] + weights.tags[previous[:active]]
            hidden, cell = weights.step(gates, hidden[:active], cell[:active])
            logits = weights.score(hidden, direct[:active, t])
            previous = logits.argmax(dim=1)
            written[:active, t], tags[:active, t] = logits, previous
        return Written(tags, written.log_softmax(dim=2))

    def passes(self, features: Tensor, lengths: Tensor, n_passes: int, dropped: Dropped) -> Tensor:
        """Return the tags of so many greedy passes with dropout on words' vectors and states: (b, n_passes, n).

        features: (b, n, n_features). lengths: (b,), falling. Each copy writes its own tags and reads them again.
        """
        weights = _Weights(self)
        b, n, _ = features.shape
        tags = torch.zeros(b * n_passes, n, dtype=torch.int64, device=features.device)
        hidden, cell = features.new_zeros(2, b * n_passes, weights.size)
        previous = torch.full((b * n_passes,), self.go, device=features.device)
        shared = features[:, :, self.n_drawn :] @ weights.words[self.n_drawn :]
        shared[:, :, : -self.n_tags] += weights.bias
        drawn, drawing = features[:, :, : self.n_drawn], weights.words[: self.n_drawn]
        for t, active in enumerate(_active(lengths, n)):
            rows = active * n_passes
            copies = dropped(drawn[:active, t].repeat_interleave(n_passes, dim=0), self.dropout.p)
            read = (copies @ drawing).view(active, n_passes, -1).add_(shared[:active, t, None]).view(rows, -1)
            gates = read[:, : -self.n_tags].add_(weights.tags.index_select(0, previous[:rows]))
            hidden, cell = weights.step(gates, hidden[:rows], cell[:rows])
            logits = weights.score(dropped(hidden.clone(), self.dropout.p), read[:, -self.n_tags :])
            previous = logits.argmax(dim=1)
            tags[:rows, t] = previous
        return tags.view(b, n_passes, n)

    def _vectors(self, allowed: Tensor) -> Tensor:
        known = self.tags.weight[: self.n_tags]
        n = allowed.sum(dim=2, keepdim=True)
        mean = (allowed.to(known.dtype) @ known) / n
        return torch.where(n == self.n_tags, self.tags.weight[self.not_known], mean)

    def _go(self, features: Tensor) -> Tensor:
        return self.tags.weight[self.go].expand(len(features), 1, -1)


class _Weights:
    """The decoder's weights, cut and joined by what they multiply.

    words: (n_features, 4 x size + k), what a word's vector says to the gates and to the tags. tags: (k + 2, 4 x size).
    """

    def __init__(self, decoder: TagDecoder) -> None:
        lstm, tag_size = decoder.lstm, decoder.tags.embedding_dim
        read: Tensor = lstm.get_parameter("weight_ih_l0")
        self.size = lstm.hidden_size
        self.words = torch.cat([read[:, tag_size:], decoder.direct.weight]).T.contiguous()
        self.tags = decoder.tags.weight @ read[:, :tag_size].T
        self.bias = lstm.get_parameter("bias_ih_l0") + lstm.get_parameter("bias_hh_l0")
        self._states, self._out = lstm.get_parameter("weight_hh_l0").T, decoder.out

    def step(self, gates: Tensor, hidden: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
        """Return the next hidden and cell states; changes `gates`."""
        gates.addmm_(hidden, self._states)
        s = self.size
        # tanh(x) is 2 sigmoid(2x) - 1, and on a processor the sigmoid is several times faster.
        gates[:, 2 * s : 3 * s] *= 2
        taken, kept, new, shown = gates.sigmoid_().chunk(4, dim=1)
        cell = (cell * kept).addcmul_(taken, new, value=2).sub_(taken)
        return (cell * 2).sigmoid_().mul_(2).sub_(1).mul_(shown), cell

    def score(self, hidden: Tensor, direct: Tensor) -> Tensor:
        """Return the logits of the tags."""
        return torch.addmm(direct, hidden, self._out.weight.T).add_(self._out.bias)


def _active(lengths: Tensor, n: int) -> list[int]:
    """Return how many sentences still have a word, at each of n steps; lengths fall."""
    counts: list[int] = (lengths[:, None] > torch.arange(n, device=lengths.device)).sum(dim=0).tolist()
    return counts
