"""docs/dependencies.md and docs/comparison.md against pyproject.toml, the tree, and their own sources."""

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
DEPENDENCIES = (ROOT / "docs/dependencies.md").read_text(encoding="utf-8")
COMPARISON = (ROOT / "docs/comparison.md").read_text(encoding="utf-8")
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NINE = {
    "Prodigy",
    "Label Studio",
    "INCEpTION",
    "Potato",
    "doccano",
    "Argilla",
    "spacy-llm",
    "langextract",
    "small-text",
}
# The second column of the sources.
DATED = "what it says of its version or date"
Row = dict[str, str]


def tables(text: str) -> Iterator[tuple[str, list[Row]]]:
    """Give each table's rows, by column, with the heading of the second level above it."""
    heading = ""
    for part in re.split(r"(?m)^(?=## )|\n\n", text):
        if part.startswith("## "):
            heading = part.splitlines()[0][3:]
        lines = [line for line in part.splitlines() if line.startswith("|")]
        if len(lines) > 1:
            columns, _, *rows = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]
            for row in rows:
                assert len(row) == len(columns), f"{heading}: {row} has not the {len(columns)} cells of its table"
            yield heading, [dict(zip(columns, row, strict=True)) for row in rows]


def name_of(requirement: str) -> str:
    """Return the normal form of a requirement's name."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found, requirement
    return re.sub(r"[-_.]+", "-", found[0]).lower()


def required() -> dict[str, set[str]]:
    """Return every required package and the extras that name it; "" stands for the base install."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for extra, requirements in {"": PROJECT["dependencies"], **PROJECT["optional-dependencies"]}.items():
        for requirement in requirements:
            found[name_of(requirement)].add(extra)
    del found["allabel"]
    return found


def listed(heading: str) -> list[list[Row]]:
    """Return the tables under a heading that have a row for each package."""
    return [
        rows
        for at, rows in tables(DEPENDENCIES)
        if at == heading and "package" in rows[0] and "`" in rows[0]["package"]
    ]


def packages(rows: list[Row]) -> list[str]:
    return [_name(row) for row in rows]


def _name(row: Row) -> str:
    return row["package"].strip("`")


def _for_us(extra: str) -> bool:
    return extra.startswith(("dev", "docs", "bench"))


@pytest.mark.parametrize(("heading", "n_tables"), [("Base install", 2), ("Extras", 2), ("Development", 1)])
def test_the_tables_of_a_group_have_the_same_packages_once_each_in_order(heading: str, n_tables: int) -> None:
    found = [packages(rows) for rows in listed(heading)]
    assert len(found) == n_tables
    assert found[0] == sorted(set(found[0])) == found[-1]


def test_the_page_names_every_package_of_pyproject_and_no_other() -> None:
    base, extras, development = (packages(listed(heading)[0]) for heading in ("Base install", "Extras", "Development"))
    wanted = required()
    assert set(base) == {package for package, by in wanted.items() if "" in by}
    assert {*base, *extras, *development} == set(wanted)


def test_the_page_names_the_extras_that_bring_a_package() -> None:
    """A package that users get is not told of again for each development extra that holds it too."""
    wanted = required()
    for row in listed("Extras")[0]:
        assert set(row["extra"].split(", ")) == {extra for extra in wanted[_name(row)] if not _for_us(extra)}, row
    for row in listed("Development")[0]:
        assert set(row["extra"].split(", ")) == {extra for extra in wanted[_name(row)] if _for_us(extra)}, row


def test_every_package_of_the_page_says_which_version_was_seen_and_its_day() -> None:
    for heading in ("Base install", "Extras", "Development"):
        for row in listed(heading)[-1]:
            assert re.fullmatch(r"\d\S*, 20\d\d-\d\d-\d\d", row["seen"]), row


def test_the_modules_that_the_page_names_are_in_the_tree() -> None:
    paths = set(re.findall(r"`((?:allabel|app|eval|retrieval|tests|docs)/[\w./-]+)`", DEPENDENCIES))
    assert len(paths) > 40
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []


def compared() -> list[tuple[str, list[Row]]]:
    """Return the tables that compare tools: those whose last column is for sources."""
    return [(heading, rows) for heading, rows in tables(COMPARISON) if "sources" in rows[0]]


def test_each_comparison_has_all_nine_tools_and_a_source_for_each() -> None:
    assert len(compared()) == 7
    for heading, rows in compared():
        assert {row["tool"] for row in rows} - {"allabel"} == NINE, heading
        for row in rows:
            assert re.fullmatch(r"\[[A-Z]\d\](, \[[A-Z]\d\])*", row["sources"]), f"{heading}: {row}"
            assert all(row.values()), f"{heading}: {row}"


def test_every_source_is_cited_has_an_address_and_tells_its_date() -> None:
    text, _, addresses = COMPARISON.partition("\n[A0]: ")
    addressed = dict(re.findall(r"(?m)^\[([A-Z]\d)\]: (\S+)$", f"[A0]: {addresses}"))
    prose, _, dated = text.partition("## Sources")
    cited = set(re.findall(r"\[([A-Z]\d)\]", prose))
    assert cited == set(addressed)
    # Those of A are our own pages.
    theirs = {source for source in addressed if not source.startswith("A")}
    told = {row["source"].strip("[]"): row[DATED] for _, rows in tables(dated) for row in rows}
    assert set(told) == theirs
    assert [source for source, said in told.items() if not re.search(r"\d|no date", said)] == []
    assert all(addressed[source].startswith("https://") for source in theirs)
    for source in set(addressed) - theirs:
        assert (ROOT / "docs" / addressed[source]).is_file(), source


def test_what_the_comparison_counts_of_ours_is_what_there_is() -> None:
    entry_points = PROJECT["entry-points"]
    ours = next(row for heading, rows in compared() if heading == "Choosing what to annotate" for row in rows)
    assert ours["before there is any label"].startswith(f"{len(entry_points['allabel.strategies'])} strategies")
    assert f"{len(entry_points['allabel.queries'])} token queries" in ours["once there are some"]
