"""What tests in several folders share: the real data, and the command line as one call."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path

import pytest

from allabel.cli import main
from allabel.document import Document
from allabel.formats.registry import read_documents

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    out: str
    err: str


Command = Callable[..., Ended]


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of public data sets beside the repository."""
    if not DATA.is_dir():
        pytest.skip(f"the public data sets are not at {DATA}")
    return DATA


@lru_cache
def _bc5cdr(split: str) -> tuple[Document, ...]:
    return tuple(record.document for record in read_documents(DATA / "bc5cdr" / "iob" / f"{split}.tsv", "conll"))


@pytest.fixture(scope="session")
def bc5cdr(data: Path) -> Callable[[str, int], list[Document]]:
    """Gives the first n sentences of a split of BC5CDR, tokens joined by spaces."""
    return lambda split, n: list(islice(_bc5cdr(split), n))


@pytest.fixture
def allabel(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs `allabel …` in this process, out of reach of the variables of whoever runs the tests."""
    for name in ("BACKEND", "BASE_URL", "MODEL", "API_KEY", "SHOTS", "RETRIEVER", "UNCERTAINTY_CAP"):
        monkeypatch.delenv(f"ALLABEL_{name}", raising=False)
    for name in ("BASE_URL", "API_KEY"):
        monkeypatch.delenv(f"OPENAI_{name}", raising=False)

    def run(*arguments: object) -> Ended:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Ended(int(ended.value.code or 0), captured.out, captured.err)

    return run
