"""Pauses on a real Argo CD: they hold, what was taken comes back byte for byte, and a crash loses nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from drifttui.core.pause_note import NOTE
from tests.cluster.cluster import Cluster
from tests.cluster.pausing import (
    ALONE,
    NESTED,
    OF_SET,
    ROOT,
    SET,
    change,
    fingerprint,
    pausing_units,
    read,
    reconcile,
    until,
    value,
)
from tests.cluster.test_drifttui import drifttui, flags
from tests.conforms import departures

pytestmark = pytest.mark.cluster

WHY = ["--reason", "payment latency", "--for", "2h", "--link", "INC-9127"]
OWNERS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    ALONE: ((), ()),
    OF_SET: ((), (SET,)),
    NESTED: ((ROOT,), ()),
}
"""Unit to the Applications and ApplicationSets above it."""


@pytest.fixture(scope="module")
def units(cluster: Cluster) -> Iterator[dict[str, bytes]]:
    """Every unit and owner as it is before anything was paused."""
    with pausing_units(cluster):
        yield fingerprint(cluster)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An operator: settings, ledger and all."""
    return tmp_path / "alice"


@pytest.fixture(autouse=True)
def nothing_is_left(cluster: Cluster, units: dict[str, bytes], home: Path) -> Iterator[None]:
    """One test that fails leaves no pause to the next."""
    yield
    if fingerprint(cluster) != units:
        for unit in OWNERS:
            resume(cluster, home, unit)


def told(done: subprocess.CompletedProcess[str], code: int = 0) -> dict[str, Any]:
    assert done.returncode == code, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert departures(found, found["schema"].split("/")[0].removeprefix("drifttui.")) == []
    return found


def result(done: subprocess.CompletedProcess[str], code: int = 0) -> str:
    return str(told(done, code)["plans"][0]["result"])


def pause(cluster: Cluster, home: Path, unit: str, *more: str) -> subprocess.CompletedProcess[str]:
    return drifttui(home, "pause", unit, *WHY, "--yes", "--json", *more, *flags(cluster))


def resume(cluster: Cluster, home: Path, unit: str) -> subprocess.CompletedProcess[str]:
    return drifttui(home, "resume", unit, "--yes", "--json", *flags(cluster))


