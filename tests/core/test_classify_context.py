"""Live findings: what planes and field managers alone allow to say, and what they do not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from drifttui.core.case import AuditEvent
from drifttui.core.classify import classify
from drifttui.core.classify_context import context_of, judge
from drifttui.core.finding import Change, Finding, Owner, PlaneStamp
from drifttui.core.identity import ResourceRef, UnitId
from drifttui.core.inspection import IgnoreRule, Inspection, Revision
from drifttui.core.planes import ABSENT, Plane
from drifttui.core.policy import PolicyFile, UnitEntry, merged
from drifttui.core.policy_table import Policy
from drifttui.core.unit import Auto, Condition, Operation, Unit
from drifttui.store.policy_files import default_file, default_policy

NOW = datetime(2026, 5, 1, 10, tzinfo=UTC)
ID = UnitId("argocd", "argocd:eu", "argocd", "access")
ROLE = ResourceRef("eu", "rbac.authorization.k8s.io", "ClusterRole", "", "viewer")
EDIT = Owner("kubectl-edit", "Update", "", NOW - timedelta(minutes=5))
ENGINE = Owner("argocd-controller", "Apply", "", NOW - timedelta(days=3))
UNIT = Unit(
    ID,
    "OutOfSync",
    "Healthy",
    Auto.ON,
    "eu",
    environment="prod",
    revision="abc1234",
    operation=Operation("Succeeded", finished_at=NOW - timedelta(hours=2), revision="abc1234"),
)
WIDENED = Change("/rules/0/verbs", "/rules[0]/verbs", ["get"], ["get"], ["get", "delete"], (ENGINE, EDIT))


def finding(*changes: Change, ref: ResourceRef = ROLE, seen: timedelta = timedelta(seconds=9)) -> Finding:
    stamp = PlaneStamp("kubernetes:eu", "GET", NOW - seen)
    return Finding("f1", ID, ref, changes, (), {Plane.ACTUAL: stamp}, NOW, NOW)


def test_a_widened_role_is_a_high_risk_even_where_only_a_field_manager_is_known() -> None:
    verdict = judge(finding(WIDENED), UNIT, None, NOW, default_policy())
    assert (verdict.drift_class, verdict.domain, verdict.risk) == ("unknown", "identity", "high")
    assert verdict.action == "investigate" and not verdict.auto_heal
    assert "audit log" in verdict.missing
    assert verdict.confidence < 0.3
    assert any("kubectl-edit" in reason.fact and "no person" in reason.fact for reason in verdict.reasons)


def test_with_an_audit_log_and_its_neighbours_the_same_finding_is_decided() -> None:
    event = AuditEvent(EDIT.time, "r.vos@acme.example", "human", "patch", "kubernetes-audit", touches=("/rules",))
    case = context_of(finding(WIDENED), UNIT, None, NOW, audit=[event], merges=[], links=[])
    verdict = classify(case, default_policy())
    assert (verdict.drift_class, verdict.risk, verdict.action) == ("unauthorized", "critical", "incident")
    assert verdict.missing == ()


def test_an_autoscaler_is_recognised_by_its_field_manager() -> None:
    ref = ResourceRef("eu", "apps", "Deployment", "web", "web")
    scale = Owner("kube-controller-manager", "Update", "scale", NOW - timedelta(minutes=1))
    change = Change("/spec/replicas", "/spec/replicas", 3, 3, 9, (ENGINE, scale))
    verdict = judge(finding(change, ref=ref), UNIT, None, NOW, default_policy())
    assert (verdict.drift_class, verdict.risk) == ("controller-owned", "info")


def test_a_revision_that_is_not_applied_yet_is_a_rollout() -> None:
    ref = ResourceRef("eu", "apps", "Deployment", "web", "web")
    change = Change("/spec/paused", "/spec/paused", True, False, False, (ENGINE,))
    rolling = UNIT._replace(revision="def5678")
    verdict = judge(finding(change, ref=ref), rolling, None, NOW, default_policy())
    assert (verdict.drift_class, verdict.action) == ("stale-desired", "refresh-state")
    failed = rolling._replace(operation=Operation("Failed", message="webhook denied the request", revision="def5678"))
    inspection = Inspection(ID, NOW, revisions=(Revision("def5678"), Revision("abc1234", NOW - timedelta(days=1))))
    verdict = judge(finding(change, ref=ref), failed, inspection, NOW, default_policy())
    assert (verdict.drift_class, verdict.action) == ("failed-reconciliation", "repair-reconciler")


def test_several_sources_are_applied_together() -> None:
    at = NOW - timedelta(days=1)
    inspection = Inspection(
        ID, NOW, revisions=(Revision("aaa", at), Revision("bbb", at), Revision("old", at - at.resolution))
    )
    unit = UNIT._replace(revision="aaa,bbb", operation=None)
    facts = context_of(finding(WIDENED), unit, inspection, NOW).unit
    assert facts.applied_revision == facts.desired_revision == "aaa,bbb"


def test_a_connected_stream_vouches_for_an_old_look() -> None:
    old = finding(WIDENED, seen=timedelta(hours=8))
    assert "fresh look" in judge(old, UNIT, None, NOW, default_policy()).missing[0]
    vouched = context_of(old, UNIT, None, NOW, vouched_at=NOW - timedelta(seconds=2))
    assert "audit log" in classify(vouched, default_policy()).missing


def test_the_registry_names_owner_environment_and_tier() -> None:
    entry = UnitEntry(match=("argocd/acc*",), owner="team-iam", environment="dev", risk_tier="low")
    policy = Policy(merged([PolicyFile(units=(entry,))], default_file()))
    facts = context_of(finding(WIDENED), UNIT, None, NOW, policy=policy).unit
    assert (facts.owner, facts.environment, facts.risk_tier) == ("team-iam", "dev", "low")


def test_a_deleted_object_and_an_unreadable_engine_are_told_apart() -> None:
    gone = Change("", "", {"kind": "ClusterRole"}, {"kind": "ClusterRole"}, ABSENT)
    verdict = judge(finding(gone), UNIT, None, NOW, default_policy())
    assert (verdict.drift_class, verdict.risk, verdict.action) == ("state", "high", "recreate")
    blind = UNIT._replace(conditions=(Condition("ComparisonError", "rpc error", error=True),))
    assert context_of(finding(gone), blind, None, NOW).unit.reconcile_error == "rpc error"


def test_an_ignore_rule_of_another_kind_is_left_out() -> None:
    rules = (
        IgnoreRule("one", "rbac.*", "ClusterRole", json_pointers=("/rules",)),
        IgnoreRule("two", "apps", "*", json_pointers=("/spec",)),
    )
    case = context_of(finding(WIDENED), UNIT, Inspection(ID, NOW, ignore_rules=rules), NOW)
    assert [rule.paths for rule in case.ignore_rules] == [("/rules",)]
