"""Compare: curves, intervals and differences of the runs a project has, and how to make some where it has none."""

import json
from pathlib import Path

import pytest
from app_page import make_project, open_page, said


def rows(method: str, plus: float) -> list[str]:
    return [
        json.dumps(
            {
                **{"run": "r", "method": method, "data": "d", "n_texts": n, "n_tokens": None, "seed": seed},
                **{"metric": "strict_micro_f1", "value": 0.4 + plus + seed / 100 + n / 1000},
                "at": "2026-05-03T21:00:00+00:00",
            }
        )
        for n in (10, 20)
        for seed in (1, 2, 3)
    ]


def test_without_runs_the_page_says_how_to_make_some(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_project(tmp_path / "p")
    page = open_page("compare", folder, monkeypatch)
    assert "There are no evaluation runs to compare yet." in said(page.info)
    assert str(folder / "runs") in page.code[0].value


def test_curves_come_with_intervals_and_methods_are_compared_seed_by_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_project(tmp_path / "p")
    (folder / "runs").mkdir()
    (folder / "runs" / "a.jsonl").write_text("\n".join(rows("ours", 0.1) + rows("random", 0.0)), encoding="utf-8")
    page = open_page("compare", folder, monkeypatch)
    assert not page.error
    points, differences = (one.value for one in page.dataframe)
    assert list(points["method"]) == ["ours", "ours", "random", "random"]
    assert list(points["mean"]) == [0.53, 0.54, 0.43, 0.44]
    assert all(points["low"] < points["mean"])
    assert list(differences["difference"]) == [0.1, 0.1]
    assert set(differences["says"]) == {"better"}


def test_a_broken_file_is_named_and_the_others_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_project(tmp_path / "p")
    (folder / "runs").mkdir()
    (folder / "runs" / "a.jsonl").write_text("\n".join(rows("ours", 0.1)), encoding="utf-8")
    (folder / "runs" / "b.jsonl").write_text("{", encoding="utf-8")
    page = open_page("compare", folder, monkeypatch)
    assert "b.jsonl, line 1" in said(page.error)
    assert len(page.dataframe) == 1


def test_uploaded_rows_are_shown_like_the_project_s_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = open_page("compare", make_project(tmp_path / "p"), monkeypatch)
    content = "\n".join(rows("ours", 0.1)).encode()
    page.file_uploader[0].set_value([("up.jsonl", content, "application/jsonl")]).run()
    assert list(page.dataframe[0].value["texts"]) == [10, 20]
