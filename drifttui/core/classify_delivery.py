"""Delivery of secret material: the store's version, the Kubernetes Secret, and what running consumers hold.

For a reference to a secret the planes mean these three, and values are digests. A change of the reference itself (which
key, which store) is an ordinary field and is judged by its writer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from .classify_judgement import Judgement, judged, moment, unknown, where
from .classify_scalars import duration
from .errors import inert
from .facts import CaseFacts, ChangeFacts
from .planes import ABSENT, UNKNOWN, Json, Mark
from .policy_table import Policy

_DELIVERY_KINDS = re.compile(
    r"(Cluster)?ExternalSecret|(Cluster)?PushSecret|Vault(Static|Dynamic|PKI)Secret|SecretProviderClass(PodStatus)?|"
    r"SealedSecret|SopsSecret|InfisicalSecret|OnePasswordItem|(Cluster)?SecretStore"
)
_MATERIAL = re.compile(r"/spec/(data|datafrom|encrypteddata|secretobjects|path)(/|$)", re.IGNORECASE)
_REFERENCE = re.compile(
    r"secretref(/|$)|secretkeyref(/|$)|/volumes/[^/]+/(secret|csi)(/|$)|/projected/sources/[^/]+/secret(/|$)|"
    r"imagepullsecrets(/|$)",
    re.IGNORECASE,
)
_READY = frozenset({"Ready", "Synced", "SecretSynced", "Available", "Healthy"})
_SECRET_ERROR = re.compile(
    r"decrypt|sops|age identity|getsecretvalue|secretsyncederror|secret ?store|externalsecret|could not get secret|"
    r"sealed|unseal|vault",
    re.IGNORECASE,
)
_NOT_FOUND = re.compile(
    r"not ?found|does not exist|can't find|cannot find|no such|couldn't find key|key .* missing|resourcenotfound|"
    r"secret does not contain|property .* not",
    re.IGNORECASE,
)
_DENIED = re.compile(r"denied|forbidden|unauthori[sz]ed|403|401|expired|permission", re.IGNORECASE)
GRACE = timedelta(minutes=5)
"""After its refresh interval a fetch may still be under way."""


class Failing(NamedTuple):
    """A condition or an error that says why nothing arrives."""

    message: str
    reference: bool
    """The value is not there: the reference or the store is wrong, not the loop."""


def delivered(facts: ChangeFacts) -> bool:
    """Whether a change is about the versions of a secret in store and Secret, which say something without consumers."""
    return _is_reference(facts) and _digest(facts.desired) and _digest(facts.recorded)


def delivery(facts: ChangeFacts, policy: Policy) -> Judgement | None:
    if not _is_reference(facts):
        return _condition(facts)
    values = (facts.desired, facts.recorded, facts.actual)
    if not any(_digest(value) for value in values):
        return None
    failing = delivery_error(facts.whole)
    store, secret, held = values
    if store is UNKNOWN and secret is UNKNOWN:
        return None
    if store is ABSENT:
        return _judge(facts, "delivery.no-value", "the store holds no value", "reference-missing", 0.85)
    if store is not UNKNOWN and secret is not UNKNOWN and store != secret:
        return _secret_behind(facts, failing)
    if secret is UNKNOWN and held is not UNKNOWN and store != held:
        return _judge(
            facts, "delivery.stuck", "consumers do not hold the store's version; where it got stuck is not known",
            "delivery-failing" if failing else "secret-behind", 0.5, f"Kubernetes Secret behind {where(facts)}",
        )  # fmt: skip
    if held is not UNKNOWN and secret is not UNKNOWN and secret != held:
        missing = () if store is not UNKNOWN else (f"store version behind {where(facts)}",)
        return _judge(
            facts, "delivery.consumers-behind", f"the Secret is current, consumers hold an older one{_started(facts)}",
            "consumers-behind", 0.95 if not missing else 0.7, *missing,
        )  # fmt: skip
    return _equal(facts, failing, held)


def _equal(facts: ChangeFacts, failing: Failing | None, held: Json | Mark) -> Judgement | None:
    """Store and Secret agree; what consumers hold is the same or unknown."""
    if held is UNKNOWN and (late := _holding_another(facts)):
        return _judge(
            facts, "delivery.consumers-hold", f"consumers hold an older version: {late}", "consumers-behind", 0.85
        )
    if held is UNKNOWN and (late := _older_consumers(facts)):
        return _judge(
            facts, "delivery.consumers-older", f"consumers started before the Secret was written: {late}",
            "consumers-behind", 0.7, f"actual {where(facts)}",
        )  # fmt: skip
    if failing is not None:
        facet = "reference-missing" if failing.reference else "delivery-failing"
        return _judge(facts, "delivery.fails", failing.message, facet, 0.8)
    if held is UNKNOWN:
        return unknown(
            facts, "evidence.no-consumers", "store and Secret agree; what consumers hold is not known",
            missing=(f"actual {where(facts)}",),
        )  # fmt: skip
    return None


def _secret_behind(facts: ChangeFacts, failing: Failing | None) -> Judgement:
    if failing is not None:
        facet = "reference-missing" if failing.reference else "delivery-failing"
        return _judge(
            facts,
            "delivery.fails",
            f"the Secret is behind the store, delivery fails: {failing.message}",
            facet,
            0.95,
        )
    refreshed, interval = _reading(facts.whole, "/refreshtime"), _reading(facts.whole, "/refreshinterval")
    last = _time(refreshed)
    every = duration(interval) if isinstance(interval, str) else None
    rotated = _rotated(facts)
    if last is not None and rotated is not None and rotated < last:
        return _judge(
            facts, "delivery.fetched-without", f"rotated at {moment(rotated)}, fetched at {moment(last)}, still behind",
            "delivery-failing", 0.75,
        )  # fmt: skip
    if last is not None and every:
        due = last + timedelta(seconds=float(every))
        if facts.case.now > due + GRACE:
            return _judge(
                facts, "delivery.overdue", f"the next fetch was due at {moment(due)} and has not come",
                "delivery-failing", 0.85,
            )  # fmt: skip
        return _judge(
            facts, "delivery.waits", f"the Secret is behind the store; the next fetch is due at {moment(due)}",
            "secret-behind", 0.95,
        )  # fmt: skip
    return _judge(
        facts, "delivery.behind", "the Secret is behind the store and nothing reports an error", "secret-behind", 0.75,
        "refresh interval and last refresh",
    )  # fmt: skip


def _condition(facts: ChangeFacts) -> Judgement | None:
    """A failing Ready condition of a delivery kind, where it is the difference itself."""
    if facts.reading or not _DELIVERY_KINDS.fullmatch(facts.case.resource.kind):
        return None
    failing = _failing(facts.actual) if facts.path.startswith("/status") else None
    if failing is None:
        return None
    facet = "reference-missing" if failing.reference else "delivery-failing"
    return _judge(facts, "delivery.fails", failing.message, facet, 0.95)


def is_delivery(kind: str) -> bool:
    """Whether objects of this kind bring secret material into a cluster."""
    return bool(_DELIVERY_KINDS.fullmatch(kind))


def delivery_error(whole: CaseFacts) -> Failing | None:
    """Why delivery fails, from a condition anywhere in the case or the engine's error."""
    for facts in whole.changes:
        if facts.path.startswith("/status") and (failing := _failing(facts.actual)) is not None:
            return failing
    error = whole.unit.reconcile_error
    return _from_text(error) if _SECRET_ERROR.search(error) else None


