"""The blocks of README and docs: what they are, what is said of them in comments above, and what is shown after them.

A page says in HTML comments what a reader does not need to see:

    <!-- starts with: my-project, texts.txt -->    what lies in the folder before its first block (see `docs_shelf`)
    <!-- run by tests/FILE.py -->                  another test carries this page out
    <!-- not run: REASON -->                       above a block: why no machine of ours can run it
    <!-- keeps running until URL answers -->       above a block: a server; the next block starts once it answers
    <!-- prints -->                                above an indented block: what the block before it prints

`python tests/docs_blocks.py` lists every block that is not run, with its reason.
"""

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
RUN = ("sh", "python")
# What is shown and not carried out; TOML and JSON are parsed.
SHOWN = ("toml", "json", "xml", "js", "text", "bibtex", "yaml", "html")

_COMMENT = re.compile(r"\s*<!--\s*(.*?)\s*-->\s*")
_FENCE = re.compile(r"(\s*)(?:-\s+|\d+\.\s+)?```(\S*)\s*")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block, or what is printed: its `language` is "prints" then. about: the comment above it, or ""."""

    language: str
    text: str
    line: int
    about: str = ""

    @property
    def not_run(self) -> str | None:
        """Why it is not run; None where it is."""
        found = re.fullmatch(r"not run:\s*(.*)", self.about, re.DOTALL)
        return found[1] if found else None

    @property
    def until(self) -> str | None:
        """The address that answers once the block's server is up; None where the block ends by itself."""
        found = re.fullmatch(r"keeps running until (\S+) answers", self.about)
        return found[1] if found else None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of Markdown. starts_with: what its reader has before the first block. run_by: the test that runs it."""

    path: Path
    blocks: tuple[Block, ...]
    starts_with: tuple[str, ...] = ()
    run_by: str | None = None

    @property
    def name(self) -> str:
        """Where it stands in the repository."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def to_run(self) -> list[Block]:
        """What is carried out, in order, and what it must print."""
        return [one for one in self.blocks if one.language in (*RUN, "prints") and one.not_run is None]


def pages(root: Path = ROOT) -> list[Page]:
    """Return README and every page of docs that has a block, in the order of their names."""
    found = [root / "README.md", *sorted((root / "docs").rglob("*.md"))]
    return [page for page in map(read, found) if page.blocks]


def read(path: Path) -> Page:
    """Read a page's blocks and comments."""
    lines = path.read_text(encoding="utf-8").splitlines()
    blocks, starts_with, run_by, at = list[Block](), tuple[str, ...](), None, 0
    while at < len(lines):
        about, at = _comment(lines, at)
        if found := re.fullmatch(r"starts with:\s*(.*)", about, re.DOTALL):
            starts_with = tuple(one.strip() for one in found[1].split(","))
        elif found := re.fullmatch(r"run by (\S+)", about):
            run_by = found[1]
        elif at < len(lines):
            block, at = _block(lines, at, about)
            blocks += [block] if block else []
    return Page(path, tuple(blocks), starts_with, run_by)


def _comment(lines: list[str], at: int) -> tuple[str, int]:
    """Return the comment that begins here and the line after it and after blank ones; "" where there is none."""
    if not lines[at].lstrip().startswith("<!--"):
        return "", at
    end = next((n for n in range(at, len(lines)) if "-->" in lines[n]), at)
    found = _COMMENT.fullmatch("\n".join(lines[at : end + 1]).replace("\n", " "))
    after = end + 1
    while after < len(lines) and not lines[after].strip():
        after += 1
    return (found[1] if found else ""), after


def _block(lines: list[str], at: int, about: str) -> tuple[Block | None, int]:
    """Return the block that begins here, if one does, and the line after it."""
    if found := _FENCE.fullmatch(lines[at]):
        end = next((n for n in range(at + 1, len(lines)) if lines[n].strip() == "```"), len(lines))
        text = textwrap.dedent("\n".join(lines[at + 1 : end]))
        return Block(found[2], text, at + 1, about), end + 1
    if about == "prints":
        ends = (n for n in range(at, len(lines)) if lines[n].strip() and not lines[n].startswith("    "))
        end = next(ends, len(lines))
        return Block("prints", textwrap.dedent("\n".join(lines[at:end])).strip("\n"), at + 1, about), end
    return None, at + 1


if __name__ == "__main__":
    for page in pages():
        for block in page.blocks:
            if block.not_run:
                print(f"{page.name}:{block.line}: {block.not_run}")
