"""The chat annotator against a real vLLM server (see ALLABEL_TEST_LLM)."""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Sequence

import numpy as np
import pytest

from allabel.annotate.base import Demonstration
from allabel.annotate.llm.annotator import Choosing, LlmAnnotator
from allabel.annotate.llm.chat_transport import ChatTransport
from allabel.annotate.llm.forms.json_form import JsonForm
from allabel.document import DocId, Span
from allabel.errors import ServerError
from allabel.reply import Status
from allabel.schema import LabelSchema
from retrieval.base import TopK

pytestmark = [pytest.mark.vllm, pytest.mark.enable_socket]

URL = os.environ.get("ALLABEL_TEST_LLM", "http://127.0.0.1:8130/v1")
DEMONSTRATIONS = [
    Demonstration(DocId("a"), "Cocaine caused seizures in rats .", (Span(0, 7, "Chemical"), Span(15, 23, "Disease"))),
    Demonstration(DocId("b"), "Patients with gout took aspirin .", (Span(14, 18, "Disease"), Span(24, 31, "Chemical"))),
    Demonstration(DocId("c"), "The study was short .", ()),
]


class InOrder:
    """Ranks texts as they stand."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._n = len(texts)

    def __len__(self) -> int:
        return self._n

    def search(self, queries: Sequence[str], k: int) -> TopK:
        k = min(k, self._n)
        return TopK(np.tile(np.arange(k), (len(queries), 1)), np.zeros((len(queries), k)))


@pytest.fixture(scope="module")
def model() -> str:
    try:
        with urllib.request.urlopen(f"{URL}/models", timeout=10) as answer:
            return str(json.load(answer)["data"][0]["id"])
    except (OSError, urllib.error.URLError) as error:
        pytest.skip(f"no server at {URL} (set ALLABEL_TEST_LLM): {error}")


def annotator(model: str) -> LlmAnnotator:
    schema, transport = LabelSchema.of(["Chemical", "Disease"]), ChatTransport(URL, model, max_output_tokens=1024)
    return LlmAnnotator(schema, transport, JsonForm(), InOrder, choosing=Choosing(2))


def test_a_real_server_keeps_to_the_schema_and_tells_its_perplexity(model: str) -> None:
    text = "Morphine caused seizures in mice ."
    (reply,) = annotator(model).annotate([text], DEMONSTRATIONS)
    assert reply.status is Status.OK, reply
    assert reply.demonstrations == ("a", "b")
    assert reply.perplexity is not None
    assert reply.perplexity > 1
    assert reply.n_prompt_tokens > 0
    assert reply.n_output_tokens > 0


def test_a_real_server_is_asked_for_a_model_that_it_has_not(model: str) -> None:
    with pytest.raises(ServerError, match="has no model") as caught:
        annotator("nobody/nothing").annotate(["HCl"], [])
    assert model in str(caught.value)
