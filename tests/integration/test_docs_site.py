"""The site's pages: links that hold, a reference that leaves nothing out, and a check that sees what is wrong."""

import re
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(ROOT.glob("*.md")) + sorted((ROOT / "docs").rglob("*.md"))


@pytest.fixture(scope="module", autouse=True)
def _makers() -> Any:
    """What writes the site is a folder of scripts, and no package."""
    sys.path.insert(0, str(ROOT / "docs" / "reference"))
    yield
    sys.path.remove(str(ROOT / "docs" / "reference"))


def without_code(text: str) -> str:
    return re.sub(r"`[^`\n]+`", "``", re.sub(r"(?ms)^ {0,3}```.*?^ {0,3}```$|^ {4}.*?$", "", text))


def anchors(page: Path) -> set[str]:
    """Return the places of a page that can be linked to, as GitHub and the site make them of its headings."""
    headings = re.findall(r"(?m)^#+ (.+)$", re.sub(r"(?ms)^```.*?^```$", "", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_to_a_file_and_to_a_heading_in_it(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", without_code(page.read_text(encoding="utf-8")))
    for link in (one for one in links if not re.match(r"[a-z]+:", one)):
        path, _, anchor = link.partition("#")
        aim = (page.parent / path).resolve() if path else page
        assert aim.exists(), f"{link} leads nowhere"
        assert not anchor or anchor in anchors(aim), f"{link}: there is no such heading"


def test_the_reference_names_every_command_with_its_options() -> None:
    from of_commands import commands_page, contexts

    text = commands_page()
    paths = [context.command_path for context in contexts()]
    assert {"allabel select", "allabel eval run", "allabel serve keys add"} <= set(paths)
    for context in contexts():
        section = text.partition(f"# {context.command_path}\n")[2].partition("\n#")[0]
        assert section, context.command_path
        for parameter in context.command.params:
            if not getattr(parameter, "hidden", False) and parameter.param_type_name == "option":
                assert parameter.opts[-1] in section, f"{context.command_path} {parameter.opts}"


def test_the_reference_names_every_key_with_its_type_its_range_and_its_default() -> None:
    from of_settings import settings_page

    from allabel.config import TABLES, ModelPrice, Settings

    text = settings_page()
    for model in (Settings, ModelPrice, *TABLES.values()):
        for name in set(model.model_fields) - set(TABLES):
            assert f"\n| `{name}` | " in text, name
    assert re.search(r"\| `shots` \| .*Flag: `--shots`\. \| whole number, from 0 to 100 \| `5` \|", text)
    assert re.search(r'\| `duplicates` \| .* \| one of `"drop"`, `"keep"` \| `"drop"` \|', text)
    assert "| `timeout_s` | Seconds until a request is given up. | number, above 0 to 3,600 | `60.0` |" in text


def test_the_reference_names_every_variable_that_the_code_reads() -> None:
    from of_settings import settings_page

    text = settings_page()
    # How our own processes tell one another what to do.
    inner = {"ALLABEL_APP_FOLDER", "ALLABEL_SERVED", "ALLABEL_", "OPENAI_"}
    found = set()
    for folder in ("allabel", "app", "eval", "retrieval"):
        for file in (ROOT / folder).rglob("*.py"):
            found |= set(re.findall(r"\b(?:ALLABEL|OPENAI)_[A-Z_]*", file.read_text(encoding="utf-8")))
    keys = set(re.findall(r"(?m)^\| `(\w+)` \|", text))
    for variable in found - inner:
        assert variable in keys or variable.removeprefix("ALLABEL_").lower() in keys, variable


def test_the_reference_names_every_address_with_its_scope() -> None:
    from of_http import http_page

    text = http_page()
    for path, scope in (
        ("POST /v1/tag", "Scope: `tag`."),
        ("GET /v1/labels", "Scope: `read`."),
        ("POST /v1/annotations", "Scope: `annotate`."),
        ("GET /metrics", "Scope: `metrics`."),
        ("GET /healthz", "It needs no key."),
        ("GET /v1/jobs/{id}", "Scope: `tag`."),
        ("POST /label-studio/predict", "Scope: `tag`."),
    ):
        section = text.replace("\\", "").partition(f"## {path}\n")[2].partition("\n## ")[0]
        assert scope in section, path
    assert set(re.findall(r"\]\(#(\w+)\)", text)) <= {one.lower() for one in re.findall(r"(?m)^### (\w+)$", text)}


def test_the_reference_names_what_is_registered_with_its_first_line_and_source() -> None:
    from of_names import KINDS, names_page, registered

    text, kinds = names_page(), registered()
    groups = {group for group in entry_points().groups if group.startswith("allabel.")}
    assert {group.removeprefix("allabel.") for group in groups} - {"commands"} <= set(KINDS)
    for kind, points in kinds.items():
        for name in points:
            assert re.search(rf"(?m)^\| `{name}` \| \S.* \| .*\|$", text), f"{kind}: {name} says nothing of itself"
    assert re.search(r"\| `mnlp` \| Score a sentence by its mean log probability", text)
    assert re.search(r"\| `typiclust` \|.*\| Hacohen, Dekel &amp; Weinshall 2022", text)


def test_what_stands_in_code_is_never_taken_for_markup() -> None:
    from plain import paragraphs, table, words

    assert words("a | b <c> [d](e) `f | <g>` *h*") == "a &#124; b &lt;c&gt; \\[d\\](e) `f | <g>` \\*h\\*"
    assert words("see docs/how-to/formats.md") == "see [how-to/formats.md](../how-to/formats.md)"
    assert paragraphs("One\ntwo.\n\n\b\n  a\n  b\n") == "One two.\n\n      a\n      b"
    assert table(("a", "b"), []) == ""


def test_links_hold_at_a_pages_place_on_the_site() -> None:
    from write_site import DOCS, PAGES, relinked

    source, target = DOCS / "how-to" / "x.md", PAGES / "how-to" / "x.md"

    def at_its_place(text: str) -> str:
        return relinked(text, source, target)

    assert at_its_place("[a](llm.md#scores-as-probabilities)") == "[a](llm.md#scores-as-probabilities)"
    assert at_its_place("[a](../../README.md)") == "[a](../index.md)"
    assert at_its_place("[a](../adr)") == "[a](../adr/index.md)"
    assert at_its_place("[the code](../../allabel/cli.py)") == "the code (`allabel/cli.py`)"
    assert at_its_place("[a](https://example.org/b.md)") == "[a](https://example.org/b.md)"
    assert at_its_place("```sh\n[a](../../README.md)\n```") == "```sh\n[a](../../README.md)\n```"
    changelog = relinked("[a](docs/how-to/llm.md)", ROOT / "CHANGELOG.md", PAGES / "changelog.md")
    assert changelog == "[a](how-to/llm.md)"


def test_a_page_without_a_place_in_the_navigation_is_refused() -> None:
    from write_site import nav

    pages = {"index.md": "# a", "how-to/new.md": "# Something `new`", "how-to/llm.md": "# b", "adr/001.md": "# c"}
    assert {"How-to": [{"b": "how-to/llm.md"}, {"Something new": "how-to/new.md"}]} in nav(pages)
    with pytest.raises(LookupError, match=r"odd/place\.md"):
        nav({**pages, "odd/place.md": "# d"})


@pytest.mark.parametrize(
    ("html", "told"),
    [
        ('<script src="https://cdn.example/x.js"></script>', "loads https://cdn.example/x.js from elsewhere"),
        ('<link rel="preconnect" href="//fonts.example">', "loads //fonts.example from elsewhere"),
        ('<img src="a.png">', "the picture a.png says nothing"),
        ('<a href="b.html">b</a>', "the link b.html leads nowhere"),
        ('<a href="#there">b</a>', "the link #there leads to a place that is not there"),
    ],
)
def test_a_fault_of_the_built_site_is_found(tmp_path: Path, html: str, told: str) -> None:
    from check_site import problems

    (tmp_path / "a.png").write_bytes(b"")
    sound = '<h1 id="here">a</h1><a href="#here">b</a><a href="https://example.org">c</a><img src="a.png" alt="d">'
    (tmp_path / "index.html").write_text(sound, encoding="utf-8")
    assert list(problems(tmp_path)) == []
    (tmp_path / "index.html").write_text(sound + html, encoding="utf-8")
    assert any(told in one for one in problems(tmp_path))


def test_a_style_sheet_that_loads_from_elsewhere_is_found(tmp_path: Path) -> None:
    from check_site import problems

    (tmp_path / "index.html").write_text("<p>a</p>", encoding="utf-8")
    (tmp_path / "a.css").write_text("@font-face { src: url(https://fonts.example/a.woff2) }", encoding="utf-8")
    assert list(problems(tmp_path)) == ["a.css: loads https://fonts.example/a.woff2 from elsewhere"]
    assert list(problems(tmp_path / "nothing")) == [f"{tmp_path / 'nothing'}: holds no page"]
