"""A project of salts for whole pages in a real browser: its labels, its texts, and what is meant in each of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from at_work import WORD, meant_by

from allabel.config import FILE_NAME
from allabel.document import Span
from allabel.people.accounts import Accounts
from allabel.people.roles import Role
from allabel.project import Project
from allabel.schema import Label, LabelSchema

KEYS = {"Reagent": "1", "Solvent": "2", "Element": "3"}
SCHEMA = LabelSchema(
    labels=(
        Label(name="Reagent", key="1", definition="what is added to bring the reaction about", examples=("NaCl",)),
        Label(
            name="Solvent", key="2", definition="a liquid that dissolves the reactants", not_examples=("water bath",)
        ),
        Label(name="Element", key="3", definition="an element named inside a longer name"),
    ),
    guidelines="Mark the whole name, with charges and brackets. No amounts.",
    overlap=True,
)
MARKED = (
    "⟦Reagent|NaCl⟧ (5 g) was dissolved in ⟦Solvent|water⟧ and stirred.",
    "⟦Reagent|KBr⟧ was added to ⟦Solvent|ethanol⟧ at 0 °C.",
    "The yield 😀 was good: ⟦Reagent|CuSO4⟧ in ⟦Solvent|DMF⟧ gave blue crystals 🧪.",
    "⟦Reagent|⟦Element|sodium⟧ chloride⟧ was dried\tover ⟦Reagent|⟦Element|magnesium⟧ sulfate⟧ for 2 h.",
    "A cafe\u0301-brown solution of ⟦Reagent|KMnO4⟧ in ⟦Solvent|acetone⟧ was filtered.",
    "כלוריד של ⟦Element|נתרן⟧ הומס ב ⟦Solvent|מים⟧ בטמפרטורת החדר.",
    "محلول ⟦Reagent|NaOH⟧ في ⟦Solvent|الماء⟧ بارد.",
    "⟦Solvent|toluene⟧ was distilled, then ⟦Solvent|toluene⟧ was added to ⟦Reagent|LiAlH4⟧ in dry ⟦Solvent|toluene⟧.",
    "The flask was dried in vacuum overnight.",
    "The mixture was heated in a water bath at 60 °C.",
    "⟦Reagent|Pd(PPh3)4⟧ and ⟦Reagent|K2CO3⟧ were refluxed in ⟦Solvent|toluene⟧ under argon.",
    "⟦Reagent|AgNO3⟧ was dissolved in ⟦Solvent|water⟧ in the dark.",
    "⟦Reagent|NaBH4⟧ was added in portions to ⟦Solvent|ethanol⟧ 😀😀 over 1 h.",
    "⟦Reagent|K2CO3⟧ was suspended in ⟦Solvent|acetone⟧ and warmed on a water bath.",
    "⟦Reagent|NaCl⟧ and ⟦Reagent|KBr⟧ were ground together.",
    "⟦Reagent|CuSO4⟧ was recrystallised from hot ⟦Solvent|water⟧.",
    "⟦Reagent|NaOH⟧ pellets were dissolved in ⟦Solvent|ethanol⟧ with cooling.",
    "⟦Reagent|LiAlH4⟧ was quenched with ⟦Solvent|water⟧, very slowly.",
    "No starting material was left after 16 h.",
    "⟦Reagent|AgNO3⟧ in ⟦Solvent|water⟧ was dropped into ⟦Reagent|KBr⟧ in ⟦Solvent|water⟧.",
)
MEANT = dict(map(meant_by, MARKED))


def make_salts(folder: Path) -> Path:
    """Make a project with its labels and two people, and no text."""
    with Project.create(folder, SCHEMA) as project:
        for name, role in (("ada", Role.ADMIN), ("bo", Role.ANNOTATOR)):
            Accounts(project.store).add(name, role, WORD)
    (folder / FILE_NAME).write_text('duplicates = "keep"\nblind_share = 0.0\n', encoding="utf-8")
    return folder


@contextmanager
def opened(folder: Path) -> Iterator[Project]:
    """The project, open."""
    with Project.open(folder) as project:
        yield project


def answers(folder: Path) -> dict[str, tuple[Span, ...]]:
    """The latest answer to each text."""
    with opened(folder) as project:
        texts = {one.id: one.text for one in project.store.documents()}
        return {texts[id]: one.entities for id, one in project.store.annotations().items()}
