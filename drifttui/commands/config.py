"""What is in force, and from where. `drifttui config rules` explains every rule that can hide a difference.

Tokens are never shown; only where they come from.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from .options import add_json_argument, add_session_arguments


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("topic", nargs="?", choices=("settings", "rules", "keys"), default="settings")
    add_json_argument(parser)
    add_session_arguments(parser)


def run(options: argparse.Namespace) -> int:
    if options.topic == "rules":
        from drifttui.core.rules_kubernetes import RULES as KUBERNETES
        from drifttui.core.rules_terraform import RULES as TERRAFORM

        rules = {**KUBERNETES, **TERRAFORM}
        answer: dict[str, object] = {"schema": "drifttui.rules/1", "rules": rules}
        lines = [f"{name:<29} {text}" for name, text in rules.items()]
    elif options.topic == "keys":
        from drifttui.app import DriftApp
        from drifttui.screens.help import key_groups
        from drifttui.services.session import settings_from

        groups = list(key_groups(DriftApp, settings_from(options).keys))
        answer = {
            "schema": "drifttui.keys/1",
            "groups": [{"title": title, "keys": [key._asdict() for key in keys]} for title, keys in groups],
        }
        lines = [
            line
            for title, keys in groups
            for line in (title, *(f"  {key.keys:<16} {key.id:<18} {key.description}" for key in keys))
        ]
    else:
        answer, lines = _settings(options)
    if options.json:
        json.dump(answer, sys.stdout, indent=2)
        print()
    else:
        print("\n".join(lines))
    return 0


def _settings(options: argparse.Namespace) -> tuple[dict[str, object], list[str]]:
    from drifttui.services.session import settings_from, utc_now
    from drifttui.store.ledger import open_ledger
    from drifttui.store.paths import cache_directory, data_directory
    from drifttui.store.settings import settings_path

    settings = settings_from(options)
    path = settings_path(options.config)
    answer: dict[str, object] = {
        "schema": "drifttui.config/1",
        "file": str(path),
        "file_exists": path.exists(),
        "data": str(data_directory()),
        "cache": str(cache_directory()),
        "read_only": settings.access.value,
        "policy": str(settings.policy) if settings.policy else "built in",
        "argocd": [_what_is_set(entry) for entry in settings.argocd],
        "argocd_crd_contexts": list(settings.argocd_crd_contexts),
        "kubernetes": _what_is_set(settings.kubernetes),
        "flux": _what_is_set(settings.flux),
        "aws": [_what_is_set(entry) for entry in settings.aws],
        "loki": [_what_is_set(entry) for entry in settings.loki],
        "git": [_what_is_set(entry) for entry in settings.git],
        "stack": [_what_is_set(entry) for entry in settings.stacks],
        "trackers": {name: _what_is_set(entry) for name, entry in settings.trackers.items()},
        "incident": settings.incident,
        "ledger": open_ledger(settings.ledger, clock=utc_now, create=False).where,
    }
    lines = [f"{key:<20} {json.dumps(value) if not isinstance(value, str) else value}" for key, value in answer.items()]
    return answer, lines[1:]


def _what_is_set(settings: Any) -> dict[str, Any]:
    """The fields of a msgspec struct that differ from their defaults, fit for JSON."""
    import msgspec

    defaults = {
        field.name: field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
        for field in msgspec.structs.fields(settings)
    }
    changed = {name: getattr(settings, name) for name in defaults if getattr(settings, name) != defaults[name]}
    found: dict[str, Any] = msgspec.to_builtins(changed, enc_hook=str)
    return found
