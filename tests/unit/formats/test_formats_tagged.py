import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from allabel.document import DocId, Span
from allabel.errors import InputError
from allabel.formats.jsonl import Jsonl
from allabel.formats.tagged import read_tagged, tagged_line, write_tagged
from allabel.reply import Grounding, Proposal, Reply, Shown, Status, TaggedDocument

PROPOSALS = (
    Proposal("Chemical", "NaCl", Span(0, 4, "Chemical"), Grounding.EXACT, 0.9),
    Proposal("Solvent", "Water", Span(8, 13, "Solvent"), Grounding.NORMALISED, None),
    Proposal("Chemical", "KBr", None, Grounding.MISSING, 0.2),
)
REPLY = Reply(
    Status.OK, PROPOSALS, 1.5, (Shown(DocId("d2")), Shown(DocId("d1"))), raw="…", n_prompt_tokens=9, n_output_tokens=4
)
GOOD = TaggedDocument(DocId("a"), "NaCl in water", REPLY, "chat", "m-1", {"k": 1})
FAILED = TaggedDocument(DocId("b"), "x", Reply(Status.TRUNCATED, PROPOSALS, error="max_tokens"), "chat", "m-1")


def back(path: Path, *lines: object) -> list[TaggedDocument]:
    path.write_text("\n".join(json.dumps(line) for line in lines))
    return [tagged for _, tagged in read_tagged(path)]


def test_an_entity_carries_score_grounding_and_demonstrations():
    line = tagged_line(GOOD)
    assert line["entities"][0] == {
        "start": 0,
        "end": 4,
        "label": "Chemical",
        "text": "NaCl",
        "score": 0.9,
        "grounding": "exact",
        "demonstrations": ["d2", "d1"],
    }
    assert (line["status"], line["backend"], line["model"]) == ("ok", "chat", "m-1")


def test_a_mention_that_is_not_in_the_text_survives_without_a_span():
    line = tagged_line(GOOD)
    assert line["ungrounded"] == [{"label": "Chemical", "mention": "KBr", "score": 0.2}]
    assert len(line["entities"]) == 2


def test_a_failed_reply_is_never_an_empty_annotation(tmp_path: Path):
    line = tagged_line(FAILED)
    assert "entities" not in line
    assert (line["status"], line["error"]) == ("truncated", "max_tokens")
    write_tagged([FAILED], tmp_path / "out.jsonl")
    assert [r.document.entities for r in Jsonl().read(tmp_path / "out.jsonl")] == [None]


def test_what_was_written_comes_back_but_for_the_raw_reply(tmp_path: Path):
    path = tmp_path / "out.jsonl"
    write_tagged([GOOD, FAILED], path)
    good, failed = read_tagged(path)
    assert good == (1, replace(GOOD, reply=replace(REPLY, raw="")))
    assert failed == (2, replace(FAILED, reply=replace(FAILED.reply, proposals=())))


def test_tagged_output_reads_as_native_documents_too(tmp_path: Path):
    write_tagged([GOOD], tmp_path / "out.jsonl")
    (record,) = Jsonl().read(tmp_path / "out.jsonl")
    assert record.document.entities == REPLY.spans


def test_a_native_document_reads_as_a_reply_that_went_well(tmp_path: Path):
    line = {"id": "a", "text": "NaCl", "entities": [{"start": 0, "end": 4, "label": "Chemical"}]}
    (tagged,) = back(tmp_path / "gold.jsonl", line)
    assert tagged.reply == Reply(
        Status.OK, (Proposal("Chemical", "NaCl", Span(0, 4, "Chemical"), Grounding.EXACT, None),)
    )


def test_a_perplexity_beyond_numbers_is_unknown():
    endless = replace(GOOD, reply=replace(REPLY, perplexity=math.inf))
    assert tagged_line(endless)["perplexity"] is None


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ({"entities": None}, "neither"),
        ({"status": "great"}, "'great'"),
        ({"ungrounded": ["x"]}, "'x'"),
        ({"ungrounded": [{"label": "x"}]}, "mention"),
        ({"ungrounded": 3}, "ungrounded"),
        ({"perplexity": "low"}, "'low'"),
        ({"entities": [{"start": 0, "end": 1, "label": "x", "grounding": "vague"}]}, "'vague'"),
        ({"entities": [{"start": 0, "end": 1, "label": "x", "score": True}]}, "True"),
    ],
)
def test_a_wrong_tagged_line_names_line_and_value(tmp_path: Path, change: dict[str, object], value: str):
    with pytest.raises(InputError, match="line 1") as caught:
        back(tmp_path / "out.jsonl", {"text": "a", "entities": [], **change})
    assert value in caught.value.problem