def _failing(value: Json | Mark) -> Failing | None:
    if isinstance(value, list):
        return next((found for item in value if (found := _failing(item)) is not None), None)
    if not isinstance(value, Mapping):
        return None
    waiting = value.get("waiting") if isinstance(value.get("waiting"), Mapping) else value
    assert isinstance(waiting, Mapping)
    if waiting.get("reason") == "CreateContainerConfigError" and "secret" in str(waiting.get("message")).lower():
        return _from_text(str(waiting.get("message")))
    if value.get("type") in _READY and str(value.get("status")).lower() == "false":
        return _from_text(f"{value.get('reason') or ''}: {value.get('message') or ''}")
    return None


def _from_text(text: str) -> Failing:
    return Failing(inert(text, 160), bool(_NOT_FOUND.search(text)) and not _DENIED.search(text))


def _is_reference(facts: ChangeFacts) -> bool:
    if _DELIVERY_KINDS.fullmatch(facts.case.resource.kind):
        return bool(_MATERIAL.match(facts.path))
    return facts.whole.kubernetes and bool(_REFERENCE.search(facts.path))


def _digest(value: Json | Mark) -> bool:
    return isinstance(value, Mapping) and set(value) == {"digest"}


def _reading(whole: CaseFacts, suffix: str) -> Any:
    return next((one.actual for one in whole.changes if one.path.lower().endswith(suffix)), None)


def _time(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo else None


def _rotated(facts: ChangeFacts) -> datetime | None:
    """When the store got its newest version, by the audit trail."""
    writer = facts.attribution.writer
    return writer.time if writer is not None and writer.event.source != "kubernetes-audit" else None


def _holding_another(facts: ChangeFacts) -> str:
    """Consumers that say themselves what they hold."""
    return ", ".join(
        inert(one.name, 60)
        for one in facts.case.surroundings.consumers[:50]
        if one.holds is not None and _same_form(one.holds) != facts.desired
    )


def _same_form(holds: Any) -> Any:
    return {"digest": holds} if isinstance(holds, str) else holds


def _older_consumers(facts: ChangeFacts) -> str:
    writer = facts.attribution.writer
    if writer is None or writer.time is None:
        return ""
    at = writer.time
    return ", ".join(
        inert(one.name, 60)
        for one in facts.case.surroundings.consumers[:5]
        if one.started_at is not None and one.started_at < at
    )


def _started(facts: ChangeFacts) -> str:
    late = _older_consumers(facts)
    return f"; started before it was written: {late}" if late else ""


def _judge(facts: ChangeFacts, rule: str, fact: str, facet: str, confidence: float, *missing: str) -> Judgement:
    return judged(facts, "secret-delivery", confidence, rule, fact, facet, missing=missing, domain="secret")
