"""Every command that writes, killed at random moments and run again: the same end, and nothing lost or doubled."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pytest
from crash_grounds import Ground
from crash_start import Starter, starter_of
from crash_state import state_of
from crash_trials import Tally, Trials, share
from served import CORPUS, taught
from with_stores import DATABASES

from allabel.formats.registry import read_documents
from allabel.project import Project
from allabel.schema import LabelSchema

N_IMPORTED = 1500


def nothing(folder: Path) -> None:
    """Leave the folder as it is."""


def empty(folder: Path) -> None:
    """Make an empty project, and beside it a file to import."""
    taught(folder, 0)
    rows = [json.loads(line) for line in (CORPUS / "pool.jsonl").read_text(encoding="utf-8").splitlines()]
    repeated = [rows[n % len(rows)] | {"id": f"{n:05}"} for n in range(N_IMPORTED)]
    lines = [json.dumps(row) + "\n" for row in repeated]
    (folder.parent / "texts.jsonl").write_text("".join(lines), encoding="utf-8")


def with_gold(folder: Path) -> None:
    """Make a project with gold, of which the first texts are annotated."""
    taught(folder, 40)
    with Project.open(folder) as project:
        records = islice(read_documents(CORPUS / "pool.jsonl"), 40, None)
        project.import_records(records, CORPUS / "pool.jsonl", "gold")


def queued(folder: Path) -> None:
    """Make a project with texts to annotate whose gold is known."""
    with Project.create(folder, LabelSchema.read(CORPUS / "labels.toml")) as project:
        project.import_records(read_documents(CORPUS / "pool.jsonl"), CORPUS / "pool.jsonl", "gold")
        project.select("100", "uniform")


@dataclass(frozen=True)
class Command:
    """One command, the project it is given, and its share of all kills on each database.

    done: what it says where nothing is left to be done, and that is no success.
    """

    name: str
    prepare: Callable[[Path], None]
    arguments: Sequence[str]
    share: float
    done: str = ""

    def on(self, folder: Path) -> list[str]:
        """Return its arguments for one copy of the project."""
        return [one.format(project=folder, beside=folder.parent) for one in self.arguments]


P = ("-p", "{project}")
LABELS = str(CORPUS / "labels.toml")
COMMANDS = [
    Command("init", nothing, ("init", "{project}", "--labels", LABELS), 0.05, "there is a project already"),
    Command("import --as gold", empty, (*P, "import", "{beside}/texts.jsonl", "--as", "gold"), 0.04),
    Command("import --as annotations", empty, (*P, "import", "{beside}/texts.jsonl", "--as", "annotations"), 0.05),
    Command("select", with_gold, (*P, "select", "--budget", "20%"), 0.05),
    Command("annotate --from-gold", queued, (*P, "annotate", "--from-gold"), 0.04),
    Command("tag --rest", with_gold, (*P, "tag", "--rest", "-o", "{beside}/out.jsonl"), 0.05),
    Command("finetune", with_gold, (*P, "finetune", "--tagger", "crf"), 0.05),
]


@pytest.fixture
def starter(pytestconfig: pytest.Config) -> Starter:
    return starter_of(pytestconfig)


@pytest.mark.slow
@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize("command", COMMANDS, ids=lambda one: one.name.replace(" ", "_"))
def test_a_command_that_was_killed_goes_on_and_ends_as_if_it_had_not_been(
    command: Command, database: str, starter: Starter, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    tally = Tally(command.name, database)
    with Ground(database, pytestconfig, tmp_path, command.prepare) as ground:
        Trials(tally, starter, ground, command.on, state_of, done=command.done).run(share(command.share))
    assert tally.wrong == []
