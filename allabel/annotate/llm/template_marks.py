"""Marks of chat templates that stand in a text: shown to the model as text, never obeyed as the end of a turn."""

import re
from dataclasses import replace

from allabel.annotate.base import Demonstration
from allabel.document import Span

# Servers read these as one token each wherever they stand, so that a text could close its own turn and open the
# model's. In angle brackets: Llama 2, Mistral, Gemma, SmolLM, T5.
_NAMED = (
    r"s|bos|eos|pad|unk|mask|cls|sep|sop|eop|think|tools|user|assistant|system|image|img|video|audio|unused\d+"
    r"|\w+_of_\w+|tool_\w+|fim_\w+|issue_\w+|jupyter_\w+|extra_id_\d+|reserved_\w+|\w+_TOKEN"
    r"|reponame|repo_name|filename|file_sep|gh_stars|empty_output"
)
# In square brackets: Llama 2, Mistral, BERT, GLM. Ionic liquids are written so too ("[BMIM]"): only these.
_BRACKETED = (
    "INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT|MODEL_SETTINGS|CALL_ID|ARGS|THINK|IMG"
    "|IMG_BREAK|IMG_END|PREFIX|MIDDLE|SUFFIX|gMASK|sMASK|MASK|CLS|SEP|PAD|UNK|BOS|EOS"
)
# The first character of each. "<|im_end|>" and its like are of ChatML, Llama 3, Phi, Qwen, with other bars of DeepSeek.
_FIRST = re.compile(rf"<(?=[|｜])|[|｜](?=>)|<(?=/?(?:{_NAMED})>)|<(?=</?SYS>>)|\[(?=/?(?:{_BRACKETED})\])", re.ASCII)
# No font shows them, and models read them as letters.
_TAG_CHARACTERS = re.compile("[\U000e0000-\U000e007f]")
WORD_JOINER = "\u2060"


def as_text(content: str) -> str:
    """Return what a conversation shows of a text, so that no mark of a chat template is in it.

    A word joiner (U+2060) follows the first character of a mark, and characters of the block "Tags" are left out. None
    of these can be seen, so what a model copies is found in the text all the same (see `Normalised`). Texts without
    them stay as they are. Marks of other shapes are not known here.
    """
    if not content.isascii():
        content = _TAG_CHARACTERS.sub("", content)
    if "<" in content or "[" in content or "|>" in content or "｜>" in content:
        content = _FIRST.sub(lambda found: found[0] + WORD_JOINER, content)
    return content


def shown_as_text(demonstration: Demonstration) -> Demonstration:
    """Return a demonstration whose text is `as_text` of its own, its entities where they stand there."""
    text = as_text(demonstration.text)
    if text == demonstration.text:
        return demonstration
    left = _TAG_CHARACTERS.sub("", demonstration.text)
    parted = [found.start() for found in _FIRST.finditer(left)]

    def moved(offset: int) -> int:
        offset = len(_TAG_CHARACTERS.sub("", demonstration.text[:offset]))
        return offset + sum(place < offset for place in parted)

    places = [(moved(span.start), moved(span.end), span.label) for span in demonstration.entities]
    return replace(demonstration, text=text, entities=tuple(Span(*place) for place in places if place[0] < place[1]))
