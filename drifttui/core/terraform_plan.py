"""A plan in JSON (`tofu show -json PLANFILE`, `terraform show -json PLANFILE`), read without its secrets.

Format: https://developer.hashicorp.com/terraform/internals/json-format, `format_version` 1.x, and 0.x as far as it has
drift. `resource_drift` runs from the recorded to the refreshed values, `resource_changes` from the refreshed to the
planned ones. `prior_state` is the *refreshed* state, so that what was recorded of a drifted object stands in
`resource_drift` alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from . import terraform_plan_facts as facts
from .planes import ABSENT, UNKNOWN, Json, Mark
from .pointers import build
from .terraform_address import composed, type_in, without_keys
from .terraform_config import Expressions, expressions
from .terraform_fields import flag, items, mapping, objects, text, wrong
from .terraform_marks import (
    Marks,
    always_sensitive,
    joined,
    marked_paths,
    marks,
    sealed,
    sensitive_paths,
    with_unknown,
)

NO_OP: Final = ("no-op",)


class ResourceChange(NamedTuple):
    """One entry of `resource_drift` or `resource_changes`. `address` and `deposed` together name one object."""

    address: str
    type: str
    mode: str
    """`managed` or `data`."""
    actions: tuple[str, ...]
    before: Json | Mark
    """Sealed. `ABSENT` where there is no object."""
    after: Json | Mark
    """Sealed, with `UNKNOWN` at every place that is known after apply only."""
    deposed: str = ""
    previous_address: str = ""
    action_reason: str = ""
    replace_paths: tuple[str, ...] = ()
    importing: Mapping[str, Any] | None = None
    unknown: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()
    deferred: str = ""
    """Why Terraform put this change off; empty where it did not."""

    @property
    def key(self) -> tuple[str, str]:
        return self.address, self.deposed

    @property
    def notable(self) -> bool:
        """Whether anything happens to this object or its name."""
        return bool(self.actions != NO_OP or self.previous_address or self.action_reason or self.importing is not None)


class OutputChange(NamedTuple):
    name: str
    actions: tuple[str, ...]
    before: Json | Mark
    after: Json | Mark
    unknown: tuple[str, ...] = ()


class Plan(NamedTuple):
    format_version: str
    tool_version: str
    engine: str
    """`opentofu`, `terraform`, or empty where the plan does not show it."""
    mode: str
    """`normal`, `refresh-only`, or empty where the plan holds nothing that tells."""
    timestamp: str
    drift: tuple[ResourceChange, ...]
    changes: tuple[ResourceChange, ...]
    """Notable ones, those of drifted objects, and deferred ones."""
    outputs: tuple[OutputChange, ...]
    configuration: Mapping[str, Expressions]
    drift_information: bool
    no_drift_information: str
    """Why there is none; empty where there is."""
    partial: tuple[str, ...]
    """Why parts are missing, one line each: the plan failed, is limited to targets, or deferred changes."""
    warnings: tuple[str, ...] = ()

    def expressions(self, address: str) -> Expressions:
        return self.configuration.get(without_keys(address), {})


def parse_plan(document: Any, key: bytes, *, refreshed: bool = False) -> Plan:
    """Read a plan; secrets become digests under `key`.

    `refreshed` is the operator's word that the plan was not made with `-refresh=false`, which the format does not
    record. Raises `InputError`.
    """
    version = facts.plan_version(document)
    drift, changes = objects(document, "resource_drift", ""), objects(document, "resource_changes", "")
    deferred = _deferred(document)
    known = _Marks((*drift, *changes, *(change for change, _ in deferred)))
    drifted = tuple(_resource(item, f"resource_drift[{at}]", known, key) for at, item in enumerate(drift))
    touched = {item.key for item in drifted}
    planned = [
        _resource(item, f"resource_changes[{at}]", known, key)
        for at, item in enumerate(changes)
        if not _untouched(item, touched)
    ]
    planned += [
        _resource(item, f"deferred_changes[{at}]", known, key, reason) for at, (item, reason) in enumerate(deferred)
    ]
    errored, complete = flag(document, "errored", ""), flag(document, "complete", "")
    mode = facts.mode(document, changes, bool(drift), bool(errored) or bool(deferred))
    partial = []
    if errored:
        partial.append("The plan failed before its end; what it did not reach is unknown.")
    if deferred:
        partial.append(f"{len(deferred)} changes are deferred to a later plan.")
    elif complete is False and not errored:
        partial.append("The plan does not cover the whole stack (targets, or more to plan after apply).")
    why = facts.no_drift_information(document, version, mode, refreshed, bool(errored))
    return Plan(
        format_version=text(document, "format_version", ""),
        tool_version=text(document, "terraform_version", ""),
        engine=facts.engine(document, [*changes, *drift]),
        mode=mode,
        timestamp=text(document, "timestamp", ""),
        drift=drifted,
        changes=tuple(planned),
        outputs=tuple(_outputs(document, key)),
        configuration=expressions(document),
        drift_information=not why,
        no_drift_information=why,
        partial=tuple(partial),
        warnings=tuple(facts.warnings(document)),
    )


class _Marks:
    """Sensitive marks of every object, gathered from all entries about it before any value is kept."""

    def __init__(self, entries: tuple[dict[str, Any], ...]) -> None:
        self._held: dict[tuple[str, str], Marks] = {}
        for entry in entries:
            change = entry.get("change")
            if isinstance(change, dict):
                known = joined(marks(change.get("before_sensitive")), marks(change.get("after_sensitive")))
                if known:
                    place = (_address(entry, "a change"), text(entry, "deposed", "a change"))
                    self._held[place] = joined(self._held.get(place, {}), known)

    def of(self, address: str, deposed: str) -> Marks:
        return self._held.get((address, deposed), {})


def _untouched(entry: dict[str, Any], drifted: set[tuple[str, str]]) -> bool:
    """Most of a plan: objects to which nothing happens, which are not worth sealing."""
    change = entry.get("change")
    if not isinstance(change, dict) or change.get("actions") != ["no-op"]:
        return False
    if entry.get("previous_address") or entry.get("action_reason") or change.get("importing") is not None:
        return False
    where = "resource_changes"
    return (_address(entry, where), text(entry, "deposed", where)) not in drifted


def _resource(entry: dict[str, Any], where: str, known: _Marks, key: bytes, deferred: str = "") -> ResourceChange:
    address, deposed = _address(entry, where), text(entry, "deposed", where)
    kind = text(entry, "type", where) or type_in(address)
    change = entry.get("change")
    if not isinstance(change, dict):
        raise wrong(f"{where}.change", "an object", change)
    where = f"{where}.change"
    actions = items(change, "actions", where)
    if not actions or not all(isinstance(action, str) for action in actions):
        raise wrong(f"{where}.actions", "a list of texts", actions)
    stated = known.of(address, deposed)
    secret = joined(stated, always_sensitive(kind))
    unknown = marks(change.get("after_unknown"))
    before, after = (_values(change, name, where, secret, key) for name in ("before", "after"))
    if unknown and (after is not ABSENT or unknown is True or "create" in actions or "read" in actions):
        after = with_unknown(None if after is ABSENT else after, unknown)
    sensitive = dict.fromkeys(path for side in (before, after) for path in sensitive_paths(side, stated))
    importing = change.get("importing")
    return ResourceChange(
        address=address,
        type=kind,
        mode=text(entry, "mode", where) or "managed",
        actions=tuple(actions),
        before=before,
        after=after,
        deposed=deposed,
        previous_address=text(entry, "previous_address", where),
        action_reason=text(entry, "action_reason", where),
        replace_paths=tuple(_pointer(path) for path in items(change, "replace_paths", where)),
        importing=sealed(importing, {}, key) if isinstance(importing, dict) else None,
        unknown=tuple(marked_paths(unknown)) if after is not ABSENT else (),
        sensitive=tuple(sensitive),
        deferred=deferred,
    )


def _address(entry: dict[str, Any], where: str) -> str:
    """Terraform 0.15 leaves the address of drift out, but not its parts."""
    address = text(entry, "address", where)
    if address:
        return address
    module, mode, kind, name = (text(entry, part, where) for part in ("module_address", "mode", "type", "name"))
    if not kind or not name:
        raise wrong(f"{where}.address", "an address", entry.get("address"))
    return composed(module, mode, kind, name, entry.get("index"), where)


def _values(change: dict[str, Any], name: str, where: str, secret: Marks, key: bytes) -> Json | Mark:
    value = change.get(name)
    if value is None:
        return ABSENT
    if not isinstance(value, dict):
        raise wrong(f"{where}.{name}", "an object", value)
    return sealed(value, secret, key)


def _pointer(path: Any) -> str:
    steps = path if isinstance(path, list) else [path]
    return build(str(step) for step in steps)


def _deferred(document: dict[str, Any]) -> list[tuple[dict[str, Any], str]]:
    """Terraform's `deferred_changes`: the change as far as it is known, and the reason."""
    found = []
    for at, entry in enumerate(objects(document, "deferred_changes", "")):
        where = f"deferred_changes[{at}]"
        change = mapping(entry, "resource_change", where)
        if change:
            found.append((change, text(entry, "reason", where) or "deferred"))
    return found


def _outputs(document: dict[str, Any], key: bytes) -> Iterator[OutputChange]:
    for name, change in mapping(document, "output_changes", "").items():
        where = f"output_changes.{name}"
        if not isinstance(change, dict):
            raise wrong(where, "an object", change)
        actions = tuple(str(action) for action in items(change, "actions", where))
        if actions == NO_OP:
            continue
        secret = joined(marks(change.get("before_sensitive")), marks(change.get("after_sensitive")))
        unknown = marks(change.get("after_unknown"))
        before, after = (sealed({name: change.get(side)}, {name: secret}, key)[name] for side in ("before", "after"))
        yield OutputChange(
            name,
            actions,
            ABSENT if "create" in actions else before,
            ABSENT if "delete" in actions else UNKNOWN if unknown is True else with_unknown(after, unknown),
            tuple(marked_paths(unknown)),
        )
