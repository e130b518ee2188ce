"""Words from code as Markdown: what is no code span is shown as it stands, and never taken for markup."""

import re
from collections.abc import Iterable, Sequence

_CODE = re.compile(r"(`[^`\n]+`)")
# A page that the code names, as seen from the folder of these pages.
_PAGE = re.compile(r"\bdocs/([\w/-]+\.md)\b")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;"}


def words(text: str) -> str:
    """Return a text in one line; code spans stay."""
    parts = _CODE.split(" ".join(text.split()))
    return "".join(part if n % 2 else _escaped(part) for n, part in enumerate(parts))


def sentence(text: str) -> str:
    """Return a phrase as a sentence: a capital at its beginning, a full stop at its end."""
    told = words(text)
    return told and told[0].upper() + told[1:] + ("" if told.endswith((".", ":")) else ".")


def paragraphs(text: str) -> str:
    """Return a docstring's paragraphs, each in one line; what click is told not to wrap is a block of code."""
    blocks = re.split(r"\n\s*\n", text.partition("\f")[0].strip("\n"))
    return "\n\n".join(_unwrapped(block) if "\b" in block else words(block) for block in blocks if block.strip())


def block(lines: str) -> str:
    """Return lines as a block of code that nobody runs."""
    return "\n".join(f"    {line}".rstrip() for line in lines.splitlines())


def code(text: str) -> str:
    """Return a text as a code span."""
    return f"`{text}`" if text else ""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; "" where it has no rows."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}", *lines]) if lines else ""


def page(title: str, *parts: str) -> str:
    """Return a page: its title and what is not empty of its parts."""
    return "\n\n".join([f"# {title}", *(part.strip("\n") for part in parts if part.strip())]) + "\n"


def _escaped(text: str) -> str:
    told = re.sub(r"[&<>|]", lambda found: _ENTITIES[found[0]], text)
    told = re.sub(r"([\\*_\[\]`])", r"\\\1", told)
    return _PAGE.sub(r"[\1](../\1)", told)


def _unwrapped(lines: str) -> str:
    return block("\n".join(line for line in lines.replace("\b", "").splitlines() if line.strip()))
