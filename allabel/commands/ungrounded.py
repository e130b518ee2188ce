"""`allabel ungrounded`: the inbox of mentions that a model named and that have no place in their texts."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from allabel.completing import labels as label_names
from allabel.console import open_project, print_data, printable, say
from allabel.errors import UnknownNameError
from allabel.manners import examples, json_option
from allabel.plugins import nearest

if TYPE_CHECKING:
    from allabel.annotate.ungrounded import Ungrounded, UngroundedRate

HEADS = ("model", "label", "missing", "mentions", "rate", "overlapping")


@click.command(
    short_help="List what models named that is not in its text.",
    epilog=examples("allabel -p my-project ungrounded", "allabel -p my-project ungrounded --label Reagent"),
)
@click.option("--limit", type=click.IntRange(min=0), default=20, show_default=True, help="Show so many mentions.")
@click.option("--label", shell_complete=label_names, help="Only mentions of this label.")
@click.option("--model", help="Only mentions that this model named.")
@json_option("one object with rates and mentions, each a list; every mention, also of annotated texts.")
@click.pass_obj
def ungrounded(folder: Path, limit: int, label: str | None, model: str | None, as_json: bool) -> None:
    """List what models named that is not in its text, or only across another mention, and how often that happens.

    Texts that were annotated since count in the rates and are not listed.
    """
    from allabel.annotate.ungrounded import ungrounded as inbox
    from allabel.annotate.ungrounded import ungrounded_rates

    with open_project(folder) as project:
        tagged = list(project.store.tagged().values())
        annotated = set(project.store.annotations())
        proposed = {proposal.label for one in tagged for proposal in one.reply.proposals}
        labels = [*project.schema.names, *sorted(proposed.difference(project.schema.names))]
    _check("label", label, labels)
    if tagged:
        _check("model", model, sorted({one.model for one in tagged}))

    def asked(one: "Ungrounded | UngroundedRate") -> bool:
        return label in (None, one.label) and model in (None, one.model)

    rates, mentions = [*filter(asked, ungrounded_rates(tagged))], [*filter(asked, inbox(tagged))]
    if as_json:
        listed = [_data(one, annotated=one.doc_id in annotated) for one in mentions]
        data = {"rates": [{**asdict(rate), "rate": rate.rate} for rate in rates], "mentions": listed}
        print_data(data)
        return
    if not tagged:
        say("no text was tagged yet; see: allabel tag")
        return
    for line in _table(rates):
        click.echo(line)
    open_ = [one for one in mentions if one.doc_id not in annotated]
    for one in open_[:limit]:
        click.echo(_line(one))
    if len(open_) > limit:
        say(f"{limit} of {len(open_):,} mentions are shown; --limit {len(open_)} or --json shows all")
    if not open_:
        say("every mention has its place in its text, or its text was annotated since")


def _check(what: str, name: str | None, known: list[str]) -> None:
    if name is not None and name not in known:
        raise UnknownNameError(f"there is no {what} {name!r} here", remedy=nearest(name, known))


def _table(rates: "list[UngroundedRate]") -> list[str]:
    rows = [HEADS] + [
        (printable(r.model), r.label, str(r.n_ungrounded), str(r.n_mentions), f"{r.rate:.1%}", str(r.n_overlapping))
        for r in rates
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    # Words to the left, numbers to the right.
    return [
        "  ".join(
            cell.ljust(w) if i < 2 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]


def _line(one: "Ungrounded") -> str:
    place, mention = f"{printable(one.doc_id)}  {one.grounding.value}  {one.label}", printable(one.mention)
    return f'{place}  "{mention}"  ({printable(one.model)})'


def _data(one: "Ungrounded", *, annotated: bool) -> dict[str, object]:
    return {"id": one.doc_id, **{k: v for k, v in asdict(one).items() if k != "doc_id"}, "annotated": annotated}
