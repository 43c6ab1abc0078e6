"""Opening one application: which plane says what, how old it is, and what could not be read."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from drifttui.clients.access import Access
from drifttui.clients.argocd_settings import ArgoCDSettings
from drifttui.clients.retry import Backoff
from drifttui.core.errors import Missing, SourceError, inert
from drifttui.core.identity import UnitId
from drifttui.core.inspection import Inspection
from drifttui.core.planes import ABSENT, UNKNOWN, Plane, ThreePlanes
from drifttui.core.redact import redact_text
from drifttui.core.unit import Auto, Unit
from drifttui.sources.argocd.source import ArgoCDSource, argocd_source
from tests.clients.raw_http import Reply, Request
from tests.sources.fake_argocd import FakeArgoCD, app

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
KEY = b"k" * 32
UNIT = Unit(
    UnitId("argocd", "argocd:eu", "argocd", "web"), "OutOfSync", "Healthy", Auto.ON, "in-cluster", project="default"
)


def deployment(image: str, **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop", **metadata},
        "spec": {"template": {"spec": {"containers": [{"name": "web", "image": image}]}}},
    }


def resource(kind: str, name: str, target: Any, live: Any, group: str = "", **more: Any) -> dict[str, Any]:
    """An item of `managed-resources`: the states are JSON in strings, `"null"` where there is none."""
    states = {"targetState": json.dumps(target), "liveState": json.dumps(live)}
    return {"group": group, "kind": kind, "namespace": "shop", "name": name, **states, **more}


def resources() -> list[dict[str, Any]]:
    applied = json.dumps(deployment("web:1"))
    live = deployment(
        "web:2",
        resourceVersion="77",
        annotations={"kubectl.kubernetes.io/last-applied-configuration": applied},
    )
    return [
        resource(
            "Deployment",
            "web",
            deployment("web:1"),
            live,
            "apps",
            modified=True,
            normalizedLiveState=json.dumps(live),
            predictedLiveState=json.dumps(deployment("web:1")),
        ),
        resource("ConfigMap", "gone", {"kind": "ConfigMap", "metadata": {"name": "gone"}}, None, modified=True),
        resource("ConfigMap", "extra", None, {"kind": "ConfigMap", "metadata": {"name": "extra"}}),
    ]


@asynccontextmanager
async def opened(tmp_path: Path, access: Access = Access.READ_ONLY) -> AsyncIterator[tuple[FakeArgoCD, ArgoCDSource]]:
    server = FakeArgoCD()
    made = app("web")
    made["status"]["history"] = [
        {"id": 0, "revision": "1" * 40, "deployedAt": "2026-02-01T00:00:00Z", "initiatedBy": {"username": "alice"}},
        {"id": 1, "revision": "a" * 40, "deployedAt": "2026-03-01T00:00:00Z", "initiatedBy": {"automated": True}},
    ]
    server.put(made)
    server.details["managed-resources"] = {"items": resources()}
    (tmp_path / "token").write_text("good")
    await server.start()
    source = argocd_source(
        ArgoCDSettings(name="eu", server=server.url, token_file=tmp_path / "token"),
        lambda: NOW,
        key=KEY,
        clean=lambda text: inert(redact_text(text, KEY), 2000),
        access=access,
        environment={},
    )
    source._http._backoff = Backoff(attempts=1)
    try:
        yield server, source
    finally:
        await source.close()
        await server.stop()


def planes(inspection: Inspection, kind: str, name: str) -> ThreePlanes:
    return next(p for p in inspection.resources if (p.ref.kind, p.ref.name) == (kind, name))


async def test_each_plane_says_where_it_is_from_and_claims_no_more_than_is_known(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, source):
        inspection = await source.inspect(UNIT)
        web = planes(inspection, "Deployment", "web")
        assert web.desired is not None
        assert web.actual is not None
        assert web.recorded is not None
        assert (web.desired.method, web.desired.revision) == ("managed-resources target", "a" * 40)
        assert (web.actual.method, web.actual.revision) == ("managed-resources live (Argo CD cache)", "77")
        assert web.recorded.method == "last-applied annotation"
        compared = datetime(2026, 3, 1, 2, 59, tzinfo=UTC)
        assert web.desired.observed_at == web.actual.observed_at == compared, "the cache is not as new as the answer"
        assert inspection.observed_at == NOW
        assert web.desired.document is not None
        assert web.desired.document["spec"]["template"]["spec"]["containers"][0]["image"] == "web:1"
        extra = inspection.extras[web.ref]
        assert extra.modified is True
        assert extra.predicted_live is not None
        assert not inspection.gaps


async def test_looked_and_not_there_is_not_unknown(tmp_path: Path) -> None:
    async with opened(tmp_path) as (server, source):
        unsaid = resource("ConfigMap", "unsaid", None, None)
        del unsaid["targetState"]
        unsaid["liveState"] = '{"cut'
        server.details["managed-resources"]["items"].append(unsaid)
        inspection = await source.inspect(UNIT)
        gone, extra = planes(inspection, "ConfigMap", "gone"), planes(inspection, "ConfigMap", "extra")
        assert gone.value(Plane.ACTUAL) is ABSENT
        assert gone.value(Plane.DESIRED) is not ABSENT
        assert extra.value(Plane.DESIRED) is ABSENT
        nothing = planes(inspection, "ConfigMap", "unsaid")
        assert nothing.value(Plane.DESIRED) is UNKNOWN
        assert nothing.value(Plane.ACTUAL) is UNKNOWN
        assert any("ConfigMap/unsaid" in gap for gap in inspection.gaps)


async def test_secret_values_never_get_this_far(tmp_path: Path) -> None:
    async with opened(tmp_path) as (server, source):
        config = {
            "kind": "Deployment",
            "apiVersion": "apps/v1",
            "metadata": {"name": "pay", "namespace": "shop"},
            "spec": {"template": {"spec": {"containers": [{"env": [{"name": "DB_PASSWORD", "value": "hunter2"}]}]}}},
        }
        masked = {"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "key"}, "data": {"a": "++++++++"}}
        server.details["managed-resources"] = {
            "items": [resource("Deployment", "pay", config, config, "apps"), resource("Secret", "key", masked, masked)]
        }
        event = "cannot pull from https://bot:s3cr3t-t0ken-0123456789@registry.example.com"
        server.details["events"] = {"items": [{"reason": "Failed", "message": event, "type": "Warning"}]}
        inspection = await source.inspect(UNIT)
        assert "hunter2" not in repr(inspection)
        assert "s3cr3t-t0ken" not in repr(inspection)
        secret = planes(inspection, "Secret", "key")
        assert secret.desired is not None
        assert "masked" in secret.desired.method
        assert any("masks the values of 1 Secret" in gap for gap in inspection.gaps)


async def test_history_names_authors_and_asks_for_each_commit_once(tmp_path: Path) -> None:
    async with opened(tmp_path) as (server, source):
        for _ in range(2):
            inspection = await source.inspect(UNIT)
        first, second = inspection.revisions
        assert (first.revision, first.author, first.initiated_by) == (
            "a" * 40,
            "Erin <erin@example.com>",
            "automated sync policy",
        )
        assert (second.message, second.initiated_by) == ("Change 1111", "alice")
        asked = [request for request in server.requests if "/revisions/" in request.path]
        assert len(asked) == 2


async def test_only_the_newest_ten_revisions_are_asked_for(tmp_path: Path) -> None:
    async with opened(tmp_path) as (server, source):
        made = server.apps["argocd", "web"]
        made["status"]["history"] = [
            {"id": number, "revision": f"{number:040d}", "deployedAt": "2026-02-01T00:00:00Z"} for number in range(40)
        ]
        inspection = await source.inspect(UNIT)
        assert len(inspection.revisions) == 10
        assert len([request for request in server.requests if "/revisions/" in request.path]) == 10


async def test_what_argo_cd_ignores_is_told_with_its_origin(tmp_path: Path) -> None:
    async with opened(tmp_path) as (server, source):
        server.apps["argocd", "web"]["spec"]["ignoreDifferences"] = [
            {"group": "apps", "kind": "Deployment", "jsonPointers": ["/spec/replicas"]},
            {"group": "*", "kind": "*", "name": "web", "managedFieldsManagers": ["hpa"]},
        ]
        server.settings["resourceOverrides"] = {
            "*/*": {"ignoreDifferences": "jqPathExpressions: null\njsonPointers:\n- /status\n"},
            "ConfigMap": {"ignoreDifferences": "jqPathExpressions:\n- .data.stamp\n"},
            "apps/ReplicaSet": {"ignoreDifferences": "jsonPointers: null\n"},
        }
        rules = {rule.id: rule for rule in (await source.inspect(UNIT)).ignore_rules}
        assert list(rules) == [
            "argocd/application/0",
            "argocd/application/1",
            "argocd/system/*/*",
            "argocd/system/ConfigMap",
        ]
        assert rules["argocd/application/1"].managers == ("hpa",)
        assert (rules["argocd/system/*/*"].group, rules["argocd/system/*/*"].json_pointers) == ("*", ("/status",))
        config_map = rules["argocd/system/ConfigMap"]
        assert (config_map.group, config_map.kind, config_map.jq_paths) == ("", "ConfigMap", (".data.stamp",))
        assert config_map.origin == "system"


async def test_tree_events_and_windows(tmp_path: Path) -> None:
    async with opened(tmp_path) as (server, source):
        pod = {"kind": "Pod", "namespace": "shop", "name": "web-1", "health": {"status": "Degraded", "message": "x"}}
        server.details["resource-tree"] = {
            "nodes": [
                pod | {"parentRefs": [{"group": "apps", "kind": "ReplicaSet", "namespace": "shop", "name": "w"}]}
            ],
            "orphanedNodes": [{"kind": "ConfigMap", "namespace": "shop", "name": "left"}],
        }
        server.details["events"] = {
            "items": [
                {"reason": "Old", "lastTimestamp": "2026-03-01T01:00:00Z", "eventTime": None, "count": 3},
                {
                    "reason": "New",
                    "lastTimestamp": "2026-03-01T02:00:00Z",
                    "type": "Warning",
                    "message": "\x1b[31mred",
                    "source": {"component": "argocd-server"},
                    "involvedObject": {"kind": "Application", "name": "web", "apiVersion": "argoproj.io/v1alpha1"},
                },
            ]
        }
        deny = {"kind": "deny", "schedule": "0 22 * * *", "duration": "8h", "manualSync": True}
        server.details["syncwindows"] = {"activeWindows": [deny], "assignedWindows": [deny], "canSync": False}
        inspection = await source.inspect(UNIT)
        node, orphan = inspection.tree
        assert (node.health, str(node.parents[0]), orphan.orphan) == ("Degraded", "apps/ReplicaSet/shop/w", True)
        new, old = inspection.events
        assert (new.reason, new.warning, new.component, old.times) == ("New", True, "argocd-server", 3)
        assert "\x1b" not in new.message
        assert new.ref is not None
        assert new.ref.group == "argoproj.io"
        assert [(w.kind, w.active, w.manual_sync) for w in inspection.windows] == [("deny", True, True)]


@pytest.mark.parametrize("part", ["managed-resources", "resource-tree", "events", "syncwindows"])
async def test_a_part_that_cannot_be_read_is_a_gap_and_the_rest_is_there(part: str, tmp_path: Path) -> None:
    async def refuse(_: Request, reply: Reply) -> None:
        await reply.json({"error": "permission denied"}, 403)

    async with opened(tmp_path) as (server, source):
        server.faults[f"/api/v1/applications/web/{part}"] = refuse
        inspection = await source.inspect(UNIT)
        assert len(inspection.gaps) == 1
        assert "forbids this" in inspection.gaps[0]
        assert "applications,get" in inspection.gaps[0]
        assert inspection.revisions


async def test_an_unreadable_author_leaves_the_revision(tmp_path: Path) -> None:
    async def refuse(_: Request, reply: Reply) -> None:
        await reply.json({"error": "repository not accessible"}, 500)

    async with opened(tmp_path) as (server, source):
        server.faults[f"/api/v1/applications/web/revisions/{'a' * 40}/metadata"] = refuse
        inspection = await source.inspect(UNIT)
        assert [revision.author for revision in inspection.revisions] == ["", "Erin <erin@example.com>"]
        assert any("repository not accessible" in gap for gap in inspection.gaps)


async def test_an_application_that_is_gone_says_so(tmp_path: Path) -> None:
    async def missing(_: Request, reply: Reply) -> None:
        await reply.json({"error": "not found"}, 404)

    async with opened(tmp_path) as (server, source):
        server.apps.clear()
        server.faults["/api/v1/applications/web/managed-resources"] = missing
        with pytest.raises(Missing):
            await source.inspect(UNIT)


async def test_a_comparison_error_is_a_gap_of_its_own(tmp_path: Path) -> None:
    async with opened(tmp_path) as (server, source):
        server.apps["argocd", "web"]["status"]["conditions"] = [
            {"type": "ComparisonError", "message": "cannot render"},
            {"type": "SharedResourceWarning", "message": "Deployment/web is part of api too"},
        ]
        inspection = await source.inspect(UNIT)
        assert any("ComparisonError" in gap and "cannot render" in gap for gap in inspection.gaps)
        assert inspection.conflicts == ("SharedResourceWarning: Deployment/web is part of api too",)


async def test_strict_read_only_does_without_reads_that_may_refresh(tmp_path: Path) -> None:
    async with opened(tmp_path, Access.STRICT) as (server, source):
        inspection = await source.inspect(UNIT)
        paths = {request.path.rsplit("/", 1)[-1] for request in server.requests}
        assert paths.isdisjoint({"managed-resources", "resource-tree"})
        assert inspection.resources == ()
        assert sum("--read-only=strict" in gap for gap in inspection.gaps) == 2
        assert inspection.revisions


async def test_nothing_but_reads_leaves_the_process(tmp_path: Path) -> None:
    async with opened(tmp_path) as (server, source):
        await source.check()
        await source.inspect(UNIT)
        assert {request.method for request in server.requests} == {"GET"}
        assert not any("refresh" in request.query for request in server.requests)


async def test_a_dead_server_is_one_error_not_six_gaps(tmp_path: Path) -> None:
    async with opened(tmp_path) as (server, source):
        await server.stop()
        with pytest.raises(SourceError, match=r"127\.0\.0\.1"):
            await source.inspect(UNIT)


async def test_settings_are_read_again_after_a_while(tmp_path: Path) -> None:
    async with opened(tmp_path) as (server, source):
        await source.inspect(UNIT)
        await source.inspect(UNIT)
        assert len(server.asked("/api/v1/settings")) == 1
        source._clock = lambda: NOW + timedelta(minutes=10)
        await source.inspect(UNIT)
        assert len(server.asked("/api/v1/settings")) == 2


async def test_several_sources_are_told_with_their_revisions_and_files_of_values(tmp_path: Path) -> None:
    async with opened(tmp_path) as (server, source):
        charts, values = "https://git.example.com/charts.git", "https://git.example.com/values.git"
        made = app("web", sync={"status": "OutOfSync", "revisions": ["c1", "v2"]})
        made["spec"]["sources"] = [
            {"repoURL": charts, "path": "web", "helm": {"valueFiles": ["prod.yaml", "$values/web/eu.yaml"]}},
            {"repoURL": values, "targetRevision": "main", "ref": "values"},
        ]
        made["status"]["history"] = [{"id": 4, "revision": "", "revisions": ["c1", "v1"]}]
        server.put(made)
        charted, valued = (await source.inspect(UNIT)).origins
        assert (charted.repo, charted.path, charted.values) == (charts, "web", ("web/prod.yaml",))
        assert (charted.revision, charted.applied) == ("c1", "c1")
        assert (valued.repo, valued.tracks, valued.values) == (values, "main", ("web/eu.yaml",))
        assert (valued.revision, valued.applied, valued.renders) == ("v2", "v1", False)
        del made["spec"]["sources"]
        server.put(made)
        assert (await source.inspect(UNIT)).origins == ()
