"""`allabel map`: the pool as a picture, on a page that works without a network."""

from pathlib import Path

import click

from allabel.console import open_project, refuse_target, say


@click.command("map")
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="The page to write, map.html say.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True)
@click.pass_obj
def map_(folder: Path, out: Path, seed: int) -> None:
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
