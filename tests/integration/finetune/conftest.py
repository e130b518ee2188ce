"""The project of the tests of fine-tuning."""

import json
from pathlib import Path

import pytest
from cities import CITIES, Run


@pytest.fixture
def folder(tmp_path: Path, allabel: Run) -> Path:
    """Twelve texts, six of them annotated, one of those without a word."""
    file, folder = tmp_path / "texts.jsonl", tmp_path / "project"
    rows = [{"id": f"t{n:02}", "text": f"She went to {city} by train ."} for n, city in enumerate(CITIES)]
    for row in rows[:5]:
        row["entities"] = [{"start": 12, "end": 16, "label": "City"}]
    rows.insert(5, {"id": "blank", "text": "  ", "entities": []})
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    allabel("init", folder, "--labels", "City,Person")
    assert allabel("-p", folder, "import", file, "--as", "annotations").status == 0
    return folder
