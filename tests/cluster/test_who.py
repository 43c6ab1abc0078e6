"""On the real control plane, from its real audit log: every scenario names the right actor, path and fields.

The confusers of each scenario are in the same log: a dry run and a refused call just before the real change, a
controller that writes the object just after.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from drifttui.cli import main
from drifttui.core.attribute import related
from tests.cluster.cluster import Cluster
from tests.cluster.scenarios import ALL, Scenario, Trail
from tests.cluster.test_drifttui import drifttui, flags

pytestmark = pytest.mark.cluster

EXPECTED: Mapping[str, tuple[str, str]] = {
    "image-changed": ("person", "kubectl set image"),
    "replicas-by-hand": ("person", "kubectl scale"),
    "replicas-by-autoscaler": ("controller", "HPA"),
    "env-edited": ("break-glass", "kubectl edit"),
    "configmap-deleted": ("ci", "kubectl delete"),
    "label-applied": ("ci", "API (cost-tagger)"),
    "binding-widened": ("person", "kubectl patch"),
    "sidecar-injected": ("controller", "Argo CD sync"),
    "custom-resource": ("person", "kubectl patch"),
    "secret-changed": ("break-glass", "kubectl patch"),
    "drift-ignored": ("person", "kubectl scale"),
    "generated-child": ("person", "kubectl set resources"),
    "nested-child": ("person", "kubectl set env"),
    "healed": ("person", "kubectl scale"),
}
"""Kind of the account and path, per scenario. A commit leaves no audit event: `render-failed` is not here."""

ACTED = [each for each in ALL if each.name in EXPECTED]


def fields(scenario: Scenario) -> list[str]:
    """What the scenario changed. Of a rule's hidden fields only replicas were written by somebody."""
    if scenario.name in ("drift-ignored", "healed"):
        return ["/spec/replicas"]
    return list(scenario.paths)


def log_of(cluster: Cluster, trail: Trail, folder: Path) -> str:
    """The audit log as it was when the scenario had been played: other tests undo scenarios and play them again."""
    last = max(event["requestReceivedTimestamp"] for event in trail.events)
    with cluster.state.audit_log.open("rb") as log, (folder / "audit.log").open("wb") as cut:
        cut.writelines(line for line in log if line.endswith(b"\n") and received(line) <= last)
    return str(folder / "audit.log")


def received(line: bytes) -> str:
    return line.partition(b'"requestReceivedTimestamp":"')[2].partition(b'"')[0].decode()


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["who", *arguments, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.fixture(autouse=True)
def own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))


@pytest.mark.parametrize("with_object", [True, False], ids=["with the live object", "from the log alone"])
@pytest.mark.parametrize("asked", [True, False], ids=["asked about the field", "not asked"])
@pytest.mark.parametrize("scenario", ACTED, ids=[each.name for each in ACTED])
def test_the_right_actor_and_path_stand_first(
    cluster: Cluster, trails: dict[str, Trail], scenario: Scenario, asked: bool, with_object: bool,
    capsys: pytest.CaptureFixture[str], tmp_path: Path,
) -> None:  # fmt: skip
    trail, resource = trails[scenario.name], scenario.resource
    named = f"{resource.group}/{resource.kind}/{resource.namespace}/{resource.name}"
    arguments = ["--audit", log_of(cluster, trail, tmp_path), "--resource", named]
    if asked:
        arguments += [part for path in fields(scenario) for part in ("--path", path)]
    if with_object and trail.live is not None:
        live = tmp_path / "live.json"
        live.write_text(json.dumps(trail.live))
        arguments += ["--object", str(live)]
    found = answer(capsys, *arguments)
    first = found["lines"][0]
    assert (first["actor"]["name"], first["actor"]["kind"], first["via"]) == (scenario.actor, *EXPECTED[scenario.name])
    assert trail.event is not None
    assert first["event_ids"][0] == trail.event["auditID"]
    assert first["confidence"] > 0.8
    written = {line["path"] for line in found["lines"] if line["actor"]["name"] == scenario.actor}
    if asked or (with_object and scenario.name != "binding-widened"):
        assert set(fields(scenario)) <= written


