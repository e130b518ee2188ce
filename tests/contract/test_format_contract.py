"""The promises of the seam `Format`, over every registered format: what each keeps is said here."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from allabel.document import Document
from allabel.formats.base import Format
from allabel.formats.named import FORMATS, OWN
from allabel.plugins import load, names
from allabel.testing import FormatContract
from allabel.testing.format import Make

EVERYTHING = frozenset({"id", "entities", "values", "meta", "seconds"})


@dataclass(frozen=True)
class Own:
    """What one format keeps, and how it differs from the others."""

    kept: frozenset[str]
    takes_unannotated: bool = True
    replaces: bool = True
    file_name: str = ""


OWN_WAYS = {
    "jsonl": Own(EVERYTHING),
    "parquet": Own(EVERYTHING),
    "label_studio": Own(EVERYTHING),
    "label_studio_predictions": Own(EVERYTHING - {"seconds"}),
    "prodigy": Own(EVERYTHING),
    "spacy": Own(EVERYTHING),
    "doccano": Own(frozenset({"id", "entities", "meta"})),
    "doccano_code_points": Own(frozenset({"id", "entities", "meta"})),
    "brat": Own(frozenset({"id", "entities"}), replaces=False, file_name="corpus"),
    "huggingface": Own(frozenset({"id", "entities"})),
    "conll": Own(frozenset({"entities"}), takes_unannotated=False),
    "csv": Own(frozenset({"id", "entities"})),
    "text": Own(frozenset()),
}


def test_the_table_says_of_each_format_what_the_format_says_of_itself() -> None:
    assert sorted(OWN) == sorted(OWN_WAYS) == names("formats")
    assert {name: FORMATS[name].suffixes for name in OWN} == OWN


@pytest.mark.parametrize("name", OWN)
def test_a_format_is_called_by_its_registered_name(name: str) -> None:
    if name == "spacy":
        pytest.importorskip("spacy", reason="spaCy is in the extra spacy, which is not here")
    assert load("formats", name)().name == name


class TestEveryFormat(FormatContract):
    @pytest.fixture(params=OWN_WAYS)
    def make(self, request: pytest.FixtureRequest) -> Make:
        if request.param == "spacy":
            pytest.importorskip("spacy", reason="spaCy is in the extra spacy, which is not here")
        # The instance's own attributes go before those of the class.
        for name, value in vars(OWN_WAYS[request.param]).items():
            setattr(self, name, value)
        made: Make = load("formats", request.param)
        return made

    def test_a_file_is_told_by_what_was_written(self, format: Format, path: Path, documents: list[Document]) -> None:
        from allabel.formats.registry import detect

        if format.name in {"huggingface", "label_studio_predictions", "doccano_code_points"}:
            pytest.skip("its files are as those of another format, which is told first")
        format.write(documents, path)
        assert detect(path).name == format.name
