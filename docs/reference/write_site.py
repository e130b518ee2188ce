"""Write what the site is built from: python docs/reference/write_site.py, then mkdocs build --strict.

build/pages gets the pages of docs/, those of the project's folder that belong on the site, and the reference, written
from the code; build/nav.yml gets the order of all. Nothing of it is kept in git. Plain files for any builder that reads
mkdocs.yml, so that no plugin of one of them is needed.
"""

import json
import os
import re
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from of_commands import commands_page
from of_http import http_page
from of_names import ROOT, names_page
from of_python import PAGES as PYTHON
from of_python import python_pages
from of_settings import settings_page
from plain import page, words

DOCS, BUILD = ROOT / "docs", ROOT / "build"
PAGES = BUILD / "pages"
KEPT = {".md", ".css", ".svg", ".png", ".ico"}
# Pages of the project's folder, by their names on the site.
OUTSIDE = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "CODE_OF_CONDUCT.md": "conduct.md",
}
# What a reader wants first comes first; pages that are not named follow by name.
SECTIONS = {
    "Tutorials": ("tutorials", ("chemist", "evaluator", "caller")),
    "How-to": (
        "how-to",
        ("install", "command-line", "annotate", "own-labels", "formats", "llm", "vllm", "finetune", "own-model",
         "compare", "notebook", "api", "other-tools", "scale", "containers", "backup", "extend"),
    ),
    "Reference": ("reference", ("commands", "settings", "names", "http")),
    "Explanation": ("explanation", ("choosing", "demonstrations", "tagging", "embedded", "active-learning")),
}  # fmt: skip
ABOUT = {
    "tutorials": "From nothing to a result, one page for each kind of reader. Every command in them runs in our tests.",
    "how-to": "One page for each thing that you may want to do.",
    "explanation": "How each method works, the paper it comes from, what we measured, and where it fails.",
    "adr": "What would cost a day to undo, and why it is as it is: half a page for each decision.",
}
PROJECT = ("results", "reliability", "comparison", "dependencies", "changelog", "contributing", "security", "conduct")


def main() -> None:
    """Write the pages and their order anew."""
    shutil.rmtree(PAGES, ignore_errors=True)
    written = {**dict(_copied()), **dict(_generated())}
    for folder in ABOUT:
        index = f"{folder}/index.md"
        if index not in written and any(name.startswith(f"{folder}/") for name in written):
            written[index] = _index(folder, written)
    # It has no neighbours that a column at its side could list.
    written["index.md"] = f"---\nhide: [navigation]\n---\n{written['index.md']}"
    for name, text in written.items():
        target = PAGES / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    (BUILD / "nav.yml").write_text(json.dumps({"nav": nav(written)}, indent=1), encoding="utf-8")
    sys.stdout.write(f"{len(written)} pages in {PAGES}\n")


def _copied() -> Iterator[tuple[str, str]]:
    """Yield the pages that lie in git, with links that hold on the site; pictures and the like are copied at once."""
    for source in sorted(one for one in DOCS.rglob("*") if one.is_file() and one.suffix in KEPT):
        name = source.relative_to(DOCS)
        if source.suffix != ".md":
            (PAGES / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, PAGES / name)
        # A note beside pictures on how they are made is for those who make them.
        elif name.parts[0] != "pictures":
            yield name.as_posix(), relinked(without_comments(source.read_text(encoding="utf-8")), source, PAGES / name)
    for file, target in OUTSIDE.items():
        if (ROOT / file).exists():
            yield target, relinked((ROOT / file).read_text(encoding="utf-8"), ROOT / file, PAGES / target)


def _generated() -> Iterator[tuple[str, str]]:
    yield "reference/commands.md", commands_page()
    yield "reference/settings.md", settings_page()
    yield "reference/names.md", names_page()
    yield "reference/http.md", http_page()
    for name, text in python_pages():
        yield f"reference/python/{name}", text


