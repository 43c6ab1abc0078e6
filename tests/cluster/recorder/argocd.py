"""What Argo CD says: every endpoint that drifttui asks, and the refusals that it has to understand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import httpx

from tests.cluster.recorder.exchange import Tape
from tests.cluster.state import trusting

if TYPE_CHECKING:
    from tests.cluster.cluster import Cluster

LISTED = ",".join(
    f"items.{field}"
    for field in (
        "metadata.name", "metadata.namespace", "metadata.annotations", "metadata.labels", "metadata.creationTimestamp",
        "spec", "status.sync.status", "status.sync.revision", "status.health", "status.summary", "status.resources",
        "status.operationState.phase", "status.operationState.startedAt", "status.operationState.finishedAt",
        "operation.sync",
    )
)  # fmt: skip
"""A projection of the list: everything that Argo CD lets a client choose."""


def record(cluster: Cluster, tape: Tape) -> None:
    client = cluster.argocd("drifttui-readonly").client
    tape.get(client, "argocd/version", "/api/version")
    for name in ("settings", "session/userinfo", "projects", "clusters", "applicationsets", "repositories"):
        tape.get(client, f"argocd/{name.replace('/', '-')}", f"/api/v1/{name}")
    listed = tape.get(client, "argocd/applications", "/api/v1/applications").json()["items"]
    tape.get(client, "argocd/applications-fields", "/api/v1/applications", fields=LISTED)
    tape.get(client, "argocd/applications-of-project", "/api/v1/applications", projects="payments")
    for application in listed:
        _unit(tape, client, application)
    _details(tape, client, next(each for each in listed if each["metadata"]["name"] == "checkout"))
    _rights(cluster, tape)
    _refusals(cluster, tape)


def _unit(tape: Tape, client: httpx.Client, application: Mapping[str, Any]) -> None:
    name, namespace = application["metadata"]["name"], application["metadata"]["namespace"]
    query = {"appNamespace": namespace, "project": application["spec"]["project"]}
    folder = f"argocd/units/{name}" if namespace == "argocd" else f"argocd/units/{namespace}.{name}"
    tape.get(client, f"{folder}/application", f"/api/v1/applications/{name}", **query)
    tape.get(client, f"{folder}/managed-resources", f"/api/v1/applications/{name}/managed-resources", **query)
    tape.get(client, f"{folder}/resource-tree", f"/api/v1/applications/{name}/resource-tree", **query)


def _details(tape: Tape, client: httpx.Client, application: Mapping[str, Any]) -> None:
    path = f"/api/v1/applications/{application['metadata']['name']}"
    query = {"appNamespace": "argocd", "project": application["spec"]["project"]}
    revision = application["status"]["sync"]["revision"]
    folder = "argocd/units/checkout"
    tape.get(client, f"{folder}/events", f"{path}/events", **query)
    tape.get(client, f"{folder}/revision", f"{path}/revisions/{revision}/metadata", **query)
    tape.get(client, f"{folder}/syncwindows", f"{path}/syncwindows", **query)
    tape.get(client, f"{folder}/links", f"{path}/links", **query)
    tape.get(client, f"{folder}/manifests", f"{path}/manifests", **query)
    tape.get(client, "argocd/units/ledger/syncwindows", "/api/v1/applications/ledger/syncwindows", project="payments")
    one = {"resourceName": "checkout", "namespace": "shop", "group": "apps", "version": "v1", "kind": "Deployment"}
    tape.get(client, f"{folder}/resource", f"{path}/resource", **query, **one)


def _rights(cluster: Cluster, tape: Tape) -> None:
    for account in ("operator", "drifttui-readonly", "payments-oncall"):
        client = cluster.argocd(account).client
        for action in ("get", "sync", "update"):
            for project in ("default", "payments"):
                asked = f"/api/v1/account/can-i/applications/{action}/{project}/*"
                tape.get(client, f"argocd/can-i/{account}-{action}-{project}", asked)


def _refusals(cluster: Cluster, tape: Tape) -> None:
    with httpx.Client(base_url=cluster.state.argocd_url, verify=trusting(cluster.state), trust_env=False) as nobody:
        tape.get(nobody, "argocd/refused/no-token", "/api/v1/applications")
        nobody.headers["Authorization"] = "Bearer not-a-token"
        tape.get(nobody, "argocd/refused/bad-token", "/api/v1/applications")
        tape.get(nobody, "argocd/refused/bad-token-userinfo", "/api/v1/session/userinfo")
    reader = cluster.argocd("drifttui-readonly").client
    tape.get(reader, "argocd/refused/unknown-application", "/api/v1/applications/no-such-unit")
    tape.get(reader, "argocd/refused/unknown-in-project", "/api/v1/applications/no-such-unit", project="default")
    tape.get(reader, "argocd/refused/unknown-endpoint", "/api/v1/no-such-endpoint")
    tape.post(reader, "argocd/refused/sync-forbidden", "/api/v1/applications/cart/sync", {"name": "cart"})
    narrow = cluster.argocd("payments-oncall").client
    tape.get(narrow, "argocd/refused/other-project", "/api/v1/applications/cart", project="default")
    tape.get(narrow, "argocd/refused/list-of-a-narrow-account", "/api/v1/applications", fields="items.metadata.name")
