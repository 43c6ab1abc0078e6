"""The Kubernetes source against a real API server: what an operator sees of real objects, rights and changes."""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from drifttui.clients.kube import KubeClient
from drifttui.clients.kubeconfig import KubeContext, load
from drifttui.core.errors import Forbidden, Unauthenticated, Unreachable
from drifttui.core.health import Standing
from drifttui.core.identity import ResourceRef
from drifttui.core.lastapplied import recorded_of
from drifttui.core.planes import Observation
from drifttui.sources.kubernetes.source import KubernetesSource
from tests.cluster.cluster import Cluster

pytestmark = pytest.mark.cluster

SPACE = "live-reading"
SECRET = "correct horse battery staple"


def now() -> datetime:
    return datetime.now(UTC)


def contexts(cluster: Cluster) -> dict[str, KubeContext]:
    return {c.name: c for c in load([cluster.state.kubeconfig]).contexts if isinstance(c, KubeContext)}


@asynccontextmanager
async def reading(context: KubeContext) -> AsyncIterator[KubernetesSource]:
    source = KubernetesSource(context, KubeClient(context, now), now, key=b"k" * 32)
    try:
        yield source
    finally:
        await source.close()


def ref(kind: str, name: str, namespace: str = SPACE, group: str = "") -> ResourceRef:
    return ResourceRef("alice", group, kind, namespace, name)


