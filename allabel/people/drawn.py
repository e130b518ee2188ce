"""Which texts are drawn for two people, and which are annotated without a suggestion: by the id alone."""

from allabel.document import DocId
from allabel.store.draws import BLIND, DOUBLE, draw


def drawn(doc_id: DocId, share: float, salt: str) -> bool:
    """Tell whether a text is among the drawn `share` in [0, 1]; a larger share keeps all that a smaller one drew."""
    return draw(doc_id, salt) < share


def double(doc_id: DocId, share: float) -> bool:
    """Tell whether two people annotate a text."""
    return drawn(doc_id, share, DOUBLE)


def blind(doc_id: DocId, share: float) -> bool:
    """Tell whether a text is annotated without a suggestion in sight."""
    return drawn(doc_id, share, BLIND)
