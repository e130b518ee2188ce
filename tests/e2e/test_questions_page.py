"""Questions about single words in a real browser: ten answers by keyboard, in the store, and readable."""

from pathlib import Path
from typing import Any

import pytest
from at_work import Worker, no_serious_issue, pictures
from salts import KEYS, opened

from allabel.active.questions import Wanted
from allabel.config import FILE_NAME
from allabel.document import DocId, Document, Span
from allabel.finetuning import ask, finetune
from allabel.formats.base import Record
from allabel.store.questions import QuestionAnswer, Says, standing

pytestmark = [pytest.mark.e2e, pytest.mark.enable_socket]
SALTS = ("NaCl", "KBr", "LiF", "CsI", "RbCl", "NaF", "KI", "LiBr", "CsCl", "KCl", "NaI", "RbBr")


def ask_about(folder: Path, wanted: str) -> None:
    """Annotate two texts, train on them, and have the model ask."""
    settings = folder / FILE_NAME
    settings.write_text(settings.read_text(encoding="utf-8") + '[finetune]\ntagger = "crf"\n', encoding="utf-8")
    with opened(folder) as project:
        documents = [Document(DocId(f"t{n:02}"), f"{salt} was stirred in water .") for n, salt in enumerate(SALTS)]
        project.import_records([Record(n, one) for n, one in enumerate(documents, 1)], Path("x"), "texts")
        answers = [
            Document(one.id, one.text, (Span(0, one.text.index(" "), "Reagent"), Span(n - 7, n - 2, "Solvent")))
            for one in documents[:2]
            if (n := len(one.text))
        ]
        project.import_records([Record(n, one) for n, one in enumerate(answers, 1)], Path("x"), "annotations")
        finetune(project)
        assert ask(project, Wanted.parse(wanted)) > 0


def given(folder: Path) -> list[QuestionAnswer]:
    with opened(folder) as project, project.store.reads() as connection:
        return standing(connection)


def asked(page: Any) -> str:
    """The word that the page asks about."""
    return str(page.inner_text(".qu-word"))


def to_questions(worker: Worker) -> None:
    worker.sign_in("ada")
    worker.page.get_by_role("link", name="Questions", exact=True).click()
    worker.page.wait_for_selector(".qu[data-ready=true][data-empty=false]")


def kept(page: Any) -> None:
    page.wait_for_function("() => document.querySelector('.qu-wait').textContent === 'All is kept.'")


def test_ten_questions_are_answered_by_ten_keys(worker: Worker, folder: Path) -> None:
    ask_about(folder, "12entities")
    page = worker.page
    to_questions(worker)
    before: list[tuple[str, str]] = []
    for n in range(10):
        page.wait_for_selector(".qu[data-empty=false]")
        id, word = page.get_attribute(".qu", "data-question"), asked(page)
        key = KEYS["Reagent"] if word in SALTS else KEYS["Solvent"] if word == "water" else "0"
        before.append((id, word))
        worker.keys(key)
        # The next stands there at once, whatever the server does.
        assert n > 3 or page.get_attribute(".qu", "data-question") not in {id, ""}
    kept(page)
    answers = given(folder)
    assert [str(one.question) for one in answers] == [id for id, _ in before]
    for one, (_, word) in zip(answers, before, strict=True):
        assert (one.label or "none") == ("Reagent" if word in SALTS else "Solvent" if word == "water" else "none")
    assert all(one.seconds for one in answers)
    assert worker.n_keys == 10


def test_what_was_pressed_too_soon_is_taken_back_and_an_extent_is_moved_by_keys(worker: Worker, folder: Path) -> None:
    ask_about(folder, "12entities")
    page = worker.page
    to_questions(worker)
    id = page.get_attribute(".qu", "data-question")
    worker.keys("0", "Backspace")
    assert page.get_attribute(".qu", "data-question") == id
    framed = "() => [...document.querySelectorAll('.qu-in[data-word]')].map((x) => x.textContent)"
    n = len(page.evaluate(framed))
    word = asked(page)
    # The last word has none after it.
    worker.keys("Shift+ArrowRight" if word != "." else "Control+ArrowLeft")
    assert len(page.evaluate(framed)) == n + 1
    worker.keys(KEYS["Solvent"])
    kept(page)
    (answer,) = given(folder)
    assert (str(answer.question), answer.says, answer.n_words) == (id, Says.ENTITY, n + 1)


def test_an_answer_reaches_a_server_that_was_away(worker: Worker, folder: Path) -> None:
    ask_about(folder, "12entities")
    page = worker.page
    to_questions(worker)
    kept(page)
    worker.server.kill9()
    worker.keys("0", "0")
    assert page.get_attribute(".qu", "data-empty") == "false", "the questions at hand go on"
    worker.server.start()
    page.reload()
    page.wait_for_selector(".qu[data-ready=true]")
    kept(page)
    assert [one.says for one in given(folder)] == [Says.OUTSIDE, Says.OUTSIDE]


@pytest.mark.parametrize("wanted", ["12entities", "12tokens"])
def test_the_page_can_be_read_in_light_and_dark(worker: Worker, folder: Path, shots: Path, wanted: str) -> None:
    ask_about(folder, wanted)
    to_questions(worker)
    no_serious_issue(worker.page)
    pictures(worker.page, shots, f"questions-{wanted}")
