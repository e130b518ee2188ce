"""What can go wrong between a caller and the server."""

from collections.abc import Mapping, Sequence

from allabel.errors import AllabelError, ServerError


class ApiError(ServerError):
    """A request that was not answered with what it asked for; it never holds the key.

    status: of HTTP; None where no answer came. detail: what is wrong. remedy: what can be done, "" where nobody knows.
    request_id: under which the server's log has it. retry_after_s: when to come back; None where the server set no
    time. errors: what is wrong where in the request, as `pointer` and `detail`.
    """

    def __init__(
        self,
        detail: str,
        *,
        status: int | None = None,
        remedy: str = "",
        request_id: str = "",
        retry_after_s: float | None = None,
        errors: Sequence[Mapping[str, str]] = (),
    ) -> None:
        about = ", ".join(
            part
            for part in (f"status {status}" if status else "", f"request {request_id}" if request_id else "")
            if part
        )
        super().__init__(detail + (f" ({about})" if about else "") + (f"\n  remedy: {remedy}" if remedy else ""))
        self.detail, self.status, self.remedy, self.request_id = detail, status, remedy, request_id
        self.retry_after_s, self.errors = retry_after_s, tuple(errors)


class NotTaggedError(AllabelError):
    """The entities of a text were asked for that was not tagged: nothing is known of them."""


class WaitError(AllabelError, TimeoutError):
    """A job was not over in the time that its caller gave it; it goes on."""
