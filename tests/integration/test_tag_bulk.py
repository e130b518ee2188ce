"""`allabel tag FILE`: block by block, killed and gone on with, refused where it is another run, Parquet, servers."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import faulty_server
import pytest
from faulty_server import FaultyServer

pytestmark = pytest.mark.enable_socket
Run = Callable[..., Any]
METALS = ("Na", "K", "Rb", "Cs", "Ag", "Tl")


def content_for(text: str) -> str:
    return json.dumps({"Chemical": list(dict.fromkeys(re.findall(r"\w+Cl\b", text))), "Disease": []})


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyServer]:
    monkeypatch.setattr(faulty_server, "content_for", content_for)
    with FaultyServer() as scripted:
        yield scripted


@pytest.fixture
def folder(tmp_path: Path, allabel: Run) -> Path:
    """A project with some annotated texts, which are not those that are tagged."""
    rows = []
    for i in range(24):
        text = f"{METALS[i % 6]}Cl was weighed and dried, batch {i} ."
        rows.append({"text": text, "entities": [{"start": 0, "end": text.index(" "), "label": "Chemical"}]})
    write(tmp_path / "shown.jsonl", rows)
    allabel("init", tmp_path / "project", "--labels", "Chemical,Disease")
    assert allabel("-p", tmp_path / "project", "import", tmp_path / "shown.jsonl", "--as", "annotations").status == 0
    return tmp_path / "project"


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def texts(folder: Path, n: int) -> Path:
    rows = [{"id": f"t{i}", "text": f"{METALS[i % 6]}Cl in water, step {i} .", "meta": {"n": i}} for i in range(n)]
    return write(folder / "texts.jsonl", rows)


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def chat(*servers: str) -> tuple[object, ...]:
    urls = [part for url in servers for part in ("--base-url", url)]
    return ("--backend", "chat", *urls, "--model", "m", "--concurrency", 2)


def killed(how: signal.Signals, arguments: list[object], when: Callable[[], bool]) -> str:
    """Begin a command in a process of its own, and end it once something is so. Returns what it said."""
    program = [sys.executable, "-c", "from allabel.cli import main; main()", *map(str, arguments)]
    with subprocess.Popen(program, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUTF8": "1"}) as run:
        give_up = time.monotonic() + 120
        while not when():
            assert run.poll() is None, run.communicate()[1]
            assert time.monotonic() < give_up
            time.sleep(0.002)
        run.send_signal(how)
        return run.communicate()[1]


def test_blocks_of_any_size_give_the_same_bytes_and_leave_nothing_beside_them(
    folder: Path, tmp_path: Path, allabel: Run
) -> None:
    file, outs = texts(tmp_path, 50), []
    for block in (1, 7, 50, 4096):
        outs.append(tmp_path / f"out{block}.jsonl")
        ended = allabel("-p", folder, "tag", file, "-o", outs[-1], "--block", block)
        assert ended.status == 0, ended.err
        assert f"wrote 50 tagged documents to {outs[-1]}" in ended.err
    assert len({out.read_bytes() for out in outs}) == 1
    assert [row["id"] for row in rows(outs[0])] == [f"t{i}" for i in range(50)]
    assert [row["meta"]["n"] for row in rows(outs[0])] == list(range(50))
    assert not list(tmp_path.glob("*.parts"))
    printed = allabel("-p", folder, "tag", file, "--json", "--block", 7)
    assert printed.out.encode() == outs[0].read_bytes()
    both = allabel("-p", folder, "tag", file, "--json", "-o", tmp_path / "both.jsonl", "--block", 7)
    assert both.out == printed.out


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_was_ended_goes_on_with_the_blocks_that_are_missing(
    how: signal.Signals, folder: Path, tmp_path: Path, allabel: Run
) -> None:
    file, out = texts(tmp_path, 3000), tmp_path / "out.jsonl"
    command = ["-p", folder, "tag", file, "-o", out, "--block", 100]
    parts = tmp_path / "out.jsonl.parts"
    said = killed(how, command, lambda: len(list(parts.glob("part-*"))) >= 8)
    if how is signal.SIGINT:
        assert "every block that is done is kept, and the same command goes on from there" in said
    assert not out.exists()
    before = {path.name: path.stat().st_mtime_ns for path in sorted(parts.glob("part-*"))[:7]}
    assert 8 <= len(list(parts.glob("part-*"))) < 30
    # Of the parts that were there none is written again, whatever is tagged beside them.
    again = killed(signal.SIGKILL, command, lambda: len(list(parts.glob("part-*"))) >= 16)
    assert "of 3,000 texts were tagged before" in again
    assert {name: (parts / name).stat().st_mtime_ns for name in before} == before
    ended = allabel(*command)
    assert ended.status == 0, ended.err
    assert allabel("-p", folder, "tag", file, "-o", tmp_path / "undisturbed.jsonl").status == 0
    assert out.read_bytes() == (tmp_path / "undisturbed.jsonl").read_bytes()
    assert [row["id"] for row in rows(out)] == [f"t{i}" for i in range(3000)]
    assert not parts.exists()


def test_a_run_that_is_another_one_is_refused_and_touches_nothing(folder: Path, tmp_path: Path, allabel: Run) -> None:
    file, out = texts(tmp_path, 3000), tmp_path / "out.jsonl"
    parts = tmp_path / "out.jsonl.parts"
    command = ["-p", folder, "tag", file, "-o", out, "--block", 100]
    killed(signal.SIGKILL, list(command), lambda: len(list(parts.glob("part-*"))) >= 5)
    before = {path.name: path.read_bytes() for path in parts.glob("part-*")}

    def refused(*more: object, says: str) -> None:
        ended = allabel(*command, *more)
        assert ended.status == 2, ended.err
        assert says in ended.err
        assert f"{parts}: holds the parts of another run, of texts.jsonl" in ended.err
        assert "remedy: go on with the file and the settings it was begun with" in ended.err
        assert {path.name: path.read_bytes() for path in parts.glob("part-*")} == before

    refused("--shots", 2, says="shots was 5, now 2")
    refused("--block", 50, says="block_size was 100, now 50")
    more = write(tmp_path / "more.jsonl", [{"id": "new", "text": "LiCl .", "entities": []}])
    assert allabel("-p", folder, "import", more, "--as", "annotations").status == 0
    refused(says="the demonstrations")


def test_parts_stay_where_a_folder_is_named_and_a_rerun_finds_nothing_to_do(
    folder: Path, tmp_path: Path, allabel: Run
) -> None:
    file = texts(tmp_path, 25)
    command = ("-p", folder, "tag", file, "-o", f"{tmp_path}/parts/", "--block", 10, "--json")
    first = allabel(*command)
    assert first.status == 0, first.err
    found = sorted((tmp_path / "parts").glob("part-*"))
    assert [path.name for path in found] == [f"part-0000{n}.jsonl" for n in range(3)]
    assert [row["id"] for path in found for row in rows(path)] == [f"t{i}" for i in range(25)]
    assert "".join(path.read_text(encoding="utf-8") for path in found) == first.out
    again = allabel(*command)
    assert (again.status, again.out) == (0, first.out)
    assert "25 of 25 texts were tagged before" in again.err
    # One that is gone is made anew.
    lost = found[1].read_bytes()
    found[1].unlink()
    assert allabel(*command).status == 0
    assert found[1].read_bytes() == lost


def test_a_folder_of_the_project_or_of_others_is_no_place_for_parts(folder: Path, tmp_path: Path, allabel: Run) -> None:
    file = texts(tmp_path, 5)
    for out in (folder, tmp_path):
        before = sorted(path.name for path in out.iterdir())
        ended = allabel("-p", folder, "tag", file, "-o", f"{out}/")
        assert ended.status == 2
        assert "is a folder that holds other files" in ended.err
        assert sorted(path.name for path in out.iterdir()) == before


def test_parquet_is_one_file_or_a_folder_of_parts_with_the_same_rows(
    folder: Path, tmp_path: Path, allabel: Run
) -> None:
    pq = pytest.importorskip("pyarrow.parquet", reason="the extra parquet is not installed")
    file = texts(tmp_path, 25)
    for out in (tmp_path / "one.parquet", f"{tmp_path}/many.parquet/"):
        ended = allabel("-p", folder, "tag", file, "-o", out, "--block", 10)
        assert ended.status == 0, ended.err
    assert len(list((tmp_path / "many.parquet").glob("part-*.parquet"))) == 3
    one, many = pq.read_table(tmp_path / "one.parquet"), pq.read_table(tmp_path / "many.parquet")
    assert one.to_pylist() == many.to_pylist()
    assert one.column("id").to_pylist() == [f"t{i}" for i in range(25)]
    lines = rows_of(allabel("-p", folder, "tag", file, "--json").out)
    assert [[e["text"] for e in row["entities"]] for row in one.to_pylist()] == [
        [e["text"] for e in row["entities"]] for row in lines
    ]
    refused = allabel("-p", folder, "tag", file, "-o", tmp_path / "x.parquet", "--json")
    assert (refused.status, (tmp_path / "x.parquet").exists()) == (2, False)


def rows_of(printed: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in printed.splitlines()]


@pytest.mark.parametrize("name", ["a.txt", "folder", "a.parquet"])
def test_every_format_that_is_read_is_tagged_by_blocks(name: str, folder: Path, tmp_path: Path, allabel: Run) -> None:
    source = tmp_path / name
    if name == "a.txt":
        source.write_text("".join(f"NaCl in step {i}\n" for i in range(12)), encoding="utf-8")
    elif name == "folder":
        source.mkdir()
        for i in range(12):
            (source / f"{i:02}.txt").write_text(f"NaCl in step {i}\nand so on", encoding="utf-8")
    else:
        pa = pytest.importorskip("pyarrow", reason="the extra parquet is not installed")
        import pyarrow.parquet as pq

        pq.write_table(pa.table({"id": [f"p{i}" for i in range(12)], "text": ["NaCl in step"] * 12}), source)
    ended = allabel("-p", folder, "tag", source, "-o", tmp_path / "out.jsonl", "--block", 5)
    assert ended.status == 0, ended.err
    found = rows(tmp_path / "out.jsonl")
    assert len({row["id"] for row in found}) == 12
    assert all(row["entities"][0]["text"] == "NaCl" for row in found)


def test_failed_texts_of_done_blocks_are_asked_again_by_the_same_command_and_no_others(
    folder: Path, tmp_path: Path, allabel: Run, server: FaultyServer
) -> None:
    file, out = texts(tmp_path, 40), tmp_path / "out.jsonl"
    server.script = lambda text, n_before: "400" if "step 13 " in str(server.requests[-1]["messages"][-1]) else ""
    command = ("-p", folder, "tag", file, "-o", out, "--block", 10, *chat(server.url))
    ended = allabel(*command)
    assert ended.status == 1
    assert "1 of 40 texts got no usable reply; the first is 't13': failed" in ended.err
    assert "the parts stay in" in ended.err
    assert [row["id"] for row in rows(out) if row["status"] != "ok"] == ["t13"]
    server.script = lambda text, n_before: ""
    n_before = len(server.requests)
    ended = allabel(*command)
    assert ended.status == 0, ended.err
    assert "30 of 40 texts were tagged before" in ended.err
    assert len(server.requests) == n_before + 1
    assert {row["status"] for row in rows(out)} == {"ok"}
    assert not list(tmp_path.glob("*.parts"))


def test_what_a_budget_left_unasked_is_in_the_output_as_failed_and_asked_for_by_the_same_command(
    folder: Path, tmp_path: Path, allabel: Run, server: FaultyServer
) -> None:
    file, out = texts(tmp_path, 40), tmp_path / "out.jsonl"
    command = ("-p", folder, "tag", file, "-o", out, "--block", 10, *chat(server.url))
    ended = allabel(*command, "--budget-requests", 16)
    assert ended.status == 1
    assert "25 of 40 texts got no usable reply; the first is 't15': failed, not sent: budget reached" in ended.err
    assert "25 texts were not asked about; the same command asks for them" in ended.err
    assert [row["status"] for row in rows(out)] == ["ok"] * 15 + ["failed"] * 25
    assert allabel(*command).status == 0
    assert len(server.requests) == 40
    assert {row["status"] for row in rows(out)} == {"ok"}


def test_several_servers_share_a_file_and_one_that_is_gone_is_told(
    folder: Path, tmp_path: Path, allabel: Run, server: FaultyServer
) -> None:
    file = texts(tmp_path, 40)
    with FaultyServer() as other:
        ended = allabel("-p", folder, "tag", file, "-o", tmp_path / "a.jsonl", *chat(server.url, other.url))
        assert ended.status == 0, ended.err
        assert len(server.requests) + len(other.requests) == 40
        assert min(len(server.requests), len(other.requests)) > 5
    # Which of them answered decides nothing: the other way round nothing is asked.
    ended = allabel("-p", folder, "tag", file, "-o", tmp_path / "b.jsonl", *chat(other.url, server.url))
    assert ended.status == 0, ended.err
    assert "40 answers were there from before" in ended.err
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()


@pytest.mark.filterwarnings("default")
def test_a_server_that_is_not_there_is_said_and_the_other_does_the_work(
    folder: Path, tmp_path: Path, allabel: Run, server: FaultyServer
) -> None:
    file, gone = texts(tmp_path, 20), "http://127.0.0.1:9/v1"
    ended = allabel("-p", folder, "tag", file, "-o", tmp_path / "a.jsonl", *chat(gone, server.url))
    assert ended.status == 0, ended.err
    assert f"warning: the server {gone} is left aside, and others go on" in ended.err
    assert len(server.requests) == 20


def test_what_makes_no_sense_together_is_refused(folder: Path, tmp_path: Path, allabel: Run) -> None:
    file, out = texts(tmp_path, 2), tmp_path / "o.jsonl"
    for arguments, says in (
        (("tag", file, "-o", out, "--engine", "spark"), "'spark' is none of 'local', 'ray'"),
        (("tag", file, "-o", out, "--workers", 2), "--workers is for --engine ray"),
        (("tag", file, "--json", "--engine", "ray"), "no -o OUT"),
        (("tag", "--rest", "--json", "--engine", "ray"), "are for a FILE"),
        (("tag", "--rest", "--json", "--block", 7), "are for a FILE"),
        (("tag", file, "-o", f"{tmp_path}/none/x/"), "folder that is there"),
    ):
        ended = allabel("-p", folder, *arguments)
        assert (ended.status, ended.out) == (2, "")
        assert says in ended.err
    assert not out.exists()
