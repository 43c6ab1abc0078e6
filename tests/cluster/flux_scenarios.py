"""Drift under Flux, done by real people and programs: what each leaves, who did it, and what Flux says.

Like those of Argo CD (`scenarios/catalogue.py`), with the trail that Flux leaves: it says nothing until its interval.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.cluster.scenarios.model import Resource, Scenario
from tests.cluster.scenarios.run import causes_of, later, until
from tests.cluster.scenarios.steps import Apply, Kubectl, Rewrite

if TYPE_CHECKING:
    from tests.cluster.cluster import Cluster

ALICE, BOB, CAROL = "alice@example.com", "bob@example.com", "breakglass:carol"
DEPLOYER = "system:serviceaccount:ci:deployer"
RELOADER = "system:serviceaccount:ci:config-reloader"
DEPLOYMENTS = "system:serviceaccount:kube-system:deployment-controller"


@dataclass(frozen=True)
class FluxTrail:
    """What a scenario left behind."""

    scenario: Scenario
    event: Mapping[str, Any]
    events: Sequence[Mapping[str, Any]]


def play(cluster: Cluster, scenario: Scenario, *, confused: bool = True) -> FluxTrail:
    """Do it and wait until the audit log has it. Raises `TimeoutError` saying what never came."""
    start = cluster.audit.end()
    for step in scenario.before if confused else ():
        step.run(cluster, check=False)
    for step in scenario.steps:
        step.run(cluster)
    causes = until(f"the audit log has {scenario.actor}", lambda: causes_of(cluster, start, scenario))
    for step in scenario.then if confused else ():
        step.run(cluster)
    if scenario.after and (confused or not scenario.then):
        until(f"{scenario.after} has written too", lambda: later(cluster, start, scenario))
    return FluxTrail(scenario, causes[-1], cluster.audit.writes(start, scenario.resource.name))


def _deployment(name: str) -> Resource:
    return Resource("apps", "v1", "deployments", "Deployment", "store", name)


def _kubectl(context: str, *arguments: str, editor: str | None = None) -> Kubectl:
    return Kubectl(context, ("-n", "store", *arguments), editor)


_SET_IMAGE = _kubectl(
    "alice", "set", "image", "deployment/frontend", "frontend=registry.example.com/store/frontend:3.1.9-hotfix"
)
_SCALE = _kubectl("bob", "scale", "deployment/eu-prices", "--replicas=6")
_REGION = _kubectl(
    "alice", "patch", "configmap/backend-settings", "--type=merge", "-p", '{"data":{"region":"us-east-1"}}'
)
_ROTATE = _kubectl(
    "breakglass-carol", "patch", "secret/backend-credentials", "-p", '{"stringData":{"api-key":"example-key-by-hand"}}'
)
_TAG = Apply(
    "ci-deployer",
    Resource("", "v1", "services", "Service", "store", "frontend"),
    "cost-tagger",
    {"metadata": {"labels": {"cost-center": "cc-4711"}}},
)
_DEBUG = _kubectl("bob", "set", "env", "deployment/notices", "LOG_LEVEL=debug")
_NO_PRUNE = Kubectl(
    "alice",
    (
        "-n",
        "flux-system",
        "patch",
        "kustomization/calendar",
        "--type=merge",
        "-p",
        json.dumps({"spec": {"prune": False}}),
    ),
)
_SCALE_IGNORED = _kubectl("bob", "scale", "deployment/indexer", "--replicas=5")
_QUEUE = _kubectl("alice", "set", "env", "deployment/reporter", "QUEUE=urgent")
_MAIL = _kubectl("alice", "set", "image", "deployment/mailer", "worker=registry.example.com/store/mailer:5.0.9")
_CONTAINER = "/spec/template/spec/containers/0"

ALL = (
    Scenario(
        "flux-image-changed", "A hotfix image is set by hand; Flux will notice at its interval.", "frontend",
        _deployment("frontend"), [_SET_IMAGE], ALICE, paths=[f"{_CONTAINER}/image"], manager="kubectl-set",
        before=[_SET_IMAGE.dry("bob"), _SET_IMAGE.by("newcomer-dave")],
        then=[Rewrite("config-reloader", _deployment("frontend"))], after=RELOADER,
    ),
    Scenario(
        "flux-replicas-by-hand", "Somebody scales what an overlay declares.", "prices",
        _deployment("eu-prices"), [_SCALE], BOB, subresource="scale", paths=["/spec/replicas"], manager="kubectl",
        before=[_SCALE.dry("alice")], after=DEPLOYMENTS,
    ),
    Scenario(
        "flux-variable-edited", "A value that post-build substitution filled in is edited.", "backend",
        Resource("", "v1", "configmaps", "ConfigMap", "store", "backend-settings"), [_REGION], ALICE,
        paths=["/data/region"], manager="kubectl-patch",
        before=[_REGION.dry("bob"), _REGION.by("newcomer-dave")],
    ),
    Scenario(
        "flux-secret-changed", "A credential that came from a Secret of the cluster is replaced.", "backend",
        Resource("", "v1", "secrets", "Secret", "store", "backend-credentials"), [_ROTATE], CAROL,
        paths=["/data/api-key"], manager="kubectl-patch",
        before=[_ROTATE.dry("alice"), _ROTATE.by("newcomer-dave")],
    ),
    Scenario(
        "flux-label-applied", "A tool adds a label by server-side apply: not of Flux, which leaves it.", "frontend",
        Resource("", "v1", "services", "Service", "store", "frontend"), [_TAG], DEPLOYER,
        paths=["/metadata/labels/cost-center"], manager="cost-tagger",
        before=[_TAG.dry("alice"), _TAG.by("newcomer-dave")],
    ),
    Scenario(
        "flux-while-suspended", "Debug logging is left on while the unit is suspended.", "notices",
        _deployment("notices"), [_DEBUG], BOB, paths=[f"{_CONTAINER}/env/0/value"], manager="kubectl-set",
        before=[_DEBUG.dry("alice"), _DEBUG.by("newcomer-dave")],
        then=[Rewrite("config-reloader", _deployment("notices"))], after=RELOADER,
    ),
    Scenario(
        "flux-child-edited", "A Kustomization that another one declares is edited.", "estate",
        Resource(
            "kustomize.toolkit.fluxcd.io", "v1", "kustomizations", "Kustomization", "flux-system", "calendar"
        ),
        [_NO_PRUNE], ALICE, paths=["/spec/prune"], manager="kubectl-patch",
        before=[_NO_PRUNE.dry("breakglass-carol"), _NO_PRUNE.by("newcomer-dave")],
    ),
    Scenario(
        "helm-ignored", "Replicas are scaled under a driftDetection rule that tells Flux not to look.", "indexer",
        _deployment("indexer"), [_SCALE_IGNORED], BOB, subresource="scale", hidden=["/spec/replicas"],
        manager="kubectl", before=[_SCALE_IGNORED.dry("alice")], after=DEPLOYMENTS, unit_namespace="store",
    ),
    Scenario(
        "helm-warned", "A queue is changed where drift is only reported.", "reporter",
        _deployment("reporter"), [_QUEUE], ALICE, paths=[f"{_CONTAINER}/env/0/value"], manager="kubectl-set",
        before=[_QUEUE.dry("bob"), _QUEUE.by("newcomer-dave")],
        then=[Rewrite("config-reloader", _deployment("reporter"))], after=RELOADER, unit_namespace="store",
    ),
    Scenario(
        "helm-unwatched", "An older image is set where Helm drift is not looked for at all.", "mailer",
        _deployment("mailer"), [_MAIL], ALICE, paths=[f"{_CONTAINER}/image"], manager="kubectl-set",
        before=[_MAIL.dry("bob"), _MAIL.by("newcomer-dave")],
        then=[Rewrite("config-reloader", _deployment("mailer"))], after=RELOADER, unit_namespace="store",
    ),
)  # fmt: skip

BY_NAME = {each.name: each for each in ALL}
