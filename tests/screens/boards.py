"""Boards made by hand: the incident of the design's wireframe, with every state that a row or a pane can have."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from drifttui.core.board import Board, Depth, Look, Mode
from drifttui.core.diff import compare
from drifttui.core.finding import Finding, Hidden, Owner, PlaneStamp, finding_id
from drifttui.core.health import Permission, SourceHealth, Standing
from drifttui.core.identity import Engine, ResourceRef, UnitId
from drifttui.core.inspection import Event, Inspection, Revision
from drifttui.core.planes import Document, Observation, Plane, ThreePlanes
from drifttui.core.unit import Auto, Condition, Operation, Unit
from drifttui.core.verdict import Reason, Verdict

NOW = datetime(2026, 5, 14, 4, 10, 4, tzinfo=UTC)
REVISION = "9fd2c1f0a7b34e5d6c7b8a990011223344556677"

EU, AP, US, AWS = "argocd:eu-west-1", "argocd:ap-south-1", "argocd:us-east-1", "opentofu:prod"


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


def unit(name: str, source: str = EU, cluster: str = "eu-west-1", **more: Any) -> Unit:
    base = Unit(
        id=UnitId(Engine.ARGOCD, source, "argocd", name),
        sync="Synced",
        health="Healthy",
        auto=Auto.ON,
        cluster=cluster,
        namespace=name,
        project="shop",
        environment="prod",
        revision=REVISION,
        observed_at=ago(seconds=3),
        version="1",
        repo="https://git.example.com/shop/deploy.git",
        path=name,
    )
    return base._replace(**more)


def source(name: str, standing: Standing = Standing.OK, **more: Any) -> SourceHealth:
    base = SourceHealth(
        name,
        "Argo CD",
        standing,
        address=f"https://{name.partition(':')[2]}.argocd.example.com",
        version="3.4.1",
        identity="drift-reader",
        permissions=(
            Permission("applications, get", True, "list and open units"),
            Permission("logs, get", None, "nothing yet"),
        ),
        checked_at=ago(seconds=20),
        newest_answer=ago(seconds=2),
        clock_skew=timedelta(seconds=0.4),
        latency_ms=38.0,
        answers=1284,
        rate=3.2,
        unit_count=5,
        method="stream",
    )
    return base._replace(**more)


def finding(
    of: Unit,
    planes: ThreePlanes,
    since: datetime,
    verdict: Verdict | None = None,
    owners: Mapping[str, Sequence[Owner]] | None = None,
    hidden: Sequence[Hidden] = (),
) -> Finding:
    """`owners` are by the end of a change's label."""
    compared = compare(planes)
    changes = tuple(
        change._replace(
            owners=next((tuple(who) for end, who in (owners or {}).items() if change.label.endswith(end)), ())
        )
        for change in compared.changes
    )
    stamps = {
        plane: PlaneStamp(seen.source, seen.method, seen.observed_at, seen.revision, seen.document is not None)
        for plane in Plane
        if (seen := planes.plane(plane)) is not None
    }
    return Finding(
        finding_id(of.id, planes.ref, since),
        of.id,
        planes.ref,
        changes,
        (*compared.hidden, *hidden),
        stamps,
        since,
        ago(seconds=3),
        verdict,
    )


def planes(
    of: Unit, desired: Document | None, actual: Document | None, recorded: Document | None = None
) -> ThreePlanes:
    ref = ResourceRef.of(desired or actual or {}, of.cluster)
    seen = ThreePlanes(ref)
    seen = seen.seen(Observation(ref, Plane.DESIRED, desired, of.id.source, "manifests", ago(minutes=2), REVISION))
    if recorded is not None or desired is None:
        recorded_seen = Observation(ref, Plane.RECORDED, recorded, of.id.source, "last-applied", ago(minutes=2))
        seen = seen.seen(recorded_seen)
    return seen.seen(Observation(ref, Plane.ACTUAL, actual, f"kubernetes:{of.cluster}", "GET", ago(seconds=3), "771"))


def role(verbs: Sequence[str], **annotations: str) -> Document:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "pay-admin", "namespace": "payments", "annotations": annotations or None},
        "rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": list(verbs)}],
    }


