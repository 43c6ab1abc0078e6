"""What a session learns of owners, look by look."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from drifttui.clients.kube_settings import KubernetesSettings
from drifttui.core.board import Look
from drifttui.core.identity import Engine, ResourceRef, UnitId
from drifttui.core.inspection import Inspection
from drifttui.core.planes import Observation, Plane, ThreePlanes
from drifttui.core.unit import Auto, Unit
from drifttui.services.claims import Claims
from drifttui.services.judge import Judgement
from drifttui.services.look import Looker
from drifttui.services.session import Settings
from drifttui.sources.kubernetes import SOURCE
from tests.services.fakes import NOW

EAST = frozenset({"east"})


def unit(engine: Engine, source: str, namespace: str, name: str, owner: str = "") -> Unit:
    cluster = "" if engine is Engine.OPENTOFU else "east"
    return Unit(UnitId(engine.value, source, namespace, name), "Synced", "Healthy", Auto.ON, cluster, owner=owner)


SHOP = unit(Engine.OPENTOFU, "stacks", "", "shop")
APPS = unit(Engine.FLUX_KUSTOMIZATION, "flux", "flux-system", "apps")
ROOT = unit(Engine.ARGOCD, "argocd:a", "argocd", "root")
WEB = unit(Engine.ARGOCD, "argocd:a", "argocd", "web", "Application/root")
UNITS = {each.id: each for each in (SHOP, APPS, ROOT, WEB)}


def look(of: Unit, *held: tuple[ResourceRef, dict[str, Any]]) -> Inspection:
    planes = (ThreePlanes(ref, actual=Observation(ref, Plane.ACTUAL, doc, "t", "t", NOW)) for ref, doc in held)
    return Inspection(of.id, NOW, tuple(planes))


def thing(kind: str, name: str, version: str = "v1", **metadata: Any) -> tuple[ResourceRef, dict[str, Any]]:
    space = "argocd" if kind == "Application" else "flux-system" if kind == "Kustomization" else "default"
    document: dict[str, Any] = {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": name, "namespace": space, **metadata},
    }
    return ResourceRef.of(document, "east"), document


def made(kind: str, name: str, version: str) -> tuple[ResourceRef, dict[str, Any]]:
    _, document = thing(kind, name, version)
    return ResourceRef("shop", "", "kubernetes_manifest", "", name, f"kubernetes_manifest.{name}"), {
        "manifest": document
    }


def test_owners_go_through_engines_to_the_stack_at_the_top() -> None:
    claims = Claims()
    assert claims.owned(WEB) is WEB
    first = claims.seen(SHOP, look(SHOP, made("Kustomization", "apps", "kustomize.toolkit.fluxcd.io/v1")),
                        frozenset(), UNITS)  # fmt: skip
    assert first == {APPS.id}
    assert claims.owned(APPS).owner == "opentofu/shop"
    second = claims.seen(APPS, look(APPS, thing("Application", "root", "argoproj.io/v1alpha1")), EAST, UNITS)
    assert second == {ROOT.id, WEB.id, APPS.id} - {APPS.id}
    assert claims.owned(ROOT).owner == "Kustomization/apps of opentofu/shop"
    web = claims.owned(WEB)
    assert web.owner == "Application/root of Kustomization/apps of opentofu/shop"
    assert claims.owned(web) is web
    claims.seen(ROOT, look(ROOT, thing("Application", "web", "argoproj.io/v1alpha1")), EAST, UNITS)
    assert claims.owned(WEB).owner == web.owner
    claims.forget(SHOP.id, UNITS)
    assert claims.owned(web).owner == "Application/root of Kustomization/apps"


def test_units_that_declare_each_other_have_an_end() -> None:
    claims = Claims()
    claims.seen(ROOT, look(ROOT, thing("Application", "web", "argoproj.io/v1alpha1")), EAST, UNITS)
    claims.seen(WEB, look(WEB, thing("Application", "root", "argoproj.io/v1alpha1")), EAST, UNITS)
    assert claims.owned(WEB).owner == "Application/root"
    assert claims.owned(ROOT).owner.startswith("Application/web")


def test_a_conflict_comes_with_the_second_look_and_goes_with_a_third() -> None:
    claims = Claims()
    assert claims.seen(ROOT, look(ROOT, thing("ConfigMap", "a", uid="u")), EAST, UNITS) == set()
    assert claims.seen(APPS, look(APPS, thing("ConfigMap", "a", uid="u")), EAST, UNITS) == {ROOT.id}
    assert [one.words for one in claims.told(ROOT.id, Look()).conflicts] == ["flux-kustomization apps"]
    assert [one.words for one in claims.told(APPS.id, Look()).conflicts] == ["argocd root"]
    assert claims.seen(APPS, look(APPS, thing("ConfigMap", "a", uid="u")), EAST, UNITS) == set(), "nothing new"
    held = claims.told(ROOT.id, Look())
    assert claims.seen(APPS, look(APPS), EAST, UNITS) == {ROOT.id}
    assert claims.told(ROOT.id, held).conflicts == ()


def test_a_unit_that_nobody_looked_into_is_told_what_an_object_says_of_it() -> None:
    claims = Claims()
    tracked = thing("ConfigMap", "a", annotations={"argocd.argoproj.io/tracking-id": "root:/ConfigMap:default/a"})
    assert claims.seen(APPS, look(APPS, tracked), EAST, UNITS) == {ROOT.id}
    assert [one.words for one in claims.told(ROOT.id, Look()).conflicts] == ["flux-kustomization apps"]
    other = look(ROOT, thing("ConfigMap", "b"))
    assert claims.seen(ROOT, other, EAST, UNITS) == {APPS.id}, "it has no such thing: the annotation is old"
    assert not claims.told(ROOT.id, Look()).conflicts
    assert not claims.told(APPS.id, Look()).conflicts


def test_what_every_argocd_calls_itself_names_no_cluster() -> None:
    claims, itself = Claims(), frozenset({"in-cluster", "https://kubernetes.default.svc"})
    elsewhere = unit(Engine.ARGOCD, "argocd:b", "argocd", "web")
    units = {**UNITS, elsewhere.id: elsewhere}
    claims.seen(WEB, look(WEB, thing("ConfigMap", "a")), itself, units)
    assert claims.seen(elsewhere, look(elsewhere, thing("ConfigMap", "a")), itself, units) == set()


KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: alice
clusters:
- {name: prod, cluster: {server: "https://10.0.0.1:6443"}}
- {name: other, cluster: {server: "https://10.0.0.2:6443"}}
users:
- {name: alice, user: {token: a}}
contexts:
- {name: alice, context: {cluster: prod, user: alice}}
- {name: bob, context: {cluster: prod, user: alice}}
- {name: west, context: {cluster: other, user: alice}}
"""


