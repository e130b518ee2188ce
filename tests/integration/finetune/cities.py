"""What the tests of fine-tuning share: twelve texts on cities, their settings, and a person who is asked."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from allabel.people.accounts import Person
from allabel.people.asking import QuestionDesk
from allabel.people.roles import Role
from allabel.project import Project

CITIES = ("Rome", "Oslo", "Bern", "Kyiv", "Riga", "Lima", "Bonn", "Baku", "Cork", "Doha", "Graz", "Gent")
HEART = "stand_in_tagger:ByHeart"
Run = Callable[..., Any]


def settings(folder: Path, lines: str) -> None:
    (folder / "allabel.toml").write_text(lines, encoding="utf-8")


def desk(project: Project, name: str = "ada") -> QuestionDesk:
    person = Person(name, Role.ANNOTATOR, True, datetime.now(UTC))
    return QuestionDesk(project.store, project.schema, person, project.settings)


def rename_label(folder: Path, old: str, new: str) -> None:
    labels = folder / "labels.toml"
    labels.write_text(labels.read_text(encoding="utf-8").replace(f'"{old}"', f'"{new}"'), encoding="utf-8")
