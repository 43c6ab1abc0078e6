"""Objects of a control plane as the servers gave them, and what a plan is made from."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from drifttui.core.acts import Acts, PauseRecord, PauseState
from drifttui.core.identity import Engine, UnitId
from drifttui.core.json_patch import applied
from drifttui.core.pause import Door, Plan, Target, Write
from drifttui.core.pause_draft import stored
from drifttui.core.pause_json import plan_json
from drifttui.core.pause_owners import Request
from drifttui.core.surroundings import ARGOPROJ, HELM, KUSTOMIZE, Held, Key, Surroundings, Unread
from drifttui.core.unit import Auto, Unit

RECORDED = Path(__file__).parent.parent / "recorded" / "kubernetes"
AT = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
UNTIL = AT + timedelta(hours=4)
PLURALS = {
    "Application": ("applications", "v1alpha1"),
    "ApplicationSet": ("applicationsets", "v1alpha1"),
    "Kustomization": ("kustomizations", "v1"),
    "HelmRelease": ("helmreleases", "v2"),
}
NO_PARAMETERS: Mapping[str, str] = {}


@cache
def _recorded(name: str) -> dict[str, Any]:
    exchange = json.loads((RECORDED / f"{name}.json").read_text())
    body = exchange["body"]
    found: dict[str, Any] = json.loads(body) if isinstance(body, str) else body
    return found


def recorded(name: str, kind: str = "applications") -> dict[str, Any]:
    """One object of the recorded control plane; a copy."""
    (found,) = [
        each
        for each in _recorded(kind)["items"]
        if each["metadata"]["name"] == name and each["metadata"]["namespace"] == "argocd"
    ]
    return copy.deepcopy(found)


def application(name: str = "web", policy: Any = None, **more: Any) -> dict[str, Any]:
    """`policy` is `spec.syncPolicy`; None leaves it out."""
    spec: dict[str, Any] = {"project": "default", "destination": {"namespace": "shop", "name": "in-cluster"}}
    if policy is not None:
        spec["syncPolicy"] = policy
    metadata = {"name": name, "namespace": "argocd", "uid": f"uid-{name}", **more.pop("metadata", {})}
    return {"apiVersion": f"{ARGOPROJ}/v1alpha1", "kind": "Application", "metadata": metadata, "spec": spec, **more}


def applicationset(name: str = "team", /, **spec: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "argocd", "uid": f"uid-{name}"}
    return {"apiVersion": f"{ARGOPROJ}/v1alpha1", "kind": "ApplicationSet", "metadata": metadata, "spec": spec}


def flux(kind: str, name: str, namespace: str = "flux-system", **spec: Any) -> dict[str, Any]:
    group, version = (KUSTOMIZE, "v1") if kind == "Kustomization" else (HELM, "v2")
    metadata = {"name": name, "namespace": namespace, "uid": f"uid-{name}"}
    return {"apiVersion": f"{group}/{version}", "kind": kind, "metadata": metadata, "spec": {"interval": "10m", **spec}}


def made_by_set(document: dict[str, Any], name: str = "team") -> dict[str, Any]:
    owner = {"apiVersion": f"{ARGOPROJ}/v1alpha1", "kind": "ApplicationSet", "name": name, "uid": f"uid-{name}"}
    document["metadata"]["ownerReferences"] = [owner]
    return document


def made_by_parent(document: dict[str, Any], parent: str, manifest: Any = None) -> dict[str, Any]:
    """With the tracking id, and what the parent's last apply declared."""
    metadata = document["metadata"]
    own = f"{ARGOPROJ}/{document['kind']}:{metadata['namespace']}/{metadata['name']}"
    annotations = metadata.setdefault("annotations", {})
    annotations["argocd.argoproj.io/tracking-id"] = f"{parent}:{own}"
    if manifest is not None:
        annotations["kubectl.kubernetes.io/last-applied-configuration"] = json.dumps(manifest)
    return document


def made_by_flux(document: dict[str, Any], parent: str, *fields: str) -> dict[str, Any]:
    """With Flux's labels, and server-side apply of these fields of `spec` (`suspend`)."""
    metadata = document["metadata"]
    metadata["labels"] = {f"{KUSTOMIZE}/name": parent, f"{KUSTOMIZE}/namespace": "flux-system"}
    declared: dict[str, Any] = {"f:spec": {f"f:{name}": {} for name in ("interval", *fields)}}
    metadata["managedFields"] = [
        {"manager": "kustomize-controller", "operation": "Apply", "fieldsType": "FieldsV1", "fieldsV1": declared}
    ]
    return document


