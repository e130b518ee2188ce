"""What is drawn by a text's id alone, and what a role may do."""

from allabel.document import DocId
from allabel.people.drawn import blind, double
from allabel.people.roles import Role


def test_about_a_tenth_is_blind_and_more_is_drawn_on_top_of_less() -> None:
    ids = [DocId(f"doc-{i}") for i in range(2000)]
    tenth = {id for id in ids if blind(id, 0.1)}
    assert 160 <= len(tenth) <= 240
    assert tenth < {id for id in ids if blind(id, 0.2)}
    assert tenth != {id for id in ids if double(id, 0.1)}
    assert not any(blind(id, 0.0) for id in ids)
    assert all(double(id, 1.0) for id in ids)
    assert blind(DocId("doc-0"), 0.2) is (DocId("doc-0") in {id for id in ids if blind(id, 0.2)})


def test_each_role_can_all_that_the_ones_below_can() -> None:
    assert [[role.can(needed) for needed in Role] for role in Role] == [
        [True, False, False],
        [True, True, False],
        [True, True, True],
    ]
