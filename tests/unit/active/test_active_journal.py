"""The journal: what is written stays, a torn line is dropped, another run's is refused."""

import pytest

from allabel.active.journal import Journal
from allabel.errors import InputError

HEAD = {"design": {"query": "mnlp", "seed": 0}, "pool": {"digest": "aa"}}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.jsonl"


def opened(path, head=HEAD, tell=lambda line: None):
    return Journal.open(path, head, tell)


def test_entries_come_back_in_order(path):
    journal, entries = opened(path)
    assert entries == []
    for number in range(3):
        journal.append({"round": number, "é": [1, 2]})
    assert opened(path)[1] == [{"round": number, "é": [1, 2]} for number in range(3)]


@pytest.mark.parametrize("torn", [b'{"round":1,"sco', b"\0\0\0\0", b'{"round":1}', b"\xc3"])
def test_a_torn_last_line_is_dropped_with_a_message_and_written_again(path, torn):
    opened(path)[0].append({"round": 0})
    path.write_bytes(path.read_bytes() + torn)
    told = []
    journal, entries = opened(path, tell=told.append)
    assert entries == [{"round": 0}]
    assert "cut short" in told[0]
    journal.append({"round": 1, "again": True})
    assert opened(path)[1] == [{"round": 0}, {"round": 1, "again": True}]


def test_a_first_line_cut_short_begins_anew(path):
    opened(path)
    path.write_bytes(path.read_bytes()[:30])
    assert opened(path)[1] == []
    opened(path)[0].append({"round": 0})
    assert opened(path)[1] == [{"round": 0}]


def test_a_journal_of_another_run_is_refused_and_both_are_named(path):
    opened(path)
    before = path.read_bytes()
    other = {"design": {"query": "bald", "seed": 0}, "pool": {"digest": "bb"}}
    with pytest.raises(InputError) as error:
        opened(path, other)
    assert "design.query is 'mnlp' there and 'bald' here" in str(error.value)
    assert "pool.digest is 'aa' there and 'bb' here" in str(error.value)
    assert "seed" not in str(error.value)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", ["Dear Sir,\n", '{"id": 1}\n', "no line end", "[]\n"])
def test_a_file_that_is_no_journal_is_left_alone(path, content):
    path.write_text(content)
    with pytest.raises(InputError, match=r"no journal|no JSON object"):
        opened(path)
    assert path.read_text() == content


def test_a_broken_line_in_the_middle_is_named(path):
    opened(path)[0].append({"round": 0})
    path.write_bytes(path.read_bytes() + b'{"rou\n{"round":2}\n')
    with pytest.raises(InputError, match="line 3"):
        opened(path)


def test_two_runs_on_one_journal_do_not_mix(path):
    first, second = opened(path)[0], opened(path)[0]
    first.append({"round": 0})
    with pytest.raises(InputError, match="another process"):
        second.append({"round": 0})
    assert opened(path)[1] == [{"round": 0}]


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match="cannot be used"):
        opened(tmp_path / "none" / "run.jsonl")
