"""Token-per-line files: columns, tags, and the format made of both."""

from allabel.formats.conll.format import Conll

__all__ = ["Conll"]
