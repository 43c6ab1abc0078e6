"""Which Kubernetes object is meant: the ways operators write it, and whether an audit event is about it."""

from __future__ import annotations

from typing import Final, NamedTuple

from .audit_kubernetes import KubernetesCall
from .errors import InputError
from .identity import ResourceRef

_SHORT: Final = {
    "deploy": "Deployment", "sts": "StatefulSet", "ds": "DaemonSet", "rs": "ReplicaSet", "po": "Pod", "svc": "Service",
    "cm": "ConfigMap", "sa": "ServiceAccount", "ns": "Namespace", "no": "Node", "pv": "PersistentVolume",
    "pvc": "PersistentVolumeClaim", "ing": "Ingress", "netpol": "NetworkPolicy", "hpa": "HorizontalPodAutoscaler",
    "pdb": "PodDisruptionBudget", "cj": "CronJob", "ep": "Endpoints", "crd": "CustomResourceDefinition",
    "sc": "StorageClass", "pc": "PriorityClass", "quota": "ResourceQuota", "limits": "LimitRange",
}  # fmt: skip
_GROUPS_WITHOUT_DOT: Final = frozenset({"apps", "batch", "autoscaling", "policy", "extensions", "core", ""})
_MOVED: Final = ({"apps", "extensions"}, {"networking.k8s.io", "extensions"}, {"policy", "extensions"})
"""Groups under which the same objects are or were served."""


class ResourceQuestion(NamedTuple):
    """`group` and `namespace` None: any."""

    group: str | None
    kind: str
    namespace: str | None
    name: str

    def __str__(self) -> str:
        return "/".join(part for part in (self.group, self.kind, self.namespace, self.name) if part)

    @property
    def plurals(self) -> frozenset[str]:
        """Resource names under which the API may serve the kind."""
        base = self.kind.lower()
        found = {base, base + "s", base + "es"}
        if base.endswith("y"):
            found.add(base[:-1] + "ies")
        return frozenset(found)

    def same_kind(self, call: KubernetesCall) -> bool:
        return call.resource.lower() in self.plurals and (self.group is None or _same_group(self.group, call.group))

    def same_namespace(self, call: KubernetesCall) -> bool:
        return self.namespace is None or call.namespace == self.namespace or (not call.namespace and not self.namespace)

    def is_about(self, call: KubernetesCall) -> bool:
        return call.object_name == self.name and self.same_kind(call) and self.same_namespace(call)


def _same_group(one: str, other: str) -> bool:
    return one == other or any({one, other} <= moved for moved in _MOVED)


def question_for(ref: ResourceRef) -> ResourceQuestion:
    return ResourceQuestion(ref.group, ref.kind, ref.namespace or None, ref.name)


def parse_resource(text: str) -> ResourceQuestion:
    """`apps/Deployment/prod/web`, `apps/v1/Deployment/prod/web`, `Deployment/prod/web`, `/ConfigMap/prod/settings`,
    `v1/ConfigMap/prod/settings`, `Namespace/prod`, `rbac.authorization.k8s.io/ClusterRole/view`, `deploy/web`,
    `deployments.apps/web`. Raises `InputError` for anything else.
    """
    parts = text.strip().split("/")
    group: str | None = None
    if len(parts) > 2 and _starts_with_group(parts):
        group = "" if _is_version(parts[0]) or parts[0] == "core" else parts[0]
        parts = parts[1:]
        if len(parts) > 2 and (_is_version(parts[0]) or not parts[0]):
            parts = parts[1:]
    if group is None and parts and "." in parts[0]:
        kind, _, group = parts[0].partition(".")
        parts[0] = kind
        if _is_version(group.partition(".")[0]):
            group = group.partition(".")[2]
    if not 2 <= len(parts) <= 3 or not parts[0] or not parts[-1]:
        raise InputError(
            f"{text} names no resource", hint="Write group/Kind/namespace/name, as in apps/Deployment/prod/web."
        )
    kind = _SHORT.get(parts[0], parts[0])
    if not kind[:1].isupper():
        kind = _singular(kind)
    return ResourceQuestion(group, kind, (parts[1] or None) if len(parts) == 3 else None, parts[-1])


def _singular(plural: str) -> str:
    if plural.endswith("ies"):
        return plural[:-3] + "y"
    if plural.endswith(("sses", "shes", "ches", "xes")):
        return plural[:-2]
    return plural[:-1] if plural.endswith("s") and not plural.endswith("ss") and plural != "endpoints" else plural


def _is_version(word: str) -> bool:
    rest = word[1:]
    return word[:1] == "v" and rest[:1].isdigit() and rest.replace("alpha", "").replace("beta", "").isdigit()


def _starts_with_group(parts: list[str]) -> bool:
    """Groups are lower case and what follows one is a version or a kind, which starts with a capital."""
    first, second = parts[0], parts[1] or parts[2]
    if first in _GROUPS_WITHOUT_DOT or _is_version(first):
        return True
    return "." in first and first == first.lower() and (second[:1].isupper() or _is_version(second) or len(parts) > 3)
