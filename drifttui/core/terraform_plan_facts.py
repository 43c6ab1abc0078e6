"""What a plan says about itself: its version, how it was made, and whether it can tell drift at all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from .errors import InputError, inert
from .identity import Engine
from .terraform_fields import items, mapping, objects, text

NORMAL: Final = "normal"
REFRESH_ONLY: Final = "refresh-only"

_VERSION: Final = re.compile(r"([0-9]{1,4})\.([0-9]{1,4})(?:\..*)?")
_SHOW: Final = "Give the output of `tofu show -json PLANFILE` or `terraform show -json PLANFILE`."


def plan_version(document: Any) -> tuple[int, int]:
    if not isinstance(document, dict):
        raise InputError("This is no plan", "it is a list", _SHOW)
    if "encrypted_data" in document:
        raise InputError("This plan is encrypted", "", "Run `tofu show -json` with its key and give that output.")
    found = _VERSION.fullmatch(text(document, "format_version", ""))
    if found is None:
        if "lineage" in document or "serial" in document:
            raise InputError("This is a state, not a plan", "", "Give it with --state.")
        raise InputError("This is no plan", "it has no format_version", _SHOW)
    version = int(found[1]), int(found[2])
    if version[0] >= 2:
        raise InputError(f"Plan format {found[0]} is newer than this program", "1.x is read", "Use a newer drifttui.")
    parts = {"planned_values", "resource_changes", "resource_drift", "configuration", "deferred_changes"}
    if parts.isdisjoint(document):
        if "values" in document:
            raise InputError("This is a state, not a plan", "", "Give it with --state.")
        raise InputError("This is no plan", "it holds neither changes nor planned values", _SHOW)
    return version


def mode(document: dict[str, Any], changes: list[dict[str, Any]], drifted: bool, cut_short: bool) -> str:
    """A normal plan lists every managed object, also those that stay; a refresh-only plan lists none."""
    if any(change.get("mode", "managed") == "managed" for change in changes):
        return NORMAL
    if cut_short or next(_resources(document, "planned_values"), None) is not None:
        return ""
    if drifted or next(_recorded(document), None) is not None:
        return REFRESH_ONLY
    return ""


def _resources(document: dict[str, Any], name: str) -> Iterator[dict[str, Any]]:
    """Resources of `planned_values`, or of the `values` of a state, module by module."""
    waiting = [mapping(mapping(document, name, ""), "root_module", name)]
    while waiting:
        module = waiting.pop()
        yield from objects(module, "resources", name)
        waiting += objects(module, "child_modules", name)


def _recorded(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    prior = mapping(document, "prior_state", "")
    return (item for item in _resources(prior, "values") if item.get("mode", "managed") == "managed")


def no_drift_information(
    document: dict[str, Any], version: tuple[int, int], mode: str, refreshed: bool, errored: bool
) -> str:
    """Why this plan says nothing about drift; empty where it does.

    `resource_drift` is left out when nothing drifted *and* when nothing was refreshed. Only a refresh-only plan, or one
    without any recorded object, says by itself that nothing drifted.
    """
    if errored and not document.get("resource_drift"):
        return "The plan failed before it could say what drifted."
    drift = document.get("resource_drift")
    if drift is not None and (not drift or mode == REFRESH_ONLY or not all(map(_only_moved, drift))):
        return ""
    if version < (1, 0):
        return f"Plan format {inert('.'.join(map(str, version)))} has no drift; plan with a newer version."
    if mode == REFRESH_ONLY or refreshed:
        return ""
    changes = objects(document, "resource_changes", "")
    had = any((change.get("change") or {}).get("before") is not None for change in changes if _managed(change))
    if not had and next(_recorded(document), None) is None:
        return ""
    return (
        "The plan lists no drift and does not record whether it was refreshed: with -refresh=false it could see none. "
        "Use `plan -refresh-only`, or say --refreshed where you know."
    )


def _only_moved(entry: dict[str, Any]) -> bool:
    """Old versions list moves as drift in every plan, also where nothing was refreshed."""
    change = entry.get("change")
    return isinstance(change, dict) and change.get("actions") == ["no-op"]


def _managed(change: dict[str, Any]) -> bool:
    return change.get("mode", "managed") == "managed" and isinstance(change.get("change"), dict)


def engine(document: dict[str, Any], entries: Sequence[dict[str, Any]]) -> str:
    """By the registry of the providers; both programs call their version `terraform_version`."""
    providers = mapping(mapping(document, "configuration", ""), "provider_config", "configuration").values()
    names = [entry.get("provider_name") for entry in entries]
    names += [provider.get("full_name") for provider in providers if isinstance(provider, dict)]
    hosts = {name.split("/")[0] for name in names if isinstance(name, str)}
    if "registry.opentofu.org" in hosts:
        return Engine.OPENTOFU.value
    if "registry.terraform.io" in hosts or "applyable" in document:
        return Engine.TERRAFORM.value
    return ""


def warnings(document: dict[str, Any]) -> Iterator[str]:
    for check in objects(document, "checks", ""):
        if check.get("status") in ("fail", "error"):
            address = mapping(check, "address", "checks")
            yield f"Check {inert(str(address.get('to_display') or '?'), 120)}: {check['status']}."
    invoked = items(document, "action_invocations", "")
    if invoked:
        yield f"The plan also invokes {len(invoked)} actions, which change no recorded object and are not listed."
