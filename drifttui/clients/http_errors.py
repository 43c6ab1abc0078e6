"""What a failed HTTP exchange means to an operator: one line that says what, where and what to do."""

from __future__ import annotations

import json
import os
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from ..core.errors import (
    BadAnswer,
    Forbidden,
    Missing,
    SourceError,
    Throttled,
    Unauthenticated,
    Unreachable,
    inert,
)
from .tls import reason

Clean = Callable[[str], str]
"""Takes what must not be shown out of a foreign text."""


def causes(error: BaseException) -> Iterator[BaseException]:
    """`error` and everything that led to it, outermost first."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def refused_connection(name: str, address: str, error: BaseException) -> SourceError:
    """An error before or between bytes: DNS, TLS, refused, reset, truncated, timed out."""
    chain = list(causes(error))
    for cause in chain:
        if isinstance(cause, ssl.SSLCertVerificationError):
            wrong = Unreachable(
                f"{name} does not prove who it is",
                f"{address}: {reason(cause)}",
                "Give the file of its CA, or check that this is the right server.",
            )
            wrong.retryable = False
            return wrong
        if isinstance(cause, ssl.SSLError):
            return Unreachable(
                f"{name}: no TLS connection",
                f"{address}: {reason(cause)}",
                "Check the port, and whether the server speaks TLS or plain text.",
            )
        if isinstance(cause, socket.gaierror):
            return Unreachable(
                f"{name}: no such host", f"{address}: {reason(cause)}", "Check the address, the VPN and DNS."
            )
    words = {type(cause).__name__ for cause in chain}
    if "RemoteProtocolError" in words and "complete" in str(error):
        cut = BadAnswer(
            f"{name}: the answer broke off", f"{address}: {error}", "A proxy or the server cut it; it is asked again."
        )
        cut.retryable = True
        return cut
    if "DecodingError" in words:
        return BadAnswer(f"{name}: the answer cannot be unpacked", f"{address}: {error}", "A proxy may have cut it.")
    if words & {"ReadError", "RemoteProtocolError", "WriteError"}:
        return Unreachable(f"{name}: the connection broke", f"{address}: {_words(chain)}", "It is asked again.")
    if "ConnectTimeout" in words or "PoolTimeout" in words:
        return Unreachable(f"{name}: no connection in time", address, "Check the network, the VPN and firewalls.")
    if words & {"ReadTimeout", "WriteTimeout"}:
        return Unreachable(f"{name} stopped answering", f"{address}: no bytes in time", "It is asked again.")
    if words & {"UnsupportedProtocol", "InvalidURL", "LocalProtocolError"}:
        wrong = Unreachable(f"{name}: the address cannot be used", f"{address}: {error}", "Check the configured URL.")
        wrong.retryable = False
        return wrong
    return Unreachable(f"{name}: no connection", f"{address}: {_words(chain)}", "Check the address and the network.")


def too_slow(name: str, where: str, seconds: float) -> SourceError:
    return Unreachable(
        f"{name} is too slow", f"{where}: no whole answer within {seconds:g} s", "The last answer is kept and ages."
    )


def too_large(name: str, where: str, limit: int) -> SourceError:
    return BadAnswer(
        f"{name}: the answer is too large",
        f"{where}: more than {_size(limit)}",
        "What is already known is kept; narrow the question or raise the limit.",
    )


def refused_answer(
    name: str,
    where: str,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: datetime,
    clean: Clean = inert,
    permission: str = "",
    login: str = "",
    plain: bool = False,
) -> SourceError:
    """An answer outside 2xx. `permission` is the right it needed, `login` how to get in, where the caller knows.
    `plain`: this server says what is wrong as plain text."""
    said = _message(headers, body) or (_plain(headers, body) if plain else "")
    detail = f"{where}: {status}" + (f", {clean(said)}" if said else "")
    if status == 401:
        return Unauthenticated(
            f"{name} does not accept the credentials", detail, login or "Renew the token or log in again."
        )
    if status in (403, 429) and (spent := budget_spent(headers, now)) is not None:
        return Throttled(
            f"{name} asks to slow down",
            detail,
            f"The budget of this token is spent for {spent:.0f} s.",
            retry_after=spent,
        )
    if status == 403:
        return Forbidden(
            f"{name} forbids this",
            detail,
            f"Ask for the permission {permission}." if permission else "Ask for the missing permission.",
            permission=permission,
        )
    if status in (404, 410):
        return Missing(f"{name} does not have it", detail, "It is gone, or hidden from this identity.")
    if status == 429:
        after = retry_after(headers, now)
        wait = f"It asks to wait {after:.0f} s." if after is not None else "It is asked again later."
        return Throttled(f"{name} asks to slow down", detail, wait, retry_after=after)
    if 300 <= status < 400:
        target = headers.get("location", "")
        return BadAnswer(
            f"{name} sends elsewhere",
            f"{where}: {status} to {target.split('?')[0] or 'nowhere'}",
            "Check scheme, address and root path; a login proxy may stand in front of it.",
            status=status,
        )
    return BadAnswer(
        f"{name} failed" if status >= 500 else f"{name} refused the question",
        detail,
        "It is asked again." if status >= 500 else "Check that its version is supported.",
        status=status,
    )


def not_json(name: str, where: str, content_type: str, body: bytes | bytearray) -> BadAnswer | None:
    """The error of a body that is plainly no JSON, such as a proxy's login page; None where it may be JSON."""
    start = body[:64].lstrip()[:1]
    if start == b"<" or content_type.startswith("text/html"):
        return BadAnswer(
            f"{name} answered with a web page instead of JSON",
            where,
            "Check the address and root path; a login proxy may stand in front of it.",
        )
    return None