def deployment(name: str, image: str, replicas: int = 3, **env: str) -> Document:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "payments", "labels": {"app": name, "team": "payments"}},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {
                    "containers": [
                        {
                            "name": "web",
                            "image": image,
                            "ports": [{"containerPort": 8080, "protocol": "TCP"}],
                            "env": [{"name": key, "value": value} for key, value in env.items()],
                            "resources": {"limits": {"cpu": "500m", "memory": "512Mi"}},
                        },
                        {"name": "proxy", "image": "registry.example.com/mesh/proxy:1.22.4"},
                    ]
                },
            },
        },
    }


def config_map(text: str) -> Document:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "limits", "namespace": "payments"},
        "data": {"limits.yaml": text},
    }


_LIMITS = "".join(f"route-{number}:\n  rps: {number * 10}\n  burst: {number * 20}\n" for number in range(1, 12))


def payments() -> tuple[Unit, Look]:
    of = unit(
        "payments",
        sync="OutOfSync",
        health="Degraded",
        auto=Auto.HEALS,
        reverts=timedelta(seconds=5),
        owner="ApplicationSet/team-payments",
        operation=Operation("Succeeded", ago(hours=6), ago(hours=6), "successfully synced (all tasks run)", "", True),
    )
    alice = Owner("kubectl-edit", "Update", "", ago(minutes=12))
    bob = Owner("kubectl-set", "Update", "", ago(minutes=41))
    hpa = Owner("kube-controller-manager", "Update", "scale", ago(hours=3))
    argo = Owner("argocd-controller", "Apply", "", ago(hours=6))
    wide = planes(of, role(["get", "list"]), role(["get", "list", "*"], note="tmp for inc"), role(["get", "list"]))
    image = "registry.example.com/shop/payments-api:"
    api = planes(
        of,
        deployment("api", image + "1.41.8", 3, POOL="20", REGION="eu-west-1"),
        deployment("api", image + "1.41.9", 9, POOL="60", REGION="eu-west-1"),
        deployment("api", image + "1.41.8", 3, POOL="20", REGION="eu-west-1"),
    )
    text = planes(of, config_map(_LIMITS), config_map(_LIMITS.replace("rps: 70", "rps: 700")), config_map(_LIMITS))
    deleted = planes(of, _secret_reader(), None)
    findings = (
        finding(
            of,
            wide,
            ago(minutes=12),
            Verdict(
                "unauthorized",
                "identity",
                "critical",
                "revert-runtime",
                False,
                0.92,
                (
                    Reason("rbac-widened", "A Role gained verb * on secrets"),
                    Reason("no-change-covers", "No incident or change covers it, and no merge touches it"),
                ),
                ("who: no audit log is read",),
            ),
            {"verbs": (alice, argo), "note": (alice,)},
            (Hidden("tracking", "/metadata/labels/app.kubernetes.io~1instance"), Hidden("argocd/system/0", "/status")),
        ),
        finding(
            of,
            api,
            ago(minutes=41),
            Verdict("emergency", "artifact", "high", "update-git", False, 0.8, (Reason("image-by-hand", "Image set"),)),
            {"image": (bob, argo), "replicas": (hpa,), "value": (bob,)},
        ),
        finding(of, text, ago(hours=3), Verdict("unknown", "workload", "medium", "investigate"), {"yaml": (bob,)}),
        finding(of, deleted, ago(hours=5), None),
    )
    inspection = Inspection(
        of.id,
        ago(seconds=12),
        (wide, api, text, deleted),
        revisions=(
            Revision(
                REVISION,
                ago(hours=6),
                "carol@example.com",
                "tighten roles (#812)\n\nReviewed",
                ago(hours=6, minutes=4),
                "automated",
            ),
            Revision("1c0ffee0" + "0" * 32, ago(days=2), "dave@example.com", "raise pool size (#799)", ago(days=2)),
        ),
        events=(
            Event(ago(minutes=3), "BackOff", "Back-off restarting failed container web", True, "kubelet", 17, api.ref),
            Event(ago(minutes=41), "ScalingReplicaSet", "Scaled up replica set api-6f9 to 9", False, "deployment", 1),
        ),
        gaps=("Events of cert-manager.io: 403, list events.events.k8s.io",),
    )
    return of, Look(Depth.READ, findings, inspection, 5, ago(seconds=12))


