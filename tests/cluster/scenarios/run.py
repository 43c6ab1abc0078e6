"""Playing a scenario: the confusers, the real change, and the wait until its whole trail is there."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx

from tests.cluster.audit import is_dry_run
from tests.cluster.scenarios.model import Scenario, Trail

if TYPE_CHECKING:
    from tests.cluster.cluster import Cluster

LIMIT = 180.0


def play(cluster: Cluster, scenario: Scenario, *, confused: bool = True) -> Trail:
    """Do it and wait for the trail. Raises `TimeoutError` saying which part of it never came: when the scenario has
    been played before, there is nothing left to do and so no trail, until `undo`."""
    start = cluster.audit.end()
    for step in scenario.before if confused else ():
        step.run(cluster, check=False)
    for step in scenario.steps:
        step.run(cluster)
    causes = [] if scenario.verb == "commit" else until(
        f"the audit log has {scenario.actor}", lambda: causes_of(cluster, start, scenario)
    )  # fmt: skip
    for step in scenario.then if confused else ():
        step.run(cluster)
    if scenario.after and (confused or not scenario.then):
        until(f"{scenario.after} has written too", lambda: later(cluster, start, scenario))
    application = until(f"Argo CD says {scenario.sync}", lambda: _compared(cluster, scenario))
    return Trail(
        scenario=scenario,
        event=causes[-1] if causes else None,
        events=cluster.audit.writes(start, scenario.resource.name),
        live=cluster.kube.object(scenario.resource.path),
        application=application,
    )


def undo(cluster: Cluster, scenario: Scenario) -> None:
    """Bring the unit back to what Git says, whether or not the scenario was played."""
    for step in scenario.undo:
        step.run(cluster, check=False)
    cluster.argocd().sync(scenario.unit, scenario.unit_namespace)
    synced = replace(scenario, sync="Synced")
    until(f"{scenario.unit} is synced", lambda: _compared(cluster, synced))


def causes_of(cluster: Cluster, start: int, scenario: Scenario) -> list[Mapping[str, Any]]:
    """Writes that took effect: admitted, answered with success, and no dry run."""
    return [
        event
        for event in cluster.audit.writes(start, scenario.resource.name)
        if event["user"]["username"] == scenario.actor
        and event["verb"] == scenario.verb
        and event["objectRef"]["resource"] == scenario.resource.plural
        and event["objectRef"].get("subresource", "") == scenario.subresource
        and event["responseStatus"].get("code", 0) < 300
        and not is_dry_run(event)
    ]


def later(cluster: Cluster, start: int, scenario: Scenario) -> bool:
    return any(
        event["user"]["username"] == scenario.after and event["objectRef"]["resource"] == scenario.resource.plural
        for event in cluster.audit.writes(start, scenario.resource.name)
    )


def _compared(cluster: Cluster, scenario: Scenario) -> Mapping[str, Any] | None:
    """The unit, once Argo CD has said what it should. On a busy machine a refresh may be answered never: ask again."""
    try:
        found = cluster.argocd().application(scenario.unit, scenario.unit_namespace, refresh="normal")
    except httpx.TimeoutException:
        found = cluster.argocd().application(scenario.unit, scenario.unit_namespace)
    settled = found.get("operation") is None and found["status"]["sync"]["status"] == scenario.sync
    return found if settled else None


def until(what: str, ask: Callable[[], Any]) -> Any:
    """The first truthy answer of `ask`."""
    deadline = time.monotonic() + LIMIT
    while not (answer := ask()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {LIMIT:.0f} s until {what}")
        time.sleep(0.2)
    return answer
