"""Which answers of a project's history are people's own, and on what texts two or more of them can be compared."""

from collections.abc import Iterable

from allabel.document import Annotation, DocId

REVIEW, RESTORE = "review", "restore"
Answers = dict[DocId, dict[str, Annotation]]


def own_answers(history: Iterable[Annotation]) -> Answers:
    """Return each person's latest answer of their own for each text: texts and people in order of their first.

    history: every answer, oldest first. What a reviewer decided is left out, and so is an answer that began from
    another person's, or restored it: it agrees with what it came from.
    """
    author_of: dict[int, str] = {}
    found: Answers = {}
    for answer in history:
        if answer.seq is not None:
            author_of[answer.seq] = answer.author
        given = found.get(answer.doc_id, {})
        began_from = author_of.get(answer.based_on or 0, answer.author)
        others = answer.source == REVIEW or began_from != answer.author
        if not others and (answer.source != RESTORE or answer.author in given):
            found.setdefault(answer.doc_id, {})[answer.author] = answer
    return found


def twice_answered(history: Iterable[Annotation]) -> Answers:
    """Return, as `own_answers`, the texts that two or more people answered."""
    return {id: by_person for id, by_person in own_answers(history).items() if len(by_person) > 1}
