"""The conversation an LLM is shown: instructions, demonstrations as earlier turns, then the text."""

from collections.abc import Hashable, Mapping, Sequence
from functools import lru_cache
from typing import cast

from allabel.annotate.base import Demonstration
from allabel.annotate.llm.base import Form, Request
from allabel.annotate.llm.template_marks import as_text, shown_as_text
from allabel.schema import LabelSchema

Messages = tuple[Mapping[str, str], ...]


def messages(form: Form, text: str, demonstrations: Sequence[Demonstration], schema: LabelSchema) -> Messages:
    """Return the chat messages that ask for the entities of `text`, most stable first so that servers reuse prefixes.

    form: hashable, for its answers are kept. demonstrations: most similar first, as `Reply.demonstrations` lists them;
    the conversation shows that one last. Marks of chat templates that stand in texts are shown as text (see `as_text`).
    """
    turns: list[Mapping[str, str]] = [{"role": "system", "content": form.instructions(schema)}]
    labels = schema.names
    for shown in reversed(demonstrations):
        turns.append({"role": "user", "content": as_text(shown.text)})
        turns.append({"role": "assistant", "content": _answer(cast(Hashable, form), shown, labels)})
    return (*turns, {"role": "user", "content": as_text(text)})


def request(form: Form, shown: Messages, schema: LabelSchema) -> Request:
    """Return the request that sends these messages, bound by the form's JSON schema where it has one."""
    return Request(shown, form.json_schema(schema, shown[-1]["content"]))


@lru_cache(maxsize=16_384)
def _answer(form: Form, shown: Demonstration, labels: tuple[str, ...]) -> str:
    # The same demonstrations serve many texts.
    return form.answer(shown_as_text(shown), labels)