def held(document: dict[str, Any], *, may: bool | None = True, door: Door = Door.KUBERNETES) -> Held:
    metadata, kind = document["metadata"], document["kind"]
    plural, version = PLURALS[kind]
    target = Target(
        door=door,
        server="prod" if door is Door.KUBERNETES else "argocd:prod",
        group=document["apiVersion"].split("/")[0],
        version=version,
        plural=plural,
        kind=kind,
        namespace=metadata["namespace"],
        name=metadata["name"],
        project=str(document["spec"].get("project", "")),
    )
    return Held(target, document, may, f"patch {plural}.{target.group} in {target.namespace}")


def around(unit: Held, *owners: Held | Unread, **more: Any) -> Surroundings:
    """With a server that knows `enabled`, and every right."""
    told: dict[str, Any] = {
        "enabled_known": True,
        "enabled_proof": "Argo CD v3.5.3",
        "may_stop": True,
        "stop_needs": "patch applications.argoproj.io in argocd",
        "parameters": NO_PARAMETERS,
    }
    return Surroundings(unit=unit, owners={each.key: each for each in owners}, **told | more)


def unit_of(document: dict[str, Any], **more: Any) -> Unit:
    engine = {
        "Application": Engine.ARGOCD,
        "Kustomization": Engine.FLUX_KUSTOMIZATION,
        "HelmRelease": Engine.FLUX_HELMRELEASE,
    }[document["kind"]]
    source = "argocd:prod" if engine is Engine.ARGOCD else "flux:prod"
    metadata = document["metadata"]
    named = UnitId(engine, source, metadata["namespace"], metadata["name"])
    told: dict[str, Any] = {"sync": "OutOfSync", "health": "Healthy", "auto": Auto.ON, "cluster": "in-cluster"}
    return Unit(id=named, **told | {"environment": "prod"} | more)


def request(unit: Unit, pause: str = "aa11bb22cc33", **more: Any) -> Request:
    told: dict[str, Any] = {"by": "alice@laptop", "at": AT, "reason": "INC-9127", "until": UNTIL, "link": ""}
    return Request(id=pause, unit=str(unit.id), **told | more)


def paused(*plans: Plan, state: PauseState = PauseState.HOLDING, actor: str = "alice@laptop") -> Acts:
    """A ledger in which these plans stand."""
    records = [
        PauseRecord(
            id=plan.id,
            unit=str(plan.unit),
            engine=plan.unit.engine,
            reason=plan.reason,
            until=plan.until or UNTIL,
            actor=actor,
            at=plan.at,
            state=state,
            plan=plan_json(plan),
        )
        for plan in plans
    ]
    return Acts(pauses={record.id: record for record in records})


def key(document: dict[str, Any]) -> Key:
    return held(document).key


def write_of(plan: Plan, name: str) -> Write:
    (found,) = [write for write in plan.writes if write.target.name == name]
    return found


class World:
    """The objects that a plan writes, held as an API server holds them."""

    def __init__(self, surroundings: Surroundings) -> None:
        everything = [surroundings.unit, *(each for each in surroundings.owners.values() if isinstance(each, Held))]
        self.objects = {each.key: copy.deepcopy(each.document) for each in everything}

    def write(self, write: Write) -> None:
        """Raises `PatchError` where a test does not hold."""
        place = Key(write.target.group, write.target.kind, write.target.namespace, write.target.name)
        self.objects[place] = stored(applied(self.objects[place], write.patch))

    def take_back(self, write: Write) -> None:
        place = Key(write.target.group, write.target.kind, write.target.namespace, write.target.name)
        self.objects[place] = stored(applied(self.objects[place], write.undo))

    def carry_out(self, plan: Plan) -> None:
        for write in plan.writes:
            if not write.skipped:
                self.write(write)

    def around(self, before: Surroundings) -> Surroundings:
        """The same surroundings, read again."""

        def again(each: Held) -> Held:
            return each._replace(document=copy.deepcopy(self.objects[each.key]))

        owners = {place: again(each) if isinstance(each, Held) else each for place, each in before.owners.items()}
        return replace(before, unit=again(before.unit), owners=owners)
