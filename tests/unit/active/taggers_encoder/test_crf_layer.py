"""The CRF layer against every sequence of tags, one by one, and against autograd."""

import itertools

import pytest
from with_torch import torch

from allabel.active.taggers.crf_layer import CrfLayer

TAGS = ("O", "B-drug", "I-drug")
LENGTHS = (4, 1, 3)


def drawn(seed=0, constrained=False):
    """A layer, scores of three sentences padded to 4 words, and their lengths."""
    torch.manual_seed(seed)
    crf = CrfLayer(TAGS, constrained=constrained).double()
    for weights in crf.parameters():
        torch.nn.init.normal_(weights)
    return crf, torch.randn(3, 4, 3, dtype=torch.float64), torch.tensor(LENGTHS)


def every_sequence(crf, scores, n, constrained=False):
    """Yield each sequence of tags with its score, by the definition."""
    for tags in itertools.product(range(3), repeat=n):
        if constrained and any(t == 2 and (i == 0 or tags[i - 1] == 0) for i, t in enumerate(tags)):
            continue
        total = crf.first[tags[0]] + crf.last[tags[-1]] + sum(scores[i, t] for i, t in enumerate(tags))
        yield tags, total + sum(crf.transitions[a, b] for a, b in itertools.pairwise(tags))


def test_the_loss_is_that_of_all_sequences_counted_one_by_one():
    crf, scores, lengths = drawn()
    allowed = torch.ones(3, 4, 3, dtype=torch.bool)
    known = {(0, 0): 1, (0, 1): 2, (0, 3): 0, (1, 0): 0}  # the others are not known; the third sentence at all
    for (sentence, word), tag in known.items():
        allowed[sentence, word] = torch.arange(3) == tag
    expected = torch.zeros((), dtype=torch.float64)
    for sentence, n in enumerate(LENGTHS):
        sequences = list(every_sequence(crf, scores[sentence], n))
        fits = [
            total
            for tags, total in sequences
            if all(known.get((sentence, word), tag) == tag for word, tag in enumerate(tags))
        ]
        expected += torch.stack([total for _, total in sequences]).logsumexp(0) - torch.stack(fits).logsumexp(0)
    assert crf.loss(scores, allowed, lengths).item() == pytest.approx(expected.item())


def test_a_sentence_of_which_nothing_is_known_has_no_loss():
    crf, scores, lengths = drawn()
    loss = crf.loss(scores, torch.ones_like(scores, dtype=torch.bool), lengths)
    assert loss.item() == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("constrained", [False, True])
def test_marginals_and_decisions_are_those_of_all_sequences_counted_one_by_one(constrained):
    crf, scores, lengths = drawn(1, constrained)
    marginals = crf.marginals(scores, lengths)
    decided, logs = crf.decode(scores, lengths)
    for sentence, n in enumerate(LENGTHS):
        sequences = list(every_sequence(crf, scores[sentence], n, constrained))
        p = torch.stack([total for _, total in sequences]).softmax(0)
        expected = torch.zeros(4, 3, dtype=torch.float64)
        for (tags, _), share in zip(sequences, p, strict=True):
            expected[range(n), tags] += share
        torch.testing.assert_close(marginals[sentence], expected)
        best = int(p.argmax())
        assert tuple(decided[sentence, :n].tolist()) == sequences[best][0]
        assert decided[sentence, n:].tolist() == [0] * (4 - n)
        assert logs[sentence].item() == pytest.approx(p[best].log().item())


def test_the_gradient_is_marginals_less_what_is_known():
    crf, scores, lengths = drawn(2)
    scores.requires_grad_()
    gold = torch.tensor([[1, 2, 0, 0], [0, 0, 0, 0], [2, 1, 0, 0]])
    allowed = torch.nn.functional.one_hot(gold, 3).bool()
    crf.loss(scores, allowed, lengths).backward()
    inside = torch.arange(4) < lengths[:, None]
    expected = crf.marginals(scores, lengths) - (allowed * inside[:, :, None]).double()
    torch.testing.assert_close(scores.grad, expected.detach(), atol=1e-6, rtol=0)


def test_gradients_are_right_by_finite_differences():
    crf, scores, lengths = drawn(3)
    allowed = torch.rand(3, 4, 3) < 0.6
    allowed[:, :, 0] = True
    scores.requires_grad_()
    assert torch.autograd.gradcheck(lambda s: crf.loss(s, allowed, lengths), (scores,))


def test_what_is_padded_changes_nothing():
    crf, scores, lengths = drawn(4)
    allowed = torch.ones_like(scores, dtype=torch.bool)
    allowed[:, 0, 1:] = False
    longer = torch.cat([scores, torch.full((3, 2, 3), 7.0, dtype=torch.float64)], 1)
    more = torch.cat([allowed, torch.ones(3, 2, 3, dtype=torch.bool)], 1)
    torch.testing.assert_close(crf.loss(longer, more, lengths), crf.loss(scores, allowed, lengths))
    torch.testing.assert_close(crf.marginals(longer, lengths)[:, :4], crf.marginals(scores, lengths))
    torch.testing.assert_close(crf.decode(longer, lengths)[1], crf.decode(scores, lengths)[1])


def test_a_lone_inside_tag_may_be_learned_from_even_where_decisions_never_have_one():
    crf, scores, lengths = drawn(5, constrained=True)
    allowed = torch.ones_like(scores, dtype=torch.bool)
    allowed[1, 0] = torch.tensor([False, False, True])
    assert crf.loss(scores, allowed, lengths).item() < 50
    assert (crf.marginals(scores, lengths)[:, 0, 2] < 1e-9).all()
