"""What the three do beyond the promises."""

import numpy as np
import pytest
from allabel_lab.dictionary import Dictionary
from allabel_lab.quantities import QUANTITY, Quantities
from allabel_lab.ris import Ris

from allabel.annotate.base import Demonstration
from allabel.config import Settings
from allabel.document import DocId, Document, Span
from allabel.errors import InputError
from allabel.formats.base import FormatWarning
from allabel.plugins import load
from allabel.schema import LabelSchema
from allabel.testing.stage import picked, pool_of, tools

TWO = """TY  - JOUR
ID  - zno-1
TI  - Zinc oxide
DO  - 10.1/x
AB  - ZnO was grown
 at 80 °C.
ER  -\x20

TY  - JOUR
TI  - A review
ER  -\x20
"""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("stirred at 80 °C for 2 h", ["80 °C", "2 h"]),
        ("5 mL of 0.5 M HCl (10 mol%)", ["5 mL", "0.5 M", "10 mol%"]),
        ("Fe2O3 and sample 2 had 3 phases", []),
        ("5 minutes in version 1.5 m", []),
    ],
)
def test_a_quantity_is_a_number_with_a_unit(text: str, found: list[str]) -> None:
    assert QUANTITY.findall(text) == found


def test_texts_with_more_quantities_go_first_and_say_which() -> None:
    pool = pool_of(["ZnO is a semiconductor", "heated to 80 °C", "5 mL at 80 °C", "then 2 h"])
    assert picked(Quantities(tools()), pool, 4) == [2, 3, 1, 0]
    (best, *_) = Quantities(tools()).select(pool, 1, np.random.default_rng(0))
    assert best.reason == "2 quantities: 5 mL, 80 °C"


def test_references_are_read_with_title_and_doi_and_without_abstract_left_out(tmp_path) -> None:
    (tmp_path / "mine.ris").write_text(TWO, encoding="utf-8")
    with pytest.warns(FormatWarning, match="line 9 has no abstract"):
        (record,) = Ris().read(tmp_path / "mine.ris")
    assert record.document == Document(
        DocId("zno-1"), "ZnO was grown at 80 °C.", meta={"title": "Zinc oxide", "doi": "10.1/x"}
    )
    assert record.line == 1


def test_what_is_no_reference_is_named_with_its_line(tmp_path) -> None:
    (tmp_path / "mine.ris").write_text("\nhello\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"mine\.ris, line 2: 'hello' belongs to no reference"):
        list(Ris().read(tmp_path / "mine.ris"))


def test_title_and_doi_are_written_back_and_entities_counted_as_lost(tmp_path) -> None:
    document = Document(DocId("a"), "ZnO", (Span(0, 3, "Oxide"),), meta={"title": "Zinc", "doi": "10.1/x"})
    with pytest.warns(FormatWarning, match="1 entities left out"):
        Ris().write([document], tmp_path / "a.ris")
    (record,) = Ris().read(tmp_path / "a.ris")
    assert (record.document.text, record.document.meta) == ("ZnO", {"title": "Zinc", "doi": "10.1/x"})


def test_a_name_bears_the_label_it_mostly_bears_and_the_longest_name_wins() -> None:
    shown = [
        Demonstration(DocId("1"), "zinc oxide", (Span(0, 10, "Product"),)),
        Demonstration(DocId("2"), "zinc", (Span(0, 4, "Reagent"),)),
        Demonstration(DocId("3"), "zinc, zinc", (Span(0, 4, "Reagent"), Span(6, 10, "Product"))),
    ]
    backend = Dictionary(LabelSchema.of(["Reagent", "Product"]), Settings())
    (reply,) = backend.annotate(["zinc and zinc oxide, not zincate"], shown)
    found = [(p.mention, p.label, round(p.score or 0, 2)) for p in reply.proposals]
    assert found == [("zinc", "Reagent", 0.67), ("zinc oxide", "Product", 1.0)]
    assert reply.demonstrations == ("2", "3", "1")


@pytest.mark.parametrize(
    ("kind", "name", "it"),
    [("strategies", "quantities", Quantities), ("formats", "ris", Ris), ("backends", "dictionary", Dictionary)],
)
def test_each_is_registered_by_the_name_it_bears(kind: str, name: str, it: type) -> None:
    assert load(kind, name) is it
    assert it.name == name
