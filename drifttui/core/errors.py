"""Every error that an operator can meet.

    DriftError                 a title, a detail and a hint that says what to do
    ├─ InputError              a file, flag or query given by the operator is wrong; names where
    ├─ SourceError             one source is blind; the session goes on
    │  ├─ Unreachable          no connection, a reset, a timeout (retryable)
    │  ├─ Unauthenticated      401, expired or missing credentials
    │  ├─ Forbidden            403; names the missing permission
    │  ├─ Missing              404; the thing asked for is not there (or hidden from this identity)
    │  ├─ Throttled            429 or a client-side budget; says when to come back (retryable)
    │  └─ BadAnswer            5xx, truncated, too large or not in the expected format
    ├─ ActionError             a write was refused or failed
    │  ├─ ReadOnly             refused by --read-only before anything left the process
    │  ├─ PreconditionFailed   nothing was changed
    │  └─ OutcomeUnknown       it may have landed: re-read, never resend
    ├─ LedgerError             the ledger cannot be read, or nothing was recorded in it
    └─ BundleError             altered, truncated, too large, or from a newer version

Texts may quote foreign systems: whoever raises passes them through `inert()` first, so that an error is always one
line without control characters.
"""

from __future__ import annotations

import unicodedata

ERROR_TEXT_LIMIT = 300
"""Longest detail in characters. Bodies of foreign errors can be megabytes."""


def inert(text: str, limit: int = ERROR_TEXT_LIMIT) -> str:
    """`text` on one line, without control, bidi or other invisible format characters, cut with a mark at `limit`."""
    if len(text) > limit * 4:
        text = text[: limit * 4]
    if text.isprintable():
        clean = text  # Nearly always, and a tenth of the time.
    else:
        clean = "".join(" " if c in "\r\n\t" else c for c in text if c in "\r\n\t" or unicodedata.category(c)[0] != "C")
    clean = " ".join(clean.split())
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


class DriftError(Exception):
    """`title` says what, `detail` where and why, `hint` what to do. Any of the last two may be empty."""

    exit_code = 1
    kind = "error"

    def __init__(self, title: str, detail: str = "", hint: str = "") -> None:
        self.title = inert(title)
        self.detail = inert(detail)
        self.hint = inert(hint)
        super().__init__(self.one_line())

    def one_line(self) -> str:
        """What, where, what to do: the three parts of every message of this program."""
        text = f"{self.title}: {self.detail}" if self.detail else self.title
        text = text if text.endswith((".", "…")) else text + "."
        return f"{text} {self.hint}".strip()


class InputError(DriftError):
    """A file, flag, filter or query from the operator cannot be used. Nothing was changed."""

    kind = "input"


class SourceError(DriftError):
    """One source cannot answer. What it said before is kept and goes stale."""

    kind = "source"
    retryable = False


class Unreachable(SourceError):
    kind = "unreachable"
    retryable = True


class Unauthenticated(SourceError):
    kind = "unauthenticated"


class Forbidden(SourceError):
    """`permission` is the missing right in the words of the system that refused, such as `applications,get`."""

    kind = "forbidden"

    def __init__(self, title: str, detail: str = "", hint: str = "", *, permission: str = "") -> None:
        super().__init__(title, detail, hint)
        self.permission = inert(permission)


class Missing(SourceError):
    kind = "missing"


class Throttled(SourceError):
    """`retry_after` is in seconds; None where the server gave none."""

    kind = "throttled"
    retryable = True

    def __init__(self, title: str, detail: str = "", hint: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(title, detail, hint)
        self.retry_after = retry_after


class BadAnswer(SourceError):
    kind = "bad-answer"

    def __init__(self, title: str, detail: str = "", hint: str = "", *, status: int | None = None) -> None:
        super().__init__(title, detail, hint)
        self.status = status
        self.retryable = status is not None and status >= 500


class ActionError(DriftError):
    kind = "action"


class ReadOnly(ActionError):
    kind = "read-only"


class PreconditionFailed(ActionError):
    kind = "precondition-failed"


class OutcomeUnknown(ActionError):
    kind = "outcome-unknown"


class LedgerError(DriftError):
    """Nothing was recorded, or nothing could be read. What was recorded before is as it was."""

    kind = "ledger"


class BundleError(DriftError):
    kind = "bundle"
