"""A backend whose errors quote the texts, as errors of libraries do."""

from collections.abc import Sequence

from allabel.annotate.base import Demonstration
from allabel.config import Settings
from allabel.reply import Reply
from allabel.schema import LabelSchema


class Talkative:
    name = model = "talkative"

    def __init__(self, schema: LabelSchema, settings: Settings) -> None:
        pass

    def annotate(self, texts: Sequence[str], demonstrations: Sequence[Demonstration]) -> list[Reply]:
        raise ValueError(f"cannot make sense of {texts!r}")
