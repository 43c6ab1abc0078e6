"""Who an AWS identity is: from the `userIdentity` of a CloudTrail record, or from an ARN alone.

The human behind a role is in the session's name, in `sourceIdentity`, in `onBehalfOf` (IAM Identity Center) or in the
subject of a web identity; a service that acts for somebody is in `invokedBy`, while the identity stays the somebody's.
"""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

from .actor_words import is_break_glass, words_kind
from .audit import NOBODY, Actor, ActorKind, mapping, text

_EMAIL: Final = re.compile(r"[^@\s:/]+@[^@\s:/]+\.[^@\s:/]+")
_SERVICE_SESSION: Final = re.compile(
    r"AWSCloudFormation|AutoScaling|EKS|AWS-?SSO|AWSConfig.*|awslambda.*|aws-?backup.*|i-[0-9a-fA-F]{8,17}", re.I
)
_MACHINE_SESSION: Final = re.compile(
    r"botocore-session-\d+|aws-go-sdk-\d+|aws-sdk-[a-z0-9-]+|\d{9,}|session-?\d*|[0-9a-f]{16,}|terraform.*", re.I
)
"""Session names that programs make up: they name nobody."""


class Principal(NamedTuple):
    """The fields of `userIdentity` that say who. None: the record lacks it."""

    type: str | None = None
    arn: str | None = None
    user_name: str | None = None
    role: str | None = None
    session_name: str | None = None
    invoked_by: str | None = None
    account: str | None = None
    source_identity: str | None = None
    on_behalf_of: str | None = None
    web_identity: str | None = None
    issuer_arn: str | None = None


def read_principal(identity: Any) -> Principal:
    """`userIdentity`, of which any part may be missing or of the wrong type."""
    held = mapping(identity)
    context = mapping(held.get("sessionContext"))
    issuer = mapping(context.get("sessionIssuer"))
    federation = mapping(context.get("webIdFederationData"))
    arn = _text(held.get("arn"))
    kind = _text(held.get("type"))
    subject = mapping(federation.get("attributes"))
    sub = next((_text(value) for key, value in subject.items() if str(key).endswith((":sub", ":subject"))), None)
    return Principal(
        type=kind,
        arn=arn,
        user_name=_text(held.get("userName")),
        role=_text(issuer.get("userName")) if issuer.get("type") in (None, "Role") else None,
        session_name=session_of(arn),
        invoked_by=_text(held.get("invokedBy")),
        account=_text(held.get("accountId")),
        source_identity=_text(context.get("sourceIdentity")) or _text(held.get("sourceIdentity")),
        on_behalf_of=_text(mapping(held.get("onBehalfOf")).get("userId")),
        web_identity=sub or (_text(held.get("userName")) if kind in ("WebIdentityUser", "SAMLUser") else None),
        issuer_arn=_text(issuer.get("arn")),
    )


def _text(value: Any) -> str | None:
    return text(value) or None


def session_of(arn: str | None) -> str | None:
    """The session's name in an `assumed-role` ARN; trimmed records leave the role out."""
    if not arn or ":assumed-role/" not in arn:
        return None
    return arn.partition(":assumed-role/")[2].rpartition("/")[2] or None


def role_of(arn: str | None) -> str | None:
    if not arn or ":assumed-role/" not in arn:
        return None
    parts = arn.partition(":assumed-role/")[2].split("/")
    return parts[-2] if len(parts) > 1 else None


def actor_of_arn(arn: str) -> Actor:
    """For logs that keep nothing else of an AWS identity."""
    kind = "AssumedRole" if ":assumed-role/" in arn else "Root" if arn.endswith(":root") else "IAMUser"
    kind = "FederatedUser" if ":federated-user/" in arn else kind
    return actor_of(Principal(type=kind, arn=arn, session_name=session_of(arn)))


