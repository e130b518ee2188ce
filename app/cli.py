"""`allabel app`: the annotation app on one project, in the browser."""

import os
from importlib.util import find_spec
from pathlib import Path

import click

from allabel.console import printable, say
from allabel.discreet import be_discreet
from allabel.errors import InputError, MissingExtraError
from allabel.listening import ended_by_signals, refuse_taken
from allabel.manners import examples
from app.settings import FOLDER, LOCAL_HOSTS, theme

ENTRY = Path(__file__).parent / "entry" / "allabel_app.py"
MOST_UPLOADED_MB = 200


@click.command(
    "app",
    epilog=examples("allabel -p my-project app", "allabel -p my-project app --port 8600 --no-browser"),
)
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True)
@click.option("--host", default="localhost", show_default=True, help="Where it listens; others need people to sign in.")
@click.option("--no-browser", is_flag=True, help="Open no browser window.")
@click.pass_obj
def app(folder: Path, /, port: int, host: str, no_browser: bool) -> None:
    """Open the annotation app in the browser; Ctrl+C ends it.

    A folder without a project opens the page that makes one.
    """
    if find_spec("streamlit") is None:
        raise MissingExtraError("the app needs streamlit, which is not installed", remedy="pip install 'allabel[app]'")
    at = next(one for one in (folder.absolute(), *folder.absolute().parents) if os.path.lexists(one))
    if not at.is_dir():
        place = folder if at == folder.absolute() else at
        raise InputError("is a file, not a folder", file=place, remedy="name the project's folder with -p")
    if host not in LOCAL_HOSTS:
        _refuse_open_door(folder, host)
    refuse_taken(host, port)
    from streamlit.web.cli import main

    os.environ[FOLDER] = str(folder.resolve())
    be_discreet()
    where = f"is at http://localhost:{port}" if host in LOCAL_HOSTS else f"listens on {host}, port {port}"
    say(f"{printable(folder.absolute().name)} {where}; Ctrl+C ends it")
    with ended_by_signals():
        main(["run", str(ENTRY), *flags(folder.resolve(), port, host, browser=not no_browser)], standalone_mode=False)


def flags(folder: Path, port: int, host: str, *, browser: bool) -> list[str]:
    """Return what streamlit is started with; flags win over any file of settings that lies about."""
    options: dict[str, str | int] = {
        "server.port": port,
        "server.address": host,
        "server.headless": "false" if browser else "true",
        "server.showEmailPrompt": "false",
        "server.fileWatcherType": "none",
        "server.enableXsrfProtection": "true",
        "server.enableCORS": "true",
        "server.xsrfCookieSameSite": "strict",
        "server.maxUploadSize": MOST_UPLOADED_MB,
        # The app is for people at a browser; programs have `allabel serve`, and keys.
        "server.enableAgentApi": "false",
        "browser.gatherUsageStats": "false",
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        # Streamlit greets programmers, in the terminal and with a window on the page that offers to install something.
        "logger.hideWelcomeMessage": "true",
        # It would write errors past the log, with all that they say.
        "logger.enableRich": "false",
        "runner.magicEnabled": "false",
        **theme(),
    }
    # A page of another site cannot reach an app on this machine under a name of its own.
    allowed = [("server.allowedHosts", name) for name in LOCAL_HOSTS] if host in LOCAL_HOSTS else []
    secrets = [("secrets.files", root / ".streamlit" / "secrets.toml") for root in (Path.home(), folder)]
    return [f"--{name}={value}" for name, value in [*options.items(), *allowed, *secrets]]


def _refuse_open_door(folder: Path, host: str) -> None:
    """Refuse to serve other machines where nobody has to sign in."""
    from allabel.people.accounts import Accounts
    from allabel.project import Project

    with Project.open(folder) as project:
        if not Accounts(project.store).any():
            raise InputError(
                f"the app would be open to all who can reach {host!r}, for this project has no people yet",
                file=folder,
                remedy="start it without --host, add the first person on the page People, then use --host again",
            )
