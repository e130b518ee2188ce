"""Text that came from files and people, made safe to stand in Markdown."""

import re

_PUNCTUATION = re.compile(r"([!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~])")


def plain(text: object) -> str:
    """Return Markdown that shows this text as it is: no emphasis, link, formula or icon comes of it."""
    return _PUNCTUATION.sub(r"\\\1", str(text)).replace("\n", "  \n")


def shortened(text: str, most: int = 160) -> str:
    """Return a text on one line, cut after so many characters with an ellipsis."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"
