"""What a failed AWS call means to an operator: one line that says what, where and what to do.

Codes are those of the services' models; the SDK's own errors are told by the names of their classes, so that nothing of
it is imported here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from ..core.errors import BadAnswer, Forbidden, Missing, SourceError, Throttled, Unauthenticated, Unreachable, inert
from .http_errors import Clean, causes

_EXPIRED: Final = frozenset(
    {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired", "UnauthorizedException"}
)
_INVALID: Final = frozenset(
    {
        "InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "InvalidToken", "AuthFailure",
        "MissingAuthenticationToken", "MissingAuthenticationTokenException", "IncompleteSignature",
    }
)  # fmt: skip
_SKEWED: Final = frozenset({"RequestTimeTooSkewed", "RequestInTheFuture"})
_SIGNATURE: Final = frozenset({"SignatureDoesNotMatch", "InvalidSignatureException"})
_DENIED: Final = frozenset(
    {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AllAccessDisabled", "Forbidden", "403",
     "OperationNotPermittedException", "NotAuthorized"}
)  # fmt: skip
_THROTTLED: Final = frozenset(
    {"Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "TooManyRequestsException",
     "RequestLimitExceeded", "SlowDown", "LimitExceededException", "BandwidthLimitExceeded",
     "RequestThrottledException", "EC2ThrottledException", "PriorRequestNotComplete"}
)  # fmt: skip
_MISSING: Final = frozenset(
    {"ResourceNotFoundException", "NoSuchKey", "NoSuchBucket", "404", "NotFound", "TrailNotFoundException",
     "EntityNotFoundException", "MetadataException", "NoSuchEntity", "InvalidGroup.NotFound",
     "InvalidInstanceID.NotFound", "InvalidSecurityGroupRuleId.NotFound",
     "LoadBalancerNotFound", "ListenerNotFound", "TargetGroupNotFound", "NotFoundException", "NoSuchHostedZone",
     "DBInstanceNotFound", "DBClusterNotFoundFault", "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"}
)  # fmt: skip
_ACTION: Final = re.compile(r"not authorized to perform:? ([a-z0-9-]+:\w+)")
_ACTOR: Final = re.compile(r"\b(arn:aws[\w-]*:(?:sts|iam)::\d{12}:[\w+=,.@/-]{1,200})")
_KEYS: Final = re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}|\b[A-Za-z0-9+/]{40,}={0,2}")
"""Keys, session tokens and signatures. Messages of signature errors quote the signed request."""


class Refused(BadAnswer):
    """An answer that names its reason: `code` is one of the operation's errors, such as `InvalidNextTokenException`."""

    def __init__(self, title: str, detail: str, hint: str, *, status: int | None, code: str) -> None:
        super().__init__(title, detail, hint, status=status)
        self.code = code


def login_command(profile: str) -> str:
    return f"aws sso login --profile {profile}" if profile else "aws sso login"


def refused_call(
    name: str, service: str, operation: str, error: BaseException, *, profile: str = "", clean: Clean = inert
) -> SourceError | None:
    """`error` of the SDK as one of ours; None for what is neither its nor the network's."""
    where = f"{service}:{operation}"
    if type(error).__name__ in ("ClientError", "EventStreamError") or hasattr(error, "response"):
        response = getattr(error, "response", None)
        if isinstance(response, Mapping):
            return _answered(name, where, response, profile, clean)
    return _unanswered(name, where, error, profile, clean)


def _answered(name: str, where: str, response: Mapping[str, Any], profile: str, clean: Clean) -> SourceError:
    said = response.get("Error") or {}
    code = str(said.get("Code") or "")
    metadata = response.get("ResponseMetadata") or {}
    status = metadata.get("HTTPStatusCode")
    text = quoted(str(said.get("Message") or ""), clean)
    detail = f"{where}: {code or status}" + (f", {text}" if text else "")
    if code in _EXPIRED:
        return Unauthenticated(
            f"{name}: the session has expired", f"{where}: {code}", f"Log in again: {login_command(profile)}."
        )
    if code in _SKEWED or (code in _SIGNATURE and ("expired" in text.lower() or "not yet current" in text.lower())):
        return Unauthenticated(
            f"{name} refuses the time of this machine", f"{where}: {code}", "Set the clock: AWS allows 5 minutes."
        )
    if code in _INVALID or code in _SIGNATURE:
        return Unauthenticated(
            f"{name} does not accept the credentials", f"{where}: {code}",
            f"Check the profile's keys, or log in again: {login_command(profile)}.",
        )  # fmt: skip
    if code in _DENIED or (status == 403 and not code):
        return _denied(name, where, text)
    if code in _THROTTLED or (status in (429, 503) and "SlowDown" in code):
        after = _seconds((metadata.get("HTTPHeaders") or {}).get("retry-after", ""))
        return Throttled(f"{name} asks to slow down", f"{where}: {code}", "It is asked again later.", retry_after=after)
    if code in _MISSING or status == 404:
        return Missing(f"{name} does not have it", detail, "It is gone, or hidden from this identity.")
    failed = isinstance(status, int) and status >= 500
    return Refused(
        f"{name} failed" if failed else f"{name} refused the question",
        detail,
        "It is asked again." if failed else "",
        status=status if isinstance(status, int) else None,
        code=inert(code, 80),
    )


