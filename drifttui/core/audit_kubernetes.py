"""One event of the Kubernetes audit log (`audit.k8s.io/v1` Event), read without trusting any of its fields.

Traps, from the API: an event appears once per stage under one `auditID`; a PATCH logs its patch (a list for
a JSON patch); `objectRef.name` is empty for collections and may be empty for `generateName`; a delete tells its dry run
only in `requestObject.dryRun`; the truncating backend drops both bodies and leaves an annotation. Azure wraps the event
as a string (`properties.log`), and Google writes another format altogether (`audit_gke`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs, urlsplit

from .audit import Unreadable, mapping, moment, text

READS: Final = frozenset({"get", "list", "watch", "head", "options"})
WRITES: Final = frozenset({"create", "update", "patch", "delete", "deletecollection"})
WRITING_SUBRESOURCES: Final = frozenset({"", "scale"})
"""Subresources through which the declared part of an object is written. The rest (status, exec, token, …) is not."""

TRUNCATED = "audit.k8s.io/truncated"
_UNCOMMON_STAGES: Final = frozenset({"RequestReceived", "ResponseStarted", "Panic"})


class Outcome(StrEnum):
    SUCCESS = "success"
    DENIED = "denied"
    """401 or 403."""
    FAILED = "failed"
    UNKNOWN = "unknown"
    """The event carries no status code."""


class KubernetesCall(NamedTuple):
    """One call to the API server. An empty string is a field that the event lacks."""

    audit_id: str = ""
    stage: str = ""
    level: str = ""
    verb: str = ""
    authenticated_as: str = ""
    """The account whose credential was used."""
    impersonated: str = ""
    """The account that it asked to be treated as; empty for nearly every call."""
    groups: tuple[str, ...] = ()
    extra: Mapping[str, tuple[str, ...]] = {}
    user_agent: str = ""
    source_ips: tuple[str, ...] = ()
    """All but the last can be set by the client."""
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    name_from_response: str = ""
    uid: str = ""
    uri: str = ""
    query: Mapping[str, tuple[str, ...]] = {}
    code: int | None = None
    dry_run: bool = False
    received: datetime | None = None
    request: Any = None
    """The body as logged: a patch, a whole object, a Scale, DeleteOptions. None where it was not logged."""
    response: Any = None
    truncated: bool = False
    annotations: Mapping[str, Any] = {}
    envelope: str = "kubernetes"

    @property
    def actor(self) -> str:
        """The account in force for the call: the impersonated one where there is one."""
        return self.impersonated or self.authenticated_as

    @property
    def outcome(self) -> Outcome:
        if self.code is None:
            return Outcome.UNKNOWN
        if self.code < 400:
            return Outcome.SUCCESS if self.code < 300 else Outcome.FAILED
        return Outcome.DENIED if self.code in (401, 403) else Outcome.FAILED

    @property
    def is_write(self) -> bool:
        return self.verb in WRITES

    @property
    def explains_drift(self) -> bool:
        """A write of the object or its scale that was neither a dry run nor known to have failed."""
        return (
            self.is_write
            and self.subresource in WRITING_SUBRESOURCES
            and not self.dry_run
            and self.outcome in (Outcome.SUCCESS, Outcome.UNKNOWN)
        )

    @property
    def manager(self) -> str:
        """Field manager as the server derives it: the query's, else the user agent up to its first slash."""
        named = self.query.get("fieldManager")
        return named[0] if named else self.user_agent.partition("/")[0][:128]

    @property
    def object_name(self) -> str:
        return self.name or self.name_from_response

    @property
    def has_body(self) -> bool:
        return self.request is not None or self.response is not None


def read_event(record: Any) -> KubernetesCall:
    """One record of a file: the event itself, Azure's wrapper around it, or Google's format.

    Raises `Unreadable` for what is none of these.
    """
    if not isinstance(record, dict):
        raise Unreadable("not a JSON object")
    if "protoPayload" in record:
        from .audit_gke import read_gke

        return read_gke(record)
    wrapped = _azure(record)
    if wrapped is not None:
        return _event(wrapped)._replace(envelope="aks")
    return _event(record)


