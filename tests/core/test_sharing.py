"""One thing under two engines: when it is the same, when it is not, and what the rules make of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from drifttui.core.claims import Claim, Thing, claims_of, key_of
from drifttui.core.finding import Finding
from drifttui.core.identity import Engine, ResourceRef, UnitId
from drifttui.core.inspection import Inspection
from drifttui.core.planes import Observation, Plane, ThreePlanes
from drifttui.core.sharing import RULE, Conflict, find, judged
from drifttui.core.unit import Auto, Unit
from drifttui.core.verdict import Reason, Verdict

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
EAST = frozenset({"east", "https://east.example"})
WEST = frozenset({"west"})


def unit(engine: Engine, name: str, namespace: str = "", cluster: str = "") -> Unit:
    source = {"flux-kustomization": "flux", "opentofu": "stacks"}.get(engine, "argocd:a")
    return Unit(UnitId(engine.value, source, namespace, name), "Synced", "Healthy", Auto.ON, cluster)


SHOP = unit(Engine.OPENTOFU, "shop")
WEB = unit(Engine.ARGOCD, "web", "argocd", "east")
APPS = unit(Engine.FLUX_KUSTOMIZATION, "apps", "flux-system", "east")


def looked(of: Unit, *held: tuple[ResourceRef, Mapping[str, Any] | None]) -> Inspection:
    planes = tuple(
        ThreePlanes(ref, actual=Observation(ref, Plane.ACTUAL, dict(doc) if doc is not None else None, "t", "t", NOW))
        for ref, doc in held
    )
    return Inspection(of.id, NOW, planes)


def config_map(uid: str = "", **metadata: Any) -> tuple[ResourceRef, dict[str, Any]]:
    meta = {"name": "settings", "namespace": "default", **({"uid": uid} if uid else {}), **metadata}
    document: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}
    return ResourceRef.of(document, "east"), document


def in_state(address: str, values: Mapping[str, Any]) -> tuple[ResourceRef, Mapping[str, Any]]:
    kind, _, name = address.rpartition(".")
    return ResourceRef("shop", "", kind, "", name, address), values


def in_tofu(uid: str = "", **metadata: Any) -> tuple[ResourceRef, Mapping[str, Any]]:
    block = {"name": "settings", "namespace": "default", "uid": uid, **metadata}
    return in_state("kubernetes_config_map_v1.settings", {"id": "default/settings", "metadata": [block]})


def conflicts(*sides: tuple[Unit, Inspection, frozenset[str]], listed: tuple[Unit, ...] = ()) -> tuple[Conflict, ...]:
    """Of the first."""
    every: dict[Thing, tuple[Claim, ...]] = {}
    by_unit = {of.id: claims_of(of, seen, places) for of, seen, places in sides}
    for claims in by_unit.values():
        for claim in claims:
            every[claim.thing] = (*every.get(claim.thing, ()), claim)
    units = {of.id: of for of in (*(of for of, _, _ in sides), *listed)}
    return find(by_unit[sides[0][0].id], every, units, {key for key, claims in by_unit.items() if claims})


def test_a_uid_says_that_it_is_one_object_wherever_it_is() -> None:
    app, stack = looked(WEB, config_map("u-1")), looked(SHOP, in_tofu("u-1"))
    (found,) = conflicts((WEB, app, EAST), (SHOP, stack, frozenset()))
    assert found.sentence == (
        "ConfigMap default/settings is also managed by opentofu shop (kubernetes_config_map_v1.settings), by the same "
        "uid: each puts back what the other changes."
    )
    (turned,) = conflicts((SHOP, stack, frozenset()), (WEB, app, EAST))
    assert turned.ref.address == "kubernetes_config_map_v1.settings"
    assert turned.words == "argocd web"


def test_another_uid_is_another_object_whatever_it_is_called() -> None:
    sides = (WEB, looked(WEB, config_map("u-1")), EAST), (SHOP, looked(SHOP, in_tofu("u-2")), frozenset({"east"}))
    assert conflicts(*sides) == ()


@pytest.mark.parametrize(("places", "how"), [(EAST, "by the same name in the same place"), (WEST, "")])
def test_without_a_uid_the_cluster_decides(places: frozenset[str], how: str) -> None:
    found = conflicts((WEB, looked(WEB, config_map()), EAST), (APPS, looked(APPS, config_map()), places))
    assert [one.how for one in found] == ([how] if how else [])


def test_a_stack_that_says_no_cluster_is_matched_where_there_is_only_one() -> None:
    stack = (SHOP, looked(SHOP, in_tofu()), frozenset[str]())
    (found,) = conflicts(stack, (WEB, looked(WEB, config_map()), EAST))
    assert found.how == "by its name, and only one cluster with it is read here"
    assert not conflicts(stack, (WEB, looked(WEB, config_map()), EAST), (APPS, looked(APPS, config_map()), WEST))


def test_an_object_names_its_owner_itself() -> None:
    tracked = in_tofu("u-1", annotations={"argocd.argoproj.io/tracking-id": "web:/ConfigMap:default/settings"})
    stack = (SHOP, looked(SHOP, tracked), frozenset[str]())
    (found,) = conflicts(stack, listed=(WEB,))
    assert (found.other, found.words) == (str(WEB.id), "argocd web")
    assert found.how == "as its own labels and annotations say"
    (stranger,) = conflicts(stack)
    assert stranger.words == "Application/web, which no source lists"
    other = looked(WEB, (ResourceRef("east", "", "Secret", "default", "x"), {"kind": "Secret"}))
    assert not conflicts(stack, (WEB, other, EAST)), "it was looked into and manages no such thing: an old label"


def test_an_id_that_names_another_object_and_ones_own_labels_say_nothing() -> None:
    copied = in_tofu("u-1", annotations={"argocd.argoproj.io/tracking-id": "web:/ConfigMap:prod/settings"})
    assert not conflicts((SHOP, looked(SHOP, copied), frozenset()), listed=(WEB,))
    own = {"kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}
    assert not conflicts((APPS, looked(APPS, config_map(labels=own)), EAST))


def test_what_is_not_there_is_claimed_by_nobody() -> None:
    ref, _ = config_map()
    assert claims_of(WEB, looked(WEB, (ref, None)), EAST) == ()


@pytest.mark.parametrize(
    ("kind", "values", "thing"),
    [
        ("kubernetes_daemonset", {"metadata": [{"name": "a", "namespace": "b"}]}, "apps/DaemonSet b/a"),
        ("kubernetes_cron_job_v1", {"metadata": [{"name": "a", "namespace": "b"}]}, "batch/CronJob b/a"),
        ("kubernetes_cluster_role", {"metadata": [{"name": "a"}]}, "rbac.authorization.k8s.io/ClusterRole a"),
        ("kubernetes_namespace_v1", {"metadata": [{"name": "a"}]}, "/Namespace a"),
        (
            "kubernetes_manifest",
            {"manifest": {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
                          "metadata": {"name": "web", "namespace": "argocd"}}},
            "argoproj.io/Application argocd/web",
        ),
        ("argocd_application", {"metadata": [{"name": "web", "namespace": "argocd"}]},
         "argoproj.io/Application argocd/web"),
        ("kubectl_manifest", {"api_version": "apps/v1", "kind": "Deployment", "name": "a", "namespace": "b"},
         "apps/Deployment b/a"),
        ("helm_release", {"name": "redis", "namespace": "cache"}, "release cache/redis"),
    ],
)  # fmt: skip
def test_what_a_stack_makes_in_a_cluster(kind: str, values: dict[str, Any], thing: str) -> None:
    (claim,) = claims_of(SHOP, looked(SHOP, in_state(f"{kind}.x", values)))
    assert f"{claim.thing.kind} {claim.thing.name}" == thing


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("kubernetes_config_map_v1_data", {"metadata": [{"name": "a"}]}),
        ("kubernetes_config_map", {"metadata": []}),
        ("kubernetes_config_map", {"metadata": [{"name": 7}]}),
        ("kubernetes_manifest", {"manifest": "text"}),
        ("null_resource", {"id": "1"}),
    ],
)
def test_what_says_no_name_is_no_claim(kind: str, values: dict[str, Any]) -> None:
    assert claims_of(SHOP, looked(SHOP, in_state(f"{kind}.x", values))) == ()


def test_an_application_that_a_stack_makes_is_a_unit() -> None:
    made = in_state("argocd_application.web", {"metadata": [{"name": "web", "namespace": "argocd"}]})
    (claim,) = claims_of(SHOP, looked(SHOP, made))
    assert key_of(claim.thing) == (Engine.ARGOCD, "argocd", "web")


def in_cloudformation(kind: str, physical: str) -> tuple[ResourceRef, Mapping[str, Any]]:
    return ResourceRef("net", "", kind, "", physical, "Logical"), {"Tags": []}


@pytest.mark.parametrize(
    ("kind", "values", "cfn_kind", "physical", "how"),
    [
        ("aws_s3_bucket", {"id": "logs", "arn": "arn:aws:s3:::logs"}, "AWS::S3::Bucket", "logs", "by the same id"),
        ("aws_security_group", {"id": "sg-0123456789abcdef0"}, "AWS::EC2::SecurityGroup", "sg-0123456789abcdef0",
         "by the same id"),
        ("aws_iam_role", {"id": "deploy", "arn": "arn:aws:iam::111122223333:role/deploy"}, "AWS::IAM::Role", "deploy",
         "by the same name in the same place"),
        ("aws_iam_role", {"id": "deploy", "arn": "arn:aws:iam::999922223333:role/deploy"}, "AWS::IAM::Role", "deploy",
         ""),
        ("aws_lambda_function", {"id": "api", "arn": "arn:aws:lambda:us-east-1:111122223333:function:api"},
         "AWS::Lambda::Function", "api", ""),
        ("aws_iam_role", {"id": "deploy"}, "AWS::IAM::Role", "deploy", ""),
    ],
)  # fmt: skip
def test_aws_by_what_is_nobody_elses(kind: str, values: dict[str, Any], cfn_kind: str, physical: str, how: str) -> None:
    stack = unit(Engine.CLOUDFORMATION, "net", "eu-west-1", "111122223333/eu-west-1")
    found = conflicts(
        (SHOP, looked(SHOP, in_state(f"{kind}.x", values)), frozenset()),
        (stack, looked(stack, in_cloudformation(cfn_kind, physical)), frozenset({stack.cluster})),
    )
    assert {one.how for one in found} == ({how} if how else set())
    assert {one.words for one in found} <= {"cloudformation net (Logical)"}


@pytest.mark.parametrize(
    ("risk", "action", "expected"),
    [
        ("low", "revert-runtime", ("medium", "migrate")),
        ("critical", "incident", ("critical", "incident")),
        ("unknown", "investigate", ("unknown", "migrate")),
    ],
)
def test_the_verdict_says_that_no_revert_holds(risk: str, action: str, expected: tuple[str, str]) -> None:
    ref, _ = config_map()
    verdict = Verdict("unauthorized", "workload", risk, action, True, 0.5, (Reason("a.b", "somebody wrote"),))
    finding = Finding("0" * 12, WEB.id, ref, (), (), {}, NOW, NOW, verdict)
    conflict = Conflict(ref, "ConfigMap default/settings", str(SHOP.id), "opentofu shop", "by the same uid")
    said = judged(judged(finding, [conflict]), [conflict])
    assert said.verdict is not None
    assert (said.verdict.risk, said.verdict.action, said.verdict.auto_heal) == (*expected, False)
    assert [reason.rule for reason in said.verdict.reasons] == ["a.b", RULE]
    assert judged(finding, [conflict._replace(ref=ref._replace(name="other"))]) == finding
