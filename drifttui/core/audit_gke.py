"""Google's form of the Kubernetes audit log (Cloud Audit Logs, `protoPayload`, service `k8s.io`).

It has no audit id, no stage and no field manager. The verb is the end of `methodName`
(`io.k8s.apps.v1.deployments.patch`), the object is `resourceName` (`apps/v1/namespaces/prod/deployments/web`), and a
status code of 0 is success (google.rpc.Code). The entry's `insertId` is the nearest thing to an event id.
"""

from __future__ import annotations

from typing import Any, Final

from .audit import Unreadable, mapping, moment, text
from .audit_kubernetes import KubernetesCall

_HTTP: Final = {0: 200, 3: 400, 4: 504, 5: 404, 6: 409, 7: 403, 8: 429, 9: 400, 10: 409, 13: 500, 14: 503, 16: 401}
"""google.rpc.Code to HTTP; an unlisted one counts as 500."""


def read_gke(entry: dict[str, Any]) -> KubernetesCall:
    """Raises `Unreadable` where the entry is of another service than Kubernetes."""
    payload = mapping(entry.get("protoPayload"))
    method = text(payload.get("methodName"))
    if not method.startswith("io.k8s.") and payload.get("serviceName") != "k8s.io":
        raise Unreadable("a Cloud Audit entry of another service")
    words = method.split(".")
    verb = words[-1].lower()
    target = _target(text(payload.get("resourceName"), 1024))
    meta = mapping(payload.get("requestMetadata"))
    request, response = payload.get("request"), payload.get("response")
    who = mapping(payload.get("authenticationInfo"))
    return KubernetesCall(
        audit_id=text(entry.get("insertId")),
        stage="ResponseComplete",
        level="Metadata" if request is None and response is None else "RequestResponse",
        verb=verb,
        authenticated_as=text(who.get("principalEmail")),
        user_agent=text(meta.get("callerSuppliedUserAgent")),
        source_ips=tuple(filter(None, (text(meta.get("callerIp") or meta.get("callerIP")),))),
        group=target["group"],
        version=target["version"],
        resource=target["resource"] or (words[-2] if len(words) > 2 else ""),
        subresource=target["subresource"],
        namespace=target["namespace"],
        name=target["name"],
        uri=text(payload.get("resourceName"), 1024),
        code=_code(payload.get("status")),
        dry_run=bool(mapping(request).get("dryRun")),
        received=moment(entry.get("timestamp")),
        request=request if isinstance(request, (dict, list)) else None,
        response=response if isinstance(response, dict) else None,
        annotations=mapping(entry.get("labels")),
        envelope="gke",
    )


def _code(status: Any) -> int | None:
    """A missing status is success here, as everywhere in this format."""
    code = mapping(status).get("code", 0)
    return _HTTP.get(code, 500) if isinstance(code, int) else None


def _target(resource_name: str) -> dict[str, str]:
    parts = [part for part in resource_name.split("/") if part]
    found = dict.fromkeys(("group", "version", "resource", "subresource", "namespace", "name"), "")
    if len(parts) < 2:
        return found
    found["group"], found["version"] = ("" if parts[0] == "core" else parts[0]), parts[1]
    rest = parts[2:]
    if rest[:1] == ["namespaces"] and len(rest) > 2:
        found["namespace"], rest = rest[1], rest[2:]
    for key, value in zip(("resource", "name", "subresource"), rest, strict=False):
        found[key] = value
    return found
