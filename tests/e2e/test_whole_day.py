"""A person's whole day in a real browser, from the sign-in to an export that equals what was meant, place by place."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from at_work import Worker, go, no_serious_issue, pictures
from salts import KEYS, MEANT, answers, opened

from allabel.config import FILE_NAME
from allabel.document import Span

pytestmark = [pytest.mark.e2e, pytest.mark.enable_socket]

N_BY_MOUSE = 5


def correct(worker: Worker, meant: tuple[Span, ...]) -> int:
    """Reject what is suggested and not meant, one after the other by keyboard, and accept the rest in one key.

    Returns how many were rejected.
    """
    n = 0
    while wrong := sorted(worker.spans("suggested") - {*meant}):
        text = worker.text
        for _ in range(20):
            worker.keys("ArrowDown")
            if worker.said.startswith(f"“{text[wrong[0].start : wrong[0].end]}”: {wrong[0].label}, suggested"):
                break
        worker.keys("Delete")
        n += 1
    if worker.spans("suggested"):
        worker.keys("Shift+Space")
    worker.keys("Escape")
    return n


def repeated(text: str, span: Span) -> bool:
    return text.count(text[span.start : span.end]) > 1


def test_a_day_from_sign_in_to_an_export_that_equals_what_was_meant(
    worker: Worker, folder: Path, tmp_path: Path, shots: Path, chromium: Any
) -> None:
    page = worker.page
    worker.sign_in("ada")
    page.get_by_role("heading", name="Nothing waits for you").wait_for()

    go(page, "Start")
    source = tmp_path / "texts.jsonl"
    rows = [{"id": f"t{i:02}", "text": text} for i, text in enumerate(MEANT)]
    source.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    page.locator("input[type=file]").first.set_input_files(source)
    page.get_by_text("No problem was found.").wait_for()
    page.get_by_role("button", name="Import", exact=True).click()
    page.get_by_text("20 documents, 20 new").wait_for()

    go(page, "Select")
    choose(page, "Strategy", "uniform")
    page.get_by_role("spinbutton", name="Budget").fill("100")
    page.get_by_role("spinbutton", name="Budget").press("Enter")
    page.get_by_role("button", name="Choose these texts").click()
    page.get_by_text("Queued 20 texts").wait_for()
    page.get_by_role("link", name="Annotate", exact=True).click()
    worker.ready()
    pictures(page, shots, "annotate-first")

    done, seen = by_keyboard(worker, folder, shots)
    assert seen >= {"skipped", "flagged", "back", "undone"}
    done += by_mouse(worker, folder, shots)
    assert len(done) == 15
    rest(worker, folder)
    pictures(page, shots, "annotate-nothing-left")
    assert answers(folder) == MEANT

    (folder / FILE_NAME).write_text("double_share = 1.0\nblind_share = 0.0\n", encoding="utf-8")
    second_person(worker, folder, chromium)
    review(worker, folder, shots)

    go(page, "Tag")
    page.get_by_role("textbox", name="Text", exact=True).fill("😀 NaCl was dissolved in water.")
    page.get_by_role("button", name="Tag the text").click()
    page.locator(".al-text mark").first.wait_for()
    page.screenshot(path=shots / "tag.png", full_page=True)

    go(page, "Export")
    with page.expect_download() as download:
        page.get_by_role("button", name=re.compile("^Download")).click()
    lines = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
    exported = {
        row["text"]: {(e["start"], e["end"], e["label"]) for e in row["entities"]} for row in map(json.loads, lines)
    }
    assert exported == {text: {(s.start, s.end, s.label) for s in spans} for text, spans in MEANT.items()}


def choose(page: Any, name: str, option: str) -> None:
    page.get_by_role("combobox", name=name).click()
    page.get_by_role("option", name=re.compile(option)).first.click()


def by_keyboard(worker: Worker, folder: Path, shots: Path) -> tuple[list[str], set[str]]:
    """Annotate ten texts without the mouse; returns them, and what was done besides."""
    page = worker.page
    done: list[str] = []
    seen: set[str] = set()
    by_hand = 0
    while by_hand < 10:
        text = worker.text
        meant = MEANT[text]
        if by_hand == 1 and "skipped" not in seen:
            seen.add("skipped")
            worker.leave("-")
            continue
        if by_hand == 2 and "flagged" not in seen:
            seen.add("flagged")
            worker.keys("F2")
            page.keyboard.type("charge or no charge?")
            page.keyboard.press("Enter")
            page.get_by_text("Flagged for a curator.").wait_for()
        if worker.spans("suggested"):
            seen |= {"rejected"} if correct(worker, meant) else {"accepted"}
            # The cursor stands where the last suggestion was: the page opened anew has it at the first word.
            worker.settled()
            page.reload()
            worker.ready()
        for span in meant:
            if span in worker.spans("confirmed"):
                continue
            worker.mark(span)
            if repeated(text, span):
                worker.keys("ArrowUp", ".", "Escape")
                seen.add("everywhere")
        assert worker.spans("confirmed") == {*meant}
        if by_hand == 0:
            worker.keys("Control+z", "Control+z")
            assert len(worker.spans("confirmed")) == len(meant) - 2
            worker.keys("Control+y", "Control+y")
            assert worker.spans("confirmed") == {*meant}
            seen.add("undone")
        worker.leave("Enter" if meant else "0")
        assert answers(folder)[text] == meant
        done.append(text)
        by_hand += 1
        if by_hand == 4:
            worker.leave("Shift+Enter")
            assert worker.text == text
            assert worker.spans("confirmed") == {*meant}
            seen.add("back")
            worker.leave("Enter" if meant else "0")
    page.screenshot(path=shots / "annotate-after-ten.png")
    return done, seen


def by_mouse(worker: Worker, folder: Path, shots: Path) -> list[str]:
    """Annotate some texts by mouse alone, from suggestions where there are some."""
    page = worker.page
    wait_for_suggestions(folder, worker)
    done = []
    suggested = False
    for n in range(N_BY_MOUSE):
        text, before = worker.text, worker.doc
        meant = MEANT[text]
        if worker.spans("suggested") and not suggested:
            suggested = True
            pictures(page, shots, "annotate-suggested")
        while wrong := worker.spans("suggested") - {*meant}:
            which = [i for i, one in enumerate(in_list(worker)) if one in wrong]
            page.locator(".se-option").nth(which[0]).click()
            page.keyboard.press("Delete")
        if worker.spans("suggested"):
            page.locator("[data-do=acceptAll]").click()
        for span in meant:
            if span in worker.spans("confirmed"):
                continue
            if " " in text[span.start : span.end] or n % 2:
                worker.drag_over(span)
            else:
                page.locator(f".se-label[data-label={span.label}]").click()
                start = len(text[: span.start].encode("utf-16-le")) // 2
                page.mouse.dblclick(*worker.point(start + 1))
            if repeated(text, span):
                page.locator("[data-do=everywhere]").click()
            page.keyboard.press("Escape")
        assert worker.spans("confirmed") == {*meant}
        page.locator("[data-do=none]" if not meant else ".se-save").click()
        worker.goes_on(before)
        assert answers(folder)[text] == meant
        done.append(text)
    assert suggested, "what was tagged for these texts is suggested"
    return done


def in_list(worker: Worker) -> list[Span]:
    """The spans beside the text, in the order they stand there."""
    found = worker.page.evaluate("() => [...document.querySelectorAll('.se-option')].map((x) => x.mark)")
    units = worker.text.encode("utf-16-le")
    return [Span(*(len(units[: 2 * x[k]].decode("utf-16-le")) for k in ("start", "end")), x["label"]) for x in found]


def wait_for_suggestions(folder: Path, worker: Worker) -> None:
    """Wait until the annotator on board has tagged the texts that come next, and open the page anew."""
    for _ in range(900):
        with opened(folder) as project:
            next_ones = [pick.doc_id for pick in project.store.queue()]
            tagged = project.store.tagged()
        found = {id for id in next_ones[:N_BY_MOUSE] if id in tagged and tagged[id].reply.spans}
        if {*next_ones} <= tagged.keys() and found:
            break
        worker.page.wait_for_timeout(200)
    else:
        pytest.fail("in three minutes nothing was suggested for the next texts")
    worker.page.reload()
    worker.ready()


def rest(worker: Worker, folder: Path) -> None:
    """Annotate what is left by accepting and rejecting."""
    worker.page.locator(".se, h1").first.wait_for()
    while worker.page.locator(".se").count():
        worker.ready()
        text = worker.text
        meant = MEANT[text]
        correct(worker, meant)
        worker.settled()
        worker.page.reload()
        worker.ready()
        worker.at = 0
        for span in meant:
            if span not in worker.spans("confirmed"):
                worker.mark(span)
        last = len(answers(folder)) == len(MEANT) - 1
        worker.leave("Enter" if meant else "0", last=last)
        if last:
            worker.page.get_by_role("heading", name="Nothing waits for you").wait_for()


def second_person(worker: Worker, folder: Path, chromium: Any) -> None:
    """Let another person annotate two texts that the first one did: one alike, one otherwise."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    try:
        page = context.new_page()
        page.set_default_timeout(15_000)
        other = Worker(worker.folder, worker.server, page, KEYS)
        other.sign_in("bo")
        other.ready()
        other.keys("Shift+Delete")
        other.leave("3", "Shift+3")
        other.keys("Shift+Delete")
        meant = MEANT[other.text]
        other.mark(*meant)
        other.leave("Enter" if meant else "0")
    finally:
        context.close()
    with opened(folder) as project:
        assert sum(one.author == "bo" for one in project.store.answers()) == 2


def review(worker: Worker, folder: Path, shots: Path) -> None:
    """Decide on the texts with two answers by keyboard, for what was meant."""
    page = worker.page
    page.get_by_role("link", name="Review", exact=True).click()
    worker.ready()
    pictures(page, shots, "review")
    no_serious_issue(page)
    n_rejected = 0
    for n in range(2):
        text = worker.text
        page.locator(".se-scroller").focus()
        n_rejected += correct(worker, MEANT[text])
        worker.leave("Enter" if MEANT[text] else "0", last=n == 1)
        assert answers(folder)[text] == MEANT[text]
    assert n_rejected, "what only the second person marked was refused by key"
    page.get_by_text("nobody has decided on").wait_for()
    for view in ("Model disagrees", "Flags", "Not in the text", "Agreement"):
        page.get_by_text(view, exact=True).click()
        page.wait_for_timeout(500)
        page.screenshot(path=shots / f"review-{view.lower().replace(' ', '-')}.png", full_page=True)
