"""The command `allabel eval data`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from allabel.completing import offering
from allabel.console import print_data, say
from allabel.manners import TARGET, There, examples, json_option

if TYPE_CHECKING:
    from eval.datasets import DataSet


def corpora() -> list[str]:
    """Return the names of the data sets that have one."""
    from eval.datasets.catalogue import CORPORA

    return list(CORPORA)


@click.command(
    short_help="List the data sets that have a name, or show one.",
    epilog=examples(
        "allabel eval data",
        "allabel eval data bc5cdr --fetch",
        "allabel eval data bc5cdr --root ../shared/data -o bc5cdr.jsonl",
    ),
)
@click.argument("name", required=False, shell_complete=offering(corpora))
@click.option(
    "--root",
    type=There(file_okay=False),
    help="A folder with one folder a data set.  [default: the variable ALLABEL_DATA]",
)
@click.option("--fetch", is_flag=True, help="Download what is not here into the cache.")
@click.option(
    "-o",
    "--output",
    type=TARGET,
    help="Write the pool here as JSONL, and test texts beside it, as FILE-test.jsonl.",
)
@json_option(
    "one object with name, n_pool, n_test, by_value, labels, licence, citation, digest and public; without NAME a list "
    "of objects with name, n_pool, n_test, labels, licence, citation, here and can_be_fetched."
)
def data(name: str | None, root: Path | None, fetch: bool, output: Path | None, as_json: bool) -> None:
    """List the data sets that have a name, or show one: its texts and its entities by label.

    NAME may also be hf:organisation/name[/config][#column], read from the Hugging Face hub by the package `datasets`.
    Nothing is downloaded without --fetch. Downloads go to $XDG_CACHE_HOME/allabel/data (~/.cache/allabel/data); the
    files of a named data set are compared with their published checksums each time they are read.
    """
    from allabel.formats.registry import write_documents
    from eval.datasets import open_data

    if name is None:
        if fetch or output is not None:
            raise click.UsageError("--fetch and --output need the NAME of a data set")
        listed = _listed(root)
        if as_json:
            print_data(listed)
        else:
            click.echo(_table(listed))
        return
    opened = open_data(name, root=root, download=fetch, tell=say)
    if output is not None:
        write_documents(opened.pool, output, "jsonl")
        if opened.test:
            write_documents(opened.test, output.with_name(f"{output.stem}-test{output.suffix}"), "jsonl")
    told = _told(opened)
    if as_json:
        print_data(told)
    else:
        click.echo(_shown(told))


def _listed(root: Path | None) -> list[dict[str, Any]]:
    from eval.datasets.catalogue import CORPORA
    from eval.datasets.places import cache_folder, located, root_folder

    above, listed = root_folder(root), []
    for corpus in CORPORA.values():
        place = located(corpus, above, cache_folder())
        n_pool, n_test = corpus.n_texts or (None, None)
        listed.append(
            {
                "name": corpus.name,
                "n_pool": n_pool,
                "n_test": n_test,
                "labels": corpus.labels,
                "licence": corpus.licence,
                "citation": corpus.citation,
                "here": str(place[0]) if place else None,
                "can_be_fetched": corpus.origin is not None,
            }
        )
    return listed


def _table(listed: list[dict[str, Any]]) -> str:
    from eval.table import aligned

    rows = [["name", "pool", "test", "labels", "here", "licence"]]
    for one in listed:
        numbers = ["" if n is None else str(n) for n in (one["n_pool"], one["n_test"], len(one["labels"]) or None)]
        where = one["here"] or ("--fetch" if one["can_be_fetched"] else "your copy")
        rows.append([one["name"], *numbers, where, one["licence"]])
    return aligned(rows, right=False)


def _told(opened: "DataSet") -> dict[str, Any]:
    from collections import Counter

    counts = []
    for part in (opened.pool, opened.test):
        if opened.by_value:
            counts.append(Counter(label for d in part for label, held in (d.values or {}).items() for _ in held))
        else:
            counts.append(Counter(span.label for d in part for span in d.entities or ()))
    return {
        "name": opened.name,
        "n_pool": len(opened.pool),
        "n_test": len(opened.test),
        "by_value": opened.by_value,
        "labels": {label: [count[label] for count in counts] for label in opened.labels},
        "licence": opened.licence,
        "citation": opened.citation,
        "digest": opened.digest,
        "public": opened.public,
    }


def _shown(told: dict[str, Any]) -> str:
    from eval.table import aligned

    what = "values (strings a text)" if told["by_value"] else "entities"
    rows = [[what, "pool", "test"], *([label, *map(str, counts)] for label, counts in told["labels"].items())]
    rows += [["texts", str(told["n_pool"]), str(told["n_test"])]]
    public = "on the web: a language model may have read it" if told["public"] else "not known to be on the web"
    about = [f"{key}: {told[key]}" for key in ("name", "licence", "citation", "digest")]
    return "\n".join([*about, public, "", aligned(rows)])
