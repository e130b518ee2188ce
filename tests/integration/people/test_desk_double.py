"""Two people for one text, and reviewers: who sees what, and who has a seat."""

import pytest
from people_at_work import NOW, SALT, WATER, Clock, answer, desk, draft, queue

from allabel.document import Annotation, DocId
from allabel.errors import StoreError
from allabel.people.desk import Answer, ConflictError, Desk
from allabel.store import Store

A, B, C = DocId("a"), DocId("b"), DocId("c")


def taken(one: Desk) -> str:
    task = one.next()
    assert task is not None
    return str(task.document.id)


def test_a_doubly_annotated_text_is_done_when_two_people_answered(store: Store) -> None:
    queue(store, "a")
    ada, bo, cy = (desk(store, name, double_share=1.0) for name in ("ada", "bo", "cy"))
    assert (taken(ada), taken(bo)) == ("a", "a")
    assert cy.next() is None
    with pytest.raises(StoreError, match="is with"):
        cy.open(A)
    ada.save(answer("a", SALT))
    assert ada.next() is None
    assert cy.next() is None
    task = bo.next()
    assert task is not None
    assert (task.version, task.entities, task.answered, task.double) == (0, (), False, True)
    bo.save(answer("a", WATER))
    assert bo.next() is None
    assert cy.next() is None
    assert [x.author for x in store.history(A)] == ["ada", "bo"]


def test_a_late_answer_of_a_third_takes_nobody_s_seat_away(store: Store) -> None:
    queue(store, ["t0"])
    clock = Clock()
    ada, bo, cy = (desk(store, name, clock, double_share=1.0) for name in ("ada", "bo", "cy"))
    ada.next()
    clock.pass_minutes(60)
    assert [one.next().document.id for one in (bo, cy)] == ["t0", "t0"]
    ada.save(answer("t0", SALT))
    for one in (bo, cy):
        assert one.open(DocId("t0")).double
        assert one.keep_draft(DocId("t0"), draft(SALT))


def test_a_review_settles_a_double_text_and_is_seen_by_both(store: Store) -> None:
    queue(store, "ab")
    ada, bo = (desk(store, name, double_share=1.0) for name in ("ada", "bo"))
    cy = desk(store, "cy", double_share=1.0, reviews=True)
    ada.save(answer("a", SALT))
    bo.save(answer("a", WATER))
    task = cy.open(A)
    assert (task.version, task.entities) == (2, (WATER,))
    ada.save(answer("a", on=1))
    with pytest.raises(ConflictError, match="answered by 'ada'"):
        cy.save(Answer(A, (SALT, WATER), 2, "r", None, "review"))
    cy.save(Answer(A, (SALT, WATER), 3, "r", None, "review"))
    assert ada.open(A).entities == (SALT, WATER)
    store.add_annotations([Annotation(B, (), "import", "file.jsonl", NOW)])
    assert bo.next() is None


def test_what_one_reviews_is_not_handed_out_to_annotate(store: Store) -> None:
    queue(store, "ab")
    desk(store, "ada").save(answer("a", SALT))
    reviewer, mine = desk(store, "cy", reviews=True), desk(store, "cy")
    assert reviewer.open(A).version == 1
    assert reviewer.keep_draft(A, draft(WATER, on=1))
    assert taken(mine) == "b"
    kept = reviewer.open(A).draft
    assert kept is not None
    assert kept.entities == (WATER,)
    with pytest.raises(StoreError, match="is with 'cy'"):
        desk(store, "bo", reviews=True).open(A)