def _denied(name: str, where: str, text: str) -> Forbidden:
    action = found[1] if (found := _ACTION.search(text)) else where
    actor = f" to {found[1]}" if (found := _ACTOR.search(text)) else ""
    why = " by an explicit deny" if "explicit deny" in text else ""
    return Forbidden(
        f"{name} forbids this", f"{action} is not allowed{actor}{why}", f"Ask for {action}.", permission=action
    )


def _unanswered(name: str, where: str, error: BaseException, profile: str, clean: Clean) -> SourceError | None:
    words = [type(cause).__name__ for cause in causes(error)]
    held = set(words)
    said = quoted(str(error), clean)
    if held & {"UnauthorizedSSOTokenError", "SSOTokenLoadError", "TokenRetrievalError", "NoAuthTokenError"}:
        return Unauthenticated(
            f"{name}: the SSO session has expired or is missing", where, f"Log in again: {login_command(profile)}."
        )
    if held & {"LoginRefreshRequired", "LoginTokenLoadError", "LoginError"}:
        command = f"aws login --profile {profile}" if profile else "aws login"
        return Unauthenticated(f"{name}: the login has expired or is missing", where, f"Log in again: {command}.")
    if held & {
        "ProfileNotFound",
        "ConfigNotFound",
        "ConfigParseError",
        "InfiniteLoopConfigError",
        "InvalidConfigError",
    }:
        return Unauthenticated(
            f"{name}: the AWS configuration cannot be used", said, "`aws configure list-profiles` lists the profiles."
        )
    if "RefreshWithMFAUnsupportedError" in held:
        return Unauthenticated(f"{name}: the profile wants an MFA code", where, "Get a session first: aws sso login.")
    if held & {"NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "MetadataRetrievalError"}:
        kind = "no credentials" if "NoCredentialsError" in held else "the credentials cannot be read"
        return Unauthenticated(
            f"{name}: {kind}", where, f"Log in: {login_command(profile)}, or set AWS_PROFILE or --aws-profile."
        )
    if "NoRegionError" in held:
        return Unauthenticated(f"{name}: no region is known", where, "Give --aws-region, or set one in the profile.")
    if held & {"SSLError", "SSLCertVerificationError"}:
        wrong = Unreachable(
            f"{name} does not prove who it is", where, "A proxy may stand before it: set AWS_CA_BUNDLE."
        )
        wrong.retryable = False
        return wrong
    if held & {"ReadTimeoutError", "ReadTimeout"}:
        return Unreachable(f"{name} stopped answering", f"{where}: no bytes in time", "It is asked again.")
    if "ConnectTimeoutError" in held:
        return Unreachable(f"{name}: no connection in time", where, "Check the network, the VPN and firewalls.")
    if held & {"ResponseStreamingError", "IncompleteReadError", "ProtocolError", "ConnectionClosedError"}:
        return Unreachable(f"{name}: the connection broke", where, "It is asked again.")
    if held & {"EndpointConnectionError", "HTTPClientError", "ConnectionError", "ProxyConnectionError"}:
        return Unreachable(f"{name}: no connection", f"{where}: {said}", "Check region, network and proxy.")
    if held & {"ResponseParserError", "JSONDecodeError"}:
        return BadAnswer(f"{name}: the answer is not in the expected format", where, "A proxy may stand before it.")
    if "ParamValidationError" in held or any(base.__name__ == "BotoCoreError" for base in type(error).__mro__):
        return BadAnswer(f"{name}: the question cannot be sent", f"{where}: {said}")
    if isinstance(error, OSError):
        return Unreachable(f"{name}: no connection", f"{where}: {said}", "Check region, network and proxy.")
    return None


def quoted(text: str, clean: Clean) -> str:
    """A foreign message without anything that has the shape of a key, a token or a signature. Pages are not quoted."""
    if text.lstrip()[:1] == "<":
        return "a web page"
    return clean(_KEYS.sub("…", inert(text)))


def _seconds(text: str) -> float | None:
    return float(text[:6]) if text.isdigit() else None
