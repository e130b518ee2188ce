"""What the tests of the app share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from argon2 import PasswordHasher
from at_the_desk import four_texts

from allabel.store import Store


@pytest.fixture(autouse=True)
def _nothing_lives_on() -> Iterator[None]:
    """End what a page began for its project: threads, processes, open stores."""
    yield
    st.cache_resource.clear()


@pytest.fixture(scope="module", autouse=True)
def _quick_passwords() -> Iterator[None]:
    """Have argon2 take no time at each sign-in: what a guess costs is tested elsewhere."""
    init = PasswordHasher.__init__
    with pytest.MonkeyPatch.context() as patch:
        # Rounds, KiB of memory, lanes.
        patch.setattr(init, "__defaults__", (1, 8, 1, *init.__defaults__[3:]))
        yield


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where the database of a sitting is."""
    return tmp_path / "project.db"


@pytest.fixture
def store(place: Path) -> Iterator[Store]:
    """A store with four texts in the queue, for sittings."""
    with four_texts(place) as made:
        yield made
