"""Sessions on the disk, made through the code that records real ones."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from drifttui.core.board import Depth, Look
from drifttui.core.finding import Change, Finding, PlaneStamp
from drifttui.core.health import SourceHealth, Standing
from drifttui.core.identity import ResourceRef, UnitId
from drifttui.core.inspection import Inspection, Revision
from drifttui.core.planes import Observation, Plane, ThreePlanes
from drifttui.core.ports import Batch
from drifttui.core.unit import Auto, Unit
from drifttui.core.verdict import Reason, Verdict
from drifttui.services.recording import Recorder

AT = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
SOURCE = "argocd:a"
VERDICT = Verdict("unauthorized", "identity", "critical", "revert-runtime", reasons=(Reason("hand", "by hand"),))


def minute(number: float) -> datetime:
    return AT + timedelta(minutes=number)


def unit_id(name: str) -> UnitId:
    return UnitId("argocd", SOURCE, "argocd", name)


def unit(name: str, sync: str = "Synced") -> Unit:
    return Unit(unit_id(name), sync, "Healthy", Auto.HEALS, "in-cluster", environment="prod", observed_at=AT)


def ref(name: str) -> ResourceRef:
    return ResourceRef("in-cluster", "rbac.authorization.k8s.io", "Role", name, "admin")


def finding(name: str, value: str = "*") -> Finding:
    return Finding(
        id=f"f-{name}",
        unit=unit_id(name),
        ref=ref(name),
        changes=(Change("/rules/0/verbs", "/rules/0/verbs", ["get"], ["get"], ["get", value]),),
        hidden=(),
        planes={plane: PlaneStamp("argocd:a", "managed-resources", minute(1), "9fd2c1") for plane in Plane},
        first_seen=minute(1),
        last_seen=minute(1),
        verdict=VERDICT,
        fingerprint=f"print-{value}",
    )


def inspection(name: str, at: datetime, note: str = "", *, clean: bool = False) -> Inspection:
    def observed(plane: Plane, verbs: list[str]) -> Observation:
        document = {
            "kind": "Role",
            "metadata": {"name": name, "annotations": {"note": note}},
            "rules": [{"verbs": verbs}],
        }
        return Observation(ref(name), plane, document, SOURCE, "managed-resources", at)

    planes = ThreePlanes(
        ref(name),
        observed(Plane.DESIRED, ["get"]),
        observed(Plane.RECORDED, ["get"]),
        observed(Plane.ACTUAL, ["get"] if clean else ["get", "*"]),
    )
    revisions = (
        Revision("9fd2c1a8b7e6", minute(-20), "carol", "tighten roles", minute(-30), "admin", "git.example/x"),
    )
    return Inspection(unit_id(name), at, (planes,), revisions=revisions)


class Play:
    """A recorder whose clock the test moves."""

    def __init__(self, folder: Path, incident: str = "INC-1") -> None:
        self.now = AT
        self.recorder = Recorder(lambda: self.now, incident=incident, folder=folder)

    def rows(self, at: float, names: Iterable[str], sync: str = "Synced") -> None:
        self.now = minute(at)
        self.recorder.batch(Batch(SOURCE, self.now, units=tuple(unit(name, sync) for name in names), complete=True))

    def health(self, at: float, standing: Standing, error: str = "") -> None:
        self.now = minute(at)
        health = SourceHealth(SOURCE, "Argo CD", standing, error=error)
        self.recorder.batch(Batch(SOURCE, self.now, health=health))

    def look(self, at: float, name: str, *findings: Finding, note: str = "") -> None:
        self.now = minute(at)
        seen = inspection(name, self.now, note, clean=not findings)
        self.recorder.batch(Batch(SOURCE, self.now, inspection=seen))
        self.recorder.look(unit_id(name), Look(Depth.READ, findings, seen, 0, self.now))

    def close(self) -> None:
        self.recorder.close()


def incident(folder: Path, note: str = "") -> None:
    """Two units drift; one is put back, its source goes blind for a minute, the other stays."""
    play = Play(folder)
    play.rows(0, ["payments", "checkout", "docs"])
    play.health(0, Standing.OK)
    play.look(1, "payments", finding("payments"), note=note)
    play.look(2, "checkout", finding("checkout"))
    play.health(3, Standing.BLIND, "403")
    play.health(4, Standing.OK)
    play.look(5, "payments", finding("payments", "delete"))
    play.look(6, "payments")
    play.close()
