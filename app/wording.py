"""Text that came from files and people, made safe to stand in Markdown."""

import re

_PUNCTUATION = re.compile(r"([!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~])")


def plain(text: object) -> str:
    """Return Markdown that shows this text as it is: no emphasis, link, formula or icon comes of it."""
    return _PUNCTUATION.sub(r"\\\1", str(text)).replace("\n", "  \n")
