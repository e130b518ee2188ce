"""The promises of each seam as tests to inherit: a plugin is held to what allabel's own parts are held to.

    class TestLongest(StageContract):
        @pytest.fixture
        def make(self):
            return Longest

Needs pytest alone (`pip install 'allabel[testing]'`) beside what allabel needs. Each test's name is its promise.
"""

from allabel.errors import MissingExtraError

try:
    import pytest
except ImportError as error:
    raise MissingExtraError("allabel.testing needs pytest", remedy="pip install 'allabel[testing]'") from error

# Else a failed assert of a module that is no test would not say what it compared.
pytest.register_assert_rewrite(
    *(f"allabel.testing.{seam}" for seam in ("annotator", "format", "retriever", "stage", "tagger", "tagger_training"))
)

from allabel.testing.annotator import AnnotatorContract  # noqa: E402  only what comes after it is rewritten
from allabel.testing.format import FormatContract  # noqa: E402  as above
from allabel.testing.retriever import RetrieverContract, SimilarityContract  # noqa: E402  as above
from allabel.testing.stage import StageContract  # noqa: E402  as above
from allabel.testing.tagger import TaggerContract  # noqa: E402  as above

__all__ = [
    "AnnotatorContract",
    "FormatContract",
    "RetrieverContract",
    "SimilarityContract",
    "StageContract",
    "TaggerContract",
]
