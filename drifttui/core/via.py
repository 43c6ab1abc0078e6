"""The path by which a Kubernetes write came: `kubectl edit`, `HPA`, `Argo CD sync`, in the words of operators.

From the field manager first (kubectl names its subcommand there), then from the service account, then from the user
agent. Managers and user agents are chosen by the client, so this says what was used if nobody lied.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .audit_kubernetes import KubernetesCall

_KUBECTL_SET: Final = (
    ("image", "kubectl set image"),
    ("env", "kubectl set env"),
    ("envFrom", "kubectl set env"),
    ("resources", "kubectl set resources"),
    ("serviceAccountName", "kubectl set serviceaccount"),
    ("subjects", "kubectl set subject"),
    ("selector", "kubectl set selector"),
)

_CONTROLLERS: Final = {
    "horizontal-pod-autoscaler": "HPA",
    "deployment-controller": "Deployment controller",
    "replicaset-controller": "ReplicaSet controller",
    "statefulset-controller": "StatefulSet controller",
    "daemon-set-controller": "DaemonSet controller",
    "generic-garbage-collector": "garbage collector",
    "namespace-controller": "namespace deletion",
    "clusterrole-aggregation-controller": "ClusterRole aggregation",
    "vpa-admission-controller": "VPA",
    "vpa-updater": "VPA",
    "keda-operator": "KEDA",
    "cluster-autoscaler": "cluster autoscaler",
    "karpenter": "Karpenter",
    "argocd-application-controller": "Argo CD sync",
    "argocd-server": "Argo CD API",
    "argocd-applicationset-controller": "Argo CD ApplicationSet",
    "argocd-image-updater": "Argo CD Image Updater",
    "argo-rollouts": "Argo Rollouts",
    "kustomize-controller": "Flux Kustomization",
    "helm-controller": "Flux HelmRelease",
    "flagger": "Flagger",
    "cert-manager": "cert-manager",
    "external-secrets": "External Secrets",
}
"""By service account name, or by manager."""

_AGENTS: Final = (
    ("k9s", "k9s"),
    ("openlens", "Lens"),
    ("lens", "Lens"),
    ("freelens", "Lens"),
    ("headlamp", "Headlamp"),
    ("dashboard", "Kubernetes dashboard"),
    ("rancher", "Rancher"),
    ("helm", "helm"),
    ("hashicorp", "Terraform"),
    ("terraform", "Terraform"),
    ("opentofu", "OpenTofu"),
    ("pulumi", "Pulumi"),
    ("argocd-application-controller", "Argo CD sync"),
    ("argocd", "Argo CD"),
    ("kustomize-controller", "Flux Kustomization"),
    ("helm-controller", "Flux HelmRelease"),
    ("flux", "Flux"),
    ("skaffold", "Skaffold"),
    ("tilt", "Tilt"),
    ("ansible", "Ansible"),
    ("openapi-generator", "API (Python client)"),
    ("python", "API (Python)"),
    ("kubernetes-client", "API (JavaScript client)"),
    ("node-fetch", "API (JavaScript client)"),
    ("okhttp", "API (Java client)"),
    ("java", "API (Java client)"),
    ("curl", "API (curl)"),
    ("mozilla", "web browser"),
    ("oc", "oc"),
)
"""By the first word of the user agent; a longer name before a shorter one that it starts with."""


def via_of(call: KubernetesCall, path: Sequence[object] = ()) -> str:
    """`path` are the tokens of the field, which tell `kubectl set image` from `kubectl set env`."""
    named = call.query.get("fieldManager", ("",))[0]
    account = (
        call.authenticated_as.rpartition(":")[2] if call.authenticated_as.startswith("system:serviceaccount:") else ""
    )
    if account in _CONTROLLERS:
        return _CONTROLLERS[account]
    product = call.user_agent.partition("/")[0].lower()
    if product in ("kubectl", "kubectl.exe") or named.startswith("kubectl"):
        return _kubectl(call.verb, named or "kubectl", call.subresource, path, apply=_is_apply(call))
    known = words_for_manager(named, call.subresource) if named else ""
    if known and known != named:
        return known
    for start, words in _AGENTS:
        if product.startswith(start) and (start != "oc" or product == "oc"):
            return words
    if product == "kube-controller-manager" and call.subresource == "scale":
        return "HPA"
    if not product:
        return f"API ({named})" if named else "API"
    return f"API ({named or call.user_agent.partition('/')[0]})"


def _is_apply(call: KubernetesCall) -> bool:
    return "force" in call.query or (isinstance(call.request, dict) and {"apiVersion", "kind"} <= set(call.request))


def _kubectl(verb: str, manager: str, subresource: str, path: Sequence[object], *, apply: bool) -> str:
    _, _, word = manager.partition("kubectl-")
    if verb in ("delete", "deletecollection"):
        return "kubectl delete"
    if subresource == "scale" or word == "scale":
        return "kubectl scale"
    if subresource == "ephemeralcontainers":
        return "kubectl debug"
    if word == "client-side-apply" or word == "last-applied":
        return "kubectl apply"
    if word == "set":
        return next((words for token, words in _KUBECTL_SET if token in path), "kubectl set")
    if word == "rollout":
        restarted = any("restartedAt" in str(token) for token in path)
        return "kubectl rollout restart" if restarted else "kubectl rollout"
    if word:
        return f"kubectl {word}"
    if manager == "kubectl" and verb == "patch" and apply:
        return "kubectl apply --server-side"
    return {"create": "kubectl create", "update": "kubectl replace", "patch": "kubectl patch"}.get(verb, "kubectl")


def words_for_manager(manager: str, subresource: str = "", operation: str = "", path: Sequence[object] = ()) -> str:
    """The same from an entry of managedFields, which is all there is without an audit log."""
    lower = manager.lower()
    if lower == "kubectl" or lower.startswith("kubectl-"):
        return _kubectl("patch", manager, subresource, path, apply=operation == "Apply")
    if lower == "kube-controller-manager" and subresource == "scale":
        return "HPA"
    if lower in ("argocd-controller", "argocd-application-controller"):
        return "Argo CD sync"
    if lower in _CONTROLLERS:
        return _CONTROLLERS[lower]
    for start, words in _AGENTS:
        if lower == start or (len(start) > 3 and lower.startswith(start)):
            return words
    return manager
