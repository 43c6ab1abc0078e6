"""Keys of the lists in built-in kinds, as their types declare them (`+listType=map`, `+listMapKey` in k8s.io/api)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Keys = Mapping[str, tuple[str, ...]]

_NAME = ("name",)
_CONTAINER: Final[Keys] = {
    "": _NAME,
    "/*/ports": ("containerPort", "protocol"),
    "/*/env": _NAME,
    "/*/volumeMounts": ("mountPath",),
    "/*/volumeDevices": ("devicePath",),
    "/*/resources/claims": _NAME,
}


def below(prefix: str, table: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {prefix + path: keys for path, keys in table.items()}


POD_SPEC: Final[Keys] = {
    **below("/containers", _CONTAINER),
    **below("/initContainers", _CONTAINER),
    **below("/ephemeralContainers", _CONTAINER),
    "/volumes": _NAME,
    "/imagePullSecrets": _NAME,
    "/hostAliases": ("ip",),
    "/resourceClaims": _NAME,
    "/schedulingGates": _NAME,
    "/topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
}
_TEMPLATE = {"/metadata/finalizers": (), **below("/spec", POD_SPEC)}
_WORKLOAD = below("/spec/template", _TEMPLATE)
_WEBHOOKS: Final[Keys] = {"/webhooks": _NAME, "/webhooks/*/matchConditions": _NAME}
_ADMISSION_POLICY: Final[Keys] = {"/spec/matchConditions": _NAME, "/spec/variables": _NAME}

LIST_KEYS: Final[Mapping[tuple[str, str], Keys]] = {
    ("", "Pod"): below("/spec", POD_SPEC),
    ("", "PodTemplate"): below("/template", _TEMPLATE),
    ("", "ReplicationController"): _WORKLOAD,
    ("", "Service"): {"/spec/ports": ("port", "protocol")},
    ("", "ServiceAccount"): {"/secrets": _NAME, "/imagePullSecrets": _NAME},
    ("", "Node"): {"/spec/podCIDRs": ()},
    ("apps", "Deployment"): _WORKLOAD,
    ("apps", "ReplicaSet"): _WORKLOAD,
    ("apps", "DaemonSet"): _WORKLOAD,
    ("apps", "StatefulSet"): _WORKLOAD,
    ("batch", "Job"): _WORKLOAD,
    ("batch", "CronJob"): below("/spec/jobTemplate", _WORKLOAD),
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): _WEBHOOKS,
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): _WEBHOOKS,
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"): _ADMISSION_POLICY,
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"): _ADMISSION_POLICY,
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"): {"/spec/validationActions": ()},
    ("discovery.k8s.io", "EndpointSlice"): {"/endpoints/*/addresses": ()},
    ("storage.k8s.io", "CSIDriver"): {"/spec/volumeLifecycleModes": ()},
    ("storage.k8s.io", "CSINode"): {"/spec/drivers": _NAME},
}
"""Everything that is not here is compared as one ordered whole: tolerations, rules of roles, arguments, …"""
