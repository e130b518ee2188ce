"""`module:Class` of the current folder: run where the person wrote it on the command line, and only there."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from allabel.errors import PluginError, UnknownNameError
from allabel.plugins import load

LONGEST = """
class {name}:
    name = "longest"
    needs_annotations = False
    def __init__(self, tools): pass
    def select(self, pool, n, rng):
        from allabel.select.base import Choice
        order = sorted(pool.candidates.tolist(), key=lambda i: -len(pool.texts[i]))
        return [Choice(i, float(len(pool.texts[i])), "long") for i in order[:n]]
"""
Command = Callable[..., Any]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder that Python does not look into by itself, as with an installed command."""
    monkeypatch.chdir(tmp_path)
    known = [one for one in sys.path if one not in ("", str(tmp_path))]
    monkeypatch.setattr(sys, "path", known)
    return tmp_path


@pytest.fixture
def project(here: Path, allabel: Command) -> Path:
    """A project of three texts below the current folder."""
    (here / "texts.txt").write_text("short\nlonger by far\nlong one\n")
    assert allabel("init", "p", "--labels", "Chemical").status == 0
    assert allabel("-p", "p", "import", "texts.txt").status == 0
    return here / "p"


def test_a_strategy_in_a_file_here_is_found_by_the_command_line(project: Path, here: Path, allabel: Command) -> None:
    (here / "longest_here.py").write_text(LONGEST.format(name="Longest"))
    chosen = allabel("-p", "p", "select", "--budget", "1", "--strategy", "longest_here:Longest")
    assert (chosen.status, "texts-2" in chosen.out) == (0, True), chosen
    chain = "longest_here:Longest:1,uniform:1"
    assert allabel("-p", "p", "select", "--budget", "2", "--more", "--strategy", chain).status == 0


def test_one_named_by_a_file_is_not_run_and_the_way_is_said(project: Path, here: Path, allabel: Command) -> None:
    (here / "longest_file.py").write_text("open('run', 'w').close()\n" + LONGEST.format(name="Longest"))
    (project / "allabel.toml").write_text('strategy = "longest_file:Longest"\n')
    refused = allabel("-p", "p", "select", "--budget", "1")
    assert refused.status == 2
    assert "there is no module 'longest_file'" in refused.err
    assert "PYTHONPATH=." in refused.err
    assert not (here / "run").exists()


def test_a_format_in_a_file_here_is_found_by_the_command_line(project: Path, here: Path, allabel: Command) -> None:
    (here / "upper_here.py").write_text(
        "from allabel.formats.text import Text\nclass Upper(Text):\n    name = 'upper'\n    suffixes = ('.upper',)\n"
    )
    assert allabel("convert", "texts.txt", "a.upper", "--to", "upper_here:Upper").status == 0
    read = allabel("-p", "p", "import", "a.upper", "--format", "upper_here:Upper")
    assert (read.status, "read 3 documents, 3 new" in read.err) == (0, True), read


def test_an_installed_module_goes_before_one_of_this_folder(project: Path, here: Path, allabel: Command) -> None:
    (here / "json.py").write_text("open('run', 'w').close()\n" + LONGEST.format(name="Longest"))
    refused = allabel("-p", "p", "select", "--budget", "1", "--strategy", "json:Longest")
    assert refused.status == 2
    assert "has no 'Longest'" in refused.err
    assert not (here / "run").exists()


@pytest.mark.parametrize(
    ("strategy", "says"),
    [
        ("longest_odd.py:Longest", "write the module without .py: longest_odd:Longest"),
        ("./longest_odd:Longest", "write it as Python imports it: longest_odd:Longest"),
        ("longest_odd:Longets", "did you mean longest_odd:Longest?"),
        ("longest_not:Longest", "go where longest_not.py lies"),
        ("longest_odd", "for a strategy in longest_odd.py write longest_odd:CLASS"),
        ("longest_odd.py", "for a strategy in longest_odd.py write longest_odd:CLASS"),
    ],
)
def test_what_is_mistyped_says_how_it_is_written(
    project: Path, here: Path, allabel: Command, strategy: str, says: str
) -> None:
    (here / "longest_odd.py").write_text(LONGEST.format(name="Longest"))
    refused = allabel("-p", "p", "select", "--budget", "1", "--strategy", strategy)
    assert (refused.status, says in refused.err) == (2, True), refused


def test_a_mistake_in_the_file_is_said_with_its_line(project: Path, here: Path, allabel: Command) -> None:
    (here / "longest_bad.py").write_text("class Longest:\n    name = longest\n")
    refused = allabel("-p", "p", "select", "--budget", "1", "--strategy", "longest_bad:Longest")
    assert refused.status == 2
    assert "NameError: name 'longest' is not defined" in refused.err
    assert "longest_bad.py, line 2)" in refused.err
    assert "Traceback" not in refused.err


def test_without_a_command_line_the_path_is_what_python_has(here: Path) -> None:
    (here / "longest_lib.py").write_text(LONGEST.format(name="Longest"))
    with pytest.raises(UnknownNameError, match="there is no module 'longest_lib'"):
        load("strategies", "longest_lib:Longest")
    sys.path.append(str(here))
    assert load("strategies", "longest_lib:Longest").name == "longest"


def test_a_module_that_lacks_another_is_not_taken_for_missing(here: Path) -> None:
    sys.path.append(str(here))
    (here / "longest_lacks.py").write_text("import no_such_package_at_all\n")
    with pytest.raises(PluginError, match=r"No module named 'no_such_package_at_all'.*longest_lacks\.py, line 1"):
        load("strategies", "longest_lacks:Longest")


def test_a_name_that_no_file_can_have_is_an_unknown_name() -> None:
    for name in ("m" * 5000, f"{'m' * 5000}:Class"):
        with pytest.raises(UnknownNameError):
            load("backends", name)
