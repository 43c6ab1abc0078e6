"""What the API server says: discovery, schemas, lists, watches, rights, refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from tests.cluster.recorder.exchange import Tape
from tests.cluster.scenarios import ALL
from tests.cluster.state import trusting

if TYPE_CHECKING:
    from tests.cluster.cluster import Cluster

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
DEPLOYMENTS = "/apis/apps/v1/deployments"
REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


def record(cluster: Cluster, tape: Tape) -> None:
    client = cluster.kube_as("drifttui-readonly").client
    tape.get(client, "kubernetes/version", "/version")
    tape.get(client, "kubernetes/apis", "/apis")
    for path in ("/apis", "/api"):
        answer = client.get(path, headers={"Accept": AGGREGATED})
        tape.keep(f"kubernetes/discovery{path.replace('/', '-')}", answer, {}, body=answer.text)
    tape.get(client, "kubernetes/openapi-index", "/openapi/v3")
    tape.get(client, "kubernetes/openapi-messaging", "/openapi/v3/apis/messaging.example.com/v1")
    tape.get(client, "kubernetes/deployments", DEPLOYMENTS)
    tape.get(client, "kubernetes/deployments-page", DEPLOYMENTS, limit="3")
    tape.get(client, "kubernetes/events-of-shop", "/api/v1/namespaces/shop/events", limit="40")
    tape.get(client, "kubernetes/applications", "/apis/argoproj.io/v1alpha1/applications")
    tape.get(client, "kubernetes/applicationsets", "/apis/argoproj.io/v1alpha1/applicationsets")
    for scenario in ALL:
        tape.get(client, f"kubernetes/live/{scenario.name}", scenario.resource.path)
    _rights(cluster, tape)
    _refusals(cluster, tape)


def _rights(cluster: Cluster, tape: Tape) -> None:
    asked = {
        "get-secrets": {"verb": "get", "resource": "secrets"},
        "list-deployments": {"verb": "list", "resource": "deployments", "group": "apps"},
        "patch-applications": {"verb": "patch", "resource": "applications", "group": "argoproj.io"},
    }
    for context in ("alice", "drifttui-readonly", "outsider-eve"):
        client = cluster.kube_as(context).client
        for name, attributes in asked.items():
            body = {
                "apiVersion": "authorization.k8s.io/v1",
                "kind": "SelfSubjectAccessReview",
                "spec": {"resourceAttributes": {"namespace": "shop", **attributes}},
            }
            tape.post(client, f"kubernetes/review/{context}-{name}", REVIEW, body)


def _refusals(cluster: Cluster, tape: Tape) -> None:
    reader = cluster.kube_as("drifttui-readonly").client
    tape.get(reader, "kubernetes/refused/secrets", "/api/v1/namespaces/payments/secrets")
    tape.get(reader, "kubernetes/refused/unknown-object", "/apis/apps/v1/namespaces/shop/deployments/no-such-thing")
    tape.get(reader, "kubernetes/refused/unknown-kind", "/apis/example.com/v1/things")
    tape.get(
        cluster.kube_as("alice").client, "kubernetes/refused/unknown-kind-to-an-admin", "/apis/example.com/v1/things"
    )
    tape.get(cluster.kube_as("outsider-eve").client, "kubernetes/refused/outsider", DEPLOYMENTS)
    with httpx.Client(base_url=cluster.state.api_url, verify=trusting(cluster.state), trust_env=False) as nobody:
        tape.get(nobody, "kubernetes/refused/anonymous", DEPLOYMENTS)
        nobody.headers["Authorization"] = "Bearer not-a-token"
        tape.get(nobody, "kubernetes/refused/bad-token", DEPLOYMENTS)
    # From before this kind was defined: gone, inside a stream that began with 200.
    queues = "/apis/messaging.example.com/v1/queues"
    gone = tape.get(reader, "kubernetes/refused/gone", queues, watch="1", resourceVersion="1", timeoutSeconds="3")
    if '"code":410' not in gone.text:
        raise RuntimeError("the watch from the beginning of time was not refused, so there is no 410 to record")
