"""NERRE's recorded outputs: read as replies, and value F1 counted a second time by a wholly different route."""

import json
from collections import Counter

import pandas as pd
import pytest

from allabel.document import DocId, Document
from allabel.errors import InputError
from allabel.reply import Grounding, Status
from eval import counts
from eval.pairing import Pair
from eval.recorded_nerre import LABELS, read_recorded
from eval.score import score

TEXT = "Thin films of ZnO (zinc oxide) for solar\ncells."


def _file(tmp_path, *completions):
    lines = [json.dumps({"prompt": TEXT + "\n\n###\n\n", "completion": "", "llm_completion": c}) for c in completions]
    path = tmp_path / "run_0.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _read(tmp_path, completion):
    ((text, reply),) = read_recorded(_file(tmp_path, completion))
    assert text == TEXT
    return reply


def test_values_become_proposals_where_they_stand(tmp_path):
    records = [
        {"formula": "ZnO", "name": "zinc oxide", "acronym": "", "description": [""], "applications": ["solar cells"]}
    ]
    reply = _read(tmp_path, " " + json.dumps(records) + "\n\nEND\n\n")
    assert reply.status is Status.OK
    assert [(p.label, p.mention, p.grounding) for p in reply.proposals] == [
        ("formula", "ZnO", Grounding.EXACT),
        ("name", "zinc oxide", Grounding.EXACT),
        ("applications", "solar cells", Grounding.NORMALISED),
    ]
    assert [TEXT[s.start : s.end] for s in reply.spans] == ["ZnO", "zinc oxide", "solar\ncells"]


def test_a_string_that_the_text_spells_otherwise_or_lacks_is_missing(tmp_path):
    reply = _read(tmp_path, json.dumps([{"formula": "ZnS", "description": "thin\u2010films"}]))
    assert [(p.mention, p.span, p.grounding) for p in reply.proposals] == [
        ("ZnS", None, Grounding.MISSING),
        ("thin\u2010films", None, Grounding.MISSING),
    ]


@pytest.mark.parametrize("said", [' [{"formula": "ZnO"', '{"formula": "ZnO"}', '["ZnO"]', '[{"formula": 3}]', "[{}] x"])
def test_what_is_no_list_of_records_proposes_nothing_and_says_why(tmp_path, said):
    reply = _read(tmp_path, said)
    assert (reply.status, reply.proposals, reply.raw) == (Status.UNPARSEABLE, (), said)
    assert reply.error


def test_a_line_that_is_no_recording_is_refused(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text('{"prompt": "a", "llm_completion": "[]"}\n{"prompt": "a"}\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"line 2: lacks `prompt` or `llm_completion`"):
        list(read_recorded(path))


# Outputs that are not JSON, over the five folds of 62 texts; true positives, predicted and gold values over them all.
@pytest.mark.parametrize(
    ("model", "n_invalid", "total"), [("gpt3", 5, (814, 1259, 1382)), ("llama2", 1, (762, 1337, 1382))]
)
def test_value_f1_equals_an_independent_count(data, model, n_invalid, total):
    documents = _gold(data)
    folder = data / "nerre_general" / "predictions" / model
    found = counts.Counts()
    failed = n_documents = 0
    for path in sorted(folder.glob("run_*.jsonl")):
        report = score([Pair(documents[text], reply) for text, reply in read_recorded(path)])
        by_label = _counted_again(path)
        assert {
            label: (c.true_positive, c.predicted, c.gold) for label, c in report.values.per_label.items()
        } == by_label
        found += report.values.micro
        failed += report.statuses[Status.UNPARSEABLE]
        n_documents += report.n_documents
    assert (n_documents, failed) == (310, n_invalid)
    assert (found.true_positive, found.predicted, found.gold) == total


def test_every_label_of_the_gold_is_known(data):
    assert {label for document in _gold(data).values() for label in document.values or ()} == set(LABELS)


def _gold(data):
    """The data set's documents by text, with their values."""
    lines = (data / "nerre_general" / "spans.jsonl").read_text(encoding="utf-8").split("\n")
    rows = [json.loads(line) for line in lines if line]
    return {
        row["text"]: Document(DocId(row["id"]), row["text"], values={k: tuple(v) for k, v in row["values"].items()})
        for row in rows
    }


def _counted_again(path):
    """Count with a join of two tables of strings; gold comes from the recording itself, not from the data set."""
    rows = pd.read_json(path, lines=True)
    gold, said = (_table(rows[column]) for column in ("completion", "llm_completion"))
    right = gold.merge(said, on=["text", "label", "string"])
    sums = [Counter(table["label"]) for table in (right, said, gold)]
    return {label: tuple(each[label] for each in sums) for label in set(gold["label"]) | set(said["label"])}


def _table(completions):
    rows = []
    for text, completion in enumerate(completions):
        try:
            records = json.JSONDecoder().raw_decode(completion.strip())[0]
        except json.JSONDecodeError:
            continue
        rows += [{**record, "text": text} for record in records]
    table = pd.DataFrame(rows).melt("text", var_name="label", value_name="string").explode("string").dropna()
    table["string"] = table["string"].str.replace(r"\s+", " ", regex=True).str.strip()
    return table[table["string"] != ""].drop_duplicates()
