"""The recorded outputs of NERRE's fine-tuned GPT-3 and Llama-2 (`nerre_general/predictions`), as replies.

A line holds a text (`prompt`), its gold (`completion`) and what the model wrote (`llm_completion`): a JSON list of
records, each with values under the names of `LABELS`. Gold is read with the data set, not from here.

Source: Dagdelen et al. 2024, Nature Communications 15, 1418; github.com/lbnlp/NERRE.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from allabel.formats.files import read_lines
from allabel.formats.native import Place, parse_object
from allabel.reply import Grounding, Proposal, Reply, Status

LABELS = ("formula", "name", "acronym", "structure_or_phase", "description", "applications")
_PROMPT_END, _COMPLETION_END = "\n\n###\n\n", "\n\nEND\n\n"

Mention = tuple[str, str]
"""A label and a string as it was written."""


def read_recorded(path: Path) -> Iterator[tuple[str, Reply]]:
    """Yield each text of one file with what the model said of it, in order.

    Output that is not a JSON list of records reads as an `unparseable` reply: it proposes nothing. Empty strings are no
    values; a string where a list belongs is one value; a label beyond `LABELS` stays, so that it counts as wrong.
    A proposal keeps the string as it was written. It has a span where that string stands in the text; where the text
    has it in another spelling only, it is `missing`, for the published score holds strings against strings.
    Raises InputError, naming the line, where one is no recording.
    """
    for line, source in read_lines(path):
        at = Place(path, line)
        data = parse_object(source, at)
        prompt, said = data.get("prompt"), data.get("llm_completion")
        if not isinstance(prompt, str) or not isinstance(said, str):
            raise at.wrong(
                "lacks `prompt` or `llm_completion`, each a string",
                "take run_0.jsonl to run_4.jsonl of NERRE's predictions on general materials, unchanged",
            )
        text = prompt.removesuffix(_PROMPT_END)
        yield text, _reply(text, said)


def _reply(text: str, said: str) -> Reply:
    from allabel.annotate.ground import ground

    try:
        mentions = _mentions(said)
    except ValueError as error:
        return Reply(Status.UNPARSEABLE, error=str(error), raw=said)
    return Reply(Status.OK, tuple(_as_written(text, p) for p in ground(text, mentions)), raw=said)


def _as_written(text: str, proposal: Proposal) -> Proposal:
    span = proposal.span
    if span is None or _spaced(text[span.start : span.end]) == _spaced(proposal.mention):
        return proposal
    return replace(proposal, span=None, grounding=Grounding.MISSING)


def _spaced(string: str) -> str:
    return " ".join(string.split())


def _mentions(completion: str) -> list[Mention]:
    """Read a completion. Raises ValueError, of which JSONDecodeError is one, where it is no list of records."""
    try:
        # Some of the recorded models give a key twice, and the published score took the last.
        records = json.loads(completion.removesuffix(_COMPLETION_END))
    except RecursionError as error:
        raise ValueError("lists and objects are nested too deep") from error
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise ValueError("not a list of records")
    return [(label, string) for record in records for label, value in record.items() for string in _strings(value)]


def _strings(value: Any) -> list[str]:
    strings = [value] if isinstance(value, str) else value
    if not isinstance(strings, list) or not all(isinstance(string, str) for string in strings):
        raise ValueError(f"{value!r} is neither a string nor a list of strings")
    return [string for string in strings if string.strip()]
