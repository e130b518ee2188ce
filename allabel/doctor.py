"""What `allabel doctor` looks at: versions, extras, packages in the way, the project, the server."""

import importlib.util
import platform
from dataclasses import dataclass
from importlib.metadata import packages_distributions, version
from pathlib import Path

from allabel.errors import AllabelError

EXTRAS = {
    "app": ("streamlit",),
    "client": ("httpx",),
    "server": ("fastapi", "uvicorn", "limits", "prometheus_client"),
    "dense": ("faiss", "sentence_transformers", "torch"),
    "eval": ("plotly", "pyarrow", "datasets"),
    "finetune": ("torch", "transformers", "safetensors", "textblob"),
    "vllm": ("vllm",),
    "ray": ("ray", "aiohttp"),
    "parquet": ("pyarrow",),
    "postgres": ("psycopg",),
    "spacy": ("spacy",),
}
OURS = ("allabel", "app", "eval", "retrieval")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    ok: bool
    what: str
    says: str


def examine(folder: Path) -> list[Finding]:
    """Look at everything; a finding that is not ok says what to do."""
    from allabel.project import LABELS

    found = [Finding(True, "versions", f"allabel {version('allabel')}, Python {platform.python_version()}"), *_names()]
    installed = [extra for extra, modules in EXTRAS.items() if all(map(importlib.util.find_spec, modules))]
    found.append(Finding(True, "extras installed", ", ".join(installed) or "none"))
    if (folder / LABELS).exists():
        found += [_project(folder), *_calibration(folder), *_tuned(folder)]
    else:
        found.append(Finding(True, "project", f"none in {folder.absolute()}"))
    return found


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


def _project(folder: Path) -> Finding:
    from allabel.project import Project

    try:
        with Project.open(folder) as project:
            problems = [*project.store.check(), *project.stale_labels()]
            counts = project.counts()
    except AllabelError as error:
        return Finding(False, "project", str(error))
    if problems:
        return Finding(False, "project", "; ".join(problems))
    return Finding(True, "project", f"clean, {counts.documents} documents, {counts.annotated} annotated")