@pytest.mark.parametrize("scenario", [each for each in ACTED if each.before], ids=lambda each: each.name)
def test_confusers_are_set_aside_by_name(
    cluster: Cluster, trails: dict[str, Trail], scenario: Scenario, capsys: pytest.CaptureFixture[str]
) -> None:
    resource = scenario.resource
    named = f"{resource.group}/{resource.kind}/{resource.namespace}/{resource.name}"
    found = answer(capsys, "--audit", str(cluster.state.audit_log), "--resource", named)
    aside = " ".join(found["set_aside"])
    assert "dry run" in aside
    blamed = {line["actor"]["name"] for line in found["lines"]}
    assert blamed <= {scenario.actor, scenario.after, "system:serviceaccount:argocd:argocd-application-controller"}
    assert "dave@example.com" not in blamed


@pytest.mark.parametrize("scenario", ACTED, ids=lambda each: each.name)
def test_however_often_it_happened_the_same_actor_stands_first(
    cluster: Cluster, trails: dict[str, Trail], scenario: Scenario, capsys: pytest.CaptureFixture[str]
) -> None:
    """The whole log, in which a scenario may have been undone and played again."""
    resource = scenario.resource
    named = f"{resource.group}/{resource.kind}/{resource.namespace}/{resource.name}"
    asked = [part for path in fields(scenario) for part in ("--path", path)]
    found = answer(capsys, "--audit", str(cluster.state.audit_log), "--resource", named, *asked)
    first = found["lines"][0]
    assert (first["actor"]["name"], first["actor"]["kind"], first["via"]) == (scenario.actor, *EXPECTED[scenario.name])


def test_every_scenario_with_an_audit_event_is_here() -> None:
    assert {each.name for each in ALL if each.verb != "commit"} == set(EXPECTED)


# Through a whole session: units listed, looked into, and asked about, with the audit log as one of its sources.

NOBODY: Mapping[str, Any] = {"actor": {"name": None, "kind": "unknown"}, "via": "", "confidence": 0.0}
FOUND = [each for each in ACTED if each.paths]
"""Scenarios that leave something that differs; the rest was put back, or is hidden by a rule."""


def live(cluster: Cluster, home: Path, target: str) -> subprocess.CompletedProcess[str]:
    return drifttui(home, "who", target, "--audit", str(cluster.state.audit_log), "--json", *flags(cluster))


@pytest.fixture(scope="module")
def answers(
    cluster: Cluster, trails: dict[str, Trail], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    home = tmp_path_factory.mktemp("home")
    found = {}
    for scenario in FOUND:
        done = live(cluster, home, f"{scenario.unit_namespace}/{scenario.unit}")
        assert done.returncode in (0, 3), done.stderr
        found[scenario.name] = json.loads(done.stdout)
    return found


def about(scenario: Scenario, answer: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    resource = scenario.resource
    wanted = "/".join(filter(None, (resource.group, resource.kind, resource.namespace, resource.name)))
    return [line for line in answer["lines"] if line["resource"] == wanted]


@pytest.mark.parametrize("scenario", FOUND, ids=lambda each: each.name)
def test_a_session_names_the_right_actor_and_path_past_the_confusers(
    answers: dict[str, dict[str, Any]], scenario: Scenario
) -> None:
    lines = about(scenario, answers[scenario.name])
    assert lines, answers[scenario.name]["unseen"]
    first = lines[0]
    assert (first["actor"]["name"], first["actor"]["kind"], first["via"]) == (scenario.actor, *EXPECTED[scenario.name])
    assert first["confidence"] > 0.8
    written = [line["path"] for line in lines if line["actor"]["name"] == scenario.actor]
    assert all(any(related(path, field) for field in written) for path in scenario.paths)
    blamed = {line["actor"]["name"] for line in lines}
    assert "dave@example.com" not in blamed


def test_the_table_of_scenarios(answers: dict[str, dict[str, Any]], capsys: pytest.CaptureFixture[str]) -> None:
    wrong = []
    with capsys.disabled():
        print()
        for scenario in FOUND:
            lines = about(scenario, answers[scenario.name])
            first = lines[0] if lines else NOBODY
            found = (first["actor"]["name"], first["actor"]["kind"], first["via"])
            if found != (scenario.actor, *EXPECTED[scenario.name]):
                wrong.append(scenario.name)
            name = str(found[0]).removeprefix("system:serviceaccount:")
            word = "WRONG" if scenario.name in wrong else "right"
            print(f"  {scenario.name:24} {name:40} {found[1]:12} {found[2]:22} {first['confidence']:>4.0%}  {word}")
    assert not wrong
