"""`allabel serve`: the project over HTTP, and the keys of those who may ask."""

import importlib.util
import ipaddress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from allabel.completing import registered
from allabel.console import open_project, print_data, printable, say
from allabel.errors import InputError, MissingExtraError
from allabel.listening import refuse_taken
from allabel.manners import Group, OneOf, examples, json_option

if TYPE_CHECKING:
    from allabel.project import Project
    from allabel.server.keys import Key


@click.group(
    cls=Group,
    short_help="Serve the project over HTTP; add keys for callers.",
    invoke_without_command=True,
    epilog=examples("allabel -p my-project serve", "allabel -p my-project serve --port 8300 --backend tuned"),
)
@click.option("--host", help="The address to listen at.  [default: 127.0.0.1]")
@click.option("--port", type=int, help="The port.  [default: 8200]")
@click.option("--workers", type=int, help="Processes that share the port.  [default: 1]")
@click.option(
    "--backend",
    shell_complete=registered("backends"),
    help="What tags: embedded, tuned, chat, vllm, or module:Class.  [default: embedded]",
)
@click.option("--base-url", help="The server of the chat backend.")
@click.option("--model", help="The model's name there.")
@click.option("--shots", type=int, help="Demonstrations a text.  [default: 5]")
@click.option("--open", "open_", is_flag=True, help="Listen beyond this machine although nobody needs a key.")
@click.pass_context
def serve(
    context: click.Context, /, host: str | None, port: int | None, workers: int | None, open_: bool, **settings: Any
) -> None:
    """Serve the project over HTTP: POST /v1/tag and others; /openapi.json lists them.

    Callers need a key as soon as there is one: allabel serve keys add NAME. Without any, the server listens on this
    machine alone.
    """
    if context.invoked_subcommand is not None:
        return
    folder: Path = context.obj
    if missing := [name for name in ("fastapi", "uvicorn", "prometheus_client", "limits") if not _there(name)]:
        raise MissingExtraError(f"the server needs {missing[0]}: pip install 'allabel[server]'")
    from allabel.server.keys import Keys
    from allabel.server.running import serve as run

    given = {"host": host, "port": port, "workers": workers}
    table = {name: value for name, value in given.items() if value is not None}
    flags = {name: value for name, value in (settings | {"serve": table or None}).items() if value is not None}
    with open_project(folder, **flags) as project:
        how, with_keys = project.settings.serve, Keys(project.store).any()
        if not (with_keys or open_ or _local(how.host)):
            raise InputError(
                f"whoever reaches {how.host} could use the server, for the project has no keys",
                remedy="allabel serve keys add NAME; or --open where others keep strangers away",
            )
        refuse_taken(how.host, how.port)
        _tell(project, with_keys=with_keys)
    run(folder, flags, how)


def _tell(project: "Project", *, with_keys: bool) -> None:
    how = project.settings.serve
    say(f"serving {project.folder.absolute().name} at http://{how.host}:{how.port} with {project.settings.backend}")
    say("callers need a key" if with_keys else "nobody needs a key: allabel serve keys add NAME changes that")
    say(f'try: curl -s http://{how.host}:{how.port}/v1/tag -H "Content-Type: application/json" -d \'{{"text": "…"}}\'')


def _local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _there(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


@serve.group(
    cls=Group,
    epilog=examples("allabel -p my-project serve keys add lab --scope tag", "allabel -p my-project serve keys list"),
)
def keys() -> None:
    """Add, list and revoke the keys of callers."""


@keys.command(
    short_help="Make a key for NAME and print it, this once.",
    epilog=examples(
        "allabel -p my-project serve keys add lab",
        "allabel -p my-project serve keys add notebook --scope tag --scope annotate",
    ),
)
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    default=("tag", "read"),
    show_default=True,
    type=OneOf(["tag", "read", "annotate", "metrics"]),
    help="What it is for; may be repeated.",
)
@json_option("one object with id, name, scopes, at, revoked, and token, which is shown this once.")
@click.pass_obj
def add(folder: Path, name: str, scopes: tuple[str, ...], as_json: bool) -> None:
    """Make a key for NAME and print it, this once: only a hash is kept."""
    from allabel.server.keys import Keys, Scope

    with open_project(folder) as project:
        key, token = Keys(project.store).add(name, [Scope(scope) for scope in scopes])
    say(f"{printable(key.name)} may {', '.join(sorted(key.scopes))}; keep the key, it is not shown again:")
    if as_json:
        print_data(_data(key) | {"token": token})
    else:
        click.echo(token)


@keys.command("list", epilog=examples("allabel -p my-project serve keys list"))
@json_option("a list of objects with id, name, scopes, at and revoked.")
@click.pass_obj
def list_(folder: Path, as_json: bool) -> None:
    """List the keys, without their secrets."""
    from allabel.server.keys import Keys

    with open_project(folder) as project:
        found = Keys(project.store).all()
    if as_json:
        print_data([_data(key) for key in found])
        return
    if not found:
        say("there is no key; see: allabel serve keys add --help")
    for key in found:
        click.echo(
            f"{key.id}  {printable(key.name)}  {', '.join(sorted(key.scopes))}{'  (revoked)' * bool(key.revoked)}"
        )


@keys.command(epilog=examples("allabel -p my-project serve keys revoke lab"))
@click.argument("name")
@json_option("one object with name and revoked.")
@click.pass_obj
def revoke(folder: Path, name: str, as_json: bool) -> None:
    """Let the key of NAME in no more, from the next second on."""
    from allabel.server.keys import Keys

    with open_project(folder) as project:
        Keys(project.store).revoke(name)
    say(f"the key of {printable(name)} opens nothing any more")
    if as_json:
        print_data({"name": name, "revoked": True})


def _data(key: "Key") -> dict[str, Any]:
    at = key.at.isoformat()
    return {"id": key.id, "name": key.name, "scopes": sorted(key.scopes), "at": at, "revoked": bool(key.revoked)}
