"""What the tests of the app share."""

from collections.abc import Iterator

import pytest
import streamlit as st


@pytest.fixture(autouse=True)
def _nothing_lives_on() -> Iterator[None]:
    """End what a page began for its project: threads, processes, open stores."""
    yield
    st.cache_resource.clear()