def pauses(cluster: Cluster, home: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return drifttui(home, "pauses", "--json", *more, *flags(cluster))


def killed(
    cluster: Cluster, home: Path, moment: str, purpose: str, unit: str, *more: str, given: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    """With the flags of Argo CD, unless others are given."""
    session = given or flags(cluster)
    command = [sys.executable, "-m", "tests.cluster.killed", moment, purpose, unit, *more, *session]
    root = Path(__file__).parents[2]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(home), "TERM": "dumb", "PYTHONPATH": str(root)}
    return subprocess.run(command, env=environment, cwd=root, capture_output=True, text=True, check=False)


def survives(cluster: Cluster, unit: str) -> None:
    """A change by hand stands through three reconciliations of the unit and of everything above it."""
    applications, sets = OWNERS[unit]
    change(cluster, unit, "120s")
    for _ in range(3):
        reconcile(cluster, *applications, unit, sets=sets)
        assert value(cluster, unit) == "120s"
    assert read(cluster, unit)["spec"]["syncPolicy"]["automated"]["enabled"] is False


def healed(cluster: Cluster, unit: str) -> None:
    until(f"{unit} is healed", lambda: value(cluster, unit) == "5s")


def test_without_a_pause_the_change_is_undone(cluster: Cluster, units: dict[str, bytes]) -> None:
    """Else the other tests would prove nothing."""
    for unit in OWNERS:
        change(cluster, unit, "120s")
    for unit in OWNERS:
        healed(cluster, unit)


@pytest.mark.parametrize("unit", list(OWNERS))
def test_paused_a_change_survives_and_resumed_all_is_byte_for_byte_as_it_was(
    cluster: Cluster, units: dict[str, bytes], home: Path, unit: str
) -> None:
    planned = told(pause(cluster, home, unit, "--dry-run"))["plans"][0]
    assert planned["holds"], planned["plan"]
    assert fingerprint(cluster) == units, "showing a plan writes nothing"
    assert result(pause(cluster, home, unit, "--no-wait")) == "written"
    assert fingerprint(cluster) != units
    survives(cluster, unit)
    (standing,) = told(pauses(cluster, home, "--check"))["pauses"]
    assert (standing["unit"].rpartition("/")[2], standing["verdict"]) == (unit, "standing")
    shown = drifttui(home, "resume", unit, "--dry-run", *flags(cluster))
    assert f"ConfigMap/{unit}" in shown.stdout, "what will be reverted is shown"
    assert result(resume(cluster, home, unit)) == "resumed"
    assert fingerprint(cluster) == units
    healed(cluster, unit)
    assert told(pauses(cluster, home, "--check"))["pauses"] == []


def test_it_is_watched_until_it_is_proven(cluster: Cluster, units: dict[str, bytes], home: Path) -> None:
    """Through the command as it is: done as soon as three reconciliations were seen."""
    command = [sys.executable, "-m", "drifttui", "pause", ALONE, *WHY, "--yes", "--json", *flags(cluster)]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(home), "TERM": "dumb"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        try:
            while run.poll() is None:
                reconcile(cluster, ALONE)
        finally:
            run.terminate()
        said, told_meanwhile = run.communicate()
    assert run.returncode == 0, told_meanwhile
    (plan,) = json.loads(said)["plans"]
    assert plan["result"] == "holding"
    assert "3 reconciliations seen" in plan["message"]
    assert result(resume(cluster, home, ALONE)) == "resumed"
    assert fingerprint(cluster) == units


@pytest.mark.parametrize("unit", [OF_SET, NESTED])
def test_without_its_owner_a_pause_is_undone_and_the_owner_named(
    cluster: Cluster, units: dict[str, bytes], home: Path, unit: str
) -> None:
    done = killed(cluster, home, "never", "pause", unit, "--without-owners", "--watch", "60")
    ((said, message, by),) = json.loads(done.stdout)
    assert (said, by.startswith("argocd-")) == ("undone", True), (message, by)
    assert told(pauses(cluster, home, "--check"), 3)["pauses"][0]["verdict"] == "undone"
    until("the owner put all back", lambda: _without_note(cluster, unit) == units[f"applications/{unit}"])


def _without_note(cluster: Cluster, unit: str) -> bytes:
    """The parent puts back what its Git says, and leaves our annotation: taken off by hand here."""
    if NOTE in read(cluster, unit)["metadata"].get("annotations", {}):
        cluster.kubectl("-n", "argocd", "annotate", "application", unit, f"{NOTE}-", context="alice")
    return fingerprint(cluster)[f"applications/{unit}"]


def test_a_second_operator_sees_it_and_resumes_it(
    cluster: Cluster, units: dict[str, bytes], home: Path, tmp_path: Path
) -> None:
    """With another ledger: all there is to go by is the annotation on the unit."""
    bob = tmp_path / "bob"
    assert result(pause(cluster, home, NESTED, "--no-wait")) == "written"
    (seen,) = told(pauses(cluster, bob, "--check"))["pauses"]
    assert (seen["source"], seen["reason"], seen["link"]) == ("annotation", "payment latency", "INC-9127")
    assert result(resume(cluster, bob, NESTED)) == "resumed"
    assert fingerprint(cluster) == units
    (ended,) = told(pauses(cluster, home, "--check"))["pauses"]
    assert ended["verdict"] == "resumed", "and the first one is told so"
    assert told(pauses(cluster, home, "--check"))["pauses"] == []


@pytest.mark.parametrize(
    ("moment", "outcome"),
    [
        ("journalled", "cancelled"),
        ("answered 1/2", "rolled-back"),
        ("written 1/2", "rolled-back"),
        ("answered 2/2", "written"),
        ("written 2/2", "written"),
        ("verifying", ""),
    ],
)
def test_killed_while_pausing(
    cluster: Cluster, units: dict[str, bytes], home: Path, moment: str, outcome: str
) -> None:  # fmt: skip
    """After the intent and before the write, after a write and before its step, between steps, before the outcome,
    while it is watched."""
    assert killed(cluster, home, moment, "pause", NESTED).returncode == -9
    answer = told(pauses(cluster, home))
    assert [each["result"] for each in answer["recovered"]] == ([outcome] if outcome else [])
    if outcome in ("cancelled", "rolled-back"):
        assert answer["pauses"] == []
    else:
        assert [each["verdict"] for each in answer["pauses"]] == ["standing"]
        assert read(cluster, NESTED)["spec"]["syncPolicy"]["automated"]["enabled"] is False
        assert result(resume(cluster, home, NESTED)) == "resumed"
    assert fingerprint(cluster) == units
    assert told(pauses(cluster, home))["recovered"] == [], "told once"


@pytest.mark.parametrize(
    ("moment", "outcome"),
    [("journalled", "cancelled"), ("answered 1/2", "resumed"), ("written 1/2", "resumed"), ("written 2/2", "resumed")],
)
def test_killed_while_resuming(
    cluster: Cluster, units: dict[str, bytes], home: Path, moment: str, outcome: str
) -> None:  # fmt: skip
    assert result(pause(cluster, home, NESTED, "--no-wait")) == "written"
    assert killed(cluster, home, moment, "resume", NESTED).returncode == -9
    answer = told(pauses(cluster, home))
    assert [each["result"] for each in answer["recovered"]] == [outcome]
    if outcome == "cancelled":
        assert [each["verdict"] for each in answer["pauses"]] == ["standing"]
        assert result(resume(cluster, home, NESTED)) == "resumed"
    assert fingerprint(cluster) == units


def test_what_somebody_changed_meanwhile_is_not_overwritten(
    cluster: Cluster, units: dict[str, bytes], home: Path
) -> None:
    assert result(pause(cluster, home, ALONE, "--no-wait")) == "written"
    policy = '{"spec":{"syncPolicy":{"automated":{"prune":false}}}}'
    back = policy.replace("false", "true")
    cluster.kubectl("-n", "argocd", "patch", "application", ALONE, "--type=merge", "-p", policy, context="alice")
    refused = told(resume(cluster, home, ALONE), 1)["plans"][0]
    assert refused["result"] == "refused"
    assert "prune" in refused["message"]
    cluster.kubectl("-n", "argocd", "patch", "application", ALONE, "--type=merge", "-p", back, context="alice")
    assert result(resume(cluster, home, ALONE)) == "resumed"
    assert fingerprint(cluster) == units


def test_read_only_writes_nothing(cluster: Cluster, units: dict[str, bytes], home: Path) -> None:
    done = pause(cluster, home, ALONE, "--read-only")
    assert done.returncode == 1
    assert "Refused by --read-only" in done.stderr
    assert fingerprint(cluster) == units


def test_through_rest_alone(cluster: Cluster, units: dict[str, bytes], home: Path) -> None:
    """Without a kubeconfig: Argo CD's own interface, which has no precondition, so that it is read again."""
    rest = [*flags(cluster)[6:], "--no-kubernetes"]
    planned = told(drifttui(home, "pause", ALONE, *WHY, "--yes", "--json", "--no-wait", *rest))
    assert planned["plans"][0]["plan"]["writes"][0]["target"]["door"] == "argocd"
    assert read(cluster, ALONE)["spec"]["syncPolicy"]["automated"]["enabled"] is False
    assert result(drifttui(home, "resume", ALONE, "--yes", "--json", *rest)) == "resumed"
    assert fingerprint(cluster) == units
