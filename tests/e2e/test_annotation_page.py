"""The annotation page in a real browser: how many keys a text costs, and that it is readable and holds still."""

from pathlib import Path

import pytest
from at_work import Worker, meant_by, no_serious_issue
from salts import KEYS, MEANT, answers, opened

from allabel.document import DocId, Document
from allabel.formats.base import Record
from allabel.reply import Grounding, Proposal, Reply, Status, TaggedDocument

pytestmark = [pytest.mark.e2e, pytest.mark.enable_socket]


def test_three_right_suggestions_cost_one_key_and_three_entities_their_three(worker: Worker, folder: Path) -> None:
    """Keys that select are counted apart: how many words lie between names is the text's affair."""
    suggested = "⟦Reagent|NaCl⟧ in ⟦Solvent|water⟧ with ⟦Element|zinc⟧."
    by_hand = "⟦Reagent|KBr⟧ in ⟦Solvent|ethanol⟧ with ⟦Element|tin⟧."
    with opened(folder) as project:
        documents = [Document(DocId(f"t{n}"), meant_by(one)[0]) for n, one in enumerate((suggested, by_hand, "End."))]
        project.import_records([Record(n, one) for n, one in enumerate(documents, 1)], Path("x"), "texts")
        project.select("3", "uniform")
        text, spans = meant_by(suggested)
        proposals = tuple(Proposal(s.label, text[s.start : s.end], s, Grounding.EXACT, 0.9) for s in spans)
        project.store.add_tagged([TaggedDocument(DocId("t0"), text, Reply(Status.OK, proposals), "chat", "m")])
    worker.sign_in("ada")
    worker.ready()
    for _ in range(3):
        text, before = worker.text, worker.n_keys
        if text == meant_by(suggested)[0]:
            worker.leave("Enter")
            assert worker.n_keys - before == 1
        elif text == meant_by(by_hand)[0]:
            selecting = 0
            spans = meant_by(by_hand)[1]
            doc = worker.doc
            for span in spans:
                selecting += worker.select(span)
                worker.keys(("Shift+" if span == spans[-1] else "") + KEYS[span.label])
            worker.goes_on(doc)
            worker.at = 0
            assert worker.n_keys - before - selecting == 3
        else:
            worker.leave("-")
    kept = answers(folder)
    assert kept == dict([meant_by(suggested), meant_by(by_hand)])


def test_the_annotation_page_has_no_serious_issue_and_shows_the_text_first(
    worker: Worker, folder: Path, shots: Path
) -> None:
    with opened(folder) as project:
        documents = [Document(DocId(f"t{n}"), text) for n, text in enumerate(MEANT)]
        project.import_records([Record(n, one) for n, one in enumerate(documents, 1)], Path("x"), "texts")
        project.select("20", "uniform")
    page = worker.page
    worker.sign_in("ada")
    worker.ready()
    worker.mark(*MEANT[worker.text][:1])
    no_serious_issue(page)
    where = "() => document.querySelector('.se-save').getBoundingClientRect().top"
    side = "() => document.querySelector('.st-key-annotate [data-testid=stExpander]').getBoundingClientRect().top"
    places = set()
    for _ in range(3):
        places.add((page.evaluate(where), page.evaluate(side)))
        worker.leave("-")
    assert len(places) == 1, "nothing moves from one text to the next"
    page.set_viewport_size({"width": 420, "height": 900})
    page.wait_for_timeout(300)
    box = page.locator(".se-text").bounding_box()
    assert box["y"] < 300, "on a narrow screen the text comes first"
    figures = page.locator(".al-figures").bounding_box()
    assert figures["y"] > box["y"] + box["height"]
    no_serious_issue(page)
