"""The blocks of docs/how-to/api.md, run in order as a reader would, against a server of a project of their own."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from served import served, taught

from allabel.client.sending import KEY, URL

PAGE = (Path(__file__).parents[3] / "docs" / "how-to" / "api.md").read_text(encoding="utf-8")
pytestmark = pytest.mark.enable_socket


@pytest.fixture
def there(tmp_path, monkeypatch):
    """A folder with a project `trial` that is served; the variables say where."""
    taught(tmp_path / "trial")
    with served(tmp_path / "trial") as url:
        monkeypatch.setenv(URL, url)
        monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.chdir(tmp_path)
        yield tmp_path


def shell(block: str, folder: Path) -> str:
    """Run a block of shell; what it exports as the key is the caller's from then on."""
    script = f'{block}\nprintf "\\n%s" "${{{KEY}:-}}" > {folder / "key"}'
    command = ["bash", "-euo", "pipefail", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, f"{block}\n{done.stdout}{done.stderr}"
    if key := (folder / "key").read_text().strip():
        os.environ[KEY] = key
    return done.stdout


def test_every_block_runs(there, capsys, monkeypatch):
    if not (shutil.which("curl") and shutil.which("bash")):
        pytest.skip("there is no curl or no bash")
    monkeypatch.setenv(KEY, "")
    blocks = re.findall(r"```(\w+)\n(.*?)```", PAGE, flags=re.DOTALL)
    assert {language for language, _ in blocks} == {"sh", "python", "js"}
    told, names = [], {"__name__": "page"}
    for language, block in blocks:
        if language == "python":
            exec(compile(block, "docs/how-to/api.md", "exec"), names)
            told.append(capsys.readouterr().out)
        elif language == "sh":
            told.append(shell(block, there))
            assert '"status": 4' not in told[-1]
        elif shutil.which("node"):
            done = subprocess.run(["node", "-e", block], capture_output=True, text=True, check=True, timeout=60)
            assert done.stdout.split() == ["NaCl", "NaCl", "2", "6"]
    said = "\n".join(told)
    assert '"entities"' in said
    assert "422 there is no label 'Nonsense'" in said
    assert re.search(r"Client\('http://127.0.0.1:\d+', with a key\) True", said)
    assert os.environ[KEY] not in said
    names["client"].close()


def test_no_line_of_the_page_is_wider_than_a_screen():
    assert max(map(len, PAGE.splitlines())) <= 130
