"""A state: the file of format 4, or what `show -json` prints of one. Read without its secrets.

A state is the recorded plane alone. It says nothing about drift.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from .errors import InputError, inert
from .planes import Document
from .terraform_address import composed
from .terraform_fields import flag, items, mapping, objects, text, wrong
from .terraform_marks import always_sensitive, joined, marks, marks_of_paths, sealed, sensitive_paths

ONLY_RECORDED: Final = "A state holds what was recorded. Whether anything drifted is unknown: give a plan."

_PULL: Final = "Give the output of `tofu state pull` or `tofu show -json`."


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_NAMES: Final = _words(
    "id arn name bucket function_name identifier cluster_identifier db_cluster_identifier cluster_name role user group "
    "policy_arn instance_id key_id key_arn zone_id log_group_name queue_url url topic_arn table_name stream_name "
    "repository_name domain_name alias security_group_id subnet_id vpc_id allocation_id self_link unique_id"
)
"""Attributes by which audit logs of clouds call an object, the surest first."""


class RecordedResource(NamedTuple):
    """One object that a state records. Current and deposed objects of one address are apart by `deposed`."""

    address: str
    type: str
    mode: str
    attributes: Document
    """Sealed."""
    provider: str = ""
    deposed: str = ""
    tainted: bool = False
    sensitive: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()

    def as_json(self, names: tuple[str, ...]) -> dict[str, Any]:
        optional: dict[str, Any] = {
            "deposed": self.deposed,
            "tainted": self.tainted,
            "sensitive": list(self.sensitive),
        }
        return {
            "address": self.address,
            "type": self.type,
            "mode": self.mode,
            "names": list(names),
            **{name: value for name, value in optional.items() if value},
        }


class State(NamedTuple):
    form: str
    """`state-4` or `show-json`."""
    tool_version: str
    serial: int | None
    """Counts writes; None where the form does not carry it."""
    lineage: str
    resources: tuple[RecordedResource, ...]
    warnings: tuple[str, ...] = ()

    def as_json(self, schema: str) -> dict[str, Any]:
        """The answer about a state alone: what is recorded, and that nobody can say whether it drifted."""
        names = names_of(self)
        return {
            "schema": schema,
            "input": "state",
            "form": self.form,
            "terraform_version": self.tool_version or None,
            "serial": self.serial,
            "lineage": self.lineage or None,
            "drift_information": False,
            "partial": False,
            "summary": {"drift": 0, "pending": 0, "recorded": len(self.resources)},
            "drift": [],
            "pending": [],
            "recorded": [resource.as_json(names[resource.address]) for resource in self.resources],
            "hidden": [],
            "warnings": [ONLY_RECORDED, *self.warnings],
        }


def parse_state(document: Any, key: bytes) -> State:
    """Read a state; secrets become digests under `key`. Raises `InputError`."""
    if not isinstance(document, dict):
        raise InputError("This is no state", "it is a list", _PULL)
    _refuse_others(document)
    if "format_version" in document:
        return _shown_state(document, key)
    version = document.get("version")
    if isinstance(version, bool) or not isinstance(version, int):
        raise InputError("This is no state", "it has no version", _PULL)
    if version != 4:
        hint = "Let a current tofu or terraform upgrade it." if version < 4 else "Use a newer drifttui."
        raise InputError(f"State version {version} is not read", "version 4 is", hint)
    serial = document.get("serial")
    resources = objects(document, "resources", "")
    found: list[RecordedResource] = []
    flat = 0
    for at, resource in enumerate(resources):
        instances = list(_instances(resource, f"resources[{at}]", key))
        found += (instance for instance, _ in instances)
        flat += sum(1 for _, old in instances if old)
    warnings = (
        [f"{flat} objects are stored in the layout of Terraform 0.11 and are read as they stand."] if flat else []
    )
    return State(
        form="state-4",
        tool_version=text(document, "terraform_version", ""),
        serial=serial if isinstance(serial, int) and not isinstance(serial, bool) else None,
        lineage=text(document, "lineage", ""),
        resources=tuple(found),
        warnings=tuple(warnings),
    )


def prior_state(plan: Mapping[str, Any], key: bytes) -> State:
    """The state inside a plan: what the plan was computed from, after refreshing."""
    return _shown_state(mapping(plan, "prior_state", ""), key)


def names_of(state: State) -> Mapping[str, tuple[str, ...]]:
    """Address → ids, ARNs and names by which a cloud's audit log may call the object, the surest first.

    Secrets are never among them. Deposed objects are listed under their address too.
    """
    found: dict[str, dict[str, None]] = {}
    for resource in state.resources:
        names = found.setdefault(resource.address, {})
        for attribute in _NAMES:
            value = resource.attributes.get(attribute)
            if isinstance(value, str) and value and "hmac:" not in value:
                names[value] = None
    return {address: tuple(names) for address, names in found.items()}


def _refuse_others(document: dict[str, Any]) -> None:
    if "encrypted_data" in document:
        raise InputError("This state is encrypted", "", "Run `tofu state pull` with its key and give that output.")
    if {"Operation", "Who", "Created"} <= document.keys():
        who = f"{document['Operation']} by {document['Who']} since {document['Created']}"
        raise InputError("This is a state lock, not a state", inert(who, 200), _PULL)
    if not {"planned_values", "resource_changes", "resource_drift"}.isdisjoint(document):
        raise InputError("This is a plan, not a state", "", "Give it with --plan.")


def _instances(resource: dict[str, Any], where: str, key: bytes) -> Iterator[tuple[RecordedResource, bool]]:
    """Every object of one entry of `resources`, and whether it is stored flat."""
    kind, name, mode = (text(resource, part, where) for part in ("type", "name", "mode"))
    if not kind or not name:
        raise wrong(f"{where}.{'name' if kind else 'type'}", "a name", None)
    module = text(resource, "module", where)
    for at, instance in enumerate(objects(resource, "instances", where)):
        place = f"{where}.instances[{at}]"
        attributes = mapping(instance, "attributes", place)
        flat = not attributes and bool(instance.get("attributes_flat"))
        if flat:
            attributes = mapping(instance, "attributes_flat", place)
        stated = marks_of_paths(items(instance, "sensitive_attributes", place))
        yield (
            RecordedResource(
                address=composed(module, mode, kind, name, instance.get("index_key"), place),
                type=kind,
                mode=mode or "managed",
                attributes=sealed(attributes, joined(stated, always_sensitive(kind)), key),
                provider=text(instance, "provider", place) or text(resource, "provider", where),
                deposed=text(instance, "deposed", place),
                tainted=text(instance, "status", place) == "tainted",
                sensitive=sensitive_paths(attributes, stated),
                dependencies=tuple(str(item) for item in items(instance, "dependencies", place)),
            ),
            flat,
        )


def _shown_state(document: Mapping[str, Any], key: bytes) -> State:
    """What `show -json` prints: `values` by module, sensitive places in `sensitive_values`."""
    version = text(document, "format_version", "")
    if version and version.split(".")[0] not in ("0", "1"):
        raise InputError(f"State format {version} is newer than this program", "1.x is read", "Use a newer drifttui.")
    found: list[RecordedResource] = []
    waiting = [mapping(mapping(document, "values", ""), "root_module", "values")]
    while waiting:
        module = waiting.pop(0)
        for at, resource in enumerate(objects(module, "resources", "values")):
            where = f"values.resources[{at}]"
            kind = text(resource, "type", where)
            attributes = mapping(resource, "values", where)
            stated = marks(resource.get("sensitive_values"))
            found.append(
                RecordedResource(
                    address=text(resource, "address", where),
                    type=kind,
                    mode=text(resource, "mode", where) or "managed",
                    attributes=sealed(attributes, joined(stated, always_sensitive(kind)), key),
                    provider=text(resource, "provider_name", where),
                    deposed=text(resource, "deposed_key", where),
                    tainted=bool(flag(resource, "tainted", where)),
                    sensitive=sensitive_paths(attributes, stated),
                    dependencies=tuple(str(item) for item in items(resource, "depends_on", where)),
                )
            )
        waiting += objects(module, "child_modules", "values")
    return State("show-json", text(document, "terraform_version", ""), None, "", tuple(found))
