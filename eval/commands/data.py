"""The command `allabel eval data`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from eval.datasets import DataSet


@click.command(
    epilog="""\b
Example:
  allabel eval data
  allabel eval data bc5cdr --fetch
  allabel eval data bc5cdr --root ../shared/data -o bc5cdr.jsonl
"""
)
@click.argument("name", required=False)
@click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder with one folder a data set.  [default: the variable ALLABEL_DATA]",
)
@click.option("--fetch", is_flag=True, help="Download what is not here into the cache.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the pool here as JSONL, and test texts beside it, as FILE-test.jsonl.",
)
@click.option("--json", "as_json", is_flag=True, help="Print data instead of a table.")
def data(name: str | None, root: Path | None, fetch: bool, output: Path | None, as_json: bool) -> None:
    """List the data sets that have a name, or show one: its texts and its entities by label.

    NAME may also be hf:organisation/name[/config][#column], read from the Hugging Face hub by the package `datasets`.
    Nothing is downloaded without --fetch. Downloads go to $XDG_CACHE_HOME/allabel/data (~/.cache/allabel/data); the
    files of a named data set are compared with their published checksums each time they are read.
    """
    import json
    from functools import partial

    from allabel.formats.registry import write_documents
    from eval.datasets import open_data

    if name is None:
        if fetch or output is not None:
            raise click.UsageError("--fetch and --output need the NAME of a data set")
        click.echo(_listed(root, as_json))
        return
    opened = open_data(name, root=root, download=fetch, tell=partial(click.echo, err=True))
    if output is not None:
        write_documents(opened.pool, output, "jsonl")
        if opened.test:
            write_documents(opened.test, output.with_name(f"{output.stem}-test{output.suffix}"), "jsonl")
    told = _told(opened)
    click.echo(json.dumps(told, ensure_ascii=False, indent=2) if as_json else _shown(told))


def _listed(root: Path | None, as_json: bool) -> str:
    import json

    from eval.datasets.catalogue import CORPORA
    from eval.datasets.places import cache_folder, located, root_folder
    from eval.table import aligned

    above, listed = root_folder(root), []
    rows = [["name", "pool", "test", "labels", "here", "licence"]]
    for corpus in CORPORA.values():
        place = located(corpus, above, cache_folder())
        n_pool, n_test = corpus.n_texts or (None, None)
        here = str(place[0]) if place else None
        listed.append(
            {
                "name": corpus.name,
                "n_pool": n_pool,
                "n_test": n_test,
                "labels": corpus.labels,
                "licence": corpus.licence,
                "citation": corpus.citation,
                "here": here,
                "can_be_fetched": corpus.origin is not None,
            }
        )
        numbers = ["" if n is None else str(n) for n in (n_pool, n_test, len(corpus.labels) or None)]
        where = here or ("--fetch" if corpus.origin else "your copy")
        rows.append([corpus.name, *numbers, where, corpus.licence])
    return json.dumps(listed, ensure_ascii=False, indent=2) if as_json else aligned(rows, right=False)


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
