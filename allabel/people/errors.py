"""What can go wrong where people work together."""

from typing import TYPE_CHECKING

from allabel.document import Annotation
from allabel.errors import AllabelError, InputError, SpanError, StoreError

if TYPE_CHECKING:
    from allabel.people.task import Answer


class AccountError(InputError):
    """A name, a password or a role that cannot be."""


class SignInError(InputError):
    """Somebody who is not let in."""


class OverlapError(SpanError):
    """Two entities that overlap where the label schema allows none to."""


class TakenError(StoreError):
    """A text that another person has in hand."""


class ConflictError(AllabelError):
    """A text was answered anew since it was opened. theirs: the answer there is now. mine: the one refused, kept."""

    def __init__(self, theirs: Annotation, mine: "Answer") -> None:
        super().__init__(
            f"the text {mine.doc_id!r} was answered by {theirs.author!r} after you had opened it; yours is kept as a "
            "draft\n  remedy: compare the two, then save again what shall stand"
        )
        self.theirs, self.mine = theirs, mine
