"""Every feature whose packages are not installed says which extra brings them, and how."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from commands_in_order import in_order

from allabel.surroundings import EXTRAS

Run = Callable[..., Any]
ROOT = Path(__file__).parents[2]
OURS = ("allabel", "app", "eval", "retrieval")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# They come with a package of the same extra, and are imported beside it only.
WITH_ANOTHER = {"starlette": "server", "huggingface_hub": "finetune"}
# Packages of no extra of ours, whose absence is told with their own name.
BY_NAME = {"pandas": "pip install pandas", "pytest": "allabel[testing]"}
NOT_FOR_USERS = re.compile(r"all|bench|dev.*|docs.*|testing|notebook")
MODULES = {
    "argon2-cffi": "argon2",
    "faiss-cpu": "faiss",
    "prometheus-client": "prometheus_client",
    "sentence-transformers": "sentence_transformers",
}
BASE = {"python-crfsuite": "pycrfsuite", "pydantic-settings": "pydantic_settings"}

CASES = [
    ("streamlit", "app", "-p p app"),
    ("argon2", "app", "-p p people add ada --password-stdin"),
    ("fastapi", "server", "-p p serve"),
    ("uvicorn", "server", "-p p serve"),
    ("limits", "server", "-p p serve"),
    ("prometheus_client", "server", "-p p serve"),
    ("faiss", "dense", "-p p tag texts.txt --json --retriever dense"),
    ("faiss", "dense", "-p p select --budget 1 --strategy kmeans"),
    ("faiss", "dense", "-p p select --budget 1 --strategy typiclust"),
    ("sentence_transformers", "dense", "-p p tag texts.txt --json --retriever dense"),
    ("torch", "finetune", "-p p finetune"),
    ("torch", "finetune", "-p p finetune --tagger bilstm"),
    ("torch", "finetune", "-p p finetune --tagger cnn_cnn_lstm"),
    ("transformers", "finetune", "-p p finetune"),
    ("safetensors", "finetune", "-p p finetune --tagger bilstm"),
    ("torch", "finetune", "eval active gold.jsonl --tagger crf --start lm_guided"),
    ("textblob", "finetune", "eval active gold.jsonl --tagger crf --partial mask_entity_like --level entity"),
    ("vllm", "vllm", "-p p tag texts.txt --json --backend vllm --model m"),
    ("ray", "ray", "-p p tag texts.txt -o out.jsonl --engine ray"),
    ("pyarrow", "parquet", "convert gold.jsonl gold.parquet"),
    ("pyarrow", "parquet", "-p p tag texts.txt -o out.parquet"),
    ("spacy", "spacy", "convert gold.jsonl gold.spacy"),
    ("datasets", "eval", "eval data hf:some/set --fetch"),
    ("psycopg", "postgres", "restore p.zip r --database postgresql://nobody@127.0.0.1:9/none"),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a project in which one text is annotated, a file of texts, one with gold, and a backup."""
    folder = tmp_path_factory.mktemp("extras")
    gold = "".join(
        f'{{"id": "{i}", "text": "NaCl in water {i}", "entities": [{{"start": 0, "end": 4, "label": "Salt"}}]}}\n'
        for i in range(12)
    )
    (folder / "gold.jsonl").write_text(gold, encoding="utf-8")
    (folder / "texts.txt").write_text("KCl in DMF\n", encoding="utf-8")
    steps = (
        ["init", "p", "--labels", "Salt"],
        ["-p", "p", "import", "gold.jsonl"],
        ["-p", "p", "select", "--budget", "4", "--strategy", "uniform"],
        ["-p", "p", "annotate", "--from-gold"],
        ["-p", "p", "backup", "p.zip"],
    )
    in_order(steps, folder)
    return folder


def without(packages: list[str], arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command as if packages were not installed."""
    code = f"import sys; sys.modules.update(dict.fromkeys({packages!r})); from allabel.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        input="correct horse battery\n",
    )


def needs_others(arguments: str, package: str) -> None:
    """Skip where a feature's other packages are missing here, which would be told first."""
    extra = next(extra for one, extra, command in CASES if (one, command) == (package, arguments))
    for other in EXTRAS[extra]:
        if other != package and find_spec(other) is None:
            pytest.skip(f"{other} is not installed")


@pytest.mark.parametrize(("package", "extra", "arguments"), CASES, ids=str)
def test_a_feature_without_its_package_names_the_extra(package: str, extra: str, arguments: str, made: Path) -> None:
    needs_others(arguments, package)
    ended = without([package], arguments.split(), made)
    assert ended.returncode == 2, ended.stderr
    assert "Traceback" not in ended.stderr
    assert f"pip install 'allabel[{extra}]'" in ended.stderr
    assert ended.stdout == ""


def test_without_any_package_of_an_extra_all_else_works(made: Path) -> None:
    packages = sorted({one for brings in EXTRAS.values() for one in brings} - {"httpx"})  # openai needs it
    for arguments in (["--help"], ["-p", "p", "status", "--json"], ["-p", "p", "tag", "texts.txt", "--json"]):
        ended = without(packages, arguments, made)
        assert ended.returncode == 0, ended.stderr


def test_the_client_without_httpx_names_its_extra(made: Path) -> None:
    code = "import sys; sys.modules['httpx'] = None; from allabel.client import Client; Client('http://127.0.0.1:9')"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "pip install 'allabel[client]'" in ended.stderr


def test_every_package_that_is_imported_is_required_or_of_an_extra_that_doctor_knows() -> None:
    imported = set()
    for top in OURS:
        for file in (ROOT / top).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    imported |= {alias.name.partition(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and not node.level:
                    imported.add((node.module or "").partition(".")[0])
    required = {re.match(r"[\w.-]+", line)[0] for line in PROJECT["dependencies"]}  # type: ignore[index]  # each has a name
    base = {BASE.get(name, name) for name in required}
    of_extras = {one for brings in EXTRAS.values() for one in brings}
    known = {*sys.stdlib_module_names, *OURS, *base, *of_extras, *WITH_ANOTHER, *BY_NAME}
    assert imported - known == set()


def test_doctor_knows_the_extras_that_there_are_and_what_they_bring() -> None:
    extras = {
        name: lines for name, lines in PROJECT["optional-dependencies"].items() if not NOT_FOR_USERS.fullmatch(name)
    }
    assert EXTRAS.keys() == extras.keys()
    for name, lines in extras.items():
        brought = {re.match(r"[\w.-]+", line)[0] for line in lines}  # type: ignore[index]  # each has a name
        # Without those two the server is slower and works; authlib comes with streamlit[auth].
        brought -= {"httptools", "uvloop"}
        assert {MODULES.get(one, one) for one in brought} == set(EXTRAS[name]) - {"authlib"}


def test_each_package_of_an_extra_is_tried_without() -> None:
    tried = {package for package, _, _ in CASES}
    # The client and pages of reports are tried in Python, a sign-in of an organisation needs its server, and Ray
    # itself looks for aiohttp.
    elsewhere = {"httpx", "plotly", "authlib", "aiohttp"}
    assert {one for brings in EXTRAS.values() for one in brings} - elsewhere <= tried
