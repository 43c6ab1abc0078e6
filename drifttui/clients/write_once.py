"""One write: sent once, and every way in which it can end told apart.

returns               the server did it
SourceError           nothing was written, and why: 403, 404, no connection, not understood
PreconditionFailed    nothing was written: it is not any more what the write was made for
OutcomeUnknown        it may have been written: read again, never send again
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..core.errors import BadAnswer, OutcomeUnknown, PreconditionFailed, SourceError, Unauthenticated, Unreachable
from .access import Effect
from .http import Answer, Http
from .http_errors import causes

NOT_SENT = {"ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol", "InvalidURL", "LocalProtocolError"}
"""httpx's names for what fails before the first byte of a request."""
ON_THE_WAY = {"ReadError", "WriteError", "ReadTimeout", "WriteTimeout", "CloseError", "RemoteProtocolError"}


async def write_once(
    http: Http,
    method: str,
    path: str,
    params: Mapping[str, str],
    *,
    content: bytes | None = None,
    content_type: str = "application/json",
    permission: str = "",
    changed: Callable[[BadAnswer], bool] = lambda error: error.status in (409, 422),
) -> Answer:
    """`changed` tells the answers by which this server refuses a write that came too late."""
    try:
        return await http.request(
            method,
            path,
            params,
            content=content,
            content_type=content_type,
            effect=Effect.WRITE,
            permission=permission,
        )
    except BadAnswer as error:
        if changed(error):
            raise PreconditionFailed(
                f"{http.name} refused the write", error.detail, "It changed in between, or does not allow it."
            ) from error
        if error.status is not None and error.status < 500:
            raise BadAnswer(f"{http.name} refused the write", error.detail, "Nothing was written.") from error
        raise unknown(http, error) from error
    except Unreachable as error:
        if sent(error):
            raise unknown(http, error) from error
        raise Unreachable(error.title, error.detail, "Nothing was written.") from error


def sent(error: SourceError) -> bool:
    """Whether any of the request may have left. False only where that is certain."""
    names = {type(cause).__name__ for cause in causes(error)}
    if names & ON_THE_WAY:
        return True
    never_began = not error.retryable or any(isinstance(cause, Unauthenticated) for cause in causes(error))
    return not (names & NOT_SENT or never_began)


def unknown(http: Http, error: SourceError) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"{http.name} did not say whether it was written",
        f"{error.title}: {error.detail}",
        "It is read again, not sent again.",
    )
