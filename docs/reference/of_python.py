"""The pages of the Python interface: which modules are meant to be used, and what each page begins with."""

from collections.abc import Iterator
from pathlib import Path

from of_names import ROOT
from plain import page

INTRO = """
What a program of your own may import. Other modules are the house's own and change without notice; these change with an
entry in the [changelog](../changelog.md).
"""
# Each page: its title, what it is for, and its modules.
PAGES = {
    "project": ("Project and documents", "A project in a folder, and what goes in and out.", (
        "allabel.project", "allabel.document", "allabel.reply", "allabel.schema", "allabel.config", "allabel.errors",
    )),
    "showing": ("Showing results", "Documents and predictions as highlighted HTML, and as data frames.", (
        "allabel.showing", "allabel.frames",
    )),
    "client": ("Client", "Asking an `allabel serve`: [the how-to](../how-to/api.md).", ("allabel.client",)),
    "seams": ("Seams", "What a strategy, a retriever, an annotator, a tagger or a format of your own has to be.", (
        "allabel.select.base", "retrieval.base", "allabel.annotate.base", "allabel.active.base", "allabel.formats.base",
    )),
    "testing": ("Testing", "What holds for every plugin, as suites that your own tests can inherit.", (
        "allabel.testing",
    )),
    "metrics": ("Metrics", "The scores of `allabel eval score`, one module a kind.", (
        "eval.score", "eval.strict", "eval.semeval", "eval.value", "eval.confusion", "eval.bootstrap",
        "eval.reliability",
    )),
}  # fmt: skip


def python_pages() -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each page; modules that are not there yet are left out."""
    rows = []
    for name, (title, about, modules) in PAGES.items():
        there = [module for module in modules if is_there(module)]
        if there:
            rows.append(f"- [{title}]({name}.md): {about[0].lower()}{about[1:]}")
            yield f"{name}.md", page(title, about.replace("](../", "](../../"), *map(_of_module, there))
    yield "index.md", page("Python", INTRO.replace("](../", "](../../"), "\n".join(rows).replace("](../", "](../../"))


def _of_module(module: str) -> str:
    # In the table of contents the last part of the name, "base", would stand for every seam.
    return f"::: {module}\n    options:\n      toc_label: {module}"


def is_there(module: str) -> bool:
    """Tell whether the source tree has a module."""
    path = Path(ROOT, *module.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()
