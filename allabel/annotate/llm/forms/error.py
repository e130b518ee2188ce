"""What is wrong with a reply's form."""

from allabel.errors import AllabelError


class ReplyFormatError(AllabelError):
    """A reply that is not of the form that was asked for: the message says what is wrong with it."""