def undecodable(name: str, where: str, error: Exception) -> BadAnswer:
    return BadAnswer(
        f"{name}: the answer is not in the expected format",
        f"{where}: {error}",
        "It may be cut short, or from a version that is not supported.",
    )


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds of a Retry-After header, which holds seconds or a date (RFC 9110 §10.2.3); None where there is none."""
    value = headers.get("retry-after", "").strip()
    if value.isdigit():
        return float(value[:9])
    at = http_date(value)
    return max(0.0, (at - now).total_seconds()) if at else None


def budget_spent(headers: Mapping[str, str], now: datetime, reserve: int = 0) -> float | None:
    """Seconds until a budget of requests is filled again; None where more than `reserve` is left or nobody counts.

    GitHub and Gitea write `X-RateLimit-*`, GitLab `RateLimit-*`; `Reset` is a moment in seconds since 1970.
    """
    for prefix in ("x-ratelimit-", "ratelimit-"):
        left, reset = headers.get(prefix + "remaining", ""), headers.get(prefix + "reset", "")
        if left.isdigit() and int(left[:9]) <= reserve:
            return max(0.0, float(reset[:12]) - now.timestamp()) if reset.isdigit() else 60.0
    return None


def http_date(value: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _message(headers: Mapping[str, str], body: bytes) -> str:
    """The reason in a JSON error body (`message` of Kubernetes and Argo CD, `error`). Any other body is not quoted:
    it may be a page, or carry what it was asked with."""
    if "html" in headers.get("content-type", ""):
        return "a web page"
    try:
        said = json.loads(body[:65536])
    except (ValueError, RecursionError):
        return ""
    if not isinstance(said, dict):
        return ""
    for key in ("message", "error"):
        if isinstance(said.get(key), str) and said[key]:
            # Before that the API server quotes the whole object.
            return str(said[key])[max(0, said[key].rfind("strict decoding error")) :]
    return ""


def _plain(headers: Mapping[str, str], body: bytes) -> str:
    if not headers.get("content-type", "").startswith("text/plain"):
        return ""
    lines = body[:4096].decode("utf-8", "replace").strip().splitlines()
    return lines[0][:400] if lines else ""


def _words(chain: list[BaseException]) -> str:
    for cause in reversed(chain):
        if isinstance(cause, OSError) and cause.errno:
            return os.strerror(cause.errno).lower()
    return next((str(cause) for cause in chain if str(cause)), type(chain[0]).__name__)


def _size(limit: int) -> str:
    return f"{limit // 1_000_000} MB" if limit >= 1_000_000 else f"{limit} bytes"
