"""Pauses on a real Flux: they hold, what was taken comes back byte for byte, and a crash loses nothing."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.pausing import change, value
from tests.cluster.pausing_flux import (
    ALONE,
    DECLARED,
    PARENT,
    RECONCILE,
    RELEASE,
    UNITS,
    fingerprint,
    pausing_units,
    read,
    reconcile,
    resume_by_hand,
)
from tests.cluster.test_drifttui import drifttui
from tests.cluster.test_pauses import WHY, killed, result, told

pytestmark = pytest.mark.cluster

OWNERS: dict[str, tuple[str, ...]] = {ALONE: (), DECLARED: (PARENT,), RELEASE: ()}


@pytest.fixture(scope="module")
def units(flux_cluster: Cluster) -> Iterator[dict[str, bytes]]:
    """Every unit and the parent as they are before anything was paused."""
    with pausing_units(flux_cluster):
        yield fingerprint(flux_cluster)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An operator: settings, ledger and all."""
    return tmp_path / "alice"


@pytest.fixture(autouse=True)
def nothing_is_left(flux_cluster: Cluster, units: dict[str, bytes], home: Path) -> Iterator[None]:
    """One test that fails leaves no pause to the next."""
    yield
    if fingerprint(flux_cluster) != units:
        for unit in UNITS:
            resume(flux_cluster, home, unit)


def flags(cluster: Cluster, context: str = "alice") -> list[str]:
    return ["--kubeconfig", str(cluster.state.kubeconfig), "--context", context]


def pause(cluster: Cluster, home: Path, unit: str, *more: str) -> subprocess.CompletedProcess[str]:
    return drifttui(home, "pause", unit, *WHY, "--yes", "--no-wait", "--json", *more, *flags(cluster))


def resume(cluster: Cluster, home: Path, unit: str, context: str = "alice") -> subprocess.CompletedProcess[str]:
    return drifttui(home, "resume", unit, "--yes", "--json", *flags(cluster, context))


def pauses(cluster: Cluster, home: Path, *more: str, context: str = "alice") -> subprocess.CompletedProcess[str]:
    return drifttui(home, "pauses", "--json", *more, *flags(cluster, context))


def die(
    cluster: Cluster, home: Path, moment: str, purpose: str, unit: str, *more: str
) -> subprocess.CompletedProcess[str]:
    return killed(cluster, home, moment, purpose, unit, *more, given=flags(cluster))


def healed(cluster: Cluster, unit: str) -> None:
    assert reconcile(cluster, unit) == "done"
    assert value(cluster, unit) == "5s"


@pytest.mark.parametrize("unit", UNITS)
def test_without_a_pause_the_change_is_undone(flux_cluster: Cluster, units: dict[str, bytes], unit: str) -> None:
    """Else the other tests would prove nothing."""
    change(flux_cluster, unit, "120s")
    healed(flux_cluster, unit)


def test_without_the_lever_the_parent_puts_it_back(flux_cluster: Cluster, units: dict[str, bytes]) -> None:
    """A suspension by hand, which its Git contradicts."""
    resume_by_hand(flux_cluster, DECLARED, "kubectl-patch", to=True)
    assert reconcile(flux_cluster, PARENT) == "done"
    assert read(flux_cluster, DECLARED)["spec"]["suspend"] is False
    assert fingerprint(flux_cluster) == units


@pytest.mark.parametrize("unit", UNITS)
def test_paused_a_change_survives_and_resumed_all_is_byte_for_byte_as_it_was(
    flux_cluster: Cluster, units: dict[str, bytes], home: Path, unit: str
) -> None:
    planned = told(pause(flux_cluster, home, unit, "--dry-run"))["plans"][0]
    assert planned["holds"], planned["plan"]
    assert fingerprint(flux_cluster) == units, "showing a plan writes nothing"
    assert result(pause(flux_cluster, home, unit)) == "written"
    survives(flux_cluster, unit)
    (standing,) = told(pauses(flux_cluster, home, "--check"))["pauses"]
    assert (standing["unit"].rpartition("/")[2], standing["verdict"]) == (unit, "standing")
    shown = drifttui(home, "resume", unit, "--dry-run", *flags(flux_cluster))
    assert f"ConfigMap/{unit} /data/timeout: 120s → 5s" in shown.stdout, "what will be reverted is shown"
    assert result(resume(flux_cluster, home, unit)) == "resumed"
    assert fingerprint(flux_cluster) == units
    healed(flux_cluster, unit)
    assert told(pauses(flux_cluster, home, "--check"))["pauses"] == []


