"""Every block of README and docs, carried out by a reader in a fresh folder; what is not run says why."""

import json
import re
import shutil
import tomllib
from contextlib import ExitStack
from pathlib import Path

import pytest
from docs_blocks import ROOT, RUN, SHOWN, Block, Page, pages, read
from docs_reader import BlockError, not_printed, reading
from docs_shelf import lay

pytestmark = pytest.mark.enable_socket

ALL = pages()
# Experiments, the demonstration and servers are among them: more than some seconds each. `make check` runs all.
SLOW = {
    "README.md",
    "docs/comparison.md",
    "docs/explanation/imbalance.md",
    "docs/how-to/annotate.md",
    "docs/how-to/backup.md",
    "docs/how-to/command-line.md",
    "docs/how-to/compare.md",
    "docs/how-to/extend.md",
    "docs/how-to/finetune.md",
    "docs/how-to/install.md",
    "docs/how-to/llm.md",
    "docs/how-to/notebook.md",
    "docs/how-to/other-tools.md",
    "docs/how-to/own-labels.md",
    "docs/how-to/own-model.md",
    "docs/tutorials/chemist.md",
    "docs/tutorials/evaluator.md",
    "docs/tutorials/caller.md",
}
TO_RUN = [
    pytest.param(page, id=page.name, marks=[pytest.mark.slow] if page.name in SLOW else [])
    for page in ALL
    if page.to_run and not page.run_by
]


@pytest.mark.parametrize("page", TO_RUN)
def test_every_block_of_a_page_runs_and_prints_what_the_page_shows(page: Page, tmp_path: Path) -> None:
    if not (shutil.which("bash") and shutil.which("curl")):
        pytest.skip("there is no bash or no curl")
    folder, kept = tmp_path / "reader", tmp_path / "kept"
    folder.mkdir()
    kept.mkdir()
    with ExitStack() as things:
        reader = things.enter_context(reading(folder, kept))
        lay(page.starts_with, folder, things, reader.ports[8000])
        reader.follow(page)
    if page.name == "README.md":
        tagged = [json.loads(line) for line in (folder / "tagged.jsonl").read_text(encoding="utf-8").splitlines()]
        assert [row["status"] for row in tagged] == ["ok"] * (80 - 16)


@pytest.mark.parametrize("page", ALL, ids=lambda page: page.name)
def test_no_block_is_passed_over_without_a_word(page: Page) -> None:
    for block in page.blocks:
        where = f"{page.name}:{block.line}"
        assert block.language in (*RUN, *SHOWN, "prints"), f"{where}: a block of {block.language!r} would not be run"
        if block.not_run is not None:
            assert len(block.not_run.split()) >= 3, f"{where}: say why it is not run"
        if block.language == "toml":
            tomllib.loads(block.text)
        elif block.language == "json":
            json.loads(block.text)
    if page.run_by:
        test = ROOT / page.run_by
        assert test.is_file(), f"{page.name}: there is no {page.run_by}"
        assert page.path.name in test.read_text(encoding="utf-8"), f"{page.run_by} does not name {page.path.name}"


def test_what_a_page_shows_is_printed_after_some_block() -> None:
    for page in ALL:
        first = next(iter(page.to_run), None)
        assert first is None or first.language != "prints", f"{page.name}:{first.line}: nothing was run before"


def written(folder: Path, text: str) -> Page:
    path = folder / "page.md"
    path.write_text(text, encoding="utf-8")
    return read(path)


def test_a_pages_comments_and_blocks_are_read(tmp_path: Path) -> None:
    page = written(
        tmp_path,
        "<!-- starts with: a.txt,\n  trial -->\n# Page\n\n```sh\none\n```\n\n<!-- not run: it costs money -->\n"
        "```sh\ntwo\n```\n\n<!-- prints -->\n\n    first\n\n    second\n\nText.\n\n"
        "1. a list:\n\n   ```python\n   if 1:\n       pass\n   ```\n\n<!-- keeps running until http://x/y answers -->\n"
        "```sh\nserve\n```\n    indented\n",
    )
    assert page.starts_with == ("a.txt", "trial")
    assert [(one.language, one.text) for one in page.blocks] == [
        ("sh", "one"),
        ("sh", "two"),
        ("prints", "first\n\nsecond"),
        ("python", "if 1:\n    pass"),
        ("sh", "serve"),
    ]
    assert page.blocks[1].not_run == "it costs money"
    assert page.blocks[4].until == "http://x/y"
    assert [one.text for one in page.to_run] == ["one", "first\n\nsecond", "if 1:\n    pass", "serve"]


def test_a_block_that_fails_is_told_with_its_page_and_line(tmp_path: Path) -> None:
    with reading(tmp_path, tmp_path) as reader:
        reader.take(Block("sh", "export WORD=told; mkdir -p inner; cd inner", 1))
        reader.take(Block("sh", 'echo "$WORD in $(basename "$PWD")"', 2))
        assert reader.printed == "told in inner\n"
        reader.take(Block("python", "from pathlib import Path\nwhere = Path.cwd().name", 3))
        reader.take(Block("python", "print(where)", 4))
        reader.take(Block("prints", "inner", 5))
        for block in (Block("sh", "false; true", 6), Block("python", "1 / 0", 7), Block("prints", "outer", 8)):
            with pytest.raises(BlockError):
                reader.take(block)


@pytest.mark.parametrize(
    ("shown", "printed", "missing"),
    [
        ("a\nc", "a\nb\nc", None),
        ("c\na", "a\nb\nc", "a"),
        ("took … s", "took 12 s", None),
        ("F1 0.713", "F1    0.721", None),
        ("F1 0.713", "F1 0.813", "F1 0.713"),
        ("7 texts", "8 texts", "7 texts"),
        ("whole", "whole line", "whole"),
    ],
)
def test_what_is_shown_is_compared_line_by_line(shown: str, printed: str, missing: str | None) -> None:
    assert not_printed(shown, printed) == missing


def test_pages_name_make_targets_that_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for page in ALL:
        for target in re.findall(r"^ *make (\w+)|`make (\w+)", page.path.read_text(encoding="utf-8"), re.MULTILINE):
            assert f"\n{''.join(target)}:" in makefile, f"{page.name}: make {''.join(target)}"
