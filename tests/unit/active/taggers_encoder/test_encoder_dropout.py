"""Quick dropout drops what torch's drops, on average, and passes gradients where it let numbers through."""

import pytest
from with_torch import torch

from allabel.active.taggers.encoder_dropout import QuickDropout, bypassed, copies, remembering


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_share_is_dropped_and_the_rest_is_scaled_to_the_same_mean(share):
    torch.manual_seed(0)
    with QuickDropout():
        dropped = torch.nn.functional.dropout(torch.ones(200_000), share, training=True)
    assert (dropped == 0).float().mean().item() == pytest.approx(share, abs=0.005)
    assert dropped.unique().tolist() == pytest.approx([0.0, 1 / (1 - share)])
    assert not torch.equal(dropped[:1000], dropped[1000:2000])


def test_out_of_training_and_at_the_ends_it_is_torchs_own():
    x = torch.randn(50)
    with QuickDropout():
        assert torch.equal(torch.nn.functional.dropout(x, 0.5, training=False), x)
        assert torch.equal(torch.nn.Dropout(0.0)(x), x)
        assert not torch.nn.Dropout(1.0)(x).any()


def test_gradients_go_where_numbers_went():
    x = torch.randn(3, 41, requires_grad=True)
    with QuickDropout():
        out = torch.nn.Dropout(0.5)(x)
    out.sum().backward()
    torch.testing.assert_close(x.grad, torch.where(out == 0, 0.0, 2.0))


def test_the_same_seed_drops_the_same():
    def once():
        torch.manual_seed(3)
        with QuickDropout():
            return torch.nn.Dropout(0.3)(torch.ones(100))

    assert torch.equal(once(), once())


def test_a_bypassed_module_gives_what_it_is_told_and_afterwards_its_own_again():
    layer = torch.nn.Linear(2, 2)
    x = torch.randn(3, 2)
    with remembering([layer]) as seen:
        out = layer(x)
    assert seen[layer][0] is x
    with bypassed({layer: copies(seen[layer][1], 2)}):
        torch.testing.assert_close(layer(None), torch.cat([out, out]))
    torch.testing.assert_close(layer(x), out)
