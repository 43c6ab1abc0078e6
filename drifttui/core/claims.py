"""What a unit lays claim to: the objects it manages, by names that do not depend on the engine.

A Kubernetes object is known by its uid, else by cluster, kind, namespace and name; a thing of AWS by the Terraform type
of its kind with its ARN or physical id; a Helm release by namespace and name. Stacks say what they made in attributes:
`metadata` of the kubernetes provider, `manifest` of kubernetes_manifest, `id` and `arn` of aws.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from .cloudformation_types import TERRAFORM_TYPES
from .errors import inert
from .identity import STACKS, Engine, ResourceRef, UnitId
from .inspection import Inspection
from .planes import Plane, ThreePlanes
from .surroundings import ARGOPROJ, HELM, KUSTOMIZE, OPERATOR, Key, Tracking, owners_of
from .unit import Unit

ENGINES: Final[Mapping[tuple[str, str], Engine]] = {
    (ARGOPROJ, "Application"): Engine.ARGOCD,
    (KUSTOMIZE, "Kustomization"): Engine.FLUX_KUSTOMIZATION,
    (HELM, "HelmRelease"): Engine.FLUX_HELMRELEASE,
    (OPERATOR, "ResourceSet"): Engine.FLUX_RESOURCESET,
    (OPERATOR, "FluxInstance"): Engine.FLUX_INSTANCE,
}
"""Objects that are units themselves."""

_GROUPS: Final[Mapping[str, str]] = {
    "": "config_map secret service service_account namespace persistent_volume persistent_volume_claim pod "
        "replication_controller limit_range resource_quota endpoints",
    "apps": "deployment daemonset daemon_set stateful_set",
    "batch": "job cron_job",
    "autoscaling": "horizontal_pod_autoscaler",
    "networking.k8s.io": "ingress ingress_class network_policy",
    "policy": "pod_disruption_budget",
    "rbac.authorization.k8s.io": "role role_binding cluster_role cluster_role_binding",
    "storage.k8s.io": "storage_class",
    "scheduling.k8s.io": "priority_class",
    "apiregistration.k8s.io": "api_service",
    "admissionregistration.k8s.io": "mutating_webhook_configuration validating_webhook_configuration",
}  # fmt: skip
_SPELLED: Final = {"api_service": "APIService", "daemonset": "DaemonSet"}
KINDS: Final[Mapping[str, tuple[str, str]]] = {
    f"kubernetes_{word}": (group, _SPELLED.get(word, word.title().replace("_", "")))
    for group, words in _GROUPS.items()
    for word in words.split()
}
"""Group and kind by the resource type of the kubernetes provider, without its version."""

_VERSION: Final = re.compile(r"_v\d+((alpha|beta)\d+)?$")
_UNIQUE: Final = re.compile(r"arn:|https://|[a-z]{1,12}-(?:[0-9a-f]{8}|[0-9a-f]{17})$")
"""Names in AWS that are nobody else's, whatever the account."""
_RELEASE: Final = "meta.helm.sh/release-name"
_RELEASE_NAMESPACE: Final = "meta.helm.sh/release-namespace"


class Thing(NamedTuple):
    """One real object, whoever manages it."""

    system: str
    """`kubernetes`, `helm` or `aws`."""
    kind: str
    """`group/Kind`, `release`, or the Terraform type."""
    name: str
    """`namespace/name`, an ARN or a physical id."""

    @property
    def words(self) -> str:
        kind = {"helm": "Helm release"}.get(self.system, self.kind.rpartition("/")[2])
        return inert(f"{kind} {self.name}", 300)


class Claim(NamedTuple):
    unit: UnitId
    ref: ResourceRef
    """As the unit calls it."""
    thing: Thing
    places: frozenset[str]
    """Names of its cluster, or its account and region; empty where the unit does not say."""
    uid: str = ""
    said: tuple[Key, ...] = ()
    """Units that the object itself names as its owner."""

    @property
    def unique(self) -> bool:
        """The name alone says which thing it is."""
        named = self.thing
        bucket = named.kind == "aws_s3_bucket"
        return named.system == "aws" and (bucket or _UNIQUE.match(named.name) is not None)


def claims_of(unit: Unit, inspection: Inspection, places: frozenset[str] = frozenset()) -> tuple[Claim, ...]:
    """Everything that a look into `unit` found it to manage. `places` are all names of its cluster."""
    found: dict[tuple[ResourceRef, Thing], Claim] = {}
    for planes in inspection.resources:
        documents = _documents(planes)
        if not documents:
            continue
        of = _of_stack(unit, planes.ref, documents, places) if unit.id.engine in STACKS else ()
        for claim in of or _of_cluster(unit, planes.ref, documents, places):
            found.setdefault((claim.ref, claim.thing), claim)
    return tuple(found.values())


def key_of(thing: Thing) -> tuple[Engine, str, str] | None:
    """The unit that this object is: its engine, namespace and name."""
    group, _, kind = thing.kind.rpartition("/")
    engine = ENGINES.get((group, kind)) if thing.system == "kubernetes" else None
    namespace, _, name = thing.name.rpartition("/")
    return (engine, namespace, name) if engine is not None else None