def manifest(kind: str, name: str, **more: Any) -> str:
    document = {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": SPACE}, **more}
    return json.dumps(document)


def live(answer: Observation | Exception) -> Observation:
    assert isinstance(answer, Observation), answer
    return answer


@pytest.fixture
def space(cluster: Cluster) -> Iterator[Cluster]:
    cluster.kubectl("create", "namespace", SPACE, context="alice", check=False)
    yield cluster
    cluster.kubectl("delete", "secret,configmap,hpa", "--all", "-n", SPACE, context="alice")


async def test_every_identity_of_the_kubeconfig_is_told_what_it_may_do(cluster: Cluster) -> None:
    found = contexts(cluster)
    expected = {
        "alice": (Standing.OK, []),
        "drifttui-readonly": (Standing.OK, ["get secrets"]),
        "unreachable": (Standing.BLIND, []),
    }
    for name, (standing, lacking) in expected.items():
        async with reading(found[name]) as source:
            health = await source.check()
            assert health.standing is standing, health
            assert [p.name for p in health.permissions if not p.allowed] == lacking
    async with reading(found["outsider-eve"]) as source:
        health = await source.check()
        assert health.standing is Standing.DEGRADED
        assert "get deployments.apps" in health.error
        assert health.identity.startswith("eve@example.com")
        assert health.version.startswith("v1.")


async def test_a_secret_is_unknown_without_the_right_and_a_digest_with_it(space: Cluster) -> None:
    data = {"password": base64.b64encode(SECRET.encode()).decode()}
    space.kubectl("apply", "-f", "-", context="alice", stdin=manifest("Secret", "db", data=data))
    found = contexts(space)
    async with reading(found["drifttui-readonly"]) as source:
        (refused,) = await source.read([ref("Secret", "db")])
        assert isinstance(refused, Forbidden)
        assert refused.permission == f"get secrets in {SPACE}"
        assert await source.may("get", ref("Secret", "db")) is False
    async with reading(found["alice"]) as source:
        (answer,) = await source.read([ref("Secret", "db")])
        recorded = recorded_of(live(answer))
        async with aclosing(source.watch_objects([ref("Secret", "db"), ref("Secret", "x")])) as changes:
            space.kubectl("label", "secret", "db", "-n", SPACE, "touched=yes", context="alice")
            watched = await changes.__anext__()
            while watched.document is None:
                watched = await changes.__anext__()
    assert recorded is not None and recorded.document is not None
    for seen in (answer, recorded, watched):
        assert data["password"] not in repr(seen)
        assert SECRET not in repr(seen)
    assert live(answer).document["data"] == recorded.document["data"] == watched.document["data"]  # type: ignore[index]


async def test_live_objects_name_the_managers_of_their_fields(cluster: Cluster) -> None:
    async with reading(contexts(cluster)["drifttui-readonly"]) as source:
        names = cluster.kubectl("get", "deployments", "-n", "payments", "-o", "name", context="alice").stdout.split()
        refs = [ref("Deployment", name.split("/")[1], "payments", "apps") for name in names]
        answers = [live(answer) for answer in await source.read([*refs, ref("Deployment", "gone", "payments", "apps")])]
    assert answers.pop().document is None
    assert refs
    for answer in answers:
        assert answer.document is not None
        managers = {entry["manager"] for entry in answer.document["metadata"]["managedFields"]}
        assert "kube-controller-manager" in managers
        assert answer.revision == answer.document["metadata"]["resourceVersion"]


async def test_an_edit_a_deletion_and_a_return_are_told_as_they_happen(space: Cluster) -> None:
    conf = ref("ConfigMap", "conf")

    def kubectl(*arguments: str, stdin: str | None = None) -> None:
        space.kubectl(*arguments, "-n", SPACE, context="alice", stdin=stdin)

    async with reading(contexts(space)["alice"]) as source, aclosing(source.watch_objects([conf])) as changes:
        async with asyncio.timeout(60):
            assert (await changes.__anext__()).document is None
            await asyncio.to_thread(kubectl, "create", "configmap", "conf", "--from-literal=a=1")
            made = await changes.__anext__()
            await asyncio.to_thread(kubectl, "patch", "configmap", "conf", "-p", '{"data":{"a":"2"}}')
            edited = await changes.__anext__()
            await asyncio.to_thread(kubectl, "delete", "configmap", "conf")
            assert (await changes.__anext__()).document is None
            await asyncio.to_thread(kubectl, "create", "configmap", "conf", "--from-literal=a=3")
            back = await changes.__anext__()
    values = [seen.document["data"]["a"] for seen in (made, edited, back) if seen.document]
    assert values == ["1", "2", "3"]


async def test_edits_across_ends_of_the_watch_are_neither_lost_nor_doubled(
    space: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real server ends every watch after its timeout; here after a second, with edits going on all the time."""
    monkeypatch.setattr("drifttui.clients.kube.WATCH_SECONDS", 1)
    space.kubectl("create", "configmap", "busy", "--from-literal=n=0", "-n", SPACE, context="alice")

    async def edit() -> None:
        for n in range(1, 21):
            patch = json.dumps({"data": {"n": str(n)}})
            await asyncio.to_thread(
                space.kubectl, "patch", "configmap", "busy", "-p", patch, "-n", SPACE, context="alice"
            )
            await asyncio.sleep(0.15)

    async with reading(contexts(space)["alice"]) as source:
        await source.read([ref("ConfigMap", "busy")])
        async with aclosing(source.watch_objects([ref("ConfigMap", "busy")])) as changes, asyncio.timeout(90):
            editing = asyncio.create_task(edit())
            seen: list[int] = []
            while not seen or seen[-1] != 20:
                document = (await changes.__anext__()).document
                assert document is not None
                seen.append(int(document["data"]["n"]))
            await editing
    assert seen == sorted(set(seen))
    assert seen == list(range(1, 21))


async def test_what_components_said_is_read_newest_first(cluster: Cluster) -> None:
    async with reading(contexts(cluster)["drifttui-readonly"]) as source:
        everything = await source.events("payments", [])
        pod = next(event.ref for event in everything.events if event.ref and event.ref.kind == "Pod")
        one = await source.events("payments", [pod])
    moments = [event.at for event in everything.events if event.at]
    assert moments == sorted(moments, reverse=True)
    assert {event.reason for event in everything.events} >= {"Scheduled", "SuccessfulCreate"}
    assert one.events and {event.ref for event in one.events} == {pod}


async def test_a_custom_kind_brings_its_own_schema(cluster: Cluster) -> None:
    async with reading(contexts(cluster)["drifttui-readonly"]) as source:
        schema = await source.schema([("messaging.example.com", "Queue"), ("apps", "Deployment"), ("no.such", "Kind")])
        assert set(schema) == {"messaging.example.com/Queue", "apps/Deployment"}
        assert schema["messaging.example.com/Queue"].defaults
        keys = schema["apps/Deployment"].list_keys
        assert keys["/spec/template/spec/containers"] == ("name",)
        (absent,) = await source.read([ref("Kind", "x", group="no.such")])
        assert live(absent).document is None


async def test_an_object_is_read_in_the_version_of_its_manifest(space: Cluster) -> None:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "none"}
    spec = {"scaleTargetRef": target, "maxReplicas": 3, "targetCPUUtilizationPercentage": 70}
    document = json.loads(manifest("HorizontalPodAutoscaler", "hpa", spec=spec)) | {"apiVersion": "autoscaling/v1"}
    space.kubectl("apply", "-f", "-", context="alice", stdin=json.dumps(document))
    hpa = ref("HorizontalPodAutoscaler", "hpa", group="autoscaling")
    async with reading(contexts(space)["alice"]) as source:
        (asked,) = await source.read([hpa], {hpa: "v1"})
        (preferred,) = await source.read([hpa])
    assert live(asked).document["spec"]["targetCPUUtilizationPercentage"] == 70  # type: ignore[index]
    assert "metrics" in live(preferred).document["spec"]  # type: ignore[index]


def with_plugin(context: KubeContext, folder: Path, body: str) -> KubeContext:
    plugin = folder / "plugin.py"
    plugin.write_text("import json, sys\n" + body)
    spec = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": sys.executable,
        "args": [str(plugin)],
        "interactiveMode": "IfAvailable",
    }
    return replace(context, user={"exec": spec})


async def test_a_plugin_can_hand_out_a_client_certificate(cluster: Cluster, tmp_path: Path) -> None:
    alice = contexts(cluster)["alice"]
    pair = {}
    for key in ("certificate", "key"):
        data = alice.user.get(f"client-{key}-data")
        file = alice.user.get(f"client-{key}")
        pair[key] = base64.b64decode(data).decode() if data else Path(str(file)).read_text()
    status = {"clientCertificateData": pair["certificate"], "clientKeyData": pair["key"]}
    answer = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status}
    async with reading(with_plugin(alice, tmp_path, f"print({json.dumps(answer)!r})")) as source:
        health = await source.check()
        assert health.standing is Standing.OK
        assert health.identity.startswith("alice@example.com")


async def test_a_token_that_the_server_refuses_is_replaced_by_a_new_one(cluster: Cluster, tmp_path: Path) -> None:
    """The plugin first hands out a token that has ended, as one does after a laptop slept."""
    robot = contexts(cluster)["drifttui-readonly"]
    token = robot.user.get("token") or Path(str(robot.user["tokenFile"])).read_text().strip()
    body = (
        f"import os\nused = {str(tmp_path / 'used')!r}\nfirst = not os.path.exists(used)\nopen(used, 'w').close()\n"
        f"print(json.dumps({{'apiVersion': 'client.authentication.k8s.io/v1', 'kind': 'ExecCredential',"
        f" 'status': {{'token': 'ended' if first else {token!r}}}}}))"
    )
    async with reading(with_plugin(robot, tmp_path, body)) as source:
        assert (await source.check()).standing is Standing.OK


async def test_a_certificate_that_does_not_fit_is_refused_before_any_token_is_sent(cluster: Cluster) -> None:
    robot = contexts(cluster)["drifttui-readonly"]
    bare = {k: v for k, v in robot.cluster.items() if not k.startswith("certificate-authority")}
    async with reading(replace(robot, cluster=bare)) as source:
        (answer,) = await source.read([ref("ConfigMap", "conf")])
        assert isinstance(answer, Unreachable)
        assert "does not prove who it is" in answer.one_line()
    async with reading(replace(robot, cluster={**robot.cluster, "tls-server-name": "elsewhere.example"})) as source:
        (answer,) = await source.read([ref("ConfigMap", "conf")])
        assert isinstance(answer, Unreachable)
    async with reading(replace(robot, cluster={**bare, "insecure-skip-tls-verify": True})) as source:
        assert (await source.check()).standing is Standing.OK
    async with reading(replace(robot, user={"token": "wrong"})) as source:
        (answer,) = await source.read([ref("ConfigMap", "conf")])
        assert isinstance(answer, Unauthenticated)


async def test_impersonation_takes_the_rights_and_groups_of_the_other(cluster: Cluster) -> None:
    alice = contexts(cluster)["alice"]
    other = {**alice.user, "as": "eve@example.com", "as-groups": ["one", "two"]}
    async with reading(replace(alice, user=other)) as source:
        health = await source.check()
        assert health.identity == "eve@example.com (one, two)"
        assert health.standing is Standing.DEGRADED
