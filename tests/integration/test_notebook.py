"""The worked notebook, run from its first cell to its last as a notebook program runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

NOTEBOOK = Path(__file__).parents[2] / "examples" / "notebook.ipynb"
RUN = """
import sys
import nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], as_version=4)
nbformat.validate(notebook)
NotebookClient(notebook, timeout=300).execute()
nbformat.write(notebook, sys.argv[2])
"""


def cells(path: Path) -> list[dict[str, Any]]:
    return [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What each cell shows: HTML where there is any, else text. The kernel is a process of its own."""
    folder = tmp_path_factory.mktemp("notebook")
    places = {name: str(folder) for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "TMPDIR")}
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(NOTEBOOK), "ran.ipynb"],
        cwd=folder,
        env={**os.environ, **places, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    shown = []
    for cell in cells(folder / "ran.ipynb"):
        assert all(output["output_type"] != "stream" for output in cell["outputs"]), "a cell warns or prints"
        data = [output["data"] for output in cell["outputs"]]
        shown.append("".join("".join(one.get("text/html") or one["text/plain"]) for one in data))
    return shown


def test_the_notebook_runs_and_shows_texts_tables_and_scores(ran: list[str]) -> None:
    everything = "\n".join(ran)
    assert sum("<mark" in html for html in ran) >= 5
    assert sum("<table" in html for html in ran) >= 8
    assert "and 258 more texts" in everything
    assert "score 0." in everything
    assert "the whole pool" in everything
    assert ran[-1] == "['entities.csv', 'labels.toml', 'project.db', 'tagged.jsonl']"


def test_what_the_notebook_finds_is_what_its_words_say(ran: list[str]) -> None:
    (table,) = [html for html in ran if "at random, best draw" in html]
    numbers = [float(part.split("<")[0]) for part in table.split("<td>")[1:]]
    chosen, mean, worst, best, whole = numbers
    assert worst <= mean <= best
    assert mean < chosen < whole


def test_the_notebook_is_stored_without_results() -> None:
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells(NOTEBOOK))