def _documents(planes: ThreePlanes) -> list[Mapping[str, Any]]:
    """What is there, the newest word first."""
    held = [planes.value(plane) for plane in (Plane.ACTUAL, Plane.RECORDED, Plane.DESIRED)]
    return [each for each in held if isinstance(each, dict)]


def _of_cluster(
    unit: Unit, ref: ResourceRef, documents: list[Mapping[str, Any]], places: frozenset[str]
) -> Iterator[Claim]:
    if unit.id.engine in STACKS:
        return
    metadata = _first(_mapping(each.get("metadata")) for each in documents)
    thing = _kubernetes(ref.group, ref.kind, ref.namespace, ref.name)
    yield Claim(unit.id, ref, thing, places, _text(metadata, "uid"), _said(documents[0], ref))
    annotations = _mapping(metadata.get("annotations"))
    if unit.id.engine == Engine.FLUX_HELMRELEASE and (name := _text(annotations, _RELEASE)):
        release = Thing("helm", "release", f"{_text(annotations, _RELEASE_NAMESPACE)}/{name}")
        yield Claim(unit.id, ref, release, places)


def _of_stack(
    unit: Unit, ref: ResourceRef, documents: list[Mapping[str, Any]], places: frozenset[str]
) -> tuple[Claim, ...]:
    kind = TERRAFORM_TYPES.get(ref.kind, ref.kind)
    if kind.startswith("aws_"):
        return tuple(_of_aws(unit, ref, kind, documents))
    places = places or frozenset((unit.cluster,)) - {""}
    values = documents[0]
    if kind == "helm_release":
        release = Thing("helm", "release", f"{_text(values, 'namespace') or 'default'}/{_text(values, 'name')}")
        return (Claim(unit.id, ref, release, places),)
    held = _object(_VERSION.sub("", kind), values)
    if held is None:
        return ()
    group, metadata = str(held["apiVersion"]).rpartition("/")[0], held["metadata"]
    thing = _kubernetes(group, str(held["kind"]), _text(metadata, "namespace"), _text(metadata, "name"))
    named = ref._replace(group=group, kind=str(held["kind"]), namespace=_text(metadata, "namespace"), address="")
    named = named._replace(name=_text(metadata, "name"))
    return (Claim(unit.id, ref, thing, places, _text(metadata, "uid"), _said(held, named)),)


def _object(kind: str, values: Mapping[str, Any]) -> dict[str, Any] | None:
    """The Kubernetes object that attributes describe, as far as its name goes; None where they describe none."""
    if kind == "kubernetes_manifest":
        made = _mapping(values.get("object")) or _mapping(values.get("manifest"))
        version, called = _text(made, "apiVersion"), _text(made, "kind")
        metadata: Mapping[str, Any] = _mapping(made.get("metadata"))
    elif kind == "kubectl_manifest":
        version, called, metadata = _text(values, "api_version"), _text(values, "kind"), values
    else:
        group, called = (ARGOPROJ, "Application") if kind == "argocd_application" else KINDS.get(kind, ("", ""))
        version = f"{group}/v1" if group else "v1"
        blocks = values.get("metadata")
        metadata = _mapping(blocks[0]) if isinstance(blocks, list) and blocks else {}
    if not (version and called and _text(metadata, "name")):
        return None
    return {"apiVersion": version, "kind": called, "metadata": metadata}


def _of_aws(unit: Unit, ref: ResourceRef, kind: str, documents: list[Mapping[str, Any]]) -> Iterator[Claim]:
    """By ARN and id; of CloudFormation, whose references are named by the physical id, by that as well."""
    names = [_text(each, key) for each in documents for key in ("arn", "id", "Arn")]
    account, _, region = unit.cluster.partition("/")
    if unit.id.engine == Engine.CLOUDFORMATION:
        names.append(ref.name)
    else:
        parts = next((name.split(":") for name in names if name.count(":") >= 5), [""] * 6)
        account, region = parts[4], parts[3]
    everywhere = kind.startswith("aws_iam_")
    place = account if everywhere else f"{account}/{region}"
    places = frozenset((place,)) if account else frozenset()
    for name in dict.fromkeys(name for name in names if name):
        yield Claim(unit.id, ref, Thing("aws", kind, name), places)


def _kubernetes(group: str, kind: str, namespace: str, name: str) -> Thing:
    return Thing("kubernetes", f"{group}/{kind}", f"{namespace}/{name}" if namespace else name)


def _said(document: Mapping[str, Any], ref: ResourceRef) -> tuple[Key, ...]:
    own = Key(ref.group, ref.kind, ref.namespace, ref.name)
    found = owners_of({"apiVersion": f"{ref.group}/v1" if ref.group else "v1", "kind": ref.kind,
                       "metadata": document.get("metadata")}, Tracking())  # fmt: skip
    return tuple(key for key in found if key != own and (key.group, key.kind) in ENGINES)


def _first(found: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    return next((each for each in found if each), {})


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(values: Mapping[str, Any], key: str) -> str:
    value = values.get(key)
    return value if isinstance(value, str) and len(value) <= 2048 else ""
