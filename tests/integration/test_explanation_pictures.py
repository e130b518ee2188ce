"""The pictures of docs/explanation: all there, all used, readable, and those that are quickly drawn drawn again."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PICTURES = sorted((ROOT / "docs/pictures/explanation").glob("*.svg"))
PAGES = sorted((ROOT / "docs/explanation").glob("*.md"))
SVG = "{http://www.w3.org/2000/svg}"


def test_every_picture_is_on_a_page_and_every_page_has_its_pictures() -> None:
    used = {
        (page.parent / target).resolve()
        for page in PAGES
        for target in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", page.read_text(encoding="utf-8"))
    }
    assert used == {path.resolve() for path in PICTURES}
    assert len(used) >= 9


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.stem)
def test_a_picture_can_be_read_by_ear_and_by_eye_and_asks_no_other_machine(path: Path) -> None:
    root = ET.parse(path).getroot()
    told = [root.findtext(f"{SVG}{name}") or "" for name in ("title", "desc")]
    assert all(len(words) > 20 for words in told)
    assert all("nan" not in words.split() for words in told)
    sizes = [float(text.get("font-size", "0")) for text in root.iter(f"{SVG}text")]
    assert sizes
    assert min(sizes) >= 12
    _, _, width, height = map(float, root.get("viewBox", "").split())
    for text in root.iter(f"{SVG}text"):
        assert 0 <= float(text.get("x", "")) <= width
        assert 0 <= float(text.get("y", "")) <= height
    assert not re.search(r"<script|href|url\(|http(?!://www\.w3\.org/2000/svg)", path.read_text(encoding="utf-8"))


def test_pictures_are_what_the_program_draws() -> None:
    command = [sys.executable, str(ROOT / "benchmarks/pictures.py"), "--check", "tagging", "imbalance"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
