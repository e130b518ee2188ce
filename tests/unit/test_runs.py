"""Rows of evaluation runs: kept, read back, refused with file and line, and drawn as curves over seeds."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allabel.errors import InputError
from allabel.runs import STRICT_MICRO, Difference, Point, Row, append, curves, differences, of_label, read
from eval.bootstrap import mean_interval

AT = datetime(2026, 5, 3, 21, tzinfo=UTC)


def row(method: str = "ours", value: float = 0.5, seed: int = 0, n_texts: int = 100, **more: Any) -> Row:
    return Row(
        "night",
        method,
        n_texts=n_texts,
        seed=seed,
        value=value,
        **{"data": "", "metric": STRICT_MICRO, "at": AT, **more},
    )


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
ROWS = st.builds(
    Row,
    run=st.text(st.characters(exclude_categories=["Cs"])),
    method=NAMES,
    data=st.text(st.characters(exclude_categories=["Cs"])),
    n_texts=st.integers(0, 10**9),
    seed=st.integers(),
    metric=NAMES,
    value=st.floats(allow_nan=False, allow_infinity=False),
    at=st.datetimes(timezones=st.just(UTC)),
    n_tokens=st.none() | st.integers(0, 10**9),
    more=st.dictionaries(st.sampled_from(["git", "note"]), st.none() | st.integers(-9, 9) | NAMES),
)


@given(st.lists(st.lists(ROWS, max_size=3), max_size=3))
def test_rows_come_back_as_they_went_in(batches: list[list[Row]]):
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "runs.jsonl"
        for batch in batches:
            append(path, batch)
        assert read([path] if batches else []) == [one for batch in batches for one in batch]


def test_rows_of_several_files_come_in_order_and_blank_lines_are_passed_over(tmp_path: Path):
    first, second = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    append(first, [row("a")])
    second.write_text("\n" + row("b").to_json() + "\n\n", encoding="utf-8")
    assert [one.method for one in read([second, first])] == ["b", "a"]


def test_a_line_without_its_end_swallows_no_row(tmp_path: Path):
    path = tmp_path / "runs.jsonl"
    path.write_text(row("a").to_json(), encoding="utf-8")
    append(path, [row("b")])
    assert [one.method for one in read([path])] == ["a", "b"]


def test_several_processes_may_append_at_once(tmp_path: Path):
    path = tmp_path / "runs.jsonl"
    work = (
        "import sys; from pathlib import Path; from datetime import datetime, UTC\n"
        "from allabel.runs import Row, append\n"
        "for i in range(20): append(Path(sys.argv[1]), "
        "[Row('r', sys.argv[2] * 200, '', i, 0, 'm', 0.5, datetime.now(UTC))] * 5)"
    )
    started = [subprocess.Popen([sys.executable, "-c", work, str(path), name]) for name in "abcd"]
    assert [one.wait() for one in started] == [0] * 4
    rows = read([path])
    assert len(rows) == 400
    # The five rows of one call stand together.
    assert all(len({(r.method, r.n_texts) for r in rows[i : i + 5]}) == 1 for i in range(0, 400, 5))


GOOD = json.loads(row().to_json())


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"run": "r', "is not JSON"),
        ("[1]", "is no object but list"),
        ({key: GOOD[key] for key in GOOD if key != "seed"}, "lacks 'seed'"),
        ({**GOOD, "n_texts": "10"}, "'n_texts' is '10', not a whole number"),
        ({**GOOD, "n_texts": True}, "not a whole number"),
        ({**GOOD, "n_texts": -1}, "negative number of texts"),
        ({**GOOD, "n_tokens": 1.5}, "'n_tokens' is 1.5, not a whole number or null"),
        ({**GOOD, "value": "0.9"}, "'value' is '0.9', not a number"),
        ({**GOOD, "value": float("nan")}, "NaN is not a JSON number"),
        ({**GOOD, "value": 10**400}, "beyond what a number can be"),
        ({**GOOD, "at": "yesterday"}, "'at' is 'yesterday', not a moment"),
        ({**GOOD, "at": "2026-05-03"}, "without its offset"),
        ({**GOOD, "method": ""}, "names no method"),
    ],
)
def test_a_wrong_line_is_named_with_file_line_and_remedy(tmp_path: Path, line: object, said: str):
    path = tmp_path / "runs.jsonl"
    text = line if isinstance(line, str) else json.dumps(line)
    path.write_text(row().to_json() + "\n" + text + "\n", encoding="utf-8")
    with pytest.raises(InputError) as error:
        read([path])
    assert str(error.value).startswith(f"{path}, line 2: ")
    assert said in error.value.problem
    assert error.value.remedy


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(InputError, match="no such file"):
        read([tmp_path / "none.jsonl"])


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path):
    with pytest.raises(InputError, match="cannot be written"):
        append(tmp_path, [row()])
    with pytest.raises(InputError, match="half of a surrogate pair"):
        append(tmp_path / "runs.jsonl", [row(method="\ud800")])
    assert not (tmp_path / "runs.jsonl").exists()


def test_a_curve_has_a_point_for_each_number_of_texts_with_the_t_interval_over_seeds():
    values = [0.5, 0.6, 0.55]
    rows = [row(value=v, seed=i) for i, v in enumerate(values)]
    rows += [row(value=0.4, n_texts=50), row("theirs", 0.3), row(value=0.1, metric=of_label("Chemical"))]
    found = curves(rows)
    interval = mean_interval(values)
    assert list(found) == ["ours", "theirs"]
    assert found["ours"][0] == Point(50, 0.4, None, None, 1)
    point = found["ours"][1]
    assert (point.n_texts, point.n_seeds) == (100, 3)
    assert [point.mean, point.low, point.high] == pytest.approx([interval.difference, interval.low, interval.high])
    assert curves(rows, "strict_f1:Chemical") == {"ours": [Point(100, 0.1, None, None, 1)]}
    assert curves([]) == {}


def test_a_seed_that_was_run_again_counts_once_and_as_the_latest_said():
    again = row(value=0.7, at=AT + timedelta(hours=1))
    assert curves([again, row(value=0.5)]) == {"ours": [Point(100, 0.7, None, None, 1)]}


def test_two_data_sets_make_no_one_curve():
    rows = [row(data="bc5cdr"), row(data="matscholar")]
    with pytest.raises(InputError, match="rows of 2 data sets"):
        curves(rows)
    assert list(curves(rows, data="bc5cdr")) == ["ours"]


def test_a_difference_is_paired_by_seed():
    rows = [row(value=v, seed=i) for i, v in enumerate([0.5, 0.9, 0.7])]
    rows += [row("theirs", v, seed=i) for i, v in enumerate([0.4, 0.8])] + [row("theirs", 0.2, n_texts=7)]
    [found] = differences(rows, "ours", "theirs")
    assert found == Difference(100, pytest.approx(0.1), pytest.approx(0.1), pytest.approx(0.1), 2, 2)
    with pytest.raises(InputError, match="'nobody'") as error:
        differences(rows, "ours", "nobody")
    assert "ours, theirs" in error.value.remedy


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 3), st.integers(0, 4), st.floats(0, 1))))
def test_a_mean_lies_in_its_interval_and_differences_are_antisymmetric(given_: list[tuple[str, int, int, float]]):
    rows = [row(method, value, seed, n) for method, n, seed, value in given_]
    found = curves(rows)
    for point in (p for points in found.values() for p in points):
        assert (point.low is None) == (point.n_seeds < 2)
        assert point.low is None or point.low <= point.mean <= point.high
    if len(found) == 2:
        there, back = differences(rows, "a", "b"), differences(rows, "b", "a")
        assert [d.mean for d in there] == pytest.approx([-d.mean for d in back])
        assert all(d.n_wins + e.n_wins <= d.n_seeds for d, e in zip(there, back, strict=True))
