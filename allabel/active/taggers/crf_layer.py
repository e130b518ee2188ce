"""A linear-chain CRF over a network's scores, with words whose tag is not known.

Sources: Lafferty et al. 2001; Tsuboi et al. 2008 (what is not known is summed over).
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

# Added to a score to rule a tag out: beyond any score a network gives, and no infinity, whose gradient is no number.
_NEVER = -1e4


class CrfLayer(nn.Module):
    """Scores of tags next to each other.

    tags: IOB2. constrained: decisions and marginals never have an `I-` that does not go on with its own label; in
    training all is allowed, as a single word may be annotated `I-` where the word before it is unknown.
    Scores are (n_sentences, n_words, n_tags), padded behind; lengths (n_sentences,) are at least 1.
    """

    def __init__(self, tags: Sequence[str], *, constrained: bool = False) -> None:
        super().__init__()
        n = len(tags)
        self.transitions = nn.Parameter(torch.zeros(n, n))
        self.first = nn.Parameter(torch.zeros(n))
        self.last = nn.Parameter(torch.zeros(n))
        never = torch.zeros(n, n)
        never_first = torch.zeros(n)
        if constrained:
            for to, tag in enumerate(tags):
                if tag.startswith("I-"):
                    goes_on = {tag, "B-" + tag[2:]}
                    never[[i for i, before in enumerate(tags) if before not in goes_on], to] = _NEVER
                    never_first[to] = _NEVER
        self.never: Tensor
        self.never_first: Tensor
        self.register_buffer("never", never, persistent=False)
        self.register_buffer("never_first", never_first, persistent=False)

    def loss(self, scores: Tensor, allowed: Tensor, lengths: Tensor) -> Tensor:
        """Return `-log P(tags that are allowed | x)`, summed over the sentences.

        allowed: like scores, True where a word may bear a tag: at its tag alone, or at all where it is not known.
        """
        within = scores.masked_fill(~allowed, _NEVER)
        steps = (self.first, self.transitions)
        return (self._log_z(scores, lengths, *steps) - self._log_z(within, lengths, *steps)).sum()

    def marginals(self, scores: Tensor, lengths: Tensor) -> Tensor:
        """Return `P(y_i = tag | x)`: like scores, rows sum to 1 within the lengths and are 0 beyond."""
        first, transitions = self.first + self.never_first, self.transitions + self.never
        forward = [first + scores[:, 0]]
        for t in range(1, scores.shape[1]):
            forward.append(_step(forward[-1], transitions) + scores[:, t])
        backward = [self.last.expand_as(scores[:, 0])]
        for t in range(scores.shape[1] - 1, 0, -1):
            onward = _step(scores[:, t] + backward[0], transitions.T)
            backward.insert(0, torch.where((t < lengths)[:, None], onward, self.last))
        inside = torch.arange(scores.shape[1], device=scores.device) < lengths[:, None]
        summed = torch.stack(forward, 1) + torch.stack(backward, 1)
        return summed.softmax(-1) * inside[:, :, None]

    def decode(self, scores: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Return the likeliest tags (n_sentences, n_words), 0 beyond the lengths, and `log P(tags | x)` (n_sentences,).

        Source: Viterbi 1967.
        """
        first, transitions = self.first + self.never_first, self.transitions + self.never
        longest = scores.shape[1]
        best, came_from = first + scores[:, 0], []
        for t in range(1, longest):
            value, source = (best[:, :, None] + transitions).max(1)
            inside = (t < lengths)[:, None]
            best = torch.where(inside, value + scores[:, t], best)
            # Beyond a sentence's end each tag comes from itself, and the trace stays where the sentence ended.
            came_from.append(torch.where(inside, source, torch.arange(source.shape[1], device=source.device)))
        value, tag = (best + self.last).max(-1)
        found = [tag]
        for source in reversed(came_from):
            tag = source.gather(1, tag[:, None])[:, 0]
            found.append(tag)
        tags = torch.stack(found[::-1], 1)
        inside = torch.arange(longest, device=scores.device) < lengths[:, None]
        log_probability = value - self._log_z(scores, lengths, first, transitions)
        return tags * inside, log_probability.clamp(max=0.0)

    def _log_z(self, scores: Tensor, lengths: Tensor, first: Tensor, transitions: Tensor) -> Tensor:
        forward = first + scores[:, 0]
        for t in range(1, scores.shape[1]):
            forward = torch.where((t < lengths)[:, None], _step(forward, transitions) + scores[:, t], forward)
        return (forward + self.last).logsumexp(-1)


def _step(logs: Tensor, transitions: Tensor) -> Tensor:
    """Return log(exp(logs) @ exp(transitions)): (n, n_tags)."""
    return (logs[:, :, None] + transitions).logsumexp(1)
