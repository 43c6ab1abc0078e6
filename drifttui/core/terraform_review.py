"""A plan as an answer: what drifted, what is pending, what was hidden. Drift and pending change never mix.

Drift is recorded against actual: somebody else changed the object. Pending is actual against desired: what the next
apply would do. Noise is taken from drift alone, because a pending change is what the engine will really write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from .finding import Change, Hidden
from .normalize import same
from .planes import ABSENT, UNKNOWN, Json, Mark, Plane
from .rules_terraform import computed, equality
from .terraform_config import constants
from .terraform_diff import Difference, Values, change, differences
from .terraform_marks import Marks, always_sensitive, joined, sealed
from .terraform_plan import NO_OP, OutputChange, Plan, ResourceChange

SCHEMA: Final = "drifttui.plan/1"


class Entry(NamedTuple):
    """One object that drifted or is about to change."""

    resource: ResourceChange
    changes: tuple[Change, ...]
    hidden: tuple[Hidden, ...] = ()
    equivalent: tuple[Hidden, ...] = ()
    """Pending changes that a rule calls the same value in another spelling. They are shown: the engine writes them."""

    def as_json(self) -> dict[str, Any]:
        resource = self.resource
        entry: dict[str, Any] = {
            "address": resource.address,
            "type": resource.type,
            "actions": list(resource.actions),
            "changes": [change.as_json() for change in self.changes],
        }
        optional: dict[str, Any] = {
            "deposed": resource.deposed,
            "previous_address": resource.previous_address,
            "action_reason": resource.action_reason,
            "importing": resource.importing,
            "replace_paths": list(resource.replace_paths),
            "unknown": list(resource.unknown),
            "deferred": resource.deferred,
            "sensitive": list(resource.sensitive),
            "equivalent": [{"rule": one.rule, "path": one.path} for one in self.equivalent],
        }
        entry.update(
            {name: value for name, value in optional.items() if value or (name == "importing" and value == {})}
        )
        return entry


class OutputEntry(NamedTuple):
    output: OutputChange
    changes: tuple[Change, ...]

    def as_json(self) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "name": self.output.name,
            "actions": list(self.output.actions),
            "changes": [change.as_json() for change in self.changes],
        }
        return {**entry, "unknown": list(self.output.unknown)} if self.output.unknown else entry


class Review(NamedTuple):
    plan: Plan
    drift: tuple[Entry, ...]
    pending: tuple[Entry, ...]
    outputs: tuple[OutputEntry, ...]
    hidden: tuple[tuple[str, Hidden], ...]
    """(address, what a rule took away)."""

    @property
    def totals(self) -> dict[str, int]:
        """Counted as the engines count: a replacement is one to add and one to destroy; moves change no object."""
        pending = [entry.resource for entry in self.pending if entry.resource.mode == "managed"]
        actions = [action for resource in pending for action in resource.actions]
        return {
            "add": actions.count("create"),
            "change": actions.count("update"),
            "destroy": actions.count("delete"),
            "replace": sum("create" in resource.actions and "delete" in resource.actions for resource in pending),
            "import": sum(resource.importing is not None for resource in pending),
            "move": sum(bool(resource.previous_address) for resource in pending),
            "forget": actions.count("forget"),
        }

    @property
    def known(self) -> bool:
        """Whether an empty drift list means that nothing drifted."""
        return self.plan.drift_information and not self.plan.partial

    @property
    def exit_code(self) -> int:
        """2 drift, 3 nobody can say, 0 no drift. Pending changes are no drift."""
        if self.drift:
            return 2
        return 0 if self.known else 3

    @property
    def warnings(self) -> tuple[str, ...]:
        why = (self.plan.no_drift_information,) if self.plan.no_drift_information else ()
        return (*why, *self.plan.partial, *self.plan.warnings)

    def as_json(self) -> dict[str, Any]:
        plan = self.plan
        return {
            "schema": SCHEMA,
            "input": "plan",
            "engine": plan.engine or None,
            "format_version": plan.format_version,
            "terraform_version": plan.tool_version or None,
            "mode": plan.mode or None,
            "planned_at": plan.timestamp or None,
            "drift_information": plan.drift_information,
            "partial": bool(plan.partial),
            "summary": {"drift": len(self.drift), "pending": len(self.pending), **self.totals},
            "drift": [entry.as_json() for entry in self.drift],
            "pending": [entry.as_json() for entry in self.pending],
            "outputs": [entry.as_json() for entry in self.outputs],
            "hidden": [
                {"rule": hidden.rule, "address": address, "path": hidden.path} for address, hidden in self.hidden
            ],
            "warnings": list(self.warnings),
        }


def review(plan: Plan, key: bytes) -> Review:
    """Everything that a plan says, sorted. `key` seals literals of the configuration."""
    planned = {resource.key: resource for resource in plan.changes}
    drifted = {resource.key: resource for resource in plan.drift}
    drift = [
        _drift(resource, planned.get(resource.key), plan, key) for resource in plan.drift if resource.actions != NO_OP
    ]
    pending = [_pending(resource, drifted.get(resource.key), plan) for resource in plan.changes if resource.notable]
    # A refresh-only plan has no other place for a move, which is nobody's drift.
    moved = [resource for resource in plan.drift if resource.actions == NO_OP and resource.key not in planned]
    pending += [_pending(resource, None, plan) for resource in moved if resource.notable]
    return Review(
        plan=plan,
        drift=tuple(entry for entry in drift if entry.changes),
        pending=tuple(pending),
        outputs=tuple(_output(output) for output in plan.outputs),
        hidden=tuple((entry.resource.address, one) for entry in (*drift, *pending) for one in entry.hidden),
    )


def _drift(resource: ResourceChange, planned: ResourceChange | None, plan: Plan, key: bytes) -> Entry:
    configured = plan.expressions(resource.address)
    desired = planned.after if planned else _literal_desired(resource, constants(configured), key)
    values = {Plane.DESIRED: desired, Plane.RECORDED: resource.before, Plane.ACTUAL: resource.after}
    changes: list[Change] = []
    hidden: list[tuple[Hidden, Difference]] = []
    for found in differences(values, Plane.RECORDED, Plane.ACTUAL):
        if planned is None and not found.tokens:
            # A few literals are not the whole object.
            found = found._replace(values={**found.values, Plane.DESIRED: UNKNOWN})
        recorded, actual = found.values[Plane.RECORDED], found.values[Plane.ACTUAL]
        rule = computed(recorded, actual, found.tokens, resource.type, configured) or equality(
            recorded, actual, found.tokens
        )
        shown = change(found)
        if rule:
            hidden.append((Hidden(rule, shown.path), found))
        else:
            changes.append(shown)
    gone = [one for one, _ in hidden]
    derived = [one for one in changes if one.path == "/id" and _repeats_a_hidden_one(one, hidden)]
    if derived and "id" not in configured:
        changes.remove(derived[0])
        gone.append(Hidden("terraform-derived-id", "/id"))
    if not changes and not gone:
        gone.append(Hidden("terraform-no-value-differs", ""))
    return Entry(resource, tuple(changes), tuple(gone))


def _literal_desired(resource: ResourceChange, literals: Mapping[str, Any], key: bytes) -> Json | Mark:
    """What a refresh-only plan knows of the desired plane: literals in the configuration, everything else unknown."""
    if not literals:
        return UNKNOWN
    secret: Marks = dict.fromkeys((path.split("/")[1] for path in resource.sensitive if path), True)
    secret = True if "" in resource.sensitive else joined(secret, always_sensitive(resource.type))
    held = sealed(dict(literals), secret, key)
    if not isinstance(held, dict):
        return UNKNOWN
    sides = [side for side in (resource.before, resource.after) if isinstance(side, dict)]
    return {name: held.get(name, UNKNOWN) for side in sides for name in side}


def _repeats_a_hidden_one(id_change: Change, hidden: Sequence[tuple[Hidden, Difference]]) -> bool:
    return any(
        same(found.values[Plane.RECORDED], id_change.recorded) and same(found.values[Plane.ACTUAL], id_change.actual)
        for one, found in hidden
        if one.rule.startswith("terraform-computed")
    )


def _pending(resource: ResourceChange, drifted: ResourceChange | None, plan: Plan) -> Entry:
    values = _pending_planes(resource, drifted, plan)
    left = Plane.RECORDED if values[Plane.ACTUAL] is UNKNOWN else Plane.ACTUAL
    changes, hidden, equivalent = [], [], []
    for found in differences(values, left, Plane.DESIRED):
        held, desired = found.values[left], found.values[Plane.DESIRED]
        if desired is UNKNOWN and all(value in (None, ABSENT, UNKNOWN) for value in found.values.values()):
            continue  # Nothing yet, and not known what it will be: listed in `unknown`.
        rule = "" if desired is UNKNOWN else equality(held, desired, found.tokens)
        shown = change(found)
        if rule == "terraform-null-equals-absent":
            hidden.append(Hidden(rule, shown.path))
            continue
        if rule:
            equivalent.append(Hidden(rule, shown.path))
        changes.append(shown)
    return Entry(resource, tuple(changes), tuple(hidden), tuple(equivalent))


def _pending_planes(resource: ResourceChange, drifted: ResourceChange | None, plan: Plan) -> Values:
    """`before` is actual in a refreshed plan and recorded in every other; nobody looks before something is created."""
    before: Json | Mark = resource.before
    recorded, actual = before, before if plan.drift_information else UNKNOWN
    if drifted is not None:
        recorded, actual = drifted.before, drifted.after
    elif resource.importing is not None:
        recorded, actual = ABSENT, before
    elif before is ABSENT:
        actual = UNKNOWN
    return {Plane.DESIRED: resource.after, Plane.RECORDED: recorded, Plane.ACTUAL: actual}


def _output(output: OutputChange) -> OutputEntry:
    values: dict[Plane, Json | Mark] = {
        Plane.DESIRED: output.after,
        Plane.RECORDED: output.before,
        Plane.ACTUAL: UNKNOWN,
    }
    found = differences(values, Plane.RECORDED, Plane.DESIRED)
    return OutputEntry(output, tuple(change(difference) for difference in found))
