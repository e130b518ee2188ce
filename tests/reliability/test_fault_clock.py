"""A clock that is set back: no order changes, and nobody is kept waiting."""

import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from commands_in_order import in_order
from fault_grounds import asked, make_base
from full_stores import texts

from allabel.document import DocId, Span
from allabel.store import Store

FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """See `make_base`."""
    return make_base(tmp_path_factory.mktemp("base"))


def at(moment: str, *commands: list[Any]) -> None:
    """Run commands in a process whose clock says another moment."""
    if not FAKETIME.exists():
        pytest.skip("libfaketime is not installed (apt-get install libfaketime)")
    env = os.environ | {"LD_PRELOAD": str(FAKETIME), "FAKETIME": moment, "DONT_FAKE_MONOTONIC": "1"}
    in_order(commands, env=env)


def test_a_clock_that_was_set_back_changes_no_order_and_stops_nothing(base: Path, tmp_path: Path) -> None:
    p = ["-p", tmp_path / "p"]
    shutil.copytree(base / "p", tmp_path / "p")
    corrected = tmp_path / "corrected.jsonl"
    one = {"id": "t7", "text": texts(8)[7].text, "entities": [{"start": 0, "end": 1, "label": "Chemical"}]}
    corrected.write_text(json.dumps(one) + "\n")
    at("-2y", asked("annotate", base, tmp_path))
    at(
        # Before the first date that a zip file can hold.
        "1975-01-01 00:00:00",
        [*p, "import", corrected, "--as", "annotations"],
        asked("select", base, tmp_path),
        asked("tag --rest", base, tmp_path),
        asked("finetune", base, tmp_path),
        asked("backup", base, tmp_path),
        ["restore", tmp_path / "new.zip", tmp_path / "q"],
        ["-p", tmp_path / "q", "doctor"],
    )
    for folder in ("p", "q"):
        with Store.open(tmp_path / folder / "project.db") as store:
            # What came last counts, whatever its clock said.
            assert store.annotations()[DocId("t7")].entities == (Span(0, 1, "Chemical"),)
            assert len(store.history(DocId("t7"))) == 2
            assert store.counts().annotated == 12


def test_a_name_that_guessed_wrong_is_not_shut_out_when_the_clock_is_set_back(tmp_path: Path) -> None:
    from datetime import timedelta

    from allabel.people.accounts import Accounts
    from allabel.people.errors import SignInError
    from allabel.people.roles import Role

    now = [datetime(2026, 5, 3, tzinfo=UTC)]
    with Store.create(tmp_path / "project.db") as store:
        accounts = Accounts(store, clock=lambda: now[0])
        accounts.add("ada", Role.ANNOTATOR, "correct horse battery")
        for _ in range(5):
            with pytest.raises(SignInError):
                accounts.sign_in("ada", "wrong")
        with pytest.raises(SignInError, match="in a row"):
            accounts.sign_in("ada", "correct horse battery")
        now[0] -= timedelta(days=3)
        assert accounts.sign_in("ada", "correct horse battery").person.name == "ada"