def _secret_reader() -> Document:
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "reader", "namespace": "payments"},
        "automountServiceAccountToken": False,
    }


def incident() -> Board:
    """The wireframe: drift of every kind, a blind source, a pause, a countdown, an unknown, and what is clean."""
    units: dict[UnitId, Unit] = {}
    looks: dict[UnitId, Look] = {}

    def add(one: Unit, look: Look | None = None) -> None:
        units[one.id] = one
        if look is not None:
            looks[one.id] = look

    add(*payments())
    checkout = unit("checkout", sync="OutOfSync", auto=Auto.PAUSED, owner="Application/root")
    image = "registry.example.com/shop/checkout:"
    seen = planes(checkout, deployment("checkout", image + "7.2.0"), deployment("checkout", image + "7.2.1-hotfix"))
    hot = finding(
        checkout,
        seen,
        ago(hours=2),
        Verdict("emergency", "artifact", "high", "update-git"),
        {"image": (Owner("kubectl-client-side-apply", "Update", "", ago(hours=2)),)},
    )
    add(checkout, Look(Depth.READ, (hot,), Inspection(checkout.id, ago(minutes=1), (seen,)), 2, ago(minutes=1)))
    docs = unit("docs", US, "us-east-1", sync="OutOfSync", reverts=NOW + timedelta(minutes=4, seconds=12))
    seen = planes(docs, deployment("docs", "d:1", 2), deployment("docs", "d:1", 3))
    low = finding(docs, seen, ago(days=1), Verdict("controller-owned", "workload", "low", "ignore"))
    add(docs, Look(Depth.READ, (low,), None, 0, ago(minutes=4)))
    net = Unit(
        UnitId(Engine.OPENTOFU, AWS, "", "prod/net"),
        "OutOfSync",
        "Unknown",
        Auto.BY_HAND,
        "aws/1234",
        environment="prod",
        observed_at=ago(minutes=1),
    )
    security_group = ResourceRef("aws/1234", "", "aws_security_group", "", "web", "aws_security_group.web")
    opened = ThreePlanes(
        security_group,
        Observation(security_group, Plane.DESIRED, {"ingress": ["10.0.0.0/8"]}, AWS, "plan", ago(minutes=9)),
        Observation(security_group, Plane.RECORDED, {"ingress": ["10.0.0.0/8"]}, AWS, "state", ago(minutes=9)),
        Observation(security_group, Plane.ACTUAL, {"ingress": ["0.0.0.0/0"]}, AWS, "refresh", ago(minutes=9)),
    )
    add(
        net,
        Look(Depth.READ, (finding(net, opened, ago(minutes=9), Verdict("emergency", "network", "high", "incident")),)),
    )
    add(unit("search", AP, "ap-south-1", observed_at=ago(minutes=14)))
    add(
        unit(
            "catalogue-recommendations-experimental-v2", AP, "ap-south-1", observed_at=ago(minutes=14), sync="OutOfSync"
        )
    )
    broken = Condition(
        "ComparisonError", "failed to load target state: kustomize build: no such file", ago(hours=1), True
    )
    add(unit("loyalty", US, "us-east-1", sync="Unknown", health="Unknown", conditions=(broken,)))
    add(
        unit("ledger", US, "us-east-1", sync="OutOfSync", health="Missing"),
        Look(Depth.FAILED, error="Argo CD us-east-1 answered 504: gateway timeout.", at=ago(minutes=6)),
    )
    add(
        unit("basket", sync="OutOfSync", health="Progressing", out_of_sync=(security_group, security_group)),
        Look(Depth.READING),
    )
    for name in ("accounts", "billing", "email", "fraud", "gateway", "images", "login", "orders", "prices", "stock"):
        add(
            unit(name, auto=Auto.HEALS, environment="prod" if len(name) > 5 else "staging"),
            Look(Depth.READ, (), None, 1, ago(minutes=2)),
        )
    for name in ("inventory", "newsletter", "returns", "shipping", "wishlist"):
        add(unit(name, US, "us-east-1", auto=Auto.BY_HAND))
    denied = (
        Permission("applications, get", False, "list and open units"),
        Permission("clusters, get", True, "names of clusters"),
    )
    sources = [
        source(EU, unit_count=13),
        source(US, unit_count=8, newest_answer=ago(seconds=11)),
        source(
            AP,
            Standing.BLIND,
            error="Argo CD ap-south-1 answered 403: token lacks applications, get.",
            hint="Ask for applications,get in policy.csv, or give another --argocd-token-file.",
            permissions=(Permission("list applications", False, "list and open units"), *denied[1:]),
            newest_answer=ago(minutes=14),
            blind_since=ago(minutes=14),
            attempt=6,
            retry_at=NOW + timedelta(seconds=22),
            errors=6,
            rate=0.0,
            latency_ms=None,
            clock_skew=timedelta(seconds=118),
        ),
        source(AWS, system="OpenTofu", method="plan every 10m", newest_answer=ago(minutes=1), unit_count=1),
        source("kubernetes:eu-west-1", system="Kubernetes", unit_count=0, method="watch"),
        source(
            "kubernetes:us-east-1",
            Standing.DEGRADED,
            system="Kubernetes",
            unit_count=0,
            method="list every 30s",
            error="events: 403, list events.",
            hint="Grant list on events.",
            permissions=(
                Permission("list events", False, "what happened near a finding"),
                Permission("get pods", True),
            ),
        ),
    ]
    return Board(
        units,
        looks,
        {health.name: health for health in sources},
        at=NOW,
        version=1,
        incident="INC-9127 payments latency",
    )


