"""A CloudFormation stack as one row of the worklist."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ...core.errors import inert
from ...core.identity import Engine, UnitId
from ...core.unit import Auto, Condition, Operation, Unit, environment_of

_SYNC = {"DRIFTED": "OutOfSync", "IN_SYNC": "Synced"}


def row_of(stack: Mapping[str, Any], source: str, region: str, now: datetime) -> Unit:
    """A stack as `DescribeStacks` lists it. Outputs and parameters may hold secrets and are not looked at."""
    name = inert(str(stack.get("StackName") or ""), 128)
    status = str(stack.get("StackStatus") or "")
    arn = str(stack.get("StackId") or "")
    held = stack.get("DriftInformation")
    drift: Mapping[str, Any] = held if isinstance(held, dict) else {}
    said, checked = str(drift.get("StackDriftStatus") or "NOT_CHECKED"), _moment(drift.get("LastCheckTimestamp"))
    busy = status.endswith("_IN_PROGRESS")
    changed = _moment(stack.get("LastUpdatedTime")) or _moment(stack.get("CreationTime"))
    outdated = checked is not None and changed is not None and checked < changed
    conditions = []
    if said not in _SYNC:
        conditions.append(Condition("DriftUnknown", f"Drift detection says {inert(said, 40)}.", checked))
    if busy:
        conditions.append(Condition("StackBusy", f"{status}: what drifted is unknown until it ends.", changed, True))
    elif outdated:
        conditions.append(Condition("DriftOutdated", "The stack was changed after drift was last detected.", checked))
    if said == "DRIFTED":
        lever = "A change set with DeploymentMode REVERT_DRIFT would put it back; drifttui makes none."
        conditions.append(Condition("RevertLever", lever))
    if why := inert(str(stack.get("StackStatusReason") or ""), 300):
        conditions.append(Condition("StackStatus", f"{status}: {why}", changed, "FAILED" in status))
    tags = {str(one.get("Key")): str(one.get("Value")) for one in stack.get("Tags") or ()}
    account = arn.split(":")[4] if arn.count(":") > 4 else ""
    parent = str(stack.get("ParentId") or "")
    return Unit(
        id=UnitId(Engine.CLOUDFORMATION.value, source, region, name),
        sync="Unknown" if busy or outdated else _SYNC.get(said, "Unknown"),
        health=_health(status),
        auto=Auto.BY_HAND,
        cluster="/".join(part for part in (account, region) if part),
        environment=environment_of({key.lower(): value for key, value in tags.items()}, name),
        reconciled_at=changed,
        observed_at=checked if said in _SYNC and checked is not None else now,
        conditions=tuple(conditions),
        operation=_operation(status, changed, inert(str(stack.get("StackStatusReason") or ""), 300)),
        owner=f"Stack/{inert(parent.split('/')[1], 128)}" if parent.count("/") > 1 else "",
        path=inert(arn, 300),
    )


def _health(status: str) -> str:
    if "FAILED" in status or "ROLLBACK" in status:
        return "Degraded"
    if status.endswith("_IN_PROGRESS"):
        return "Progressing"
    return "Healthy" if status.endswith("_COMPLETE") else "Unknown"


def _operation(status: str, changed: datetime | None, message: str) -> Operation | None:
    if not status:
        return None
    if status.endswith("_IN_PROGRESS"):
        return Operation("Running", changed, message=message)
    return Operation("Failed" if "FAILED" in status or "ROLLBACK" in status else "Succeeded", None, changed, message)


def _moment(value: Any) -> datetime | None:
    return value if isinstance(value, datetime) else None