def survives(cluster: Cluster, unit: str) -> None:
    """A change by hand stands through three reconciliations of everything above the unit, and three that its own
    controller was asked for and refused."""
    change(cluster, unit, "120s")
    for _ in range(3):
        assert [reconcile(cluster, owner) for owner in OWNERS[unit]] == ["done"] * len(OWNERS[unit])
        assert reconcile(cluster, unit) == "suspended"
        assert value(cluster, unit) == "120s"
    assert read(cluster, unit)["spec"]["suspend"] is True


def test_paused_again_at_once_it_holds_as_well(
    flux_cluster: Cluster, units: dict[str, bytes], home: Path
) -> None:  # fmt: skip
    """After a resume the field is ours until the parent applies again: Git declares it all the same."""
    for _ in range(2):
        answer = told(pause(flux_cluster, home, DECLARED))["plans"][0]
        assert [each["who"] for each in answer["plan"]["undoers"]] == [f"Kustomization/{PARENT}"]
        assert read(flux_cluster, DECLARED)["metadata"]["annotations"][RECONCILE] == "disabled"
        assert result(resume(flux_cluster, home, DECLARED)) == "resumed"
    assert fingerprint(flux_cluster) == units


def test_it_is_watched_until_it_is_proven(flux_cluster: Cluster, units: dict[str, bytes], home: Path) -> None:
    """Suspended, a unit tells of no reconciliation any more: the time to watch decides."""
    done = die(flux_cluster, home, "never", "pause", DECLARED, "--watch", "3")
    assert done.returncode == 0, done.stderr
    assert '"holding"' in done.stdout
    assert result(resume(flux_cluster, home, DECLARED)) == "resumed"
    assert fingerprint(flux_cluster) == units


def test_a_second_operator_sees_it_and_resumes_it(
    flux_cluster: Cluster, units: dict[str, bytes], home: Path, tmp_path: Path
) -> None:
    """With another ledger and another context: all there is to go by is the annotation on the unit."""
    carol, context = tmp_path / "carol", "breakglass-carol"
    assert result(pause(flux_cluster, home, DECLARED)) == "written"
    (seen,) = told(pauses(flux_cluster, carol, "--check", context=context))["pauses"]
    assert (seen["source"], seen["reason"], seen["link"]) == ("annotation", "payment latency", "INC-9127")
    shown = drifttui(carol, "resume", DECLARED, "--dry-run", *flags(flux_cluster, context))
    assert "payment latency" in shown.stdout
    assert result(resume(flux_cluster, carol, DECLARED, context)) == "resumed"
    assert fingerprint(flux_cluster) == units
    (ended,) = told(pauses(flux_cluster, home, "--check"))["pauses"]
    assert ended["verdict"] == "resumed", "and the first one is told so"
    assert told(pauses(flux_cluster, home, "--check"))["pauses"] == []


def test_a_stripped_lever_is_told_and_what_undid_it_is_named(
    flux_cluster: Cluster, units: dict[str, bytes], home: Path
) -> None:
    assert result(pause(flux_cluster, home, DECLARED)) == "written"
    flux_cluster.kubectl(
        "-n", "flux-system", "annotate", "kustomization", DECLARED, f"{RECONCILE}-", context="breakglass-carol"
    )  # fmt: skip
    assert reconcile(flux_cluster, PARENT) == "done"
    (undone,) = told(pauses(flux_cluster, home, "--check"), 3)["pauses"]
    assert undone["verdict"] == "undone"
    assert undone["by"] == "kustomize-controller"
    assert result(resume(flux_cluster, home, DECLARED)) == "resumed", "the annotation is tidied up"
    assert fingerprint(flux_cluster) == units