def actor_of(principal: Principal) -> Actor:
    """The one who asked. `name` is the ARN unless something names the asker better; `short` is how a person says it."""
    arn, session = principal.arn or "", principal.session_name or ""
    role = principal.role or role_of(principal.arn) or ""
    names = " ".join(filter(None, (arn, principal.user_name, role, principal.issuer_arn)))
    emergency = is_break_glass(names.replace("/", " "))
    if principal.type in ("AWSService",) or (not arn and principal.invoked_by):
        service = principal.invoked_by or "an AWS service"
        return Actor(service, ActorKind.CLOUD_SERVICE, reasons=("AWS itself made the call",))
    if principal.type == "Root" or arn.endswith(":root"):
        return Actor(arn or "root", ActorKind.BREAK_GLASS, f"root of {principal.account or arn.split(':')[4]}", arn,
                     reasons=("the root user of the account",))  # fmt: skip
    if "/aws-service-role/" in (principal.issuer_arn or "") or role.startswith("AWSServiceRoleFor"):
        return Actor(arn, ActorKind.CLOUD_SERVICE, role, arn, reasons=("a service-linked role",))
    person, why = _asker(principal, session, role)
    if person:
        known = words_kind(person)
        kind = ActorKind.BREAK_GLASS if emergency else known[0] if known else ActorKind.PERSON
        name = person if person not in arn else arn
        return Actor(name, kind, person, arn, through=arn if name != arn else "",
                     reasons=(why, *(("the role is for emergencies",) if emergency else ())))  # fmt: skip
    if emergency:
        return Actor(
            arn or names, ActorKind.BREAK_GLASS, session or role, arn, reasons=("the identity is for emergencies",)
        )
    if _SERVICE_SESSION.fullmatch(session) or ("cdk-" in role and "cfn-exec" in role):
        return Actor(
            arn,
            ActorKind.CLOUD_SERVICE,
            f"{role or session}",
            arn,
            reasons=(f"the session {session} is that of a service",),
        )
    label = " ".join(filter(None, (role, session)))
    known = words_kind(label.replace("/", " ")) or (words_kind(principal.user_name) if principal.user_name else None)
    if known:
        return Actor(arn or label, known[0], session or role or principal.user_name or "", arn, reasons=(known[1],))
    if principal.type == "IAMUser" or ":user/" in arn:
        user = principal.user_name or arn.rpartition("/")[2]
        if known := words_kind(user):
            return Actor(arn or user, known[0], user, arn, reasons=(known[1],))
        return Actor(arn or user, ActorKind.PERSON, user, arn, reasons=("an IAM user",))
    if session and not _MACHINE_SESSION.fullmatch(session):
        why = f"the role's session is named {session}; whoever assumes a role chooses that name"
        return Actor(arn, ActorKind.PERSON, f"{session} ({role})" if role else session, arn, reasons=(why,))
    name = (
        arn
        or principal.user_name
        or role
        or (f"an identity of account {principal.account}" if principal.account else "")
    )
    if not name:
        return NOBODY
    reasons = ("a role whose session names nobody",) if session or role else ("the record does not say more",)
    return Actor(name, ActorKind.UNKNOWN, role or principal.user_name or "", arn, reasons=reasons)


def _asker(principal: Principal, session: str, role: str) -> tuple[str, str]:
    """A human or pipeline that the record itself names behind the role."""
    if principal.source_identity:
        return principal.source_identity, "sourceIdentity was set when the role was first assumed and cannot be changed"
    if principal.web_identity:
        return principal.web_identity, "the subject of the web identity that assumed the role"
    sso = role.startswith("AWSReservedSSO_") or "/aws-reserved/sso.amazonaws.com/" in (principal.issuer_arn or "")
    if sso and session:
        return session, "an IAM Identity Center session is named after its user"
    if session and _EMAIL.fullmatch(session):
        return session, "the role's session is named by an e-mail address"
    if principal.on_behalf_of:
        return principal.on_behalf_of, "on behalf of this user of IAM Identity Center"
    if principal.type in ("FederatedUser", "SAMLUser", "IdentityCenterUser"):
        named = principal.user_name or (principal.arn or "").rpartition("/")[2]
        return named, "a federated user"
    return "", ""
