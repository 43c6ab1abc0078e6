"""Values that the API server writes into fields that a manifest leaves out.

Source: `SetDefaults_*` and `zz_generated.defaults.go` under pkg/apis of Kubernetes 1.36, and what registries allocate.
Keys are paths with `*` for positions. A callable decides where the default depends on the object around it: it gets the
value, the whole object and the path, and says whether the server would have filled in exactly this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from .pointers import get


class Computed:
    """A default that depends on its surroundings. Subclasses say on what."""

    def fits(self, value: Any, document: Any, tokens: Sequence[str]) -> bool:
        raise NotImplementedError


class Sibling(Computed):
    """The value of another field: `serviceAccount` mirrors `serviceAccountName`. `path` is relative, `..` goes up."""

    def __init__(self, path: str) -> None:
        self._steps = path.split("/")

    def fits(self, value: Any, document: Any, tokens: Sequence[str]) -> bool:
        here = list(tokens[:-1])
        for step in self._steps:
            if step == "..":
                here.pop()
            else:
                here.append(tokens[-1] if step == "." else step)
        return bool(get(document, here) == value)


class Listed(Sibling):
    """A list with the value of another field alone: `clusterIPs` mirrors `clusterIP`."""

    def fits(self, value: Any, document: Any, tokens: Sequence[str]) -> bool:
        return isinstance(value, list) and len(value) == 1 and super().fits(value[0], document, tokens)


class PullPolicy(Computed):
    """`Always` for the tag `latest` or none, else `IfNotPresent`; a digest counts as a tag."""

    def __init__(self, image: str = "image") -> None:
        self._image = image

    def fits(self, value: Any, document: Any, tokens: Sequence[str]) -> bool:
        image = get(document, [*tokens[:-1], self._image])
        if not isinstance(image, str):
            return False
        if "@" in image:
            return bool(value == "IfNotPresent")
        tag = image.rsplit("/", 1)[-1].partition(":")[2]
        return bool(value == ("Always" if tag in ("", "latest") else "IfNotPresent"))


class PolicyTypes(Computed):
    """Of a NetworkPolicy: `Ingress`, and `Egress` where it has egress rules."""

    def fits(self, value: Any, document: Any, tokens: Sequence[str]) -> bool:
        egress = get(document, [*tokens[:-1], "egress"])
        return bool(value == (["Ingress", "Egress"] if egress else ["Ingress"]))


class SubjectGroup(Computed):
    """Users and groups belong to RBAC's group, service accounts to the core group."""

    def fits(self, value: Any, document: Any, tokens: Sequence[str]) -> bool:
        kind = get(document, [*tokens[:-1], "kind"])
        return bool(value == ("" if kind == "ServiceAccount" else RBAC))


class NameOfKind(Computed):
    """Names in a CustomResourceDefinition that follow from its kind."""

    def __init__(self, suffix: str = "", *, lower: bool = False) -> None:
        self._suffix = suffix
        self._lower = lower

    def fits(self, value: Any, document: Any, tokens: Sequence[str]) -> bool:
        kind = get(document, [*tokens[:-1], "kind"])
        if not isinstance(kind, str):
            return False
        return bool(value == ((kind.lower() if self._lower else kind) + self._suffix))


class OneOf(Computed):
    """Different servers fill in different values."""

    def __init__(self, *values: Any) -> None:
        self._values = values

    def fits(self, value: Any, document: Any, tokens: Sequence[str]) -> bool:
        return value in self._values


Table = Mapping[str, Any]

RBAC: Final = "rbac.authorization.k8s.io"


def below(prefix: str, table: Table) -> dict[str, Any]:
    return {prefix + path: value for path, value in table.items()}


