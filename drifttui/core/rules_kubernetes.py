"""What the comparison may leave out for Kubernetes objects, and why: every removal names one of these rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .finding import Owner

RULES: Final[Mapping[str, str]] = {
    "system-metadata": "The API server writes this metadata itself: uid, resourceVersion, generation, managedFields.",
    "status": "Status reports what happened; nobody declares it.",
    "last-applied": "The copy of the last applied manifest that client-side apply leaves in an annotation.",
    "tracking": "A label or annotation by which the engine marks what it manages.",
    "namespace": "The manifest names no namespace; the engine's destination decides it.",
    "api-version": "The same group and kind served under another version.",
    "server-default": "The API server fills in exactly this value where a manifest leaves the field out.",
    "schema-default": "The custom resource's schema names exactly this value as the default.",
    "server-filled": "No manager holds the field, so the API server filled it in.",
    "deployer-wrote": "Only the deployer holds the field, with a plain write, and its manifest never declared it.",
    "unattributed": (
        "Only live, never declared according to the last-applied annotation, and without managedFields nobody can say "
        "who set it."
    ),
    "null-equals-absent": "Null is how an absent field is written.",
    "empty-equals-absent": "The API server drops empty fields of built-in kinds, so empty is absent.",
    "quantity": "The same quantity in another spelling (0.5 and 500m, 1Gi and 1024Mi).",
    "duration": "The same duration in another spelling (60s and 1m0s).",
    "int-or-string": "The same number, once quoted and once not, where Kubernetes takes both.",
    "list-order": "The items have keys, or are a set, and only their order differs.",
    "secret-string-data": "stringData is written into data; both are compared there.",
    "masked-value": "Argo CD's ++++++++, Flux's **SOPS** or SOPS ciphertext stands in for the value: not comparable.",
    "sops-metadata": "Encryption metadata of SOPS, which is removed before anything is applied.",
    "service-address": "The API server allocates addresses, node ports and IP families of Services.",
    "volume-binding": "The volume controller binds claims and volumes to each other.",
    "ca-bundle": "A certificate authority that a controller injects where the manifest leaves it out.",
    "service-account-token": "Token secrets that older clusters add to service accounts, and their mounts in pods.",
    "pod-scheduling": "The scheduler and admission add the node, default tolerations and priorities to a pod.",
    "controller-annotation": "A label or annotation in which a Kubernetes controller keeps its own notes.",
    "controller-finalizer": "A finalizer with which a controller protects what it must clean up.",
    "owner-references": "The controller that made the object names itself as its owner.",
    "aggregated-rules": "The rules of an aggregated ClusterRole are collected from others by a controller.",
    "job-selector": "The Job controller generates the selector and labels of a Job.",
    "autoscaled-replicas": "Git leaves the replica count out and only an autoscaler sets it.",
    "ignore-rule-failed": "An ignore rule could not be evaluated; it hides nothing, and the note says why.",
}
"""Rule id → one sentence. Ignore rules of an engine bring ids of their own, and say who set them."""

SYSTEM_METADATA: Final[Mapping[str, str]] = {
    "uid": "system-metadata",
    "resourceVersion": "system-metadata",
    "generation": "system-metadata",
    "creationTimestamp": "system-metadata",
    "selfLink": "system-metadata",
    "managedFields": "system-metadata",
    "clusterName": "system-metadata",
    "deletionGracePeriodSeconds": "system-metadata",
}
"""Never compared, whatever a manifest says."""

_SERVICE: Final[Mapping[str, str]] = dict.fromkeys(
    (
        "/spec/clusterIP",
        "/spec/clusterIPs",
        "/spec/ipFamily",
        "/spec/ipFamilies",
        "/spec/ipFamilyPolicy",
        "/spec/healthCheckNodePort",
        "/spec/ports/*/nodePort",
    ),
    "service-address",
)
_HOOKS: Final[Mapping[str, str]] = {"/webhooks/*/clientConfig/caBundle": "ca-bundle"}
_JOB: Final[Mapping[str, str]] = {
    "/spec/selector": "job-selector",
    **{
        f"{place}/{label}": "job-selector"
        for place in ("/metadata/labels", "/spec/template/metadata/labels")
        for label in (
            "controller-uid",
            "job-name",
            "batch.kubernetes.io~1controller-uid",
            "batch.kubernetes.io~1job-name",
        )
    },
}

LIVE_ONLY: Final[Mapping[tuple[str, str], Mapping[str, str]]] = {
    ("", "Service"): _SERVICE,
    ("", "PersistentVolumeClaim"): {
        "/spec/volumeName": "volume-binding",
        "/spec/storageClassName": "volume-binding",
        "/spec/volumeAttributesClassName": "volume-binding",
        "/spec/dataSourceRef": "volume-binding",
    },
    ("", "PersistentVolume"): {"/spec/claimRef": "volume-binding", "/spec/nodeAffinity": "volume-binding"},
    ("", "Pod"): {"/spec/nodeName": "pod-scheduling", "/spec/tolerations": "pod-scheduling"},
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): _HOOKS,
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): _HOOKS,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): {
        "/spec/conversion/webhook/clientConfig/caBundle": "ca-bundle",
        "/spec/conversion/webhookClientConfig/caBundle": "ca-bundle",
    },
    ("apiregistration.k8s.io", "APIService"): {"/spec/caBundle": "ca-bundle"},
    ("batch", "Job"): _JOB,
    ("apps", "DaemonSet"): {"/spec/templateGeneration": "controller-annotation"},
    ("apps", "StatefulSet"): {"/spec/volumeClaimTemplates/*/status": "status"},
}
"""Fields that something other than the manifest fills in, as long as the manifest leaves them out."""

_TRACKING: Final = frozenset(
    {
        "argocd.argoproj.io/tracking-id",
        "argocd.argoproj.io/installation-id",
        "argocd.argoproj.io/instance",
        "app.kubernetes.io/instance",
        "meta.helm.sh/release-name",
        "meta.helm.sh/release-namespace",
        "app.kubernetes.io/managed-by",
    }
)
_TRACKING_PREFIXES: Final = (
    "kustomize.toolkit.fluxcd.io/name",
    "helm.toolkit.fluxcd.io/name",
    "kustomize.toolkit.fluxcd.io/checksum",
    "objectset.rio.cattle.io/",
    "kapp.k14s.io/",
    "fluxcd.controlplane.io/",
    "resourceset.fluxcd.controlplane.io/",
)
_CONTROLLER_PREFIXES: Final = (
    "deployment.kubernetes.io/",
    "deprecated.daemonset.template.generation",
    "pv.kubernetes.io/",
    "volume.kubernetes.io/",
    "volume.beta.kubernetes.io/storage-provisioner",
    "control-plane.alpha.kubernetes.io/leader",
    "endpoints.kubernetes.io/last-change-trigger-time",
    "autoscaling.alpha.kubernetes.io/",
    "batch.kubernetes.io/job-tracking",
    "batch.kubernetes.io/cronjob-scheduled-timestamp",
    "controller.kubernetes.io/pod-deletion-cost",
    "argocd.argoproj.io/refresh",
    "argocd.argoproj.io/hydrate",
    "reconcile.external-secrets.io/",
    "cert-manager.io/inject-ca-from-secret-hash",
    "rbac.authorization.kubernetes.io/autoupdate",
    "statefulset.kubernetes.io/",
    "apps.kubernetes.io/pod-index",
    "controller-revision-hash",
    "pod-template-hash",
    "pod-template-generation",
    "cattle.io/timestamp",
    "field.cattle.io/",
    "lifecycle.cattle.io/",
    "service.kubernetes.io/topology-",
    "ingress.kubernetes.io/backends",
    "node.alpha.kubernetes.io/",
    "volumes.kubernetes.io/",
)
ALWAYS_SHOWN: Final = frozenset({"kubectl.kubernetes.io/restartedAt", "deletionTimestamp"})
"""A restart by a person's command, and an object that is being deleted: no Git knows, and the operator must."""

