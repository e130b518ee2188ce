"""`allabel explain`: why these texts were chosen, and what each does for the others."""

import difflib
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from allabel.console import open_project, print_data, printable
from allabel.errors import InputError
from allabel.manners import examples, json_option

if TYPE_CHECKING:
    from allabel.project import Project


@click.command(
    short_help="Say why texts were chosen, and what each does for others.",
    epilog=examples("allabel -p my-project explain texts-3", "allabel -p my-project explain --all --json"),
)
@click.argument("ids", metavar="[ID]…", nargs=-1)
@click.option("--all", "all_", is_flag=True, help="Every text that was chosen or annotated.")
@json_option(
    "one object a line with id, state, stage, rank, score, reason, tokens, text, n_texts, n_open, n_served, n_alone, "
    "examples, nearest and sentence."
)
@click.pass_obj
def explain(folder: Path, ids: tuple[str, ...], all_: bool, as_json: bool) -> None:
    """Say why texts were chosen, and for how many others each is the best demonstration."""
    if bool(ids) == all_:
        raise InputError("explain takes the ids of chosen texts, or --all", remedy="allabel explain --all")
    with open_project(folder) as project:
        rows = explained(project, None if all_ else ids)
    for row in rows:
        if as_json:
            print_data(row)
        else:
            click.echo(_plain(row))


def explained(project: "Project", ids: tuple[str, ...] | None) -> list[dict[str, Any]]:
    """Explain these chosen texts, in the order given, or all of them by selection and rank.

    One row a text: id, state, stage, rank, score, reason (None where it was annotated without having been chosen),
    tokens, text, n_texts, n_open, n_served, n_alone, examples, nearest, sentence.
    Raises InputError naming ids spelt alike where one is unknown or was never chosen.
    """
    from allabel.select.budget import count_tokens
    from allabel.select.explain import explain as explain_choices

    pool = project.pool()
    position: dict[str, int] = {id: i for i, id in enumerate(pool.ids)}
    annotated = set(project.store.annotations())
    picks = {str(pick.doc_id): pick for pick in project.store.picks()}
    chosen = [*picks, *(id for id in annotated if id not in picks)]
    chosen.sort(key=lambda id: (picks[id].selection_id, picks[id].rank) if id in picks else (0, position[id]))
    if not chosen:
        raise InputError("no text was chosen yet", file=project.folder, remedy="allabel select --budget 5%")
    for id in ids or ():
        _check(id, list(position), chosen)
    asked = [position[id] for id in (chosen if ids is None else ids)]
    similarity = project.similarity(pool.texts)
    rows = []
    for explanation in explain_choices(pool, asked, similarity):
        pick, text = picks.get(explanation.id), pool.texts[explanation.position]
        row = {
            "id": explanation.id,
            "state": "annotated" if explanation.id in annotated else "queued",
            "stage": pick.stage if pick else None,
            "rank": pick.rank if pick else None,
            "score": pick.score if pick else None,
            "reason": pick.reason if pick else None,
            "tokens": count_tokens(text),
            "text": text,
            **asdict(explanation),
            "sentence": explanation.sentence(),
        }
        del row["position"]
        rows.append(row)
    return rows


def _check(id: str, known: list[str], chosen: list[str]) -> None:
    if id in chosen:
        return
    near = difflib.get_close_matches(id, chosen if id in known else known, n=3, cutoff=0.5)
    meant = f"did you mean {', '.join(map(repr, near))}? " if near else ""
    if id in known:
        raise InputError(
            f"the text {id!r} was never chosen, so there is no reason to tell",
            remedy=(f"ids spelt alike: {', '.join(map(repr, near))}; " if near else "")
            + "allabel explain --all shows all",
        )
    raise InputError(f"there is no text {id!r} in the project", remedy=f"{meant}allabel explain --all shows all chosen")


def _plain(row: dict[str, Any]) -> str:
    chosen = f"chosen by {row['stage']} as number {row['rank']}" if row["stage"] else "annotated without being chosen"
    lines = [
        f"{printable(row['id'])}  ({row['state']}, {chosen}, {row['tokens']} tokens)",
        f"  {printable(row['text'])}",
    ]
    if row["reason"]:
        lines.append(f"  why: {printable(row['reason'])}")
    lines.append(f"  now: {printable(row['sentence'])}")
    lines += [f"    for {printable(e['id'])}: {printable(e['snippet'])}" for e in row["examples"]]
    return "\n".join(lines)
