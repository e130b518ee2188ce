"""The page of the names: strategies, retrievers, backends and whatever else has one, from the entry points."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from plain import code, page, sentence, table, words

from allabel.select.listing import Listed, strategies

ROOT = Path(__file__).parents[2]
PREFIX = "allabel."
INTRO = """
Whatever is chosen by name can come from another package too, or be named as `module:Class`:
[adding to allabel](../how-to/extend.md). The first line is the code's own; it says more of what it does.
"""
# Each kind, its heading, and where its name is given.
KINDS = {
    "strategies": (
        "Strategies",
        "`allabel select --strategy NAME`; stages with weights make a chain: `NAME:1,OTHER:3`.",
    ),
    "retrievers": ("Retrievers", "`--retriever NAME`: what finds demonstrations, and what says how alike texts are."),
    "backends": ("Backends", "`--backend NAME`: the annotator that tags."),
    "forms": ("Forms", "`--form NAME`: how a language model is asked for entities, and how it writes them down."),
    "taggers": ("Taggers", "`allabel finetune --tagger NAME` and `allabel eval active --tagger NAME`."),
    "queries": ("Queries", "`allabel finetune --query NAME` and `allabel eval active --query NAME`."),
    "formats": ("Formats", "`--format NAME` of `import` and `export`, `--from` and `--to` of `convert`."),
}


def names_page() -> str:
    """Return the page."""
    parts = [INTRO]
    for kind, points in registered().items():
        heading, given = KINDS[kind]
        rows = [_row(name, target) for name, target in sorted(points.items())]
        parts += [f"## {heading}", given, table(("name", "what it is", "source"), rows)]
        parts += _chains() if kind == "strategies" else ()
        # Each is a function there, and the module names the papers of all.
        parts += [f"Sources: {words(described_module('allabel.active.scores'))}."] if kind == "queries" else []
    return page("Names", *parts)


def registered() -> dict[str, dict[str, str]]:
    """Return each kind's own names and what they lead to, as pyproject.toml registers them."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]
    return {kind: groups[PREFIX + kind] for kind in KINDS if PREFIX + kind in groups}


def _chains() -> Iterator[str]:
    listed = strategies()
    yield "Chains of these, by a name of their own:"
    rows = [(code(one.name), sentence(one.about), _stages(one)) for one in listed if one.chain]
    yield table(("name", "what it is", "stages"), rows)
    waiting = ", ".join(code(one.name) for one in listed if not one.chain and one.needs_annotations)
    yield f"These cannot begin before something is annotated: {waiting}."


def _stages(one: Listed) -> str:
    rounds = f"in {one.n_rounds} rounds" if one.n_rounds > 1 else "in one round"
    return f"{', '.join(map(code, one.chain.split(',')))}; {rounds}"


def _row(name: str, target: str) -> tuple[str, str, str]:
    about, source = described(target)
    return code(name), sentence(about), words(source)


def described(target: str) -> tuple[str, str]:
    """Return the first line of what `module:name` says of itself, and its source; read, not imported, for torch."""
    module, _, name = target.partition(":")
    tree = _tree(module)
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and any((one.asname or one.name) == name for one in node.names):
            return described(f"{node.module}:{name}")
    told = _docstring(tree, name)
    around = ast.get_docstring(tree) or ""
    source = _source(told) or _source(around) or ("our own" if re.search(r"\bOur own\b", around) else "")
    return told.partition("\n\n")[0].partition("Source")[0], source


def described_module(module: str) -> str:
    """Return the source that a module names; "" where it names none."""
    return _source(ast.get_docstring(_tree(module)) or "")


def _tree(module: str) -> ast.Module:
    path = ROOT.joinpath(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(file.read_text(encoding="utf-8"))


def _docstring(tree: ast.Module, name: str) -> str:
    """Return the docstring of a class or function; of an instance, that of what it is made of."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name:
            return ast.get_docstring(node) or ""
        if isinstance(node, ast.Assign) and any(isinstance(one, ast.Name) and one.id == name for one in node.targets):
            return _of_instance(tree, node.value)
    raise LookupError(f"{name} stands nowhere in its module")


def _of_instance(tree: ast.Module, made: ast.expr) -> str:
    for node in ast.walk(made):
        # A query that is made of a function of allabel.active.scores.
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "scores":
            return _docstring(_tree("allabel.active.scores"), node.attr)
    assert isinstance(made, ast.Call)
    assert isinstance(made.func, ast.Name)
    return _docstring(tree, made.func.id)


def _source(told: str) -> str:
    found = re.search(r"\bSources?: (.+?)(?:\n\n|\Z)", told, re.DOTALL)
    return found[1].removesuffix(".") if found else ""
