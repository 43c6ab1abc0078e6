"""Every scenario. Each has a unit of its own, so that they can all stand side by side and in any order."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from tests.cluster.repository import ERIN, RELEASE_BOT
from tests.cluster.scenarios.model import Resource, Scenario
from tests.cluster.scenarios.steps import Apply, Commit, Injection, Kubectl, Rewrite

MANIFESTS = Path(__file__).parents[1] / "manifests"
ALICE, BOB, CAROL = "alice@example.com", "bob@example.com", "breakglass:carol"
DEPLOYER = "system:serviceaccount:ci:deployer"
ARGOCD = "system:serviceaccount:argocd:argocd-application-controller"
AUTOSCALER = "system:serviceaccount:kube-system:horizontal-pod-autoscaler"
RELOADER = "system:serviceaccount:ci:config-reloader"
DEPLOYMENTS = "system:serviceaccount:kube-system:deployment-controller"


def _deployment(namespace: str, name: str) -> Resource:
    return Resource("apps", "v1", "deployments", "Deployment", namespace, name)


def _kubectl(context: str, *arguments: str, editor: str | None = None) -> Kubectl:
    return Kubectl(context, arguments, editor)


_SET_IMAGE = _kubectl(
    "alice", "-n", "shop", "set", "image", "deployment/checkout",
    "checkout=registry.example.com/shop/checkout:2.13.9-hotfix",
)  # fmt: skip
_SCALE = _kubectl("bob", "-n", "shop", "scale", "deployment/cart", "--replicas=5")
_AUTOSCALE = _kubectl(
    "alice", "-n", "shop", "autoscale", "deployment/search", "--min=4", "--max=8", "--cpu=80%"
)  # fmt: skip
_EDIT = _kubectl(
    "breakglass-carol", "-n", "payments", "edit", "deployment/payments-api", editor="s/value: 30s/value: 120s/"
)  # fmt: skip
_PATCH_ENV = _kubectl("bob", "-n", "payments", "set", "env", "deployment/payments-api", "UPSTREAM_TIMEOUT=1s")
_DELETE = _kubectl("ci-deployer", "-n", "shop", "delete", "configmap/catalog-settings", "--wait=false")
_TAG = Apply(
    "ci-deployer",
    _deployment("payments", "ledger"),
    "cost-tagger",
    {"metadata": {"labels": {"cost-center": "cc-4711"}}},
)
_WIDEN = _kubectl(
    "alice", "-n", "shop", "patch", "rolebinding/log-reader", "--type=json", "-p",
    json.dumps([{"op": "add", "path": "/subjects/-", "value": {
        "apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:authenticated"}}]),
)  # fmt: skip
_REPARTITION = _kubectl(
    "alice", "-n", "shop", "patch", "queue/orders", "--type=merge", "-p", '{"spec":{"partitions":24}}'
)  # fmt: skip
_ROTATE = _kubectl(
    "breakglass-carol", "-n", "payments", "patch", "secret/billing-provider", "-p",
    '{"stringData":{"api-key":"example-key-changed-by-hand"}}',
)  # fmt: skip
_SCALE_IGNORED = _kubectl("bob", "-n", "shop", "scale", "deployment/ratelimit", "--replicas=6")
_LIMITS = _kubectl("alice", "-n", "edge", "set", "resources", "deployment/edge-eu", "--limits=memory=1Gi")
_DEBUG = _kubectl("bob", "-n", "platform", "set", "env", "deployment/dns", "LOG_LEVEL=debug")
_SCALE_HEALED = _kubectl("bob", "-n", "shop", "scale", "deployment/sessions", "--replicas=9")


_UNTAG = replace(_TAG, document={})
"""Applying nothing gives up, and so removes, what the same manager applied before."""

_RELEASE = Commit("gateway", "gateway:1.0.0", "gateway:1.1.0", "Release gateway 1.1.0 (#214)", RELEASE_BOT)
# A platform engineer installs the policy; the next release, about something else, brings the sidecar in.
_INJECT = (
    _kubectl("alice", "apply", "-f", str(MANIFESTS / "sidecar.yaml")),
    Injection("log-shipper", _deployment("shop", "gateway"), on=True),
    _RELEASE,
)
_EJECT = (
    _kubectl("alice", "delete", "-f", str(MANIFESTS / "sidecar.yaml")),
    Injection("log-shipper", _deployment("shop", "gateway"), on=False),
    _kubectl("alice", "-n", "shop", "patch", "deployment/gateway", "-p",
             '{"spec":{"template":{"spec":{"containers":[{"name":"log-shipper","$patch":"delete"}]}}}}'),
    _RELEASE.reverted(),
)  # fmt: skip
_BREAK = Commit(
    "reports", "          env:\n", "          env: {{ .Values.env }}\n",
    "Move the report settings to the chart (#215)", ERIN,
)  # fmt: skip

_CONTAINER = "/spec/template/spec/containers/0"

ALL = (
    Scenario(
        "image-changed", "A hotfix image is set by hand during an incident.", "checkout",
        _deployment("shop", "checkout"), [_SET_IMAGE], ALICE,
        paths=[f"{_CONTAINER}/image"], manager="kubectl-set",
        before=[_SET_IMAGE.dry("bob"), _SET_IMAGE.by("newcomer-dave")],
        then=[Rewrite("config-reloader", _deployment("shop", "checkout"))], after=RELOADER,
    ),
    Scenario(
        "replicas-by-hand", "Somebody scales up, after a slip that the guard rail refused.", "cart",
        _deployment("shop", "cart"), [_SCALE], BOB, subresource="scale",
        paths=["/spec/replicas"], manager="kubectl",
        before=[_SCALE.dry("alice"), _kubectl("bob", "-n", "shop", "scale", "deployment/cart", "--replicas=500")],
        after=DEPLOYMENTS,
    ),
    Scenario(
        "replicas-by-autoscaler", "An HPA raises the replicas that Git declares.", "search",
        _deployment("shop", "search"), [_AUTOSCALE], AUTOSCALER, verb="update", subresource="scale",
        paths=["/spec/replicas"], manager="kube-controller-manager",
        before=[_kubectl("bob", "-n", "shop", "scale", "deployment/search", "--replicas=4", "--dry-run=server")],
        after=DEPLOYMENTS, undo=[_kubectl("alice", "-n", "shop", "delete", "hpa/search")],
    ),
    Scenario(
        "env-edited", "A timeout is edited in place with an emergency account.", "payments-api",
        _deployment("payments", "payments-api"), [_EDIT], CAROL,
        paths=[f"{_CONTAINER}/env/1/value"], manager="kubectl-edit",
        before=[_PATCH_ENV.dry("bob"), _PATCH_ENV.by("newcomer-dave")],
        then=[Rewrite("config-reloader", _deployment("payments", "payments-api"))], after=RELOADER,
    ),
    Scenario(
        "configmap-deleted", "A clean-up job deletes a ConfigMap that is still in use.", "catalog",
        Resource("", "v1", "configmaps", "ConfigMap", "shop", "catalog-settings"), [_DELETE], DEPLOYER,
        verb="delete", paths=[""], before=[_DELETE.dry("alice"), _DELETE.by("newcomer-dave")],
    ),
    Scenario(
        "label-applied", "A tool of another team adds a label by server-side apply.", "ledger",
        _deployment("payments", "ledger"), [_TAG], DEPLOYER,
        paths=["/metadata/labels/cost-center"], manager="cost-tagger", sync="Synced",
        before=[_TAG.dry("alice"), _TAG.by("newcomer-dave")], undo=[_UNTAG],
    ),
    Scenario(
        "binding-widened", "A role is opened to everybody who can sign in.", "access",
        Resource("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding", "shop", "log-reader"),
        [_WIDEN], ALICE, paths=["/subjects"], manager="kubectl-patch",
        before=[_WIDEN.dry("breakglass-carol"), _WIDEN.by("newcomer-dave")],
    ),
    Scenario(
        "sidecar-injected", "An admission policy adds a container to what Argo CD itself applies.", "gateway",
        _deployment("shop", "gateway"), _INJECT, ARGOCD,
        paths=["/spec/template/spec/containers/1"], sync="Synced", after=DEPLOYMENTS, undo=_EJECT,
    ),
    Scenario(
        "custom-resource", "One field of a custom resource is changed; four others are defaults of its schema.",
        "messaging", Resource("messaging.example.com", "v1", "queues", "Queue", "shop", "orders"),
        [_REPARTITION], ALICE, paths=["/spec/partitions"], manager="kubectl-patch",
        hidden=["/spec/retries", "/spec/retention", "/spec/deadLetter", "/spec/consumers/1/prefetch"],
        before=[_REPARTITION.dry("breakglass-carol"), _REPARTITION.by("newcomer-dave")],
    ),
    Scenario(
        "secret-changed", "A credential is replaced in the cluster only.", "billing",
        Resource("", "v1", "secrets", "Secret", "payments", "billing-provider"), [_ROTATE], CAROL,
        paths=["/data/api-key"], manager="kubectl-patch",
        before=[_ROTATE.dry("alice"), _ROTATE.by("newcomer-dave")],
    ),
    Scenario(
        "render-failed", "A commit breaks the manifests: what Argo CD shows is from before.", "reports",
        _deployment("shop", "reports"), [_BREAK], ERIN.email, verb="commit", sync="Unknown", undo=[_BREAK.reverted()],
    ),
    Scenario(
        "drift-ignored", "Replicas are scaled under a rule that tells Argo CD not to look.", "ratelimit",
        _deployment("shop", "ratelimit"), [_SCALE_IGNORED], BOB, subresource="scale",
        hidden=["/spec/replicas"], manager="kubectl", sync="Synced",
        before=[_SCALE_IGNORED.dry("alice"), _SCALE_IGNORED.by("newcomer-dave")], after=DEPLOYMENTS,
    ),
    Scenario(
        "generated-child", "A limit is raised in a unit that an ApplicationSet generated.", "edge-eu",
        _deployment("edge", "edge-eu"), [_LIMITS], ALICE,
        paths=[f"{_CONTAINER}/resources/limits/memory"], manager="kubectl-set",
        before=[_LIMITS.dry("bob"), _LIMITS.by("newcomer-dave")],
        then=[Rewrite("config-reloader", _deployment("edge", "edge-eu"))], after=RELOADER,
    ),
    Scenario(
        "nested-child", "Debug logging is left on in a unit that another Application created.", "dns",
        _deployment("platform", "dns"), [_DEBUG], BOB,
        paths=[f"{_CONTAINER}/env/0/value"], manager="kubectl-set",
        before=[_DEBUG.dry("alice"), _DEBUG.by("newcomer-dave")],
        then=[Rewrite("config-reloader", _deployment("platform", "dns"))], after=RELOADER,
    ),
    Scenario(
        "healed", "A change that self-heal takes back within seconds: no drift is left, only the trail.", "sessions",
        _deployment("shop", "sessions"), [_SCALE_HEALED], BOB, subresource="scale", sync="Synced",
        before=[_SCALE_HEALED.dry("alice")], after=ARGOCD,
    ),
)  # fmt: skip

BY_NAME = {each.name: each for each in ALL}
