import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from allabel.errors import InputError
from eval.cli import group

GOLD = [
    {"id": "a", "text": "NaCl in water", "entities": [{"start": 0, "end": 4, "label": "Chemical"}]},
    {"id": "b", "text": "ZnO", "entities": [{"start": 0, "end": 3, "label": "Chemical"}]},
    {"id": "c", "text": "none", "entities": []},
]
PRED = [
    {**GOLD[0], "ungrounded": [{"label": "Chemical", "mention": "brine"}], "status": "ok"},
    {"id": "b", "text": "ZnO", "status": "unparseable", "error": "not JSON"},
]


@pytest.fixture
def files(tmp_path):
    return _write(tmp_path / "gold.jsonl", GOLD), _write(tmp_path / "pred.jsonl", PRED)


def _write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def test_score_prints_a_table(files):
    result = CliRunner().invoke(group, ["score", *files], catch_exceptions=False)
    assert result.exit_code == 0
    assert "strict micro     1.0000  0.5000  0.6667      1          1     2" in result.output
    assert "replies         ok 1, unparseable 1" in result.output


def test_score_prints_data_and_nothing_else(files):
    result = CliRunner().invoke(group, ["score", *files, "--json"], catch_exceptions=False)
    data = json.loads(result.stdout)
    assert data["strict"]["micro"]["f1"] == pytest.approx(2 / 3)
    assert data["value"]["micro"]["f1"] == pytest.approx(0.5)
    assert (data["missing"], data["n_failed"], data["ungrounded_rate"]) == (["c"], 1, 0.5)


def test_gold_scored_against_itself_is_perfect(files):
    gold = files[0]
    result = CliRunner().invoke(group, ["score", gold, gold, "--json"], catch_exceptions=False)
    data = json.loads(result.stdout)
    assert {data[name]["f1"] for name in ("partial", "type", "exact")} == {1.0}
    assert data["strict"]["micro"]["f1"] == data["value"]["micro"]["f1"] == 1.0


def test_predictions_need_not_be_jsonl(tmp_path):
    (tmp_path / "p.conll").write_text("NaCl\tB-Chemical\nin\tO\nwater\tB-Chemical\n\n", encoding="utf-8")
    gold = _write(tmp_path / "g.jsonl", [{**GOLD[0], "id": "p-1"}])
    result = CliRunner().invoke(group, ["score", gold, str(tmp_path / "p.conll"), "--json"], catch_exceptions=False)
    data = json.loads(result.stdout)
    assert (data["strict"]["micro"]["true_positive"], data["strict"]["micro"]["predicted"]) == (1, 2)


def test_two_conll_files_are_paired_where_they_have_one_name(tmp_path):
    for folder, tag in (("gold", "B-Chemical"), ("pred", "O")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.conll").write_text(f"NaCl\t{tag}\nZnO\tB-Chemical\n\n", encoding="utf-8")
    files = [str(tmp_path / folder / "x.conll") for folder in ("gold", "pred")]
    result = CliRunner().invoke(group, ["score", *files, "--json"], catch_exceptions=False)
    assert json.loads(result.stdout)["strict"]["micro"]["recall"] == 0.5


def test_texts_that_nobody_tagged_are_no_predictions(tmp_path):
    (tmp_path / "p.txt").write_text("NaCl in water\n", encoding="utf-8")
    gold = _write(tmp_path / "g.jsonl", [{**GOLD[0], "id": "p-1"}])
    with pytest.raises(InputError, match="has no entities, not even an empty list"):
        CliRunner().invoke(group, ["score", gold, str(tmp_path / "p.txt")], catch_exceptions=False)


def test_gold_that_carries_none_is_refused(tmp_path):
    bare = _write(tmp_path / "bare.jsonl", [{"id": "a", "text": "NaCl in water"}])
    with pytest.raises(InputError, match="none of the 1 documents carries"):
        CliRunner().invoke(group, ["score", bare, _write(tmp_path / "some.jsonl", GOLD[:1])], catch_exceptions=False)


def test_errors_of_the_house_pass_through(tmp_path, files):
    other = _write(tmp_path / "other.jsonl", [{"id": "z", "text": "x", "entities": []}])
    with pytest.raises(InputError, match=r"not in .*gold\.jsonl: 'z'"):
        CliRunner().invoke(group, ["score", files[0], other], catch_exceptions=False)


def test_a_file_that_is_not_there_is_wrong_use(files):
    result = CliRunner().invoke(group, ["score", files[0], "nowhere.jsonl"])
    assert result.exit_code == 2
    assert "nowhere.jsonl" in result.output


def test_help_shows_an_example():
    assert "allabel eval score gold.jsonl tagged.jsonl" in CliRunner().invoke(group, ["score", "--help"]).output


def test_importing_the_command_line_loads_nothing_heavy():
    code = "import sys, eval.cli; print([m for m in ('numpy', 'scipy', 'pydantic', 'eval.score') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_errors_go_to_a_file_and_their_number_to_standard_error(files, tmp_path):
    path = tmp_path / "errors.jsonl"
    result = CliRunner().invoke(group, ["score", *files, "--json", "--errors", str(path)], catch_exceptions=False)
    assert json.loads(result.stdout)["confusion"]["kinds"]["missed"] == 1
    assert result.stderr == f"{path}: 1 errors\n"
    assert [json.loads(line)["id"] for line in path.read_text(encoding="utf-8").splitlines()] == ["b"]