def _azure(record: dict[str, Any]) -> dict[str, Any] | None:
    """The event inside an Azure diagnostic record (`properties.log`) or row (`log_s`); None for anything else."""
    held = mapping(record.get("properties")).get("log", record.get("log_s", record.get("log")))
    if isinstance(held, str) and held.lstrip()[:1] == "{":
        try:
            event = json.loads(held)
        except (ValueError, RecursionError) as problem:
            raise Unreadable("the wrapped event is no JSON") from problem
        return event if isinstance(event, dict) else None
    if "operationName" in record or str(record.get("category", "")).startswith("kube-"):
        raise Unreadable("a diagnostic record without an audit event")
    return None


def _event(event: dict[str, Any]) -> KubernetesCall:
    if event.get("kind") not in (None, "Event") or not {"verb", "user", "objectRef", "auditID", "requestURI"} & set(
        event
    ):
        raise Unreadable("not an audit event")
    if "involvedObject" in event or "regarding" in event:
        raise Unreadable("a Kubernetes event object, not an audit event")
    target = mapping(event.get("objectRef"))
    user = mapping(event.get("user"))
    impersonated = mapping(event.get("impersonatedUser"))
    uri = text(event.get("requestURI"), 4096)
    query = _query(uri)
    request, response = _body(event.get("requestObject")), _body(event.get("responseObject"))
    annotations = mapping(event.get("annotations"))
    name = text(target.get("name"))
    return KubernetesCall(
        audit_id=text(event.get("auditID")),
        stage=text(event.get("stage")),
        level=text(event.get("level")),
        verb=text(event.get("verb")).lower(),
        authenticated_as=text(user.get("username")),
        impersonated=text(impersonated.get("username")),
        groups=_texts(impersonated.get("groups") if impersonated else user.get("groups")),
        extra={text(key): _texts(value) for key, value in mapping(user.get("extra")).items()},
        user_agent=text(event.get("userAgent")),
        source_ips=_texts(event.get("sourceIPs")),
        group=text(target.get("apiGroup")),
        version=text(target.get("apiVersion")),
        resource=text(target.get("resource")),
        subresource=text(target.get("subresource")),
        namespace=text(target.get("namespace")),
        name=name,
        name_from_response="" if name else _name_in(response, text(target.get("resource"))),
        uid=text(mapping(mapping(response).get("metadata")).get("uid")) or text(target.get("uid")),
        uri=uri,
        query=query,
        code=_code(event.get("responseStatus")),
        dry_run="dryRun" in query or bool(mapping(request).get("dryRun")),
        received=moment(event.get("requestReceivedTimestamp"))
        or moment(event.get("stageTimestamp"))
        or moment(event.get("timestamp")),
        request=request,
        response=response,
        truncated=str(annotations.get(TRUNCATED, "")).lower() == "true" or _too_big(event),
        annotations=annotations,
    )


def is_final(call: KubernetesCall) -> bool:
    """Whether this is the one event of its call that tells how it ended. Logs trimmed by others lack the stage."""
    return call.stage not in _UNCOMMON_STAGES


def _body(value: Any) -> Any:
    """A logged body; None for what stands in its place (Azure writes `"skipped-too-big-size-object"`)."""
    return value if isinstance(value, (dict, list)) else None


def _too_big(event: dict[str, Any]) -> bool:
    return any(isinstance(event.get(key), str) for key in ("requestObject", "responseObject"))


def _code(status: Any) -> int | None:
    code = mapping(status).get("code")
    if isinstance(code, str) and code.isascii() and code.isdigit() and len(code) <= 3:
        code = int(code)
    return code if isinstance(code, int) and not isinstance(code, bool) and 100 <= code < 1000 else None


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(text(item) for item in value[:64] if isinstance(item, str)) if isinstance(value, list) else ()


def _query(uri: str) -> dict[str, tuple[str, ...]]:
    try:
        held = parse_qs(urlsplit(uri).query, keep_blank_values=True, max_num_fields=64)
    except ValueError:
        return {}
    return {key: tuple(value) for key, value in held.items()}


def _name_in(response: Any, resource: str) -> str:
    """The name that the server gave (`generateName`). The answer to a refusal names the kind, not an object."""
    body = mapping(response)
    if body.get("kind") == "Status" and resource != "status":
        return ""
    return text(mapping(body.get("metadata")).get("name"))
