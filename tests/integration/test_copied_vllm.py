"""Mentions copied from the text, bound by a real vLLM server (see ALLABEL_TEST_LLM)."""

import pytest
from with_vllm import URL

from allabel.annotate.base import Demonstration
from allabel.annotate.llm.annotator import Choosing, LlmAnnotator
from allabel.annotate.llm.base import Form
from allabel.annotate.llm.chat_transport import ChatTransport
from allabel.annotate.llm.forms.copying import copies
from allabel.annotate.llm.forms.grouped_form import GroupedForm
from allabel.annotate.llm.forms.json_form import JsonForm
from allabel.document import DocId, Span
from allabel.reply import Status
from allabel.schema import LabelSchema
from retrieval.bm25 import Bm25

pytestmark = [pytest.mark.vllm, pytest.mark.enable_socket]

SCHEMA = LabelSchema.of(["Chemical", 'Disease "or symptom"'])
DEMONSTRATIONS = [
    Demonstration(DocId("a"), "Cocaine caused seizures .", (Span(0, 7, "Chemical"), Span(15, 23, SCHEMA.names[1]))),
    Demonstration(DocId("b"), "NaCl, n-BuLi and water .", (Span(0, 4, "Chemical"), Span(6, 12, "Chemical"))),
]
# What JSON escapes, what UTF-8 writes in several bytes, and what a model would rather write otherwise.
TEXTS = [
    'the 4"-O-methyl ether\tof C:\\temp\\acid',
    "5 µm of β-carotene, e\u0301ther and 🧪 in 2′-deoxyuridine",
    "an unknown compound of the laboratory",
    "１２ ml H₂SO₄\u00a0/ Fe(CO)5\nand NaCl",
    "paracetamol",
]


@pytest.mark.parametrize("form", [GroupedForm(), JsonForm(copy=True, max_entities=4)], ids=lambda form: form.name)
def test_a_model_can_write_nothing_that_does_not_stand_in_the_text(model: str, form: Form) -> None:
    transport = ChatTransport(URL, model, max_output_tokens=256)
    annotator = LlmAnnotator(SCHEMA, transport, form, Bm25, choosing=Choosing(2))
    replies = annotator.annotate(TEXTS, DEMONSTRATIONS)
    usable = [(text, reply) for text, reply in zip(TEXTS, replies, strict=True) if reply.status is Status.OK]
    mentions = [(text, proposal) for text, reply in usable for proposal in reply.proposals]
    assert len(usable) >= 3, [(reply.status, reply.error) for reply in replies]
    assert len(mentions) >= 3
    for text, proposal in mentions:
        assert proposal.mention in copies(text)
        assert proposal.score is not None
        assert 0 < proposal.score <= 1


def test_unbound_the_same_model_writes_what_is_not_there(model: str) -> None:
    transport = ChatTransport(URL, model, max_output_tokens=256)
    free = LlmAnnotator(SCHEMA, transport, GroupedForm(copy=False), Bm25, choosing=Choosing(2))
    replies = free.annotate(TEXTS, DEMONSTRATIONS)
    invented = [p for text, r in zip(TEXTS, replies, strict=True) for p in r.proposals if p.mention not in text]
    assert invented or any(reply.status is not Status.OK for reply in replies)
