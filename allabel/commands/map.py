"""`allabel map`: the pool as a picture, on a page that works without a network."""

from pathlib import Path

import click

from allabel.console import open_project, print_data, refuse_target, say
from allabel.manners import examples, json_option


@click.command(
    "map", short_help="Draw the pool as an HTML page.", epilog=examples("allabel -p my-project map -o map.html")
)
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="The page to write, map.html say.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True)
@json_option("one object with file, texts, drawn, and how many of them have each state.")
@click.pass_obj
def map_(folder: Path, out: Path, seed: int, as_json: bool) -> None:
    """Draw the pool as an HTML page: annotated, queued, covered and uncovered texts."""
    from allabel.pool_map import STATES, draw_map, write_map

    refuse_target(out, folder, None)
    with open_project(folder) as project:
        pool = project.pool()
        picks = {pick.doc_id: pick for pick in project.store.picks()}
        drawn = draw_map(
            pool,
            annotated=frozenset(project.store.annotations()),
            reasons={id: f"{pick.stage}: {pick.reason}" for id, pick in picks.items()},
            similarity=project.similarity,
            seed=seed,
        )
    write_map(drawn, out)
    counts = ", ".join(f"{n} {state}" for state, n in zip(STATES, drawn.counts, strict=True))
    say(f"wrote {out}: {counts}" + (f"; {len(drawn.ids)} of {drawn.n_texts} texts are drawn" if drawn.sampled else ""))
    if as_json:
        states = dict(zip(STATES, drawn.counts, strict=True))
        print_data({"file": str(out), "texts": drawn.n_texts, "drawn": len(drawn.ids), **states})