_HTTP_GET: Final[Table] = {"/path": "/", "/scheme": "HTTP"}
_PROBE: Final[Table] = {
    "/timeoutSeconds": 1,
    "/periodSeconds": 10,
    "/successThreshold": 1,
    "/failureThreshold": 3,
    "/initialDelaySeconds": 0,
    "/grpc/service": "",
    **below("/httpGet", _HTTP_GET),
}
_FIELD_REF: Final[Table] = {"/fieldRef/apiVersion": "v1", "/resourceFieldRef/divisor": OneOf("0", 0)}
_CONTAINER: Final[Table] = {
    "/imagePullPolicy": PullPolicy(),
    "/terminationMessagePath": "/dev/termination-log",
    "/terminationMessagePolicy": "File",
    "/resources": {},
    "/resources/requests/*": Sibling("../limits/."),
    "/ports/*/protocol": "TCP",
    "/ports/*/hostPort": Sibling("containerPort"),
    "/volumeMounts/*/readOnly": False,
    "/stdin": False,
    "/stdinOnce": False,
    "/tty": False,
    **below("/env/*/valueFrom", {**_FIELD_REF, "/fileKeyRef/optional": False}),
    **below("/livenessProbe", _PROBE),
    **below("/readinessProbe", _PROBE),
    **below("/startupProbe", _PROBE),
    **below("/lifecycle/postStart/httpGet", _HTTP_GET),
    **below("/lifecycle/preStop/httpGet", _HTTP_GET),
}
_CLAIM: Final[Table] = {"/volumeMode": "Filesystem"}
_VOLUME_SOURCE: Final[Table] = {
    "/emptyDir": {},
    "/image/pullPolicy": PullPolicy("reference"),
    "/hostPath/type": "",
    "/secret/defaultMode": 420,
    "/configMap/defaultMode": 420,
    "/downwardAPI/defaultMode": 420,
    "/projected/defaultMode": 420,
    "/projected/sources/*/serviceAccountToken/expirationSeconds": 3600,
    **below("/downwardAPI/items/*", _FIELD_REF),
    **below("/projected/sources/*/downwardAPI/items/*", _FIELD_REF),
    "/iscsi/iscsiInterface": "default",
    "/rbd/pool": "rbd",
    "/rbd/user": "admin",
    "/rbd/keyring": "/etc/ceph/keyring",
    "/azureDisk/cachingMode": "ReadWrite",
    "/azureDisk/fsType": "ext4",
    "/azureDisk/readOnly": False,
    "/azureDisk/kind": "Shared",
    "/scaleIO/storageMode": "ThinProvisioned",
    "/scaleIO/fsType": "xfs",
    **below("/ephemeral/volumeClaimTemplate/spec", _CLAIM),
}
POD_SPEC: Final[Table] = {
    "/dnsPolicy": "ClusterFirst",
    "/restartPolicy": "Always",
    "/securityContext": {},
    "/terminationGracePeriodSeconds": 30,
    "/schedulerName": "default-scheduler",
    "/serviceAccount": Sibling("serviceAccountName"),
    "/hostNetwork": False,
    "/hostPID": False,
    "/hostIPC": False,
    **below("/containers/*", _CONTAINER),
    **below("/initContainers/*", _CONTAINER),
    **below("/ephemeralContainers/*", _CONTAINER),
    **below("/volumes/*", _VOLUME_SOURCE),
}
_POD: Final[Table] = {
    **below("/spec", POD_SPEC),
    "/spec/enableServiceLinks": True,
    "/spec/preemptionPolicy": "PreemptLowerPriority",
    "/spec/priority": 0,
    "/spec/serviceAccountName": "default",
}
_TEMPLATE = below("/spec/template/spec", POD_SPEC)
_LABELS_OF_TEMPLATE: Final[Table] = {"/metadata/labels": Sibling("../spec/template/metadata/labels")}
_JOB: Final[Table] = {
    **_TEMPLATE,
    **_LABELS_OF_TEMPLATE,
    "/spec/completions": 1,
    "/spec/parallelism": 1,
    "/spec/backoffLimit": OneOf(6, 2147483647),
    "/spec/completionMode": "NonIndexed",
    "/spec/suspend": False,
    "/spec/manualSelector": False,
    "/spec/podReplacementPolicy": OneOf("TerminatingOrFailed", "Failed"),
    "/spec/podFailurePolicy/rules/*/onPodConditions/*/status": "True",
}
_BINDING: Final[Table] = {"/roleRef/apiGroup": RBAC, "/subjects/*/apiGroup": SubjectGroup()}
_WEBHOOK: Final[Table] = {
    "/failurePolicy": "Fail",
    "/matchPolicy": "Equivalent",
    "/namespaceSelector": {},
    "/objectSelector": {},
    "/timeoutSeconds": 10,
    "/rules/*/scope": "*",
    "/clientConfig/service/port": 443,
}
_MATCH: Final[Table] = {
    "/matchPolicy": "Equivalent",
    "/namespaceSelector": {},
    "/objectSelector": {},
    "/resourceRules/*/scope": "*",
    "/excludeResourceRules/*/scope": "*",
}
_SCALE_UP_POLICIES = [
    {"type": "Pods", "value": 4, "periodSeconds": 15},
    {"type": "Percent", "value": 100, "periodSeconds": 15},
]
_SCALE_DOWN_POLICIES = [{"type": "Percent", "value": 100, "periodSeconds": 15}]
_CPU_80 = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}

