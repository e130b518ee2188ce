"""The service keeps its engines up with what was annotated, also where one of them fails for a while."""

import asyncio

import pytest
from served import taught

from allabel.config import Serve
from allabel.errors import AllabelError
from allabel.project import Project
from allabel.server.service import Service


class Engine:
    """Remembers what it was shown; fails as often as it is told to."""

    name = model = "made"
    waits_for = ""

    def __init__(self, n_failures: int = 0, error: Exception | None = None) -> None:
        self.n_failures, self.shown, self.error = n_failures, [], error or AllabelError("not now")

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def show(self, demonstrations) -> None:
        if self.n_failures:
            self.n_failures -= 1
            raise self.error
        self.shown.append(len(demonstrations))


@pytest.mark.parametrize(
    ("error", "told"),
    [(AllabelError("not now"), "not now"), (ZeroDivisionError("what a text says"), "ZeroDivisionError")],
)
def test_an_engine_that_failed_is_shown_again_until_it_takes_it_and_others_are_shown_once(tmp_path, error, told):
    async def run(project):
        failing, well = Engine(2, error), Engine()
        service = Service(project, {"failing": failing, "well": well}, Serve())
        await service.start()
        waited = service.waits_for()
        async with asyncio.timeout(20):
            while not failing.shown:
                await asyncio.sleep(0.05)
            while service.waits_for():
                await asyncio.sleep(0.05)
        await service.stop()
        return waited, failing.shown, well.shown

    with Project.open(taught(tmp_path / "p", 5)) as project:
        waited, failing, well = asyncio.run(run(project))
    assert told in waited[0]
    assert "what a text says" not in waited[0]
    assert (failing, well) == ([5], [5])
