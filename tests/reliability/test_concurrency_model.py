"""Whatever several people and programs do in whatever order, the store does as a small model of it says."""

import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test
from model_of_desks import PEOPLE
from model_of_questions import DesksAndQuestions
from model_of_server import Server
from with_stores import SERVER_IF_SLOW, TEMPLATE, server_of

from allabel.store import Store

# `make concurrency` asks for more.
EXAMPLES = int(os.environ.get("ALLABEL_EXAMPLES", "2"))
STEPS = 50
Fresh = Callable[[], AbstractContextManager[str]]


@pytest.fixture(params=SERVER_IF_SLOW)
def fresh(request: pytest.FixtureRequest, pytestconfig: pytest.Config, tmp_path: Path) -> Fresh:
    """Gives an empty database of its own to each course of events: history cannot be taken back."""
    empty, n = tmp_path / "empty.db", itertools.count()
    if request.param == "sqlite":
        Store.create(empty).close()

        @contextmanager
        def file() -> Iterator[str]:
            yield str(shutil.copy(empty, tmp_path / f"{next(n)}.db"))

        return file
    server = server_of(pytestconfig)

    @contextmanager
    def database() -> Iterator[str]:
        with server.database(TEMPLATE) as name:
            yield server.url(name)

    return database


def check(kind: type[RuleBasedStateMachine], fresh: Fresh) -> None:
    """Run a machine on databases of its own, with a store for each who takes part."""

    class Here(kind):
        def __init__(self) -> None:
            self.place = fresh()
            name = self.place.__enter__()
            super().__init__([Store.open(name) for _ in PEOPLE])

        def teardown(self) -> None:
            for store in self.stores.values():
                store.close()
            self.place.__exit__(None, None, None)

    how = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    )
    run_state_machine_as_test(Here, settings=how)


def test_people_have_texts_and_questions_as_a_model_of_them_says(fresh: Fresh) -> None:
    check(DesksAndQuestions, fresh)


def test_jobs_and_keys_are_as_a_model_of_them_says(fresh: Fresh) -> None:
    check(Server, fresh)
