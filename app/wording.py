"""Text that came from files and people, made safe to stand in Markdown."""

import re

# Streamlit makes links of these whatever stands before their signs.
_LINKED = re.compile(r"https?:(?=//)|www(?=\.)|(?<=[\w.+-])(?=@)", re.IGNORECASE)
_WORD_JOINER = "\u2060"
_PUNCTUATION = re.compile(r"([!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~])")


def plain(text: object) -> str:
    """Return Markdown that shows this text as it is: no emphasis, link, formula or icon comes of it.

    A word joiner, which is not seen, stands in addresses.
    """
    whole = _LINKED.sub(lambda found: found[0] + _WORD_JOINER, str(text))
    return _PUNCTUATION.sub(r"\\\1", whole).replace("\n", "  \n")
