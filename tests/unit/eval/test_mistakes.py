import json

from allabel.document import DocId, Document, Span
from allabel.reply import Grounding, Proposal, Reply, Status
from eval.mistakes import mistakes, write_mistakes
from eval.pairing import Pair

TEXT = "é" * 50 + "NaCl in water" + "x" * 50
SALT, WATER = Span(50, 54, "Chemical"), Span(58, 63, "Solvent")


def _pair(*spans, **gold):
    reply = Reply(Status.OK, tuple(Proposal(s.label, TEXT[s.start : s.end], s, Grounding.EXACT) for s in spans))
    return Pair(Document(DocId("a"), TEXT, **gold), reply)


def test_an_error_stands_with_forty_characters_on_either_side():
    (line,) = mistakes(_pair(Span(50, 57, "Chemical"), WATER, entities=(SALT, WATER)))
    assert line == {
        "id": "a",
        "kind": "boundary",
        "gold": {"start": 50, "end": 54, "label": "Chemical", "text": "NaCl"},
        "predicted": {"start": 50, "end": 57, "label": "Chemical", "text": "NaCl in"},
        "context": "é" * 40 + "NaCl in water" + "x" * 34,
    }


def test_missed_and_invented_entities_have_one_side():
    found = list(mistakes(_pair(SALT, entities=(WATER,))))
    assert [(line["kind"], line["gold"] is None, line["predicted"] is None) for line in found] == [
        ("invented", True, False),
        ("missed", False, True),
    ]


def test_a_document_without_a_reply_misses_all_and_one_without_gold_has_no_errors():
    document = Document(DocId("a"), TEXT, (SALT, WATER))
    for reply in (None, Reply(Status.FAILED)):
        assert [line["kind"] for line in mistakes(Pair(document, reply))] == ["missed", "missed"]
    assert list(mistakes(_pair(SALT))) == []


def test_of_gold_without_offsets_strings_are_compared():
    found = list(mistakes(_pair(SALT, WATER, values={"Chemical": ("NaCl ",), "Gas": ("argon", "")})))
    assert found == [
        {"id": "a", "kind": "missed", "gold": {"label": "Gas", "text": "argon"}, "predicted": None, "context": None},
        {
            "id": "a",
            "kind": "invented",
            "gold": None,
            "predicted": {"label": "Solvent", "text": "water"},
            "context": None,
        },
    ]


def test_one_error_a_line(tmp_path):
    path = tmp_path / "errors.jsonl"
    assert write_mistakes([_pair(SALT, entities=(WATER,)), _pair(entities=())], path) == 2
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["kind"] for line in lines] == ["invented", "missed"]
