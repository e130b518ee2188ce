"""The embedded annotator: a CRF trained on the annotated texts when they change; no server, no GPU, no download."""

import hashlib
import math
from collections.abc import Sequence

from allabel.annotate.base import Demonstration
from allabel.annotate.crf import Decoded
from allabel.annotate.demonstrations import Demonstrations, RetrieverFactory
from allabel.annotate.pieces import Piece, runs
from allabel.annotate.stale import shown
from allabel.annotate.tagger import Tagger
from allabel.document import Span
from allabel.errors import InputError
from allabel.reply import Grounding, Proposal, Reply, Status
from retrieval.bm25 import Bm25

BATCH = 1024


class EmbeddedAnnotator:
    """Tags texts with a CRF whose features include the retrieved demonstrations and the annotated names.

    shots: demonstrations retrieved for each text. The CRF is trained anew when the demonstrations differ from those
    of the last call. Perplexity is that of the label sequence: `exp(-mean log P(tags | text))` a token.
    """

    name = "embedded"

    def __init__(self, *, shots: int = 5, retriever: RetrieverFactory = Bm25) -> None:
        self._shots, self._retriever = shots, retriever
        self._fingerprint = ""
        self._tagger: Tagger | None = None

    @property
    def model(self) -> str:
        """Name the training set: `crf-` and a hash of the demonstrations it was trained on."""
        return f"crf-{self._fingerprint[:12]}" if self._fingerprint else "crf"

    def fit(self, demonstrations: Sequence[Demonstration]) -> Tagger:
        """Train on these demonstrations, or return the tagger of the last call when they are the same."""
        if not demonstrations:
            raise InputError(
                "the embedded annotator learns from annotated texts, and there are none",
                remedy="allabel select, then allabel annotate --from-gold or allabel import FILE --as annotations",
            )
        fingerprint = _fingerprint(demonstrations, self._shots)
        if self._tagger is None or fingerprint != self._fingerprint:
            self._tagger = Tagger(Demonstrations(demonstrations, self._retriever), self._shots)
            self._fingerprint = fingerprint
        return self._tagger

    def annotate(self, texts: Sequence[str], demonstrations: Sequence[Demonstration]) -> list[Reply]:
        """Return one reply a text, in order. Raises InputError where there is no demonstration to learn from."""
        if not texts:
            return []
        tagger = self.fit(demonstrations)
        return [reply for i in range(0, len(texts), BATCH) for reply in replies(tagger, texts[i : i + BATCH])]


def replies(tagger: Tagger, texts: Sequence[str], shots: int | None = None) -> list[Reply]:
    """Return what a trained tagger says of each text, in order. shots: as `Tagger.tag` takes them."""
    found = []
    for text, (tokens, decoded, near) in zip(texts, tagger.tag(texts, shots), strict=True):
        proposals = _proposals(text, tokens, decoded, tagger.crf.tags) if decoded else ()
        perplexity = math.exp(-decoded.log_probability / len(tokens)) if decoded else 1.0
        found.append(Reply(Status.OK, proposals, perplexity, shown(near)))
    return found


def _proposals(text: str, tokens: Sequence[Piece], decoded: Decoded, tags: Sequence[str]) -> tuple[Proposal, ...]:
    found = []
    for first, end, label in runs([tags[i] for i in decoded.tags]):
        span = Span(tokens[first].start, tokens[end - 1].end, label)
        continuing = tags.index(f"I-{label}") if f"I-{label}" in tags else None
        score = decoded.span_probability(first, end, continuing)
        found.append(Proposal(label, text[span.start : span.end], span, Grounding.EXACT, score))
    return tuple(found)


def _fingerprint(demonstrations: Sequence[Demonstration], shots: int) -> str:
    digest = hashlib.sha256(str(shots).encode())
    for d in demonstrations:
        digest.update(repr((d.id, d.text, d.entities)).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
