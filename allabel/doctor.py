"""What `allabel doctor` looks at: what is installed, packages in the way, the project, its database and servers."""

from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import TYPE_CHECKING

from allabel import surroundings
from allabel.errors import AllabelError
from allabel.surroundings import Finding

if TYPE_CHECKING:
    from allabel.store.location import Location

OURS = ("allabel", "app", "eval", "retrieval")


def examine(folder: Path) -> list[Finding]:
    """Look at everything; a finding that is not ok says what to do."""
    from allabel.project import LABELS

    found = [surroundings.versions(), *_names(), *surroundings.extras(), surroundings.packages(), surroundings.gpu()]
    if (folder / LABELS).exists():
        found += [*_project(folder), *_calibration(folder), *_tuned(folder)]
    else:
        found.append(Finding(True, "project", f"none in {folder.absolute()}"))
    return [*found, *_servers(folder)]


def _servers(folder: Path) -> Iterator[Finding]:
    from allabel import config

    try:
        settings = config.load(folder)
    except AllabelError as error:
        yield Finding(False, "settings", str(error))
        return
    yield from surroundings.servers(settings)


def _names() -> list[Finding]:
    owners = packages_distributions()
    others = {name: sorted(set(owners.get(name, [])) - {"allabel"}) for name in OURS}
    return [
        Finding(
            False, f"the name {name!r}", f"also belongs to {', '.join(who)}: install allabel by itself (pipx, uv tool)"
        )
        for name, who in others.items()
        if who
    ]


def _calibration(folder: Path) -> list[Finding]:
    from allabel.calibrating import FILE_NAME, Calibrations

    if not (folder / FILE_NAME).exists():
        return []
    try:
        n = len(Calibrations.read(folder).by_source)
    except (AllabelError, OSError) as error:
        return [Finding(False, "calibration", str(error))]
    return [Finding(True, "calibration", f"{FILE_NAME} can be read; sources of scores in it: {n}")]


def _tuned(folder: Path) -> list[Finding]:
    from allabel.active.tuning import check_whole, tagger_class
    from allabel.finetuning import age
    from allabel.project import Project

    try:
        with Project.open(folder) as project:
            found = age(project)
            in_use = project.settings.backend == "tuned"
        if found is None:
            return (
                [Finding(False, "tuned model", "there is none, and it is in use: allabel finetune")] if in_use else []
            )
        tagger_class(found.tuned.tagger)
        check_whole(found.tuned)
    except AllabelError as error:
        return [Finding(False, "tuned model", str(error))]
    return [Finding(found.fits or not in_use, "tuned model", found.sentence())]


def _project(folder: Path) -> Iterator[Finding]:
    from allabel.project import Project
    from allabel.store.location import Location
    from allabel.store.wal import kept_logs

    try:
        with Project.open(folder) as project:
            problems = [*project.store.check(), *project.stale_labels()]
            counts, where = project.counts(), Location.of(project.place)
    except AllabelError as error:
        yield Finding(False, "project", str(error))
        return
    if problems:
        yield Finding(False, "project", "; ".join(problems))
    else:
        yield Finding(True, "project", f"clean, {counts.documents} documents, {counts.annotated} annotated")
    yield Finding(True, "database", _place(where))
    for log in kept_logs(where.path) if where.path else ():
        yield Finding(
            False,
            "damaged log",
            f"{log} holds what was saved last, and cannot be read; look for what is missing in the project "
            "(docs/how-to/backup.md), then delete it",
        )


def _place(where: "Location") -> str:
    """Say where the texts are, without a password."""
    if where.path is None:
        return f"{where.name} answers"
    return f"{where.name}, {where.path.stat().st_size / 1e6:,.2f} MB"
