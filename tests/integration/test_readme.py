"""The README's blocks, run as they stand in a folder with the files they name."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
LABELS = ("Reagent", "Solvent", "Product")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Texts, gold for all of them and annotations for some, from the shipped corpus."""
    folder = tmp_path_factory.mktemp("readme")
    lines = (ROOT / "eval/demo/data/pool.jsonl").read_text(encoding="utf-8").splitlines()[:80]
    rows = [json.loads(line) for line in lines]
    for n, row in enumerate(rows, start=1):
        row["id"] = f"texts-{n}"
        row["entities"] = [entity for entity in row["entities"] if entity["label"] in LABELS]
    gold = [json.dumps(row, ensure_ascii=False) for row in rows]
    (folder / "gold.jsonl").write_text("\n".join(gold) + "\n", encoding="utf-8")
    (folder / "annotated.jsonl").write_text("\n".join(gold[:12]) + "\n", encoding="utf-8")
    (folder / "texts.txt").write_text("".join(row["text"] + "\n" for row in rows), encoding="utf-8")
    return folder


# An experiment is among them; `make check` runs it.
@pytest.mark.slow
def test_every_block_of_the_readme_runs(folder: Path) -> None:
    blocks = re.findall(r"```(sh|python)\n(.*?)```", README, flags=re.DOTALL)
    assert len(blocks) >= 4
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    for language, block in blocks:
        command = ["bash", "-euo", "pipefail", "-c", block] if language == "sh" else [sys.executable, "-c", block]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{block}\n{done.stdout}{done.stderr}"
    tagged = [json.loads(line) for line in (folder / "tagged.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(tagged) == 80 - 16
    assert all(row["status"] == "ok" for row in tagged)


def test_the_readme_names_make_targets_that_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"make (\w+)", README):
        assert f"\n{target}:" in makefile