DEFAULTS: Final[Mapping[tuple[str, str], Table]] = {
    ("", "Pod"): _POD,
    ("", "PodTemplate"): below("/template/spec", POD_SPEC),
    ("", "ReplicationController"): {
        **_TEMPLATE,
        **_LABELS_OF_TEMPLATE,
        "/spec/selector": Sibling("template/metadata/labels"),
        "/spec/replicas": 1,
    },
    ("", "Service"): {
        "/spec/type": "ClusterIP",
        "/spec/clusterIPs": Listed("clusterIP"),
        "/spec/sessionAffinity": "None",
        "/spec/sessionAffinityConfig/clientIP/timeoutSeconds": 10800,
        "/spec/ports/*/protocol": "TCP",
        "/spec/ports/*/targetPort": Sibling("port"),
        "/spec/externalTrafficPolicy": "Cluster",
        "/spec/internalTrafficPolicy": "Cluster",
        "/spec/allocateLoadBalancerNodePorts": True,
        "/spec/publishNotReadyAddresses": False,
    },
    ("", "Secret"): {"/type": "Opaque"},
    ("", "ConfigMap"): {"/data": {}},
    ("", "PersistentVolume"): {
        "/spec/persistentVolumeReclaimPolicy": "Retain",
        "/spec/volumeMode": "Filesystem",
        **below("/spec", _VOLUME_SOURCE),
    },
    ("", "PersistentVolumeClaim"): below("/spec", _CLAIM),
    ("", "Endpoints"): {"/subsets/*/ports/*/protocol": "TCP"},
    ("", "Namespace"): {
        "/spec/finalizers": ["kubernetes"],
        "/metadata/labels/kubernetes.io~1metadata.name": Sibling("../name"),
    },
    ("", "LimitRange"): {
        "/spec/limits/*/default/*": Sibling("../max/."),
        "/spec/limits/*/defaultRequest/*": Sibling("../default/."),
    },
    ("apps", "Deployment"): {
        **_TEMPLATE,
        "/spec/replicas": 1,
        "/spec/strategy/type": "RollingUpdate",
        "/spec/strategy/rollingUpdate/maxSurge": "25%",
        "/spec/strategy/rollingUpdate/maxUnavailable": "25%",
        "/spec/revisionHistoryLimit": 10,
        "/spec/progressDeadlineSeconds": 600,
        "/spec/minReadySeconds": 0,
        "/spec/paused": False,
    },
    ("apps", "ReplicaSet"): {**_TEMPLATE, "/spec/replicas": 1},
    ("apps", "DaemonSet"): {
        **_TEMPLATE,
        "/spec/updateStrategy/type": "RollingUpdate",
        "/spec/updateStrategy/rollingUpdate/maxUnavailable": 1,
        "/spec/updateStrategy/rollingUpdate/maxSurge": 0,
        "/spec/revisionHistoryLimit": 10,
    },
    ("apps", "StatefulSet"): {
        **_TEMPLATE,
        "/spec/replicas": 1,
        "/spec/podManagementPolicy": "OrderedReady",
        "/spec/updateStrategy/type": "RollingUpdate",
        "/spec/updateStrategy/rollingUpdate/partition": 0,
        "/spec/updateStrategy/rollingUpdate/maxUnavailable": 1,
        "/spec/persistentVolumeClaimRetentionPolicy/whenDeleted": "Retain",
        "/spec/persistentVolumeClaimRetentionPolicy/whenScaled": "Retain",
        "/spec/revisionHistoryLimit": 10,
        "/spec/volumeClaimTemplates/*/apiVersion": "v1",
        "/spec/volumeClaimTemplates/*/kind": "PersistentVolumeClaim",
        **below("/spec/volumeClaimTemplates/*/spec", _CLAIM),
    },
    ("batch", "Job"): _JOB,
    ("batch", "CronJob"): {
        **below("/spec/jobTemplate", _JOB),
        "/spec/concurrencyPolicy": "Allow",
        "/spec/suspend": False,
        "/spec/successfulJobsHistoryLimit": 3,
        "/spec/failedJobsHistoryLimit": 1,
    },
    ("networking.k8s.io", "NetworkPolicy"): {
        "/spec/policyTypes": PolicyTypes(),
        "/spec/ingress/*/ports/*/protocol": "TCP",
        "/spec/egress/*/ports/*/protocol": "TCP",
    },
    ("networking.k8s.io", "Ingress"): {"/spec/rules/*/http/paths/*/pathType": "ImplementationSpecific"},
    ("networking.k8s.io", "IngressClass"): {"/spec/parameters/scope": "Cluster"},
    ("autoscaling", "HorizontalPodAutoscaler"): {
        "/spec/minReplicas": 1,
        "/spec/targetCPUUtilizationPercentage": 80,
        "/spec/metrics": [_CPU_80],
        "/spec/behavior/scaleUp/stabilizationWindowSeconds": 0,
        "/spec/behavior/scaleUp/selectPolicy": "Max",
        "/spec/behavior/scaleUp/policies": _SCALE_UP_POLICIES,
        "/spec/behavior/scaleDown/stabilizationWindowSeconds": 300,
        "/spec/behavior/scaleDown/selectPolicy": "Max",
        "/spec/behavior/scaleDown/policies": _SCALE_DOWN_POLICIES,
    },
    (RBAC, "RoleBinding"): _BINDING,
    (RBAC, "ClusterRoleBinding"): _BINDING,
    ("storage.k8s.io", "StorageClass"): {
        "/reclaimPolicy": "Delete",
        "/volumeBindingMode": "Immediate",
        "/allowVolumeExpansion": False,
    },
    ("storage.k8s.io", "CSIDriver"): {
        "/spec/attachRequired": True,
        "/spec/podInfoOnMount": False,
        "/spec/storageCapacity": False,
        "/spec/fsGroupPolicy": "ReadWriteOnceWithFSType",
        "/spec/volumeLifecycleModes": ["Persistent"],
        "/spec/requiresRepublish": False,
        "/spec/seLinuxMount": False,
        "/spec/preventPodSchedulingIfMissing": False,
    },
    ("scheduling.k8s.io", "PriorityClass"): {"/preemptionPolicy": "PreemptLowerPriority", "/globalDefault": False},
    ("discovery.k8s.io", "EndpointSlice"): {"/ports/*/name": "", "/ports/*/protocol": "TCP"},
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): below("/webhooks/*", _WEBHOOK),
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): {
        **below("/webhooks/*", _WEBHOOK),
        "/webhooks/*/reinvocationPolicy": "Never",
    },
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"): {
        "/spec/failurePolicy": "Fail",
        **below("/spec/matchConstraints", _MATCH),
    },
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"): {
        "/spec/failurePolicy": "Fail",
        **below("/spec/matchConstraints", _MATCH),
    },
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"): below("/spec/matchResources", _MATCH),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"): below("/spec/matchResources", _MATCH),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): {
        "/spec/conversion/strategy": "None",
        "/spec/names/singular": NameOfKind(lower=True),
        "/spec/names/listKind": NameOfKind("List"),
        "/spec/preserveUnknownFields": False,
        "/spec/conversion/webhook/clientConfig/service/port": 443,
        "/spec/scope": "Namespaced",
    },
    ("apiregistration.k8s.io", "APIService"): {"/spec/service/port": 443, "/spec/insecureSkipTLSVerify": False},
}

