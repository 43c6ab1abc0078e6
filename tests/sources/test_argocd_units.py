"""What one row says about an application."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from drifttui.core.unit import Auto, Unit
from drifttui.sources.argocd.units import Rows, Tracking
from drifttui.sources.argocd.wire import Application
from tests.sources.fake_argocd import App, app

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)


def row(made: App, tracking: Tracking | None = None) -> Unit:
    rows = Rows("argocd:eu", lambda text: text.replace("hunter2", "hmac:…"))
    rows.tracking = tracking or Tracking()
    return rows(msgspec.json.decode(msgspec.json.encode(made), type=Application), NOW)


@pytest.mark.parametrize(
    ("policy", "auto", "reverts", "prune"),
    [
        (None, Auto.BY_HAND, None, False),
        ({}, Auto.BY_HAND, None, False),
        ({"automated": None}, Auto.BY_HAND, None, False),
        ({"automated": {}}, Auto.ON, None, False),
        ({"automated": {"prune": True}}, Auto.ON, None, True),
        ({"automated": {"selfHeal": True}}, Auto.HEALS, timedelta(seconds=5), False),
        ({"automated": {"selfHeal": True, "enabled": True}}, Auto.HEALS, timedelta(seconds=5), False),
        ({"automated": {"selfHeal": True, "enabled": False}}, Auto.PAUSED, None, False),
    ],
)
def test_whether_a_hotfix_is_undone_by_itself(policy: Any, auto: Auto, reverts: timedelta | None, prune: bool) -> None:
    made = app("web")
    made["spec"]["syncPolicy"] = policy
    unit = row(made)
    assert (unit.auto, unit.reverts, unit.prune) == (auto, reverts, prune)


def test_an_application_that_is_skipped_is_paused() -> None:
    made = app("web")
    made["metadata"]["annotations"] = {"argocd.argoproj.io/skip-reconcile": "true"}
    assert row(made).auto is Auto.PAUSED


@pytest.mark.parametrize(
    ("metadata", "tracking", "owner"),
    [
        ({"ownerReferences": [{"kind": "ApplicationSet", "name": "regions"}]}, None, "ApplicationSet/regions"),
        ({"labels": {"kustomize.toolkit.fluxcd.io/name": "apps"}}, None, "Kustomization/apps"),
        ({"labels": {"resourceset.fluxcd.controlplane.io/name": "tenants"}}, None, "ResourceSet/tenants"),
        (
            {"annotations": {"argocd.argoproj.io/tracking-id": "root:argoproj.io/Application:argocd/web"}},
            None,
            "Application/root",
        ),
        ({"annotations": {"argocd.argoproj.io/tracking-id": "root:argoproj.io/Application:argocd/copy"}}, None, ""),
        ({"labels": {"app.kubernetes.io/instance": "release"}}, None, ""),
        ({"labels": {"app.kubernetes.io/instance": "root"}}, Tracking(by_label=True), "Application/root"),
        ({"labels": {"app.kubernetes.io/instance": "web"}}, Tracking(by_label=True), ""),
        ({}, None, ""),
    ],
)
def test_who_would_put_it_back(metadata: Any, tracking: Tracking | None, owner: str) -> None:
    made = app("web")
    made["metadata"] |= metadata
    assert row(made, tracking).owner == owner


@pytest.mark.parametrize(
    ("destination", "cluster"),
    [
        ({"server": "https://kubernetes.default.svc"}, "in-cluster"),
        ({"name": "in-cluster"}, "in-cluster"),
        ({"name": "prod-eu", "server": "https://10.0.0.1"}, "prod-eu"),
        ({"server": "https://10.0.0.1"}, "https://10.0.0.1"),
    ],
)
def test_the_cluster_has_one_name(destination: Any, cluster: str) -> None:
    made = app("web")
    made["spec"]["destination"] = destination
    assert row(made).cluster == cluster


def test_a_comparison_error_makes_the_row_untrustworthy() -> None:
    made = app("web", sync={"status": "Unknown"})
    made["status"]["conditions"] = [
        {"type": "OrphanedResourceWarning", "message": "two orphans"},
        {
            "type": "ComparisonError",
            "message": "cannot clone https://bot:hunter2@git.example.com\nline two",
            "lastTransitionTime": "2026-03-01T02:00:00Z",
        },
    ]
    unit = row(made)
    assert unit.error is not None
    assert unit.error.type == "ComparisonError"
    assert unit.error.since == datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
    assert "hunter2" not in unit.error.message
    assert "\n" not in unit.error.message
    assert [c.error for c in unit.conditions] == [False, True]


def test_what_the_engine_calls_different_is_named_without_hooks() -> None:
    made = app("web")
    made["status"]["resources"] = [
        {"group": "apps", "kind": "Deployment", "namespace": "shop", "name": "web", "status": "OutOfSync"},
        {"kind": "Service", "namespace": "shop", "name": "web", "status": "Synced"},
        {"group": "batch", "kind": "Job", "namespace": "shop", "name": "migrate", "status": "OutOfSync", "hook": True},
    ]
    assert [str(ref) for ref in row(made).out_of_sync] == ["apps/Deployment/shop/web"]


def test_the_last_sync_says_who_and_what() -> None:
    made = app("web")
    made["status"]["operationState"] = {
        "phase": "Failed",
        "message": "one or more objects failed",
        "startedAt": "2026-03-01T02:00:00Z",
        "finishedAt": "2026-03-01T02:01:00Z",
        "operation": {"initiatedBy": {"username": "alice"}, "sync": {"revision": "main"}},
        "syncResult": {"revision": "b" * 40},
    }
    operation = row(made).operation
    assert operation is not None
    assert (operation.phase, operation.initiated_by, operation.automated) == ("Failed", "alice", False)
    assert operation.revision == "b" * 40
    assert not operation.running
    made["operation"] = {"initiatedBy": {"automated": True}, "sync": {"revision": "c" * 40}}
    queued = row(made).operation
    assert queued is not None
    assert queued.running
    assert queued.initiated_by == "automated sync policy"


def test_several_sources_keep_every_revision() -> None:
    made = app("web", sync={"status": "Synced", "revisions": ["a" * 40, "1.2.3"]})
    del made["spec"]["source"]
    made["spec"]["sources"] = [
        {"repoURL": "https://git.example.com/values.git", "path": "web"},
        {"repoURL": "https://charts.example.com", "chart": "web"},
    ]
    unit = row(made)
    assert unit.revision == f"{'a' * 40},1.2.3"
    assert (unit.repo, unit.path) == ("https://git.example.com/values.git", "web")


def test_an_application_nobody_has_reconciled_is_unknown() -> None:
    unit = row({"metadata": {"name": "new", "namespace": "argocd"}, "spec": {}, "status": {}})
    assert (unit.sync, unit.health, unit.reconciled_at, unit.operation) == ("Unknown", "Unknown", None, None)


def test_an_odd_date_is_no_date() -> None:
    assert row(app("web", reconciledAt="yesterday")).reconciled_at is None


@pytest.mark.parametrize(
    ("change", "environment"),
    [
        ({"labels": {"env": "production"}}, "prod"),
        ({"name": "web-staging"}, "staging"),
        ({}, ""),
    ],
)
def test_the_environment_comes_from_labels_then_names(change: Any, environment: str) -> None:
    made = app("web")
    made["metadata"] |= change
    assert row(made).environment == environment
