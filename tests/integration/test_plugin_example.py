"""The example plugin as its reader uses it: installed in a fresh environment, tested there, and used by its names."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from importlib.util import find_spec
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

PLUGIN = Path(__file__).parents[2] / "examples" / "plugin"
ALLABEL = "import sys; from allabel.cli import main; sys.exit(main(sys.argv[1:]))"
LIBRARY = "".join(
    f"TY  - JOUR\nID  - zno-{n}\nTI  - Growth {n}\nAB  - {text}\nER  - \n\n"
    for n, text in enumerate(
        [
            "ZnO is a semiconductor with a wide band gap.",
            "ZnO was grown from Zn(NO3)2 in water at 80 °C for 2 h.",
            "The films were annealed at 400 °C.",
        ],
        start=1,
    )
)


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a fresh environment that sees what this one has installed, and the plugin alone besides."""
    environment = tmp_path_factory.mktemp("plugin") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    python = environment / ("Scripts" if os.name == "nt" else "bin") / "python"
    told = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    # A path file is read like those of this environment, so that what is installed here for editing is there too.
    added = f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n"
    (Path(told.stdout.strip()) / "of_the_tests.pth").write_text(added, encoding="utf-8")
    source = environment.parent / "source"
    shutil.copytree(PLUGIN, source, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    # Where the builder is not installed pip fetches it.
    isolated = ["--no-build-isolation"] if find_spec("hatchling") else []
    _run(python, "-m", "pip", "install", "--quiet", "--no-deps", *isolated, source)
    return python


def _run(python: Path, *arguments: object, folder: Path | None = None) -> str:
    done = subprocess.run(
        [python, *map(str, arguments)], cwd=folder or python.parent, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_its_own_tests_pass(python: Path, tmp_path: Path) -> None:
    shutil.copytree(PLUGIN / "tests", tmp_path / "tests")
    said = _run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests", folder=tmp_path)
    assert " passed" in said
    assert "skipped" not in said


def test_its_three_parts_are_used_by_their_names(python: Path, tmp_path: Path) -> None:
    def allabel(*arguments: object) -> str:
        return _run(python, "-P", "-c", ALLABEL, *arguments, folder=tmp_path)

    (tmp_path / "library.ris").write_text(LIBRARY, encoding="utf-8")
    allabel("init", "p", "--labels", "Reagent,Product")
    allabel("-p", "p", "import", "library.ris")
    chosen = [json.loads(line) for line in allabel(
        "-p", "p", "select", "--budget", "1", "--strategy", "quantities", "--json"
    ).splitlines()]  # fmt: skip
    assert [(row["id"], row["reason"]) for row in chosen] == [("zno-2", "2 quantities: 80 °C, 2 h")]
    assert "quantities" in allabel("select", "--list")
    text = "ZnO was grown from Zn(NO3)2 in water at 80 °C for 2 h."
    entities = [{"start": 0, "end": 3, "label": "Product"}, {"start": 19, "end": 27, "label": "Reagent"}]
    answer = {"id": "zno-2", "text": text, "entities": entities}
    (tmp_path / "answers.jsonl").write_text(json.dumps(answer) + "\n", encoding="utf-8")
    allabel("-p", "p", "import", "answers.jsonl", "--as", "annotations")
    allabel("-p", "p", "tag", "--rest", "--backend", "dictionary", "-o", "looked_up.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "looked_up.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {row["id"]: [e["text"] for e in row["entities"]] for row in rows} == {"zno-1": ["ZnO"], "zno-3": []}
    allabel("convert", "library.ris", "texts.txt")
    allabel("-p", "p", "import", "texts.txt", "--format", "text")
    allabel("-p", "p", "export", "kept.ris", "--format", "ris")
    assert "AB  - ZnO was grown" in (tmp_path / "kept.ris").read_text(encoding="utf-8")


def test_allabel_without_it_does_not_know_its_names(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ALLABEL, "convert", "a.txt", "a.ris", "--to", "ris"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
