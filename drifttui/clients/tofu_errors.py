"""What a run of OpenTofu or Terraform that failed means to an operator: one line, from its own diagnostics.

Texts of diagnostics are the programs' own; the first pattern that matches one decides. What no pattern knows is quoted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from ..core.errors import BadAnswer, Forbidden, SourceError, Unauthenticated, Unreachable, inert
from .http_errors import Clean


class Diagnostic(NamedTuple):
    severity: str
    summary: str
    detail: str = ""
    address: str = ""

    @property
    def text(self) -> str:
        return f"{self.summary} {self.detail}"


def _any(*words: str) -> re.Pattern[str]:
    return re.compile("|".join(words), re.IGNORECASE)


_EXPIRED: Final = _any(
    "ExpiredToken", "token.{0,20}(has )?expired", "session.{0,20}expired", "RequestExpired", "expired credentials",
    "invalid_grant", "SSO session.{0,40}(expired|invalid)", "AADSTS7",
)  # fmt: skip
_CREDENTIALS: Final = _any(
    "No valid credential sources", "InvalidClientTokenId", "failed to refresh cached credentials",
    "could not find default credentials", "UnrecognizedClientException", "InvalidAccessKeyId",
    "SignatureDoesNotMatch", "Unauthorized", "status code: 401", "no (EC2 )?IMDS role found",
    "Unable to locate credentials", "Please run 'az login'",
)  # fmt: skip
_FORBIDDEN: Final = _any(
    "AccessDenied", "UnauthorizedOperation", "is not authorized to perform", "status code: 403", "403 Forbidden",
    "PERMISSION_DENIED", "is forbidden: User", "AuthorizationFailed",
)  # fmt: skip
_ENCRYPTED: Final = _any(
    "decryption failed", "failed to decrypt", "encrypted (state|plan|payload)", "(state|plan) (file )?is encrypted",
    "encountered unencrypted payload", "decrypt", "unsupported state file format.*encrypt",
)  # fmt: skip
_CRASHED: Final = _any(
    "Plugin did not respond", "plugin exited before", "Unrecognized remote plugin message", "failed to respond to the",
    "Failed to (instantiate|load|start) (a )?(provider|plugin)", "Could not load (the schema|plugin)", "fork/exec",
    "failed to load plugin schemas", r"rpc error: code = (Unavailable|Canceled)", "timeout while waiting for plugin",
    "panic: ", "Failed to obtain provider schema",
)  # fmt: skip
_VARIABLE: Final = _any("No value for required variable", "Missing required variable")
_INIT: Final = _any(
    "Backend initialization required", "Initial configuration of the requested backend", "Module not installed",
    "Required plugins are not installed", "Inconsistent dependency lock file", "Backend configuration changed",
    r'(run|using)\s+"?(tofu|terraform) init', "Missing required provider", "Provider requirements cannot be satisfied",
)  # fmt: skip
_NETWORK: Final = _any(
    "no such host", "connection refused", "i/o timeout", "dial tcp", "TLS handshake timeout", "connection reset",
    "context deadline exceeded", "network is unreachable",
)  # fmt: skip
_LOCK: Final = _any("Error acquiring the state lock", "state lock")
_PLACE: Final = re.compile(r"^\s*on .* line \d+.*$", re.MULTILINE)

_UNKNOWN: Final = "Whether anything drifted is unknown."


def wants_init(found: Sequence[Diagnostic], stderr: str) -> bool:
    """Whether the working directory has to be initialised, for the first time or again."""
    return _INIT.search(" ".join(one.text for one in found) + " " + stderr) is not None


def failed_run(
    name: str, stack: str, found: Sequence[Diagnostic], stderr: str, code: int, *, clean: Clean = inert
) -> SourceError:
    """`name` is the program's, `stack` the operator's own word for where it ran."""
    errors = [one for one in found if one.severity == "error"]
    text = " ".join(one.text for one in errors) + " " + stderr
    first = errors[0] if errors else Diagnostic("error", _first_line(stderr) or f"exit code {code}")
    where = f"{first.address}: " if first.address else ""
    said = clean(inert(f"{where}{first.summary}" + (f": {_PLACE.sub('', first.detail)}" if first.detail else ""), 400))
    said = f"{stack}: {said}"
    if _CRASHED.search(text):
        return BadAnswer(f"A provider of {name} does not work", said, f"{_UNKNOWN} Run `{name} init` and try by hand.")
    if _EXPIRED.search(text):
        return Unauthenticated(f"{name}: the credentials have expired", said, f"Log in again. {_UNKNOWN}")
    if _FORBIDDEN.search(text):
        return Forbidden(f"{name} may not read everything", said, _UNKNOWN)
    if _CREDENTIALS.search(text):
        return Unauthenticated(f"{name}: there are no usable credentials", said, f"Log in first. {_UNKNOWN}")
    if _ENCRYPTED.search(text):
        return BadAnswer(f"{name} cannot read the encrypted state", said, f"Give its key in $TF_ENCRYPTION. {_UNKNOWN}")
    if _VARIABLE.search(text):
        return BadAnswer(
            f"{name} wants a variable", said, "Set TF_VAR_…, or var_file of the stack; nothing is asked here."
        )
    if _LOCK.search(text):
        return BadAnswer(f"{name}: the state is locked", said, "It is asked without a lock; a lock is never broken.")
    if wants_init(errors, stderr):
        return BadAnswer(f"{name} cannot be initialised here", said, "Run it by hand in the folder.")
    if _NETWORK.search(text):
        return Unreachable(f"{name}: something it needs does not answer", said, _UNKNOWN)
    if code < 0:
        return BadAnswer(f"{name} was ended by signal {-code}", said, _UNKNOWN)
    return BadAnswer(f"{name} failed", said, _UNKNOWN)


def _first_line(stderr: str) -> str:
    """The line that says what is wrong, among frames and blank ones."""
    lines = [line.strip(" │╷╵\t") for line in stderr.splitlines()]
    named = next((line for line in lines if line.startswith("Error: ")), "")
    return named.removeprefix("Error: ") or next((line for line in lines if line), "")
