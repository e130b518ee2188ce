"""Ask an `allabel serve` for entities: `Client`, `AsyncClient`, and what they give."""

from allabel.client.async_client import AsyncClient
from allabel.client.errors import ApiError, NotTaggedError, WaitError
from allabel.client.frames import to_dataframe, to_dataframes
from allabel.client.results import (
    AnnotatedText,
    Confirmed,
    Entity,
    Job,
    JobState,
    Label,
    Labels,
    Limits,
    Readiness,
    Tagged,
    Text,
    Ungrounded,
)
from allabel.client.retrying import Retries
from allabel.client.sync_client import Client
from allabel.document import Span
from allabel.frames import Frames
from allabel.reply import Grounding, Status

__all__ = [
    "AnnotatedText",
    "ApiError",
    "AsyncClient",
    "Client",
    "Confirmed",
    "Entity",
    "Frames",
    "Grounding",
    "Job",
    "JobState",
    "Label",
    "Labels",
    "Limits",
    "NotTaggedError",
    "Readiness",
    "Retries",
    "Span",
    "Status",
    "Tagged",
    "Text",
    "Ungrounded",
    "WaitError",
    "to_dataframe",
    "to_dataframes",
]
