import json
import re
import sys

import pytest
from click.testing import CliRunner
from made_report import ARMS, MARKUP, Made, experiment, rounds

from allabel.errors import InputError, MissingExtraError
from eval.commands.report import report
from eval.report.write import write

plotly = pytest.importorskip("plotly.offline")
A, B = ARMS


def _page(made, tmp_path, name="report.html"):
    list(write(made, page=tmp_path / name))
    return (tmp_path / name).read_text(encoding="utf-8")


def _without_scripts(page):
    return re.sub(r"<script.*?</script>", "", page, flags=re.S)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The page of a run with everything in it."""
    made = experiment(n_docs=12)
    made.rows, made.n_missing = rounds(), 4
    return _page(made, tmp_path_factory.mktemp("report"))


def test_the_answer_comes_before_every_table_and_what_is_missing_before_the_answer(whole) -> None:
    assert whole.index("4 cells are not done yet") < whole.index('class="answer"') < whole.index("<table>")


def test_names_commands_and_the_file_are_text_not_markup(whole) -> None:
    shown = _without_scripts(whole)
    assert "<h1>made &lt;up&gt;</h1>" in shown
    assert "name = &#34;made &lt;up&gt;&#34;" in shown
    assert "allabel eval run made.toml" in shown
    assert "12 near-duplicates" in shown
    assert "<up>" not in shown


def test_a_text_with_markup_cannot_end_the_script_that_holds_it(whole) -> None:
    data = re.search(r'<script id="data" type="application/json">(.*?)</script>', whole, flags=re.S)[1]
    texts = [text for _, text, _ in json.loads(data)["sets"][0]["looked"]["texts"]]
    assert any(MARKUP in text for text in texts)
    assert MARKUP not in whole


def test_nothing_is_fetched_and_nothing_may_be(whole) -> None:
    shown = _without_scripts(whole)
    assert "default-src 'none'" in shown
    assert not re.search(r"(src|href)\s*=\s*[\"'](?!#)", shown)


def test_the_page_has_every_part(whole) -> None:
    for part in ("Plan and cost", "F1 at each budget", "By type", "What is taken for what", "Errors side by side"):
        assert f">{part}<" in whole
    assert "p (Holm)" in whole
    assert "wins " in whole
    assert "keeps " in whole
    assert "The rounds of active learning" in whole
    # Each arm and strategy has a line, and each table a caption.
    assert whole.count("<table") == whole.count("<caption")


def test_one_seed_is_told_at_the_top(tmp_path) -> None:
    page = _page(experiment(n_seeds=1, n_docs=8), tmp_path)
    assert page.index("One seed in every cell of made") < page.index('class="answer"')


def test_a_pair_that_cannot_be_compared_yet_is_told_and_the_page_still_made(tmp_path) -> None:
    made = experiment(n_seeds=1, n_docs=8)
    made.compared = [(A, "llama", None)]
    page = _page(made, tmp_path)
    assert f"{A} and llama are not compared on made: " in page
    assert "The experiment compares no two arms" in page


def test_active_learning_alone_makes_a_page(tmp_path) -> None:
    page = _page(Made(rows=rounds(n_seeds=1)), tmp_path)
    assert "one seed" in page
    assert "Errors side by side" not in page


def test_the_same_run_gives_the_same_page_byte_for_byte(tmp_path) -> None:
    made = experiment(n_docs=6)
    assert _page(made, tmp_path) == _page(made, tmp_path, "again.html")


def test_a_run_of_which_nothing_is_done_is_refused(tmp_path) -> None:
    with pytest.raises(InputError, match="nothing of 'made <up>' is done yet"):
        _page(Made(), tmp_path)
    assert not list(tmp_path.iterdir())


def test_without_plotly_the_remedy_is_named(tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "plotly.offline", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'allabel\[eval\]'"):
        _page(experiment(n_seeds=1, n_docs=4), tmp_path)


def test_the_command_asks_what_to_write(tmp_path) -> None:
    ended = CliRunner().invoke(report, [str(tmp_path)])
    assert ended.exit_code == 2
    assert "name what to write" in ended.output


def test_the_command_refuses_a_folder_without_a_run(tmp_path) -> None:
    ended = CliRunner().invoke(report, [str(tmp_path), "-o", str(tmp_path / "report.html")])
    assert isinstance(ended.exception, InputError)
    assert "holds no run" in str(ended.exception)