@pytest.fixture
def looker(tmp_path: Path) -> Looker:
    """With the readers of three contexts, two of them of one cluster. Nothing is asked of any."""
    (tmp_path / "config").write_text(KUBECONFIG)
    chosen = KubernetesSettings(
        kubeconfig=tmp_path / "config", argocd_context="alice", aliases={"alice": ("prod-hub", "arn:aws:eks:hub")}
    )
    sources = SOURCE(Settings(kubernetes=chosen, redaction_key=b"k" * 32), lambda: NOW)
    return Looker(sources, Judgement(), lambda: NOW)


@pytest.mark.parametrize(
    ("stack", "app", "same"),
    [
        (stack, app, True)
        for stack in ("alice", "bob", "prod", "https://10.0.0.1:6443", "prod-hub", "https://kubernetes.default.svc")
        for app in ("https://kubernetes.default.svc", "in-cluster", "https://10.0.0.1:6443", "bob")
    ]
    + [("west", "https://10.0.0.1:6443", False), ("prod-hub", "west", False), ("elsewhere", "prod-hub", False)],
)
def test_a_stack_may_call_its_cluster_by_any_of_its_names(looker: Looker, stack: str, app: str, same: bool) -> None:
    """`kubernetes_manifest` has no uid in its state: what it made is known by cluster, kind and name."""
    shop, web = SHOP._replace(cluster=stack), WEB._replace(cluster=app)
    claims, units = Claims(), {SHOP.id: shop, WEB.id: web}
    claims.seen(web, look(web, thing("ConfigMap", "a", uid="u")), looker.clusters(web), units)
    claims.seen(shop, look(shop, made("ConfigMap", "a", "v1")), looker.clusters(shop), units)
    said = [(one.words, one.how) for one in claims.told(WEB.id, Look()).conflicts]
    how = "by the same name in the same place"
    assert said == ([("opentofu shop (kubernetes_manifest.a)", how)] if same else [])
