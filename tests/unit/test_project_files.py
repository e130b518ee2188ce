"""What stands around the code: how to cite it, install it and help; and that it speaks of this very version."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from allabel import __version__

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NOT_FOR_USERS = {"bench", "docs", "testing"}


def test_the_citation_has_what_its_format_asks_for_and_names_this_version() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert cited["cff-version"] == "1.2.0"
    assert {"message", "title", "authors"} <= cited.keys()
    assert str(cited["version"]) == __version__
    assert cited["license"] == PROJECT["license"]
    assert [author["name"] for author in cited["authors"]] == [author["name"] for author in PROJECT["authors"]]
    for paper in cited["references"]:
        assert {"type", "title", "authors", "year"} <= paper.keys()
        assert all({"family-names", "given-names"} <= author.keys() for author in paper["authors"])


def test_the_page_of_installing_has_a_row_for_no_extra_and_for_every_extra_of_users() -> None:
    page = (ROOT / "docs/how-to/install.md").read_text(encoding="utf-8")
    table = page.partition("| extra |")[2].partition("\n\n")[0]
    rows = set(re.findall(r"^\| `?(\w[\w-]*|\(none\))`? \|", table, flags=re.MULTILINE))
    extras = {name for name in PROJECT["optional-dependencies"] if not name.startswith("dev")} - NOT_FOR_USERS
    assert rows == extras | {"(none)"}


def test_the_classifiers_name_the_pythons_that_the_page_of_installing_names() -> None:
    page = (ROOT / "docs/how-to/install.md").read_text(encoding="utf-8")
    named = {found for one in PROJECT["classifiers"] for found in re.findall(r"Python :: (3\.\d+)$", one)}
    assert named == {"3.11", "3.12", "3.13"}
    assert all(version in page for version in named)


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "SECURITY.md", "CODE_OF_CONDUCT.md"])
def test_pages_for_contributors_name_files_and_targets_that_exist(name: str) -> None:
    page = (ROOT / name).read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)#:]+)\)", page):
        assert (ROOT / link).exists(), f"{name}: there is no {link}"
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"(?:^ {4}|`)make (\w+)", page, flags=re.MULTILINE):
        assert f"\n{target}:" in makefile, f"{name}: there is no make {target}"


def test_no_page_for_contributors_invents_an_address() -> None:
    for name in ("CONTRIBUTING.md", "SECURITY.md", "CODE_OF_CONDUCT.md", "CITATION.cff"):
        assert not re.search(r"https?://|[\w.]+@[\w.]+", (ROOT / name).read_text(encoding="utf-8")), name
