"""What all commands have in common: help with examples, names that are mistyped, completion, colours, silence."""

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click
import pytest
from commands_walked import examples_of, folder_of_examples, walked

from allabel.cli import cli

Run = Callable[..., Any]
COMMANDS = dict(walked())
LEAVES = {path: command for path, command in COMMANDS.items() if not isinstance(command, click.Group)}
# They print nothing that a program would read: two serve until they are ended, one prints a script.
WITHOUT_JSON = {"allabel app", "allabel completion"}
COLOURING = ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "CLICOLOR", "TERM")


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what whoever runs the tests says of colours."""
    for name in COLOURING:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("path", COMMANDS)
def test_the_help_of_each_command_ends_with_examples_that_call_it(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder_of_examples(tmp_path))
    called: list[str] = []
    for name, leaf in COMMANDS.items():
        if name != "allabel":
            monkeypatch.setattr(leaf, "callback", partial(lambda to_, as_, **_: to_.append(as_), called, name))
    examples = examples_of(COMMANDS[path])
    assert examples
    for arguments in examples:
        called.clear()
        cli.main(arguments, prog_name="allabel", standalone_mode=False)
        assert called
        assert called[-1] == path or isinstance(COMMANDS[path], click.Group)


@pytest.mark.parametrize("path", COMMANDS)
def test_each_command_and_each_of_its_options_says_what_it_does(path: str) -> None:
    command = COMMANDS[path]
    assert command.help
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help or option.show_default or option.name == "seed", option


@pytest.mark.parametrize("path", sorted(LEAVES.keys() - WITHOUT_JSON))
def test_each_command_gives_data_and_its_help_names_the_keys(path: str) -> None:
    (option,) = [one for one in LEAVES[path].params if "--json" in one.opts]
    assert isinstance(option, click.Option)
    assert (option.help or "").startswith("Print data: ")
    assert len(option.help or "") > len("Print data: ") + 10


def test_the_short_help_of_no_command_is_cut_off() -> None:
    for path, group in COMMANDS.items():
        if isinstance(group, click.Group):
            with click.Context(group, info_name=path, terminal_width=80) as context:
                listed = group.get_help(context).partition("Commands:")[2]
            assert "..." not in listed, listed


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["statu"], ("there is no command 'statu'", "did you mean 'status'?", "remedy: allabel --help")),
        (["score"], ("did you mean 'eval score'?",)),
        (["eval", "scor"], ("did you mean 'score'?", "remedy: allabel eval --help")),
        (["people", "ad"], ("did you mean 'add'?",)),
        (["serve", "keys", "revok"], ("did you mean 'revoke'?",)),
        (["zzzzzz"], ("there are annotate, app, backup",)),
        (["select", "--budgte", "10%"], ("no such option '--budgte'", "'--budget'", "usage: allabel select")),
        (["export", "x.jsonl", "--what", "annotation"], ("'annotation' is none of", "did you mean 'annotations'?")),
        (["tag", "--rest", "--json", "--engine", "lokal"], ("did you mean 'local'?",)),
        (["completion", "bsh"], ("did you mean 'bash'?",)),
        (["select", "--seed", "x"], ("'--seed'", "'x'")),
        (["import"], ("missing argument", "usage: allabel import", "remedy: allabel import --help")),
        (["import", "text.txt"], ("there is no 'text.txt'", "did you mean 'texts.txt'?")),
        (["eval", "score", "gold.json", "tagged.jsonl"], ("did you mean 'gold.jsonl'?",)),
        (["eval", "compare", "runs/mian"], ("did you mean 'main'?",)),
        (["eval", "run", "own_gld"], ("did you mean 'own_gold'?",)),
        (["eval", "data", "bc5cd"], ("did you mean 'bc5cdr'?",)),
        (["eval", "active", "gold.jsonl", "--level", "entty"], ("did you mean 'entity'?",)),
        (["convert", "texts.txt", "x.jsonl", "--from", "txt"], ("did you mean 'text'?",)),
        (["-p", "there/my-projet", "status"], ("there is no project here", "did you mean -p there/my-project?")),
        (["-p", "there", "status"], ("did you mean -p there/my-project?",)),
    ],
    ids=" ".join,
)
def test_a_name_that_is_mistyped_is_told_with_the_nearest(
    arguments: list[str], says: tuple[str, ...], tmp_path: Path, allabel: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder_of_examples(tmp_path))
    assert allabel("init", "there/my-project", "--labels", "Salt").status == 0
    ended = allabel(*arguments)
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith("error: ")
    for part in says:
        assert part in ended.err


def test_without_a_command_there_is_help() -> None:
    program = [sys.executable, "-c", "from allabel.cli import main; main()"]
    ended = subprocess.run(program, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "Examples:" in ended.stdout + ended.stderr
    assert "error: " not in ended.stderr


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("sel", {"select"}),
        ("eval sc", {"score"}),
        ("people o", {"off", "on"}),
        ("select --bud", {"--budget"}),
        ("select --strategy core", {"core_set"}),
        ("select --strategy adap", {"adaptive"}),
        ("tag --backend em", {"embedded"}),
        ("tag --retriever bm", {"bm25"}),
        ("tag --form g", {"grouped"}),
        ("import --format label", {"label_studio", "label_studio_predictions"}),
        ("convert --to con", {"conll"}),
        ("finetune --tagger cr", {"crf"}),
        ("finetune --imbalance nsc", {"nscrd"}),
        ("eval active --query mn", {"mnlp"}),
        ("eval run own", {"own_gold"}),
        ("eval data bc5", {"bc5cdr"}),
        ("export --what q", {"questions"}),
        ("-p there ungrounded --label So", {"Solvent"}),
        ("-p nowhere ungrounded --label So", set()),
    ],
)
def test_a_shell_completes(
    typed: str,
    completed: set[str],
    tmp_path: Path,
    allabel: Run,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    allabel("init", "there", "--labels", "Solvent,Reagent")
    monkeypatch.setenv("_ALLABEL_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", f"allabel {typed}")
    monkeypatch.setenv("COMP_CWORD", str(len(typed.split())))
    offered = {line.partition(",")[2] for line in allabel().out.splitlines()}
    assert offered - {""} == completed


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_for_the_shell_is_printed(shell: str, allabel: Run) -> None:
    ended = allabel("completion", shell)
    assert ended.status == 0
    assert f"_ALLABEL_COMPLETE={shell}_complete" in ended.out


def test_the_script_for_bash_completes_in_bash(tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("allabel")
    if not program.exists():
        pytest.skip("the program allabel is not beside this Python")
    asked = (
        f'export PATH="{program.parent}:$PATH"; eval "$(allabel completion bash)"; '
        "COMP_WORDS=(allabel ungr); COMP_CWORD=1; _allabel_completion allabel ungr allabel; "
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    ended = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert ended.stdout == "ungrounded\n", ended.stderr


RED = "\x1b[31m"


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [
        ({}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"CLICOLOR_FORCE": "1"}, True),
        ({"FORCE_COLOR": "0"}, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ({"CLICOLOR": "0"}, False),
    ],
    ids=str,
)
def test_colours_are_for_terminals_unless_a_variable_says_otherwise(
    variables: dict[str, str], coloured: bool, tmp_path: Path, allabel: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    ended = allabel("-p", tmp_path / "none", "status")
    assert (RED in ended.err) == coloured
    assert "there is no project here" in ended.err


def test_a_name_of_a_file_colours_nothing(tmp_path: Path, allabel: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    ended = allabel("-p", f"{tmp_path}/\x1b[32mgreen", "status")
    assert "\\x1b[32mgreen" in ended.err
    assert "\x1b[32m" not in ended.err


def test_quiet_leaves_data_and_complaints_alone(tmp_path: Path, allabel: Run) -> None:
    folder, file = tmp_path / "p", tmp_path / "t.txt"
    file.write_text("NaCl in water\nKCl in DMF\n", encoding="utf-8")
    assert allabel("-q", "init", folder, "--labels", "Salt").err == ""
    assert allabel("-q", "-p", folder, "import", file).err == ""
    asked = ("-p", folder, "select", "--budget", "1", "--strategy", "uniform", "--json")
    quiet = allabel("-q", *asked)
    assert quiet.err == ""
    assert quiet.out == allabel(*asked).out != ""
    assert allabel("-q", "-p", folder, "select").err.startswith("error: ")


def test_a_command_of_a_package_that_is_broken_stands_in_nobodys_way(
    tmp_path: Path, allabel: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = tmp_path / "some_plugin-1.0.dist-info"
    there.mkdir()
    (there / "METADATA").write_text("Metadata-Version: 2.1\nName: some-plugin\nVersion: 1.0\n", encoding="utf-8")
    (there / "entry_points.txt").write_text("[allabel.commands]\nextra = nowhere_at_all:extra\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    helped = allabel("--help")
    assert helped.status == 0
    assert "extra" in helped.out
    ended = allabel("extra", "--of", "its", "own")
    assert (ended.status, ended.out) == (2, "")
    assert "some-plugin 1.0" in ended.err
    assert "nowhere_at_all" in ended.err
    assert "pip uninstall some-plugin" in ended.err
