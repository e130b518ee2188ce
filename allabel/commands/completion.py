"""`allabel completion`: what makes a shell complete commands, options and names."""

import click

from allabel.errors import AllabelError
from allabel.manners import OneOf, examples

SHELLS = ("bash", "zsh", "fish")


@click.command(
    short_help="Print what completes commands and names in your shell.",
    epilog=examples(
        "allabel completion bash >> ~/.bashrc",
        "allabel completion zsh >> ~/.zshrc",
        "allabel completion fish > ~/.config/fish/completions/allabel.fish",
    ),
)
@click.argument("shell", type=OneOf(SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print what makes SHELL complete: commands, options, files, and names of strategies, formats, labels and others.

    Written to the shell's start-up file once it holds for every new shell; in zsh that file has to call compinit
    before.
    """
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    if found is None:
        raise AllabelError(f"click {click.__version__} writes no completion for {shell}")
    click.echo(found(ctx.find_root().command, {}, "allabel", "_ALLABEL_COMPLETE").source())