def relinked(text: str, source: Path, target: Path) -> str:
    """Return a page with its links to files mended for its place on the site.

    A link to a page leads to that page. One to a file that is not on the site, as code, becomes the file's name.
    """

    def mended(found: re.Match[str]) -> str:
        whole, mark, shown, link, anchor = found[0], found[1], found[2], found[3], found[4] or ""
        if not link or re.match(r"[a-z]+:", link):
            return whole
        aim = (source.parent / link).resolve()
        if not aim.is_relative_to(ROOT):
            return whole
        name = aim.relative_to(ROOT).as_posix()
        page_ = {"README.md": "index.md", "docs/adr": "adr/index.md", **OUTSIDE}.get(name)
        if page_ is None and aim.is_relative_to(DOCS) and aim.suffix in KEPT:
            page_ = aim.relative_to(DOCS).as_posix()
        if page_ is None:
            return f"{shown} (`{name}`)" if aim.exists() and not mark else whole
        return f"{mark}[{shown}]({os.path.relpath(PAGES / page_, target.parent)}{anchor})"

    # Blocks of code are left as they are.
    parts = re.split(r"(?ms)(^```.*?^```$)", text)
    link = re.compile(r"(!?)\[([^\]\n]*(?:\n[^\]\n]+)?)\]\(([^)#\s]*)(#[^)\s]*)?\)")
    return "".join(part if n % 2 else link.sub(mended, part) for n, part in enumerate(parts))


def without_comments(text: str) -> str:
    """Return a page without what it says to the tests alone."""
    parts = re.split(r"(?ms)(^```.*?^```$)", text)
    return "".join(part if n % 2 else re.sub(r"(?ms)^<!--.*?-->\n", "", part) for n, part in enumerate(parts)).lstrip(
        "\n"
    )


def _index(folder: str, written: dict[str, str]) -> str:
    rows = [f"- [{title_of(written[name])}]({Path(name).name})" for name in _in(folder, (), written)]
    title = {"adr": "Decisions"}.get(folder) or next(t for t, (one, _) in SECTIONS.items() if one == folder)
    return page(title, ABOUT[folder], "\n".join(rows))


def title_of(text: str) -> str:
    """Return a page's first heading."""
    found = re.search(r"(?m)^# (.+)$", text)
    return found[1].replace("`", "") if found else words(text.strip().partition("\n")[0])


def nav(written: dict[str, str]) -> list[Any]:
    """Return the order of the pages, each with its title: MkDocs's `nav`. Raises LookupError for one without any."""

    def titled(names: list[str]) -> list[dict[str, str]]:
        return [{title_of(written[name]): name} for name in names]

    found: list[Any] = [{"Home": "index.md"}]
    for title, (folder, first) in SECTIONS.items():
        python = [{"Python": titled(_in("reference/python", tuple(PYTHON), written))}] if folder == "reference" else []
        pages = [*titled(_in(folder, first, written)), *python]
        found += [{title: pages}] if pages else []
    project = titled([f"{name}.md" for name in PROJECT if f"{name}.md" in written])
    found.append({"Project": [*project, {"Decisions": titled(_in("adr", (), written))}]})
    left = set(written) - set(_flat(found))
    if left:
        raise LookupError(f"no place in the navigation for {', '.join(sorted(left))}")
    return found


def _in(folder: str, first: tuple[str, ...], names: Iterable[str]) -> list[str]:
    """Return the pages right in a folder: its index, then those named first, then the others by name."""
    there = {Path(name).stem for name in names if Path(name).parent.as_posix() == folder}
    wanted = [one for one in ("index", *first) if one in there]
    return [f"{folder}/{stem}.md" for stem in (*wanted, *sorted(there - set(wanted)))]


def _flat(found: Any) -> Iterator[str]:
    if isinstance(found, str):
        yield found
    else:
        for one in found.values() if isinstance(found, dict) else found:
            yield from _flat(one)


if __name__ == "__main__":
    main()
