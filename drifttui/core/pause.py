"""A pause as data: what would undo it, what is written, and how exactly it is taken back.

A plan is built from fresh reads, shown, confirmed, journalled, written and verified; `resume` is a plan of
the same kind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from .identity import UnitId
from .planes import Json


class Purpose(StrEnum):
    PAUSE = "pause"
    RESUME = "resume"


class Door(StrEnum):
    """Through which API an object is written."""

    KUBERNETES = "kubernetes"
    ARGOCD = "argocd"


class Target(NamedTuple):
    """One object that a plan writes."""

    door: Door
    server: str
    """The kubeconfig context, or the name of the Argo CD source (`argocd:eu-west-1`)."""
    group: str
    version: str
    plural: str
    """`applications`, `applicationsets`, `kustomizations`, `helmreleases`."""
    kind: str
    namespace: str
    name: str
    project: str = ""
    """Argo CD only."""

    @property
    def short(self) -> str:
        return f"{self.kind}/{self.name}"


class WriteKind(StrEnum):
    JSON_PATCH = "json-patch"
    STOP_OPERATION = "stop-operation"
    """Ends the sync that is running: switching automation off does not."""


class Write(NamedTuple):
    """One step of a plan."""

    number: int
    """From 1, in the order of writing: the topmost owner first, so that nothing puts a later step back."""
    kind: WriteKind
    target: Target
    words: str
    """What the operator reads: `spec.syncPolicy.automated.enabled  true → false`."""
    patch: tuple[Mapping[str, Any], ...] = ()
    """RFC 6902. It begins with `test` operations on the object's uid and on what is about to change, so that a change
    by somebody else in between refuses the write. A test on resourceVersion would refuse for every status update."""
    undo: tuple[Mapping[str, Any], ...] = ()
    """RFC 6902 that takes it back exactly, with tests that it is still as this step left it."""
    uid: str = ""
    captured: Mapping[str, Json] = {}
    """JSON Pointer → the value before; a pointer that was absent maps to `{"absent": true}`."""
    optional: bool = False
    """The operator may skip it; the pause then holds less far, and `effects` says how."""
    skipped: bool = False
    needs: str = ""
    """The permission: `patch applications.argoproj.io in argocd`, `applications, update`."""


class Undoer(NamedTuple):
    """Something that would put automation back."""

    who: str
    """`ApplicationSet/team-payments`, `Application/root (self-heal)`, `alice's pause`."""
    how: str
    """One line: what it does."""
    when: str
    """`at its next reconcile, within 3m`, `at once`."""
    lever: str
    """What stops it; empty where nothing that drifttui can write does."""
    covered: int = 0
    """The number of the write that holds it off; 0 where none does."""


class Plan(NamedTuple):
    """What will be written, and what it means. Immutable; `core.pause_json` spells it for journal and bundle."""

    id: str
    """Twelve hex digits, random: names the act in the ledger."""
    purpose: Purpose
    unit: UnitId
    cluster: str
    environment: str
    at: datetime
    now: tuple[str, ...]
    """How automation stands now, a line each."""
    undoers: tuple[Undoer, ...]
    writes: tuple[Write, ...]
    effects: tuple[str, ...] = ()
    """What follows: what stops, what will be reverted or deleted on resume, what stays on."""
    undo: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()
    """Why it cannot be carried out: missing rights, a policy that changed meanwhile, a foreign pause. Empty: it can."""
    unknown: tuple[str, ...] = ()
    """What could not be read, so that nobody can promise more."""
    reason: str = ""
    until: datetime | None = None
    link: str = ""
    pause: str = ""
    """Resume: the id of the pause that is taken back; empty where only annotations on the unit told of it."""
    watch_for: timedelta = timedelta(minutes=3)
    """How long to watch until it counts as holding: three reconciliations of what owns it, where the pace is known."""

    @property
    def holds(self) -> bool:
        """Every undoer is held off by a write that is not skipped."""
        kept = {write.number for write in self.writes if not write.skipped}
        return not self.unknown and all(undoer.covered in kept for undoer in self.undoers)


class Progress(NamedTuple):
    """How a plan is going, for the line that stands in place of the plan: `written 1/3 … holding, checked 3 times`."""

    plan: str
    phase: str
    """`journalled`, `writing`, `written`, `verifying`; at the end `holding`, `undone`, `resumed`, `failed`, `unknown`,
    `cancelled`."""
    words: str
    done: bool = False
    failed: bool = False


def writes_of(plans: Sequence[Plan]) -> tuple[Write, ...]:
    """All writes of several plans that are carried out together."""
    return tuple(write for plan in plans for write in plan.writes if not write.skipped)
