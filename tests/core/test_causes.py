"""Many findings of one cause are one; those of several causes are not, and nothing depends on their order."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from drifttui.core.causes import by_finding, cause_of, causes_of
from drifttui.core.finding import Change, Finding, Owner, PlaneStamp, finding_id
from drifttui.core.identity import ResourceRef, UnitId
from drifttui.core.planes import ABSENT, Plane
from drifttui.core.verdict import Reason, Verdict

NOW = datetime(2026, 11, 21, 4, tzinfo=UTC)
IMAGE = "/spec/template/spec/containers[web]/image"


def verdict(drift_class: str = "unknown", rule: str = "writer.kind-unknown", risk: str = "medium") -> Verdict:
    return Verdict(drift_class, "workload", risk, "investigate", reasons=(Reason(rule, "a fact"),))


def finding(
    unit: str,
    label: str = IMAGE,
    manager: str = "kubectl-edit",
    at: datetime | None = NOW,
    judged: Verdict | None = None,
    revision: str = "9fd2c1f0",
    **more: Any,
) -> Finding:
    of = UnitId("argocd", "argocd:a", "argocd", unit)
    ref = ResourceRef("in-cluster", "apps", more.pop("kind", "Deployment"), "prod", more.pop("name", unit))
    owners = (Owner(manager, "Update", "", at), Owner("argocd-controller", "Apply", "", NOW)) if manager else ()
    change = Change(more.pop("path", "/spec/x"), label, "v1", None, more.pop("actual", "v2"), owners)
    stamps = {Plane.DESIRED: PlaneStamp("argocd:a", "x", NOW, revision), Plane.ACTUAL: PlaneStamp("argocd:a", "x", NOW)}
    stamps |= more.pop("planes", {})
    return Finding(
        finding_id(of, ref, NOW), of, ref, (change,), (), stamps, NOW, NOW, judged or verdict(), fingerprint="f"
    )


def test_one_client_at_one_time_on_the_same_field_is_one_cause() -> None:
    held = [
        finding(f"web-{n}", f"/spec/template/spec/containers[app{n}]/image", at=NOW + timedelta(minutes=n))
        for n in range(12)
    ]
    (cause,) = causes_of(held)
    assert cause.words == "12 findings in 12 units: image of Deployment, written by kubectl-edit within 11m"
    assert set(cause.findings) == {one.id for one in held}
    assert cause.several


def test_a_long_pause_another_field_kind_or_client_is_another_cause() -> None:
    held = [
        finding("a"),
        finding("b", at=NOW + timedelta(hours=1)),
        finding("c", label="/spec/replicas"),
        finding("d", kind="StatefulSet"),
        finding("e", manager="k9s"),
        finding("f", at=None),
    ]
    causes = causes_of(held)
    assert len(causes) == 6
    assert all(cause.words.startswith("1 finding: ") for cause in causes)


def test_a_merge_that_is_not_everywhere_yet_is_one_cause_whatever_fields_it_touches() -> None:
    merged = verdict("stale-desired", "merge.explains")
    held = [finding("a", judged=merged), finding("b", label="/spec/replicas", judged=merged, manager="helm")]
    (cause,) = causes_of(held)
    assert cause.words == "2 findings in 2 units: revision 9fd2c1f0 is merged and not everywhere yet"
    assert len(causes_of([*held, finding("c", judged=merged, revision="other")])) == 2


def test_one_controller_is_one_cause_and_two_are_two() -> None:
    owned = verdict("controller-owned", "owner.autoscaler", "info")
    held = [
        finding(f"web-{n}", "/spec/replicas", "kube-controller-manager", NOW + timedelta(days=n), owned)
        for n in range(9)
    ]
    (cause,) = causes_of(held)
    assert cause.words == (
        "9 findings in 9 units: replicas of Deployment, controller-owned by the rule "
        "owner.autoscaler kube-controller-manager"
    )
    assert len(causes_of([*held, finding("z", "/spec/replicas", "keda-operator", NOW, owned)])) == 2


def test_noise_of_one_rule_is_one_cause_even_without_a_writer() -> None:
    noise = verdict("provider-read", "same.quantity", "info")
    causes = causes_of([finding(f"web-{n}", "/spec/cpu", "", None, noise) for n in range(30)])
    assert [len(cause.findings) for cause in causes] == [30]


def test_nobody_known_stays_alone() -> None:
    assert len(causes_of([finding(f"web-{n}", manager="") for n in range(5)])) == 5


def test_whole_objects_that_went_together() -> None:
    gone = {Plane.ACTUAL: PlaneStamp("argocd:a", "x", NOW, "", present=False)}
    held = [finding(f"web-{n}", "", path="", actual=ABSENT, planes=gone) for n in range(3)]
    (cause,) = causes_of(held)
    assert "deleted of Deployment" in cause.words


def test_the_worst_first_and_the_same_in_any_order() -> None:
    chance = random.Random(7)
    held = [
        finding(f"web-{n}", label=f"/spec/field{n % 7}", judged=verdict(risk=("low", "high", "critical")[n % 3]),
                at=NOW + timedelta(minutes=n))
        for n in range(60)
    ]  # fmt: skip
    causes = causes_of(held)
    assert sorted(one for cause in causes for one in cause.findings) == sorted(one.id for one in held)
    for _ in range(5):
        chance.shuffle(held)
        assert causes_of(held) == causes
    risks = {one.id: one.risk for one in held}
    assert risks[causes[0].findings[0]] == "critical"
    assert cause_of(held[0].id, causes) == by_finding(causes)[held[0].id]
    assert cause_of("nothing", causes) is None


def test_hostile_names_stay_inert_and_short() -> None:
    evil = "\x1b[31m\u202ekubectl\n" + "x" * 10_000
    (cause,) = causes_of([finding("a", label=f"/spec/{evil}", manager=evil)])
    assert cause.words.isprintable()
    assert len(cause.words) <= 200


def test_a_thousand_findings_cost_little_more_than_reading_them() -> None:
    held = [
        finding(f"web-{n}", f"/spec/containers[c{n}]/env[A{n % 50}]/value", at=NOW + timedelta(seconds=n))
        for n in range(1000)
    ]
    [holders_only(one) for one in held]
    begun = time.perf_counter()
    for _ in range(3):
        [holders_only(one) for one in held]
    reading = time.perf_counter() - begun
    begun = time.perf_counter()
    for _ in range(3):
        causes = causes_of(held)
    assert len(causes) == 1
    assert time.perf_counter() - begun < 40 * reading


def holders_only(one: Finding) -> object:
    """What any look at who holds a finding costs: the measure of the test above."""
    from drifttui.core.words import holders

    return holders(one)