_FINALIZERS: Final = (
    "kubernetes.io/pvc-protection",
    "kubernetes.io/pv-protection",
    "external-provisioner.volume.kubernetes.io/finalizer",
    "external-attacher/",
    "service.kubernetes.io/load-balancer-cleanup",
    "service.k8s.aws/resources",
    "networking.gke.io/",
    "ingress.k8s.aws/resources",
    "group.ingress.k8s.aws/",
    "elbv2.k8s.aws/resources",
    "batch.kubernetes.io/job-tracking",
    "customresourcecleanup.apiextensions.k8s.io",
    "foregroundDeletion",
    "orphan",
    "finalizers.fluxcd.io",
    "finalizers.external-secrets.io/",
    "kubernetes",
)

_HUMAN_TOOLS: Final = (
    "kubectl",
    "k9s",
    "lens",
    "openlens",
    "freelens",
    "headlamp",
    "mozilla",
    "curl",
    "dashboard",
    "rancher",
    "postman",
)


def marked_rule(name: str) -> str:
    """The rule under which a label or annotation that is only live is left out; empty where there is none."""
    if name == "kubectl.kubernetes.io/last-applied-configuration":
        return "last-applied"
    if name in _TRACKING or name.startswith(_TRACKING_PREFIXES):
        return "tracking"
    if name.startswith(_CONTROLLER_PREFIXES):
        return "controller-annotation"
    return ""


def item_rule(path: str, item: Any, name: str) -> str:
    """The rule under which an item of a list that is only live is left out; empty where there is none.

    `name` is the object's own: tokens of service accounts carry it.
    """
    if path == "/metadata/finalizers" and isinstance(item, str) and item.startswith(_FINALIZERS):
        return "controller-finalizer"
    if path == "/metadata/ownerReferences":
        return "owner-references"
    if not isinstance(item, dict):
        return ""
    called = str(item.get("name") or "")
    if path in ("/secrets", "/imagePullSecrets") and called.startswith((f"{name}-token-", f"{name}-dockercfg-")):
        return "service-account-token"
    if path == "/spec/volumes" and called.startswith(("kube-api-access-", "default-token-")):
        return "service-account-token"
    if path.endswith("/volumeMounts") and item.get("mountPath") == "/var/run/secrets/kubernetes.io/serviceaccount":
        return "service-account-token"
    return ""


def by_hand(owner: Owner) -> bool:
    """Whether the manager's name is that of a tool for people. A hint only: the name is the client's choice."""
    name = owner.manager.lower()
    if name == "kubectl-client-side-apply":
        return False
    return name.startswith(_HUMAN_TOOLS) or name in ("oc", "node-fetch", "python-requests", "openapi-generator")


def is_autoscaler(owner: Owner) -> bool:
    """The horizontal autoscaler writes through `/scale` as the controller manager; KEDA works through it."""
    return (
        owner.manager in ("kube-controller-manager", "horizontal-pod-autoscaler") and owner.subresource == "scale"
    ) or (owner.manager.startswith("keda"))