def starting() -> Board:
    names = (EU, "kubernetes:eu-west-1")
    return Board(sources={n: SourceHealth(n, "Argo CD", Standing.STARTING) for n in names}, at=NOW, version=1)


def blind() -> Board:
    health = SourceHealth(
        EU,
        "Argo CD",
        Standing.BLIND,
        error="Argo CD eu-west-1 answered 401: token expired 3m ago.",
        hint="Log in again: argocd login eu-west-1.",
        blind_since=ago(minutes=3),
    )
    return Board(sources={EU: health}, at=NOW, version=1)


def hostile() -> Board:
    """Names and values that would colour, beep, reorder or flood a terminal that takes them at their word."""
    board = incident()
    nasty = "\x1b[31mred\x1b[0m\x07[bold red]markup[/]\u202egnp.exe\u200b\r\n"
    of = unit(f"{nasty}web", sync="OutOfSync", cluster=nasty, conditions=(Condition(nasty, nasty * 50),))
    before = deployment("api", "a:1", POOL="1")
    after = copy.deepcopy(before)
    after["metadata"]["annotations"] = {nasty: nasty * 20, "big": "x" * 3_000_000, "wide": "宽" * 400}
    seen = planes(of, before, after)
    found = finding(of, seen, ago(minutes=1), None, {"POOL": (Owner(nasty, nasty, nasty, None),)})
    look = Look(Depth.READ, (found,), Inspection(of.id, NOW, (seen,), gaps=(nasty * 40,)), 0, NOW)
    return Board(
        {**board.units, of.id: of}, {**board.looks, of.id: look}, board.sources, NOW, version=1, incident=nasty
    )


def many(count: int, drifted: int = 40) -> Board:
    """`count` units in twelve clusters."""
    units: dict[UnitId, Unit] = {}
    for number in range(count):
        cluster = f"cluster-{number % 12:02d}"
        one = unit(f"app-{number:05d}-service", EU, cluster, sync="OutOfSync" if number < drifted else "Synced")
        units[one.id] = one
    return Board(units, {}, {EU: source(EU, unit_count=count)}, at=NOW, version=1)


def changed(board: Board, *units: Unit, mode: Mode = Mode.LIVE, looks: Mapping[UnitId, Look] | None = None) -> Board:
    """The next board, in which these units say something else."""
    return Board(
        {**board.units, **{one.id: one for one in units}},
        {**board.looks, **(looks or {})},
        board.sources,
        board.at,
        mode,
        board.version + 1,
        frozenset([*(one.id for one in units), *(looks or {})]),
        board.incident,
        board.read_only,
    )
