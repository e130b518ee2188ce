"""The page of the commands: each with its usage, its words, its options and its examples, from click's objects."""

import inspect
import re
from collections.abc import Iterator

import click
from plain import block, code, page, paragraphs, table, words

from allabel.cli import cli

INTRO = """
Every command says the same by `--help`. `-p FOLDER` names the project and goes before the command; without it the
project is the folder you are in. Exit status: 0 done, 1 the work failed, 2 wrong use or bad input. With `--json`
standard output holds data and nothing else; words and progress go to standard error. Settings come from flags, then
variables, then the project's file: [settings](settings.md).
"""


def commands_page() -> str:
    """Return the page."""
    return page("Commands", INTRO, *(_section(context) for context in contexts()))


def contexts() -> Iterator[click.Context]:
    """Yield the context of `allabel` and of every command below it, in the order that `--help` lists them."""
    yield from _below(click.Context(cli, info_name="allabel", max_content_width=100))


def _below(context: click.Context) -> Iterator[click.Context]:
    yield context
    group = context.command
    if not isinstance(group, click.Group):
        return
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is not None and not command.hidden:
            yield from _below(click.Context(command, info_name=name, parent=context))


def _section(context: click.Context) -> str:
    command = context.command
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    depth = "#" * min(3, 1 + max(1, context.command_path.count(" ")))
    parts = [
        f"{depth} {context.command_path}",
        paragraphs(inspect.cleandoc(command.help or "")),
        block(usage),
        table(("option", "what it does"), _options(context)),
        _examples(command.epilog or ""),
    ]
    return "\n\n".join(part for part in parts if part)


def _options(context: click.Context) -> Iterator[tuple[str, str]]:
    for parameter in context.command.get_params(context):
        record = parameter.get_help_record(context)
        # What an argument is, its name in the usage says where nobody says more.
        said = record is not None and (record[1] or isinstance(parameter, click.Option))
        if record is not None and said and "--help" not in parameter.opts:
            yield code(record[0]), words(record[1])


def _examples(epilog: str) -> str:
    lines = [line for line in inspect.cleandoc(epilog).replace("\b", "").splitlines() if line.strip()]
    shown = [line.strip() for line in lines if not re.fullmatch(r"\s*examples?:\s*", line, re.IGNORECASE)]
    return f"For example:\n\n{block(chr(10).join(shown))}" if shown else ""
