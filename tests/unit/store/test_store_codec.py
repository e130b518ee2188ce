import math

import pytest

from allabel.document import DocId
from allabel.errors import StoreError
from allabel.reply import Reply, Shown, Status
from allabel.store.codec import reply_from_json, reply_to_json
from allabel.store.location import Location
from allabel.store.records import Pick


@pytest.mark.parametrize("perplexity", [None, 1.0, 1 / 3, math.inf])
def test_a_perplexity_comes_back_to_the_last_bit(perplexity: float | None) -> None:
    assert reply_from_json(reply_to_json(Reply(Status.OK, perplexity=perplexity))).perplexity == perplexity


def test_a_reply_kept_before_digests_were_still_names_its_demonstrations() -> None:
    data = reply_to_json(Reply(Status.OK, shown=(Shown(DocId("a"), "0" * 16),)))
    del data["digests"]
    assert reply_from_json(data).shown == (Shown(DocId("a"), ""),)


def test_a_pick_without_a_score_that_can_be_ranked_cannot_be() -> None:
    with pytest.raises(StoreError, match="NaN"):
        Pick(DocId("a"), "uncertainty", 1, math.nan, "", 1)


def test_a_password_does_not_reach_messages() -> None:
    location = Location.of("postgresql+psycopg://ada:secret@host/x")
    assert "secret" not in location.name
    assert location.path is None
