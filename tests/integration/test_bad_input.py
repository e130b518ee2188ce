"""Whatever is handed in wrong: exit status 2, a message that helps, and nothing changed."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., Any]

GOOD = [
    {"id": "a", "text": "NaCl in water", "entities": [{"start": 0, "end": 4, "label": "Chemical"}]},
    {"id": "b", "text": "KCl in DMF", "entities": [{"start": 0, "end": 3, "label": "Chemical"}]},
    {"id": "c", "text": "benzene", "entities": []},
    {"id": "d", "text": "the patient had asthma", "entities": [{"start": 16, "end": 22, "label": "Disease"}]},
]


def jsonl(*documents: dict[str, Any]) -> bytes:
    return "".join(json.dumps(d, ensure_ascii=False) + "\n" for d in documents).encode()


def spans(*entities: tuple[int, int, str], id: str = "x", text: str = "acetic acid") -> dict[str, Any]:
    return {"id": id, "text": text, "entities": [{"start": s, "end": e, "label": x} for s, e, x in entities]}


@pytest.fixture
def folder(tmp_path: Path, allabel: Command) -> Path:
    """A project of four texts, two of them annotated, one queued."""
    folder, file = tmp_path / "project", tmp_path / "good.jsonl"
    file.write_bytes(jsonl(*GOOD))
    steps = [
        ("init", folder, "--labels", "Chemical,Disease"),
        ("-p", folder, "import", file),
        ("-p", folder, "select", "--budget", "2", "--strategy", "uniform"),
        ("-p", folder, "annotate", "--from-gold"),
        ("-p", folder, "select", "--budget", "1", "--strategy", "uniform"),
    ]
    for step in steps:
        assert allabel(*step).status == 0
    return folder


def kept(folder: Path) -> list[Any]:
    """All rows of all tables of the project."""
    with closing(sqlite3.connect(folder / "project.db")) as connection:
        tables = sorted(name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'"))
        return [(table, connection.execute(f"SELECT * FROM {table}").fetchall()) for table in tables]


@pytest.fixture
def refused(folder: Path, allabel: Command) -> Command:
    """Runs `allabel -p folder …` and sees that it is refused with these words and leaves everything as it was."""

    def run(*arguments: object, says: tuple[object, ...]) -> None:
        before, files = kept(folder), {p for p in folder.parent.rglob("*") if not p.name.endswith(("-wal", "-shm"))}
        ended = allabel("-p", folder, *arguments)
        assert ended.status == 2, ended
        assert ended.out == ""
        for part in (*says, "remedy: "):
            assert str(part) in ended.err
        assert kept(folder) == before
        assert {p for p in folder.parent.rglob("*") if not p.name.endswith(("-wal", "-shm"))} == files

    return run


FIRST = {"id": "new", "text": "toluene", "entities": []}


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("label.jsonl", jsonl(FIRST, spans((0, 6, "Metal"))), ("line 2", "'Metal'", "Chemical, Disease")),
        ("outside.jsonl", jsonl(FIRST, spans((0, 12, "Chemical"))), ("line 2", "[0, 12)", "11 code points")),
        ("backwards.jsonl", jsonl(FIRST, spans((6, 2, "Chemical"))), ("line 2", "[6, 2)")),
        ("utf16.jsonl", jsonl(FIRST, spans((0, 4, "Chemical"), text="😀 x")), ("line 2", "3 code points", "UTF-16")),
        ("latin.jsonl", jsonl(FIRST) + b'{"text": "\xe9thanol"}\n', ("line 2", "0xe9", "UTF-8")),
        ("cut.jsonl", jsonl(FIRST, spans()) + b'{"id": "y", "text": "ben', ("line 3", "column", "cut off")),
        ("empty.jsonl", b"", ("holds no documents",)),
        ("blank.jsonl", b"\n\n", ("blank.jsonl",)),
        ("tags.conll", b"NaCl\tS-Chemical\n\nKCl\tU-Chemical\n", ("line 3", "'U-Chemical'", "line 1", "BILOU")),
        (
            "overlap.jsonl",
            jsonl(FIRST, spans((0, 6, "Disease"), (0, 11, "Chemical"))),
            ("line 2", "[0, 6)", "[0, 11)", "--flat"),
        ),
        ("text.jsonl", jsonl(FIRST, {"id": "a", "text": "another text"}), ("'a'", "another text", "line 2")),
        ("gold.jsonl", jsonl(FIRST, {**GOOD[0], "entities": []}), ("'a'", "other gold", "line 2", "--as annotations")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_file_is_refused_whole(
    refused: Command, tmp_path: Path, name: str, content: bytes, says: tuple[str, ...]
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    refused("import", file, says=(file, *says) if name not in ("text.jsonl", "gold.jsonl") else says)


def test_a_file_that_is_not_there_is_wrong_use(folder: Path, tmp_path: Path, allabel: Command) -> None:
    ended = allabel("-p", folder, "import", tmp_path / "nothing.jsonl")
    assert ended.status == 2
    assert "nothing.jsonl" in ended.err


def test_texts_without_answers_are_no_gold(refused: Command, tmp_path: Path) -> None:
    file = tmp_path / "plain.txt"
    file.write_text("NaCl in water\n", encoding="utf-8")
    refused("import", file, "--as", "gold", says=(file, "no document carries an answer", "--as texts"))


@pytest.mark.parametrize(
    ("budget", "says"),
    [
        ("0", ("'0'", "10%")),
        ("abc", ("'abc'", "10%")),
        ("150%", ("'150%'", "at most 100%")),
        ("-3", ("'-3'",)),
        ("2.5", ("'2.5'",)),
        ("3", ("3 texts", "has 1 texts left", "at most 1")),
        ("100%", ("4 texts", "has 1 texts left")),
        ("99tokens", ("99 tokens", "tokens left")),
    ],
)
def test_a_budget_that_cannot_be_is_refused(refused: Command, budget: str, says: tuple[str, ...]) -> None:
    refused("select", f"--budget={budget}", "--strategy", "core_set", says=says)


def test_an_empty_pool_says_how_to_fill_it(tmp_path: Path, allabel: Command) -> None:
    allabel("init", tmp_path / "new", "--labels", "Chemical")
    ended = allabel("-p", tmp_path / "new", "select", "--budget", "10%")
    assert (ended.status, ended.out) == (2, "")
    assert "the pool is empty" in ended.err
    assert "remedy: allabel import" in ended.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["select", "--budget", "1", "--strategy", "core_sett"], ("strategy 'core_sett'", "'core_set'?")),
        (["select", "--budget", "1", "--strategy", "core_set:0"], ("'core_set'", "weight 0")),
        (["tag", "--rest", "--json", "--backend", "embeded"], ("backend 'embeded'", "'embedded'?")),
        (["tag", "--rest", "--json", "--retriever", "bm52"], ("retriever 'bm52'", "'bm25'?")),
        (["tag", "--rest", "--json", "--backend", "nowhere:Nothing"], ("'nowhere:Nothing' cannot be imported",)),
        (["tag", "--rest", "--json", "--shots", "-1"], ("'shots'", "-1", "--shots")),
        (["tag", "--rest", "--json", "--backend", "chat"], ("'base_url'", "--base-url")),
        (["tag", "--rest", "--json", "--backend", "chat", "--base-url", "http://x/v1"], ("'model'", "ALLABEL_MODEL")),
        (["tag"], ("FILE or --rest", "allabel tag --rest -o")),
        (["tag", "--rest"], ("-o OUT or --json",)),
        (["export", "out.xyz"], ("out.xyz", "'.xyz'", "jsonl")),
        (["export", "out.jsonl", "--what", "entities"], ("out.jsonl", "written as CSV", "FILE.csv")),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_name_or_flag_that_cannot_be_is_refused(
    refused: Command, tmp_path: Path, arguments: list[str], says: tuple[str, ...]
) -> None:
    refused(*[tmp_path / a if a == "out.xyz" else a for a in arguments], says=says)


def test_a_file_and_the_rest_are_two_jobs(refused: Command, tmp_path: Path) -> None:
    refused("tag", tmp_path / "good.jsonl", "--rest", "--json", says=("FILE or --rest",))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("shotz = 3\n", ("'shotz'", "known keys are", "shots")),
        ("shots = 1000\n", ("'shots'", "1000")),
        ('api_key = "sk-secret"\n', ("'api_key'", "ALLABEL_API_KEY")),
        ("shots = \n", ("line 1",)),
        ("\u00e9 = ", ("cannot be read",)),
    ],
)
def test_a_bad_setting_names_the_file_and_the_key(
    refused: Command, folder: Path, content: str, says: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "allabel.toml").write_text(content, encoding="utf-8")
    refused("status", "--json", says=(folder / "allabel.toml", *says))


def test_a_key_in_a_file_is_refused_without_being_shown(folder: Path, allabel: Command) -> None:
    (folder / "allabel.toml").write_text('api_key = "sk-secret"\n', encoding="utf-8")
    assert "sk-secret" not in allabel("-p", folder, "status").err


@pytest.mark.parametrize("arguments", [["export"], ["export", "--what", "gold"], ["tag", "--rest", "-o"]], ids=" ".join)
def test_an_output_that_cannot_be_written_is_refused(refused: Command, tmp_path: Path, arguments: list[str]) -> None:
    # Below a regular file not even root may write.
    out = tmp_path / "good.jsonl" / "out.jsonl"
    refused(*arguments, out, says=(out, "cannot be written"))


def test_an_output_in_a_folder_that_is_not_there_is_refused(refused: Command, tmp_path: Path) -> None:
    refused("export", tmp_path / "none" / "out.jsonl", says=("out.jsonl", "folder that is there"))


def test_a_project_cannot_be_made_below_a_file(tmp_path: Path, allabel: Command) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    ended = allabel("init", tmp_path / "file" / "project", "--labels", "Chemical")
    assert ended.status == 2
    assert f"{tmp_path / 'file' / 'project'}: cannot be made a project" in ended.err
    assert "remedy: " in ended.err


def test_a_project_is_not_made_over_another(refused: Command, folder: Path) -> None:
    refused("init", folder, "--labels", "Chemical", says=(folder, "a project already"))


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        ('[[labels]]\nname = "A"\n[[labels]]\nname = "A"\n', "label 'A' is named twice"),
        ('[[labels]]\nname = "A"\nkey = "x"\n[[labels]]\nname = "B"\nkey = "x"\n', "key 'x' is named twice"),
        ('[[labels]]\nname = ""\n', "labels.0.name"),
        ('[[labels]]\nname = "A"\ncolor = "red"\n', "labels.0.color"),
        ("labels = []\n", "labels"),
        ("[[labels]\n", "cannot be read as a label schema"),
    ],
)
def test_a_bad_label_file_makes_no_project(tmp_path: Path, allabel: Command, labels: str, says: str) -> None:
    file = tmp_path / "labels.toml"
    file.write_text(labels, encoding="utf-8")
    ended = allabel("init", tmp_path / "new", "--labels", file)
    assert ended.status == 2
    for part in (str(file), says, "remedy: "):
        assert part in ended.err
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("labels", ["A,A", ",", "", "no.toml"])
def test_bad_label_names_make_no_project(tmp_path: Path, allabel: Command, labels: str) -> None:
    ended = allabel("init", tmp_path / "new", "--labels", labels)
    assert ended.status == 2
    assert "remedy: " in ended.err
    assert not (tmp_path / "new").exists()


def test_a_folder_without_a_project_says_how_to_make_one(tmp_path: Path, allabel: Command) -> None:
    ended = allabel("-p", tmp_path, "status")
    assert ended.status == 2
    assert f"{tmp_path}: there is no project here" in ended.err
    assert "remedy: allabel init" in ended.err
    assert list(tmp_path.iterdir()) == []


def test_a_project_of_a_newer_allabel_is_not_touched(folder: Path, allabel: Command) -> None:
    with closing(sqlite3.connect(folder / "project.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    before = kept(folder)
    ended = allabel("-p", folder, "status", "--json")
    assert (ended.status, ended.out) == (2, "")
    for part in (folder / "project.db", "newer allabel", "9999", "remedy: upgrade"):
        assert str(part) in ended.err
    assert kept(folder) == before


def test_a_project_without_its_database_is_reported_by_doctor_too(folder: Path, allabel: Command) -> None:
    (folder / "project.db").unlink()
    assert allabel("-p", folder, "status").status == 2
    ended = allabel("-p", folder, "doctor")
    assert ended.status == 1
    assert "FAIL  project" in ended.out


def test_the_projects_own_files_and_the_input_are_not_overwritten(
    refused: Command, folder: Path, tmp_path: Path
) -> None:
    text = tmp_path / "t.txt"
    text.write_text("NaCl in water\n", encoding="utf-8")
    for name in ("project.db", "labels.toml", "allabel.toml"):
        refused("tag", text, "-o", folder / name, says=(name, "overwritten"))
        refused("export", folder / name, "--format", "jsonl", says=(name, "overwritten"))
    refused("tag", text, "-o", text, says=("t.txt", "overwritten"))
    refused("convert", text, text, says=("t.txt", "overwritten"))
    assert text.read_text(encoding="utf-8") == "NaCl in water\n"


def test_all_unknown_labels_are_named_at_once(refused: Command, tmp_path: Path) -> None:
    file = tmp_path / "gold.conll"
    file.write_text("a B-New\nb B-Newer\nc B-Newest\n", encoding="utf-8")
    refused("import", file, says=("gold.conll, line 1", "'New'", "'Newer', 'Newest'"))


def test_the_value_of_an_unknown_setting_is_not_shown(allabel: Command, folder: Path) -> None:
    (folder / "allabel.toml").write_text('openai_api_key = "sk-SECRET"\n', encoding="utf-8")
    ended = allabel("-p", folder, "status")
    assert ended.status == 2
    assert "openai_api_key" in ended.err
    assert "SECRET" not in ended.err


def test_a_weight_that_is_no_number_is_refused(refused: Command) -> None:
    refused("select", "--budget", "1", "--strategy", "core_set:x", says=("'x'", "core_set:1"))


def test_a_seed_out_of_range_is_refused(allabel: Command, folder: Path) -> None:
    ended = allabel("-p", folder, "select", "--budget", "1", "--seed", "-1")
    assert ended.status == 2
    assert "--seed" in ended.err


def test_a_misspelt_key_is_refused_and_not_read_as_no_answer(refused: Command, tmp_path: Path) -> None:
    file = tmp_path / "mix.jsonl"
    file.write_bytes(jsonl(FIRST, {"id": "y", "text": "KCl", "entites": []}))
    refused("import", file, says=("mix.jsonl, line 2", "'entites'", "'entities'"))


def test_doctor_names_labels_that_the_schema_lost(allabel: Command, folder: Path) -> None:
    labels = folder / "labels.toml"
    labels.write_text(labels.read_text(encoding="utf-8").replace('"Disease"', '"Illness"'), encoding="utf-8")
    ended = allabel("-p", folder, "doctor")
    assert ended.status == 1
    assert "'Disease'" in ended.out
