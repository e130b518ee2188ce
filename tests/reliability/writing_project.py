"""A process that writes to a store until it is told to end: batches, each in one transaction, told once it is kept.

python writing_project.py PLACE NAME
"""

import sys
import threading
import time
from datetime import UTC, datetime

from full_stores import texts

from allabel.document import Annotation, DocId, Document, Span
from allabel.errors import DatabaseError
from allabel.store import Store

SIZE = 5


def kept(store: Store, batch: list[Document], name: str) -> bool:
    """Keep a batch, unless it is kept; False where the database cannot answer just now."""
    now = datetime.now(UTC)
    try:
        # Where the server went away at a commit nobody knows how it ended: one has to look.
        if not store.documents_of([batch[0].id]):
            with store.transaction():
                store.add_documents(batch)
                store.add_annotations([Annotation(d.id, (Span(0, 2, "Chemical"),), name, "test", now) for d in batch])
    except DatabaseError:
        return False
    return True


def main() -> None:
    place, name = sys.argv[1:]
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    n = 0
    with Store.open(place, busy_timeout_s=60) as store:
        while not ended.is_set():
            batch = [Document(DocId(f"{name}-{n}-{d.id}"), d.text) for d in texts(SIZE)]
            while not kept(store, batch, name):
                time.sleep(0.1)
            n += 1
            print(n, flush=True)


if __name__ == "__main__":
    main()
