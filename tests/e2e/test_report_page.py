"""The report in a browser, from a file, without a network: figures, switch, error browser, narrow and wide."""

from pathlib import Path
from typing import Any

import pytest
from made_report import MARKUP, Made, experiment, rounds

from allabel.document import DocId, Document
from allabel.reply import Grounding, Proposal, Reply, Status
from eval.experiments.measured import Cost, Spot
from eval.report.write import write

pytestmark = [pytest.mark.e2e, pytest.mark.enable_socket]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of two data sets, 60 texts each."""
    pytest.importorskip("plotly")
    made = experiment(n_docs=60, data=("made", "second"))
    made.rows, made.n_missing = rounds(), 4
    path = tmp_path_factory.mktemp("report") / "report.html"
    list(write(made, page=path))
    return path


@pytest.fixture
def opened(page: Any, report: Path) -> Any:
    """The page, opened without a network; what it writes to the console or fetches fails the test."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: said.append(request.url) if request.url.startswith("http") else None)
    page.context.set_offline(True)
    page.goto(report.as_uri())
    page.wait_for_selector("#d0-curves .scatterlayer")
    yield page
    assert said == []


def _articles(page: Any) -> list[str]:
    return list(page.eval_on_selector_all("#d0-errors article h4", "all => all.map(one => one.textContent)"))


def test_the_switch_draws_the_curves_against_another_unit(opened: Any) -> None:
    title = "#d0-curves .xtitle"
    assert opened.text_content(title) == "annotated texts"
    opened.check("input[name=unit-d0][value=tokens]")
    assert opened.text_content(title) == "annotated tokens"
    # Four curves at 24 tokens a text, and the rounds.
    assert opened.evaluate("document.getElementById('d0-curves').data.filter(t => t.name)[0].x") == [
        480,
        1200,
        2400,
        4800,
    ]
    assert opened.text_content("#d1-curves .xtitle") == "annotated texts"
    traces = "document.getElementById('d0-curves').data.length"
    assert opened.evaluate(traces) == 10
    opened.uncheck("#d0-bands")
    assert opened.evaluate(traces) == 5


def test_markup_in_a_text_is_shown_as_text(opened: Any) -> None:
    opened.fill("#d0-errors input[type=search]", "made-0")
    assert _articles(opened) == ["made-0"]
    assert MARKUP in opened.text_content("#d0-errors article .text")
    assert opened.title() == "made <up>: report"


def test_marks_stand_on_the_words_behind_emoji(opened: Any) -> None:
    opened.select_option("#d0-errors [data-of='0']", label="crf, 2% by uniform")
    opened.fill("#d0-errors input[type=search]", "🧪")
    assert _articles(opened) == ["made-2"]
    gold = "#d0-errors article .row:nth-of-type(1) mark"
    marked = opened.eval_on_selector_all(gold, "all => all.map(mark => mark.firstChild.textContent)")
    assert marked == ["NaCl", "fever", "TP53"]


def test_the_filter_keeps_only_texts_with_the_chosen_kinds(opened: Any) -> None:
    everything = opened.text_content("#d0-errors [data-says]")
    for kind in ("1", "2", "3", "5"):
        opened.uncheck(f"#d0-errors input[value='{kind}']")
    few = opened.text_content("#d0-errors [data-says]")
    assert 0 < int(few.split()[0]) < int(everything.split()[0])
    each = "all => all.map(a => a.textContent.includes('· boundary'))"
    assert all(opened.eval_on_selector_all("#d0-errors article", each))
    opened.uncheck("#d0-errors input[value='4']")
    assert opened.text_content("#d0-errors [data-says]").startswith("0 of")


def test_texts_where_both_err_alike_go_when_only_differences_are_asked_for(opened: Any) -> None:
    select = "#d0-errors [data-of='1']"
    opened.select_option(select, opened.input_value("#d0-errors [data-of='0']"))
    assert len(_articles(opened)) > 0
    opened.check("#d0-errors [data-differ]")
    assert _articles(opened) == []


def test_more_texts_come_on_asking(opened: Any) -> None:
    n = int(opened.text_content("#d0-errors [data-says]").split()[0])
    assert len(_articles(opened)) == min(10, n) == 10
    while opened.is_visible("#d0-errors [data-more]"):
        opened.click("#d0-errors [data-more]")
    assert len(set(_articles(opened))) == n


def test_values_are_shown_as_words_below_their_text(page: Any, tmp_path: Path) -> None:
    made, gold = Made(), Document(DocId("v"), f"of NaCl {MARKUP}", None, {"Chemical": ("NaCl", "KBr")})
    said = (("NaCl", "Chemical"), (MARKUP, "Gene"))
    reply = Reply(Status.OK, tuple(Proposal(label, mention, None, Grounding.MISSING) for mention, label in said))
    made.add(Spot("values", 0, "uniform", "5%", "llm"), Cost(5, 50, 5, 2.0), [gold], [reply])
    list(write(made, page=tmp_path / "report.html"))
    page.goto((tmp_path / "report.html").as_uri())
    rows = page.eval_on_selector_all("#d0-errors article .text", "all => all.map(row => row.textContent.trim())")
    assert rows == [gold.text, "KBrChemical · missed by both NaClChemical", f"{MARKUP}Gene · invented NaClChemical"]
    assert page.query_selector("#d0-confusion") is None
    assert "no scores" in page.text_content("#d0-calibration-says")


def test_confusion_and_calibration_follow_the_chosen_arm(opened: Any) -> None:
    for part, says in (("confusion", "#d0-confusion-says"), ("calibration", "#d0-calibration-says")):
        before = opened.text_content(says)
        opened.select_option(f"#d0-{part}-of", "0")
        assert opened.text_content(says) != before
    assert opened.eval_on_selector("#d0-confusion", "t => t.rows.length") == 5
    assert opened.eval_on_selector_all("#d0-bins tbody tr", "all => all.length") > 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1280])
def test_nothing_is_cut_off_and_the_report_is_kept_as_a_picture(
    page: Any, report: Path, width: int, scheme: str, shots: Path
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(report.as_uri())
    page.wait_for_selector("#d1-curves .scatterlayer")
    page.screenshot(path=shots / f"report-{scheme}-{width}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    ink, paper = (page.evaluate(f"getComputedStyle(document.body).{name}") for name in ("color", "backgroundColor"))
    assert (sum(_channels(ink)) > sum(_channels(paper))) == (scheme == "dark")
    assert page.evaluate("document.querySelector('#d0-curves .xtitle').style.fill") == ink


def test_paper_gets_dark_ink_even_from_a_dark_screen(opened: Any) -> None:
    opened.emulate_media(color_scheme="dark")
    opened.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert sum(_channels(opened.evaluate("document.querySelector('#d0-curves .xtitle').style.fill"))) < 150
    opened.evaluate("dispatchEvent(new Event('afterprint'))")
    assert sum(_channels(opened.evaluate("document.querySelector('#d0-curves .xtitle').style.fill"))) > 600


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_issue_in_the_report(page: Any, report: Path, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page.emulate_media(color_scheme=scheme)
    page.goto(report.as_uri())
    page.wait_for_selector("#d1-curves .scatterlayer")
    found = axe.run(page).response["violations"]
    grave = [
        (x["id"], [n["html"][:160] for n in x["nodes"]][:4]) for x in found if x["impact"] in {"serious", "critical"}
    ]
    assert grave == []


def _channels(colour: str) -> list[int]:
    return [int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
