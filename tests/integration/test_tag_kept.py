"""What a person pays for is kept: good replies, files of earlier runs, other projects; and faults are found before."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import faulty_server
import pytest
from faulty_server import FaultyServer

from allabel.document import Annotation, DocId, Span
from allabel.store.store import Store

pytestmark = pytest.mark.enable_socket
Run = Callable[..., Any]
NACL = Span(0, 4, "Chemical")


def content_for(text: str) -> str:
    return json.dumps({"Chemical": ["NaCl"], "Disease": []})


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyServer]:
    monkeypatch.setattr(faulty_server, "content_for", content_for)
    with FaultyServer() as scripted:
        yield scripted


@pytest.fixture
def folder(tmp_path: Path, allabel: Run) -> Path:
    """A project of eight texts, the first of them annotated."""
    file, folder = tmp_path / "texts.jsonl", tmp_path / "project"
    lines = [{"id": str(i), "text": f"NaCl was weighed, step {i} ."} for i in range(8)]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    allabel("init", folder, "--labels", "Chemical,Disease")
    assert allabel("-p", folder, "import", file).status == 0
    annotate(folder, "0", NACL)
    return folder


def annotate(folder: Path, id: str, *spans: Span) -> None:
    with Store.open(folder / "project.db") as store:
        store.add_annotations([Annotation(DocId(id), spans, "a", "test", datetime.now(UTC))])


def chat(server: FaultyServer, *more: object) -> tuple[object, ...]:
    return ("tag", "--backend", "chat", "--base-url", server.url, "--model", "m", "--concurrency", 1, *more)


def asked_about(server: FaultyServer) -> str:
    """The text of the latest request; demonstrations come before it."""
    return str(server.requests[-1]["messages"][-1]["content"])


def told(folder: Path, allabel: Run) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(allabel("-p", folder, "status", "--json").out)
    return found


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def rename_label(folder: Path, old: str, new: str) -> None:
    file = folder / "labels.toml"
    file.write_text(file.read_text(encoding="utf-8").replace(f'"{old}"', f'"{new}"'), encoding="utf-8")


@pytest.mark.parametrize("backend", ["chat", "embedded"])
def test_a_label_renamed_after_annotating_is_named_with_the_file_and_the_way_out(
    backend: str, folder: Path, allabel: Run, server: FaultyServer
) -> None:
    rename_label(folder, "Chemical", "Substance")
    ended = allabel("-p", folder, *chat(server, "--rest", "--json", "--backend", backend))
    assert (ended.status, ended.out, server.requests) == (2, "", [])
    for part in (folder / "labels.toml", "the label 'Chemical' of 1 annotated spans", "Substance, Disease", "remedy: "):
        assert str(part) in ended.err
    assert told(folder, allabel)["stale_labels"] == ["the label 'Chemical' of 1 spans is not in labels.toml"]
    assert "problem    the label 'Chemical'" in allabel("-p", folder, "status").out


def test_the_way_out_that_a_renamed_label_is_told_with_leads_out(
    folder: Path, tmp_path: Path, allabel: Run, server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faulty_server, "content_for", lambda text: json.dumps({"Substance": ["NaCl"], "Disease": []}))
    rename_label(folder, "Chemical", "Substance")
    file = tmp_path / "mended.jsonl"
    assert allabel("-p", folder, "export", file).status == 0
    file.write_text(file.read_text(encoding="utf-8").replace('"Chemical"', '"Substance"'), encoding="utf-8")
    assert allabel("-p", folder, "import", file, "--as", "annotations").status == 0
    ended = allabel("-p", folder, *chat(server, "--rest", "--json"))
    assert ended.status == 0, ended.err
    assert told(folder, allabel)["stale_labels"] == []


@pytest.mark.parametrize("more", [(), ("--plan",)])
def test_choosing_by_a_language_model_checks_the_labels_too(
    more: tuple[str, ...], folder: Path, allabel: Run, server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for id in "1234":
        annotate(folder, id, NACL)
    monkeypatch.setenv("ALLABEL_BASE_URL", server.url)
    monkeypatch.setenv("ALLABEL_MODEL", "m")
    rename_label(folder, "Chemical", "Substance")
    select = ("select", "--budget", 1, "--strategy", "perplexity", "--backend", "chat", *more)
    ended = allabel("-p", folder, *select)
    assert (ended.status, server.requests) == (2, [])
    assert "the label 'Chemical' of 5 annotated spans" in ended.err


@pytest.mark.parametrize("fault", ["refusal", "length", "400"])
def test_a_good_reply_survives_what_is_not_ok_and_status_counts_what_is_not(
    fault: str, folder: Path, allabel: Run, server: FaultyServer
) -> None:
    server.script = lambda text, n_before: fault if "step 7" in asked_about(server) else ""
    assert allabel("-p", folder, *chat(server, "--rest", "--json")).status == 1
    assert (told(folder, allabel)["tagged"], told(folder, allabel)["not_ok"]) == (7, 1)
    assert "tagged     7, 1 of them without a usable reply" in allabel("-p", folder, "status").out
    server.script = lambda text, n_before: fault
    ended = allabel("-p", folder, *chat(server, "--rest", "--json", "--form", "json"))
    assert ended.status == 1
    assert all(json.loads(line)["status"] != "ok" for line in ended.out.splitlines())
    with Store.open(folder / "project.db") as store:
        kept = store.tagged()
    assert [id for id, one in kept.items() if one.reply.status != "ok"] == ["7"]
    assert all(one.reply.spans for id, one in kept.items() if id != "7")


def test_a_stale_text_whose_new_reply_is_refused_stays_stale_with_the_old_one(
    folder: Path, allabel: Run, server: FaultyServer
) -> None:
    assert allabel("-p", folder, *chat(server, "--rest", "--json")).status == 0
    annotate(folder, "0")
    server.script = lambda text, n_before: "refusal" if "step 3" in asked_about(server) else ""
    assert allabel("-p", folder, *chat(server, "--stale", "--json")).status == 1
    assert (told(folder, allabel)["stale"], told(folder, allabel)["not_ok"]) == (1, 0)
    assert "without a usable reply" not in allabel("-p", folder, "status").out
    with Store.open(folder / "project.db") as store:
        assert store.tagged()[DocId("3")].reply.spans == (NACL,)


def test_what_stale_texts_cost_is_written_over_by_no_later_run(
    folder: Path, tmp_path: Path, allabel: Run, server: FaultyServer
) -> None:
    assert allabel("-p", folder, *chat(server, "--rest", "--json")).status == 0
    annotate(folder, "0")
    first, second, third, all_ = (tmp_path / f"{name}.jsonl" for name in ("first", "second", "third", "all"))
    stopped = allabel("-p", folder, *chat(server, "--stale", "-o", first, "--budget-requests", 3))
    assert stopped.status == 1
    assert "keep it and stay stale; the same command with another file tags them alone" in stopped.err
    # How many a budget of so many requests pays is none of this test's business.
    left = [row["id"] for row in rows(first) if row["status"] == "failed"]
    assert 0 < len(left) < 7
    assert told(folder, allabel)["stale"] == len(left)
    before, n_asked = first.read_bytes(), len(server.requests)
    refused = allabel("-p", folder, *chat(server, "--stale", "-o", first))
    assert (refused.status, first.read_bytes(), len(server.requests)) == (2, before, n_asked)
    assert f"no more than the {len(left)} texts that are stale now" in refused.err
    assert "remedy: name another file; allabel export --what tagged" in refused.err
    assert allabel("-p", folder, *chat(server, "--stale", "-o", second)).status == 0
    assert [row["id"] for row in rows(second)] == left
    for file in (first, third):
        nothing = allabel("-p", folder, *chat(server, "--stale", "-o", file))
        assert (nothing.status, "nothing is written" in nothing.err) == (0, True)
    assert (first.read_bytes(), third.exists()) == (before, False)
    assert allabel("-p", folder, "export", "--what", "tagged", all_).status == 0
    assert [row["status"] for row in rows(all_)] == ["ok"] * 7


@pytest.mark.parametrize("name", ["o.conll", "o.csv", "o.TXT", "o.tsv", "o.json"])
def test_tagged_output_is_not_written_under_the_name_of_another_format(
    name: str, folder: Path, tmp_path: Path, allabel: Run, server: FaultyServer
) -> None:
    for command in (chat(server, "--rest", "-o", tmp_path / name), ("export", "--what", "tagged", tmp_path / name)):
        ended = allabel("-p", folder, *command)
        assert (ended.status, server.requests, (tmp_path / name).exists()) == (2, [], False)
        assert f"write o.jsonl, then allabel convert o.jsonl {name}" in ended.err


@pytest.mark.parametrize("name", ["o.jsonl", "o", "o.out"])
def test_tagged_output_takes_any_name_that_is_no_other_formats(
    name: str, folder: Path, tmp_path: Path, allabel: Run, server: FaultyServer
) -> None:
    assert allabel("-p", folder, *chat(server, "--rest", "-o", tmp_path / name)).status == 0
    assert len(rows(tmp_path / name)) == 7
    named_outright = ("export", "--what", "tagged", tmp_path / "o.csv", "--format", "jsonl")
    assert allabel("-p", folder, *named_outright).status == 0


@pytest.mark.parametrize("name", ["project.db", "labels.toml", "allabel.toml", "calibration.json", "old.backup"])
def test_no_command_writes_over_another_project_or_a_database(
    name: str, folder: Path, tmp_path: Path, allabel: Run, server: FaultyServer
) -> None:
    other = tmp_path / "other"
    allabel("init", other, "--labels", "Chemical")
    (other / "old.backup").write_bytes((other / "project.db").read_bytes())
    for file in ("allabel.toml", "calibration.json"):
        (other / file).write_text("", encoding="utf-8")
    target = other / name
    link = tmp_path / "link"
    link.symlink_to(target)
    before = target.read_bytes()
    for out in (target, link):
        for command in (
            chat(server, "--rest", "-o", out),
            ("export", "--format", "jsonl", out),
            ("convert", tmp_path / "texts.jsonl", out, "--to", "jsonl"),
            ("map", "-o", out),
        ):
            ended = allabel("-p", folder, *command)
            assert (ended.status, target.read_bytes(), server.requests) == (2, before, [])
            assert "would be overwritten" in ended.err


def test_a_broken_calibration_is_found_before_anything_is_asked_and_by_doctor(
    folder: Path, allabel: Run, server: FaultyServer
) -> None:
    assert allabel("-p", folder, "doctor").status == 0
    (folder / "calibration.json").write_text('{"version": 1, "calibrations": []}', encoding="utf-8")
    assert "ok    calibration: " in allabel("-p", folder, "doctor").out
    (folder / "calibration.json").write_text('{"version": 1', encoding="utf-8")
    ended = allabel("-p", folder, *chat(server, "--rest", "--json"))
    assert (ended.status, ended.out, server.requests) == (2, "", [])
    assert "calibrate --remove" in ended.err
    # Not even what tagging would take is worked out.
    assert "texts are tagged with" not in ended.err
    looked = allabel("-p", folder, "doctor")
    assert looked.status == 1
    assert "FAIL  calibration: " in looked.out


def test_a_label_or_model_that_there_is_not_has_no_inbox(folder: Path, allabel: Run, server: FaultyServer) -> None:
    assert allabel("-p", folder, *chat(server, "--rest", "--json")).status == 0
    for flags, known in ((("--label", "nope"), "Chemical, Disease"), (("--model", "nope"), "m")):
        ended = allabel("-p", folder, "ungrounded", *flags)
        assert (ended.status, ended.out) == (2, "")
        assert f"there is no {flags[0][2:]} 'nope'" in ended.err
        assert f"known are {known}\n" in ended.err
    assert allabel("-p", folder, "ungrounded", "--label", "Disease").status == 0
    # What was tagged under a label that is renamed since can be looked at.
    rename_label(folder, "Chemical", "Substance")
    for label in ("Chemical", "Substance"):
        assert allabel("-p", folder, "ungrounded", "--label", label).status == 0


@pytest.mark.parametrize("variable", ["OPENAI_API_KEY", "ALLABEL_API_KEY"])
@pytest.mark.parametrize("around", ["{}\r", "{}\n", " {}\r\n"])
def test_white_space_around_a_key_is_no_part_of_it(
    variable: str, around: str, folder: Path, allabel: Run, server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, around.format("sk-very-secret"))
    ended = allabel("-p", folder, *chat(server, "--rest", "--json"))
    assert ended.status == 0, ended.err


@pytest.mark.parametrize("key", ["sk-very-sécret", "sk-very\r\n-secret", "“sk-very-secret”"])
def test_what_is_no_key_is_refused_and_not_shown(
    key: str, folder: Path, allabel: Run, server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    ended = allabel("-p", folder, *chat(server, "--rest", "--json"))
    assert (ended.status, server.requests) == (2, [])
    assert "the key in OPENAI_API_KEY" in ended.err
    assert "remedy: " in ended.err
    assert "sk-" not in ended.err


@pytest.mark.parametrize("status", ["400", "422"])
def test_a_server_that_refuses_the_schema_is_told_with_the_other_ways(
    status: str, folder: Path, allabel: Run, server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(faulty_server.RESPONSES, "422", lambda text: (422, faulty_server.error("no schemas", 422), {}))
    ways = {
        "response_format": ('structured = "structured_outputs"', 'structured = "none"'),
        "structured_outputs": ('structured = "response_format"', 'structured = "none"'),
    }
    for setting, others in ways.items():
        server.canary = [status]
        ended = allabel("-p", folder, *chat(server, "--rest", "--json", "--structured", setting))
        assert ended.status == 1
        for way in others:
            assert way in ended.err
    server.canary = ["500"] * 9
    monkeypatch.setenv("ALLABEL_RETRIES", "0")
    assert "structured =" not in allabel("-p", folder, *chat(server, "--rest", "--json")).err


@pytest.mark.parametrize(
    ("backend", "says"),
    [
        ("os:path", "cannot be called"),
        ("json:loads", "cannot be called"),
        ("builtins:int", "cannot be called"),
        ("types:SimpleNamespace", "cannot be called"),
        ("builtins:print", "it gives an object of NoneType, which has no 'name'"),
    ],
)
def test_what_is_no_backend_is_refused(backend: str, says: str, folder: Path, allabel: Run) -> None:
    ended = allabel("-p", folder, "tag", "--rest", "--json", "--backend", backend)
    assert ended.status == 2
    assert f"'{backend}' is no backend: it" in ended.err
    assert says in ended.err
    assert "(schema, settings)" in ended.err


def test_a_window_that_leaves_no_room_names_the_setting_it_comes_from(
    folder: Path, allabel: Run, server: FaultyServer
) -> None:
    (folder / "allabel.toml").write_text("context_tokens = 900\n", encoding="utf-8")
    ended = allabel("-p", folder, *chat(server, "--rest", "--json"))
    assert ended.status == 1
    assert "context_tokens = 900" in ended.err
    assert "allabel.toml" in ended.err
