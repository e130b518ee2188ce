"""Answers seen as labels of tokens: what kappa and alpha are counted on."""

from collections.abc import Iterable

from allabel.annotate.pieces import iob2, pieces
from allabel.document import Span, longest_spans

OUTSIDE = "O"


def token_labels(text: str, spans: Iterable[Span]) -> list[str]:
    """Return the label of every token of a text, `O` where there is no entity.

    Tokens are runs of letters and digits and other single characters; a token that a span cuts bears its label. Of
    overlapping spans the longest counts. Where one entity ends and another of its label begins cannot be seen here:
    that is what strict F1 is for.
    """
    tags = iob2(pieces(text), longest_spans(spans))
    return [tag if tag == OUTSIDE else tag[2:] for tag in tags]
