"""Draws by the id of a text: the same text falls the same way on every machine, whoever asks."""

import hashlib

from allabel.document import DocId

DOUBLE, BLIND = "double", "blind"


def draw(doc_id: DocId, salt: str) -> float:
    """Return where a text falls in [0, 1): SHA-256 of salt and id, so two salts draw independently."""
    digest = hashlib.sha256(f"{salt}\0{doc_id}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:6], "big") / 2**48