_OF_TEMPLATE: Final[Table] = {
    **_LABELS_OF_TEMPLATE,
    "/spec/selector/matchLabels": Sibling("../template/metadata/labels"),
}

LEGACY_DEFAULTS: Final[Mapping[tuple[str, str], Table]] = {
    ("apps", "Deployment"): {**_OF_TEMPLATE, "/spec/revisionHistoryLimit": OneOf(2, 10)},
    ("apps", "StatefulSet"): {**_OF_TEMPLATE, "/spec/updateStrategy/type": OneOf("OnDelete", "RollingUpdate")},
    ("apps", "DaemonSet"): {**_OF_TEMPLATE, "/spec/updateStrategy/type": OneOf("OnDelete", "RollingUpdate")},
    ("extensions", "ReplicaSet"): _OF_TEMPLATE,
    ("extensions", "Deployment"): {
        **_OF_TEMPLATE,
        "/spec/revisionHistoryLimit": OneOf(10, 2147483647),
        "/spec/progressDeadlineSeconds": OneOf(600, 2147483647),
        "/spec/strategy/rollingUpdate/maxSurge": OneOf(1, "25%"),
        "/spec/strategy/rollingUpdate/maxUnavailable": OneOf(1, "25%"),
    },
    ("extensions", "DaemonSet"): {
        **_OF_TEMPLATE,
        "/spec/updateStrategy/type": OneOf("OnDelete", "RollingUpdate"),
    },
}
"""Other values under the beta versions that were served until 1.16 and are still stored in old objects."""