@pytest.mark.parametrize(("unit", "to"), [(ALONE, False), (DECLARED, None), (RELEASE, None)])
def test_resumed_by_hand_is_told_with_the_manager_that_holds_the_field(
    flux_cluster: Cluster, units: dict[str, bytes], home: Path, unit: str, to: bool | None
) -> None:  # fmt: skip
    """`flux resume` takes the field out, and what is gone has no holder: then nobody is accused."""
    assert result(pause(flux_cluster, home, unit)) == "written"
    resume_by_hand(flux_cluster, unit, "flux", to=to)
    (undone,) = told(pauses(flux_cluster, home, "--check"), 3)["pauses"]
    assert undone["verdict"] == "undone"
    if to is False:
        assert undone["by"] == "flux"
        assert "spec.suspend is false, was written as true, by flux " in undone["message"]
    else:
        assert undone["by"] == ""
        assert "spec.suspend is not set, was written as true, nobody is named" in undone["message"]
    assert result(resume(flux_cluster, home, unit)) == "resumed", "what is left of it is given back"
    assert fingerprint(flux_cluster) == units


def test_overdue_is_told(flux_cluster: Cluster, units: dict[str, bytes], home: Path) -> None:
    short = ["--reason", "payment latency", "--for", "1s", "--yes", "--no-wait", "--json"]
    assert result(drifttui(home, "pause", RELEASE, *short, *flags(flux_cluster))) == "written"
    time.sleep(1)
    (overdue,) = told(pauses(flux_cluster, home, "--check"), 2)["pauses"]
    assert (overdue["verdict"], overdue["overdue"]) == ("overdue", True)
    assert result(drifttui(home, "resume", "--all-overdue", "--yes", "--json", *flags(flux_cluster))) == "resumed"
    assert fingerprint(flux_cluster) == units


@pytest.mark.parametrize(
    ("moment", "outcome"), [("journalled", "cancelled"), ("answered 1/1", "written"), ("written 1/1", "written")]
)
def test_killed_while_pausing(
    flux_cluster: Cluster, units: dict[str, bytes], home: Path, moment: str, outcome: str
) -> None:  # fmt: skip
    """After the intent and before the write, after the write and before its step, before the outcome."""
    assert die(flux_cluster, home, moment, "pause", DECLARED).returncode == -9
    answer = told(pauses(flux_cluster, home))
    assert [each["result"] for each in answer["recovered"]] == [outcome]
    if outcome == "cancelled":
        assert answer["pauses"] == []
    else:
        assert [each["verdict"] for each in answer["pauses"]] == ["standing"]
        survives(flux_cluster, DECLARED)
        assert result(resume(flux_cluster, home, DECLARED)) == "resumed"
    assert fingerprint(flux_cluster) == units
    assert told(pauses(flux_cluster, home))["recovered"] == [], "told once"


@pytest.mark.parametrize(("moment", "outcome"), [("journalled", "cancelled"), ("answered 1/1", "resumed")])
def test_killed_while_resuming(
    flux_cluster: Cluster, units: dict[str, bytes], home: Path, moment: str, outcome: str
) -> None:  # fmt: skip
    assert result(pause(flux_cluster, home, DECLARED)) == "written"
    assert die(flux_cluster, home, moment, "resume", DECLARED).returncode == -9
    answer = told(pauses(flux_cluster, home))
    assert [each["result"] for each in answer["recovered"]] == [outcome]
    if outcome == "cancelled":
        assert [each["verdict"] for each in answer["pauses"]] == ["standing"]
        assert result(resume(flux_cluster, home, DECLARED)) == "resumed"
    assert fingerprint(flux_cluster) == units
