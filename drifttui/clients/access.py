"""What `--read-only` refuses, before anything leaves the process."""

from __future__ import annotations

from enum import StrEnum

from ..core.errors import ReadOnly


class Effect(StrEnum):
    """What a request may change at the server. The caller knows; the method alone does not tell."""

    NONE = "read"
    POSTED_READ = "read by POST"
    """Changes nothing although it is no GET: a SelfSubjectAccessReview."""
    SIDE_EFFECT = "read with side effects"
    """A read that can make the server work or write: an Argo CD refresh, a cache-miss read. `strict` does without."""
    DRY_RUN = "dry run"
    """A write that the server checks and answers and does not do (Kubernetes `dryRun=All`). Admission webhooks see it;
    `strict` does without."""
    WRITE = "write"


class Access(StrEnum):
    FULL = "full"
    READ_ONLY = "read-only"
    STRICT = "strict"
    """Not even reads with side effects."""


def permit(access: Access, method: str, path: str, name: str, effect: Effect) -> None:
    """Raises `ReadOnly` for what `access` rules out: any write, and any method that is not a known read."""
    reading = effect is not Effect.WRITE and (
        method in ("GET", "HEAD") or effect in (Effect.POSTED_READ, Effect.DRY_RUN)
    )
    if access is not Access.FULL and not reading:
        raise ReadOnly("Refused by --read-only", f"{method} {path} at {name}", "Nothing was sent.")
    if access is Access.STRICT and effect in (Effect.SIDE_EFFECT, Effect.DRY_RUN):
        raise ReadOnly(
            "Refused by --read-only=strict",
            f"{method} {path} at {name} can make the server work or write",
            "Nothing was sent.",
        )
