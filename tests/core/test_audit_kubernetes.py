"""Reading audit events: recorded ones with a key, trimmed ones, and the forms of the clouds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from drifttui.core.actors import account, caller
from drifttui.core.audit import ActorKind, Unreadable, moment
from drifttui.core.audit_kubernetes import KubernetesCall, is_final, read_event
from drifttui.core.errors import InputError
from drifttui.core.resource_question import parse_resource
from drifttui.core.via import via_of

CORPORA = Path(__file__).parents[3] / "shared" / "corpora"


def corpus(name: str) -> Path:
    found = CORPORA / name
    if not found.is_dir():
        pytest.skip(f"the corpus {name} is not here")
    return found


def fields(call: KubernetesCall) -> dict[str, Any]:
    """A call in the words of the keys."""
    return {
        "auditID": call.audit_id or None,
        "stage": call.stage or None,
        "verb": call.verb or None,
        "actor": call.actor or None,
        "authenticated_as": call.authenticated_as or None,
        "impersonated": bool(call.impersonated),
        "apiGroup": call.group,
        "resource": call.resource or None,
        "subresource": call.subresource or None,
        "namespace": call.namespace or None,
        "name": call.name or None,
        "name_from_response": call.name_from_response or None,
        "http_code": call.code,
        "outcome": call.outcome.value,
        "dry_run": call.dry_run,
        "is_write_verb": call.is_write,
        "can_explain_drift": call.explains_drift,
    }


def test_recorded_events_are_read_as_their_key_says() -> None:
    here = corpus("k8s-audit-falco")
    lines = iter((here / "audit.jsonl").read_text().splitlines())
    compared = 0
    for file in json.loads((here / "expected.json").read_text()):
        for expected in file["events"]:
            event = json.loads(next(lines))
            if expected.get("verb") is None and expected["outcome"] == "unknown":
                with pytest.raises(Unreadable):
                    read_event(event)
                continue
            found = fields(read_event(event))
            assert {key: found[key] for key in expected} == expected, file["label"]
            compared += 1
    assert compared >= 28


def test_trimmed_events_are_read_or_refused_with_a_reason() -> None:
    here = corpus("k8s-audit-panther")
    lines = (here / "events.jsonl").read_text().splitlines()
    for line, key in zip(lines, json.loads((here / "expected.json").read_text()), strict=True):
        expected = key["expect"]
        try:
            call = read_event(json.loads(line))
        except Unreadable as reason:
            assert str(reason)
            assert key["envelope"] != "raw"
            continue
        assert expected is not None
        if key["envelope"] == "gke-cloud-audit":
            assert (call.authenticated_as or None, call.verb) == (expected["actor"], expected["verb"])
            continue
        found = fields(call)
        assert {name: found[name] for name in expected} == expected, key["line"]


def test_a_delete_tells_its_dry_run_in_its_body_only() -> None:
    event = {"verb": "delete", "requestURI": "/api/v1/namespaces/a/configmaps/b", "responseStatus": {"code": 200}}
    event |= {"objectRef": {"resource": "configmaps", "name": "b", "namespace": "a"}}
    assert read_event(event).explains_drift
    assert not read_event({**event, "requestObject": {"kind": "DeleteOptions", "dryRun": ["All"]}}).explains_drift


@pytest.mark.parametrize(
    "status", [None, 7, "200", {"code": "403"}, {"code": True}, {"code": 99999}, [], {"code": None}]
)
def test_a_status_of_any_shape_is_read(status: Any) -> None:
    event = {"verb": "patch", "auditID": "1", "responseStatus": status}
    assert read_event(event).code in (None, 403)


@pytest.mark.parametrize(
    "broken",
    [
        [],
        "x",
        None,
        {},
        {"kind": "Pod"},
        {"kind": 0},
        {"kind": "Event", "involvedObject": {}, "verb": "x"},
        {"category": "kube-audit"},
        {"category": "kube-audit", "properties": {"log": "{broken"}},
        {"protoPayload": {"methodName": "compute.instances.insert"}},
    ],
)
def test_what_is_no_audit_event_is_refused_and_not_guessed_at(broken: Any) -> None:
    with pytest.raises(Unreadable):
        read_event(broken)


def test_fields_of_the_wrong_type_say_nothing() -> None:
    event = {"verb": ["patch"], "user": "root", "objectRef": [1], "requestURI": 5, "auditID": {}, "sourceIPs": "x"}
    event |= {"annotations": "x", "requestReceivedTimestamp": 12, "impersonatedUser": True, "userAgent": None}
    call = read_event(event)
    assert (call.verb, call.actor, call.name, call.received) == ("", "", "", None)
    assert not call.explains_drift


def test_only_the_last_stage_counts() -> None:
    stages = ("RequestReceived", "ResponseStarted", "ResponseComplete", "Panic", "")
    assert [is_final(KubernetesCall(stage=stage)) for stage in stages] == [False, False, True, False, True]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("alice@example.com", ActorKind.PERSON),
        ("bob", ActorKind.PERSON),
        ("oidc:carol@example.com", ActorKind.PERSON),
        ("breakglass:carol", ActorKind.BREAK_GLASS),
        ("emergency-admin", ActorKind.BREAK_GLASS),
        ("system:serviceaccount:kube-system:deployment-controller", ActorKind.CONTROLLER),
        ("system:serviceaccount:argocd:argocd-application-controller", ActorKind.CONTROLLER),
        ("system:serviceaccount:ci:deployer", ActorKind.CI),
        ("system:serviceaccount:gitlab-runner:default", ActorKind.CI),
        ("system:serviceaccount:jenkins:builder", ActorKind.CI),
        ("https://token.actions.githubusercontent.com#repo:acme/app:ref:refs/heads/main", ActorKind.CI),
        ("system:kube-controller-manager", ActorKind.CONTROLLER),
        ("system:node:ip-10-0-0-1", ActorKind.CONTROLLER),
        ("eks:addon-manager", ActorKind.CLOUD_SERVICE),
        ("aksService", ActorKind.CLOUD_SERVICE),
        ("system:anonymous", ActorKind.UNKNOWN),
        ("", ActorKind.UNKNOWN),
        ("arn:aws:iam::111122223333:user/erin", ActorKind.PERSON),
        ("renovate[bot]", ActorKind.CI),
        ("8d2a6a52-5f3c-4f0b-9d4e-7e1c53b2f3aa", ActorKind.UNKNOWN),
    ],
)
def test_accounts_are_told_apart_by_their_names(name: str, kind: ActorKind) -> None:
    assert account(name).kind is kind


def test_a_group_for_emergencies_makes_the_account_one() -> None:
    assert caller(KubernetesCall(authenticated_as="carol@example.com", groups=("sre", "break-glass"))).kind is (
        ActorKind.BREAK_GLASS
    )


@pytest.mark.parametrize(
    ("manager", "agent", "verb", "sub", "path", "words"),
    [
        ("kubectl-edit", "kubectl/v1.30", "patch", "", (), "kubectl edit"),
        ("", "kubectl/v1.30", "patch", "scale", (), "kubectl scale"),
        ("kubectl-set", "kubectl/v1.30", "patch", "", ("spec", "image"), "kubectl set image"),
        ("kubectl-set", "kubectl/v1.30", "patch", "", ("spec", "env", "value"), "kubectl set env"),
        ("kubectl-client-side-apply", "kubectl/v1.30", "patch", "", (), "kubectl apply"),
        (
            "kubectl-rollout",
            "kubectl/v1.30",
            "patch",
            "",
            ("kubectl.kubernetes.io/restartedAt",),
            "kubectl rollout restart",
        ),
        ("", "kubectl/v1.30", "delete", "", (), "kubectl delete"),
        ("", "kubectl/v1.30", "update", "", (), "kubectl replace"),
        ("", "k9s/v0.32.5 (darwin/arm64)", "patch", "", (), "k9s"),
        ("", "OpenLens/6.5.2", "patch", "", (), "Lens"),
        ("helm", "Helm/3.15.2", "patch", "", (), "helm"),
        ("Terraform", "HashiCorp/1.0 Terraform/1.9", "patch", "", (), "Terraform"),
        ("", "kube-controller-manager/v1.33", "update", "scale", (), "HPA"),
        ("cost-tagger", "cost-tagger/1.4", "patch", "", (), "API (cost-tagger)"),
        ("", "", "patch", "", (), "API"),
    ],
)
def test_the_path_is_told_in_words_of_operators(
    manager: str, agent: str, verb: str, sub: str, path: tuple[str, ...], words: str
) -> None:
    query = {"fieldManager": (manager,)} if manager else {}
    assert via_of(KubernetesCall(verb=verb, subresource=sub, user_agent=agent, query=query), path) == words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("apps/Deployment/prod/web", ("apps", "Deployment", "prod", "web")),
        ("apps/v1/Deployment/prod/web", ("apps", "Deployment", "prod", "web")),
        ("Deployment/prod/web", (None, "Deployment", "prod", "web")),
        ("deploy/web", (None, "Deployment", None, "web")),
        ("deployments.apps/prod/web", ("apps", "deployment", "prod", "web")),
        ("/ConfigMap/prod/settings", ("", "ConfigMap", "prod", "settings")),
        ("v1/ConfigMap/prod/settings", ("", "ConfigMap", "prod", "settings")),
        ("/v1/ConfigMap/prod/settings", ("", "ConfigMap", "prod", "settings")),
        ("Namespace/prod", (None, "Namespace", None, "prod")),
        ("rbac.authorization.k8s.io/ClusterRole/view", ("rbac.authorization.k8s.io", "ClusterRole", None, "view")),
        ("rbac.authorization.k8s.io//ClusterRole/view", ("rbac.authorization.k8s.io", "ClusterRole", None, "view")),
        ("ClusterRole/system:node", (None, "ClusterRole", None, "system:node")),
        ("keda.sh/v1alpha1/ScaledObject/a/b", ("keda.sh", "ScaledObject", "a", "b")),
    ],
)
def test_resources_are_named_in_every_usual_way(text: str, expected: tuple[str | None, ...]) -> None:
    assert tuple(parse_resource(text)) == expected


@pytest.mark.parametrize("text", ["", "web", "/", "a/b/c/d/e/f", "Deployment/"])
def test_a_resource_that_names_nothing_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_resource(text)


@pytest.mark.parametrize(
    ("kind", "plural"),
    [("NetworkPolicy", "networkpolicies"), ("Ingress", "ingresses"), ("Endpoints", "endpoints"), ("Queue", "queues"),
     ("IngressClass", "ingressclasses"), ("StorageClass", "storageclasses"), ("Gateway", "gateways")],
)  # fmt: skip
def test_kinds_are_found_under_the_plural_of_the_api(kind: str, plural: str) -> None:
    assert parse_resource(f"x/Foo/{kind}/n/w".replace("x/Foo/", "example.com/")).is_about(
        KubernetesCall(group="example.com", resource=plural, namespace="n", name="w")
    )


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2026-11-21T08:41:53.123456Z", "2026-11-21T08:41:53.123456+00:00"),
        ("2026-11-21T08:41:53.123456789Z", "2026-11-21T08:41:53.123456+00:00"),
        ("2026-11-21T10:41:53+02:00", "2026-11-21T08:41:53+00:00"),
        ("2020-11-20 06:19:05.000", "2020-11-20T06:19:05+00:00"),
        ("...", None),
        (12, None),
        ("0001-01-01T00:00:00+14:00", None),
    ],
)
def test_times_of_every_spelling(text: Any, iso: str | None) -> None:
    found = moment(text)
    assert (found.isoformat() if found else None) == iso
