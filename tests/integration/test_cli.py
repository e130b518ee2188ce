"""The whole job on the command line."""

import csv
import io
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from allabel import __version__
from allabel.document import Document, Span
from allabel.formats.registry import read_documents, write_documents

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "help.txt"
HEAVY = (
    "torch",
    "transformers",
    "streamlit",
    "fastapi",
    "openai",
    "numpy",
    "scipy",
    "sqlalchemy",
    "alembic",
    "pydantic",
)


def process(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run `allabel …` as a program, as a person would."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("ALLABEL_", "OPENAI_"))}
    return subprocess.run(
        [sys.executable, "-c", "from allabel.cli import main; main()", *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        cwd=cwd,
        env={**clean, "COLUMNS": "80", "PYTHONUTF8": "1"},
    )


def imported_by(code: str) -> set[str]:
    show = "import sys; print(*sys.modules, file=sys.stderr)"
    code = f"import atexit\natexit.register(lambda: exec({show!r}))\n{code}"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(ended.stderr.split())


def lines(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def corpus(tmp_path: Path, bc5cdr: Callable[[str, int], list[Document]]) -> Path:
    file = tmp_path / "corpus.jsonl"
    write_documents(bc5cdr("train", 150), file)
    return file


@pytest.fixture
def folder(tmp_path: Path, corpus: Path, allabel: Callable[..., Any]) -> Path:
    """A project of 150 sentences with gold."""
    folder = tmp_path / "project"
    assert allabel("init", folder, "--labels", "Chemical,Disease").status == 0
    assert allabel("-p", folder, "import", corpus).status == 0
    return folder


def test_the_whole_job(folder: Path, tmp_path: Path, corpus: Path, allabel: Callable[..., Any]) -> None:
    def status() -> dict[str, Any]:
        (one,) = lines(allabel("-p", folder, "status", "--json").out)
        return {key: one[key] for key in ("documents", "gold", "annotated", "queued", "tagged")}

    assert status() == {"documents": 150, "gold": 150, "annotated": 0, "queued": 0, "tagged": 0}

    select = ("-p", folder, "select", "--budget", "10%", "--strategy", "allabel", "--seed", "0", "--json")
    first = allabel(*select)
    assert first.status == 0
    picks = lines(first.out)
    assert [p["stage"] for p in picks] == ["core_set"] * 3 + ["sum_rank"] * 9
    assert all(set(p) == {"id", "stage", "rank", "score", "reason"} for p in picks)
    assert "queued 12 texts" in first.err
    assert "round 2 of 2 (perplexity) waits for the annotation of 12 queued texts" in first.err

    still = allabel(*select)
    assert (still.status, lines(still.out)) == (0, picks)
    assert "waits for the annotation of 12" in still.err
    assert status()["queued"] == 12

    assert "annotated 12 texts" in allabel("-p", folder, "annotate", "--from-gold").err
    last = allabel(*select)
    unsure = lines(last.out)
    assert [(p["stage"], p["rank"]) for p in unsure] == [("perplexity", 13), ("perplexity", 14), ("perplexity", 15)]
    assert "waits" not in last.err
    assert allabel("-p", folder, "annotate", "--from-gold").status == 0
    assert status() == {"documents": 150, "gold": 150, "annotated": 15, "queued": 0, "tagged": 0}

    again = allabel(*select)
    assert lines(again.out) == [*picks, *unsure]
    assert "--more" in again.err
    assert status()["queued"] == 0

    out = tmp_path / "tagged.jsonl"
    tagged = allabel("-p", folder, "tag", "--rest", "-o", out, "--json")
    assert tagged.status == 0
    assert lines(tagged.out) == lines(out.read_text(encoding="utf-8"))
    rows = lines(tagged.out)
    chosen = {p["id"] for p in [*picks, *unsure]}
    assert len(rows) == 135
    assert not chosen & {row["id"] for row in rows}
    for row in rows:
        assert (row["status"], row["backend"]) == ("ok", "embedded")
        assert row["model"].startswith("crf-")
        assert set(row["demonstrations"]) <= chosen
        for entity in row["entities"]:
            assert 0 < entity["score"] <= 1
            assert entity["grounding"] == "exact"
            assert 0 <= entity["start"] < entity["end"] <= len(row["text"])
    assert sum(len(row["entities"]) for row in rows) > 30
    assert status()["tagged"] == 135

    exported = tmp_path / "annotated.conll"
    assert allabel("-p", folder, "export", exported).status == 0
    assert len(list(read_documents(exported))) == 15
    native = tmp_path / "gold.jsonl"
    assert allabel("-p", folder, "export", native, "--what", "gold").status == 0
    assert [r.document for r in read_documents(native)] == [r.document for r in read_documents(corpus)]
    again_tagged = tmp_path / "tagged again.jsonl"
    assert allabel("-p", folder, "export", again_tagged, "--what", "tagged").status == 0
    assert {r["id"] for r in lines(again_tagged.read_text(encoding="utf-8"))} == {row["id"] for row in rows}
    table = tmp_path / "entities.csv"
    assert allabel("-p", folder, "export", table, "--what", "entities").status == 0
    found = Counter(r["source"] for r in csv.DictReader(io.StringIO(table.read_text(encoding="utf-8-sig"))))
    marked = sum(len(r.document.entities or ()) for r in read_documents(exported))
    assert found == {"annotated": marked, "tagged": sum(len(row["entities"]) for row in rows)}

    well = allabel("-p", folder, "doctor", "--json")
    assert well.status == 0
    (findings,) = lines(well.out)
    assert all(finding["ok"] for finding in findings)
    assert any(f["what"] == "project" and "150 documents" in f["says"] for f in findings)


def test_a_file_that_is_not_of_the_project_is_tagged_and_not_taken_in(
    folder: Path, tmp_path: Path, allabel: Callable[..., Any]
) -> None:
    allabel("-p", folder, "select", "--budget", "20", "--strategy", "uniform")
    allabel("-p", folder, "annotate", "--from-gold")
    file = tmp_path / "new.txt"
    file.write_text("aspirin induced asthma\nthe patient was well\n", encoding="utf-8")
    ended = allabel("-p", folder, "tag", file, "--json", "--shots", "2")
    rows = lines(ended.out)
    assert [row["id"] for row in rows] == ["new-1", "new-2"]
    assert all(len(row["demonstrations"]) == 2 for row in rows)
    (status,) = lines(allabel("-p", folder, "status", "--json").out)
    assert (status["documents"], status["tagged"]) == (150, 0)


def test_more_queues_another_round(folder: Path, allabel: Callable[..., Any]) -> None:
    select = ("-p", folder, "select", "--budget", "5", "--strategy", "uniform", "--json")
    first, more = lines(allabel(*select).out), lines(allabel(*select, "--more").out)
    assert len({p["id"] for p in [*first, *more]}) == 10


def test_a_flag_beats_a_variable_which_beats_the_file(
    folder: Path, allabel: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def backend(*flags: str) -> str:
        return str(lines(allabel("-p", folder, "status", "--json", *flags).out)[0]["backend"])

    assert backend() == "embedded"
    (folder / "allabel.toml").write_text('backend = "of_the_file"\n', encoding="utf-8")
    assert backend() == "of_the_file"
    monkeypatch.setenv("ALLABEL_BACKEND", "of_the_variable")
    assert backend() == "of_the_variable"
    refused = allabel("-p", folder, "tag", "--rest", "--json", "--backend", "of_the_flag")
    assert "'of_the_flag'" in refused.err


def test_as_a_program_data_goes_to_standard_output_and_all_else_to_standard_error(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text(
        "".join(
            json.dumps({"id": str(i), "text": f"😀 NaCl {i}", "entities": [{"start": 2, "end": 6, "label": "Salt"}]})
            + "\n"
            for i in range(4)
        ),
        encoding="utf-8",
    )
    made = process("init", ".", "--labels", "Salt", cwd=tmp_path)
    assert (made.returncode, made.stdout) == (0, "")
    got = process("import", "in.jsonl", cwd=tmp_path)
    assert (got.returncode, got.stdout) == (0, "")
    assert "read 4 documents, 4 new; 4 answers kept as gold" in got.stderr
    picked = process("select", "--budget", "2", "--strategy", "uniform", "--json", cwd=tmp_path)
    assert len(lines(picked.stdout)) == 2
    assert process("annotate", "--from-gold", cwd=tmp_path).returncode == 0
    tagged = process("tag", "--rest", "--json", cwd=tmp_path)
    assert [row["entities"][0]["text"] for row in lines(tagged.stdout)] == ["NaCl", "NaCl"]
    assert "tagging with the embedded annotator" in tagged.stderr
    (status,) = lines(process("status", "--json", cwd=tmp_path).stdout)
    assert status["tagged"] == 2


@pytest.mark.parametrize(
    ("arguments", "status"), [(["--version"], 0), (["nothing"], 2), (["select"], 2), (["status"], 2)], ids=str
)
def test_exit_status_tells_done_from_wrong_use(arguments: list[str], status: int, tmp_path: Path) -> None:
    ended = process(*arguments, cwd=tmp_path)
    assert ended.returncode == status
    assert (__version__ in ended.stdout) == (status == 0)
    assert bool(ended.stderr) == (status != 0)
    assert "Traceback" not in ended.stderr


def test_help_reads_as_it_did() -> None:
    ended = process("--help")
    assert ended.returncode == 0
    assert ended.stdout == GOLDEN.read_text(encoding="utf-8"), f"if the change is meant: allabel --help > {GOLDEN}"


def test_importing_allabel_loads_nothing_heavy() -> None:
    loaded = imported_by("import allabel")
    assert "allabel" in loaded
    assert not loaded & set(HEAVY)


def test_help_loads_nothing_heavy() -> None:
    loaded = imported_by("from allabel.cli import main; main(['--help'])")
    assert "allabel.cli" in loaded
    assert not loaded & set(HEAVY)


def test_convert_keeps_spans(tmp_path: Path, corpus: Path, allabel: Callable[..., Any]) -> None:
    conll, back = tmp_path / "corpus.conll", tmp_path / "back.jsonl"
    assert allabel("convert", corpus, conll).status == 0
    assert allabel("convert", conll, back).status == 0
    spans: list[list[tuple[Span, ...] | None]] = [
        [r.document.entities for r in read_documents(file)] for file in (corpus, back)
    ]
    assert spans[0] == spans[1]
