"""`allabel status`: how far the project is."""

import json
from pathlib import Path

import click

from allabel.console import open_project


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print data.")
@click.pass_obj
def status(folder: Path, as_json: bool) -> None:
    """Say how far the project is."""
    with open_project(folder) as project:
        counts = project.counts()
        data = {
            "documents": counts.documents,
            "gold": counts.gold,
            "annotated": counts.annotated,
            "queued": counts.queued,
            "tagged": counts.tagged,
            "labels": list(project.schema.names),
            "backend": project.settings.backend,
        }
    if as_json:
        click.echo(json.dumps(data, ensure_ascii=False))
        return
    for key, value in data.items():
        click.echo(f"{key:10} {', '.join(value) if isinstance(value, list) else value}")
