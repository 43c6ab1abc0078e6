"""Argo CD's own settings, read from its ConfigMap where there is no token to ask the API with.

Keys: argo-cd `docs/operator-manual/argocd-cm.yaml`. The ConfigMap holds no secrets; those are in `argocd-secret`,
which is never read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from .units import Tracking
from .wire_detail import Override, Settings

PATH = "/api/v1/namespaces/{namespace}/configmaps/argocd-cm"

_RULES = "resource.customizations.ignoreDifferences."


class ConfigMap(msgspec.Struct):
    data: dict[str, str] | None = None


def settings(data: Mapping[str, str]) -> Settings:
    """As the settings endpoint would give them, with the default rule about `/status` that no key spells out."""
    overrides = {
        _group_kind(key.removeprefix(_RULES)): Override(text) for key, text in data.items() if key.startswith(_RULES)
    }
    if (which := _ignores_status(data.get("resource.compareoptions", ""))) is not None:
        overrides.setdefault(which, Override("jsonPointers: [/status]"))
    return Settings(
        app_label_key=data.get("application.instanceLabelKey", "app.kubernetes.io/instance"),
        tracking_method=data.get("application.resourceTrackingMethod", "annotation"),
        resource_overrides=overrides,
    )


def tracking(found: Settings) -> Tracking:
    """Trackers by label are `label` and `annotation+label`."""
    return Tracking("label" in found.tracking_method, found.app_label_key or Tracking().label)


def _group_kind(suffix: str) -> str:
    """`apps_Deployment` as `apps/Deployment`; `all` as `*/*`; a core kind stands alone."""
    if suffix == "all":
        return "*/*"
    group, separator, kind = suffix.rpartition("_")
    return f"{group}/{kind}" if separator else suffix


def _ignores_status(text: str) -> str | None:
    """Of which kinds `status` is left out: all since v3.0, unless `ignoreResourceStatusField` says otherwise."""
    import yaml

    try:
        options: Any = yaml.safe_load(text) if text else None
    except yaml.YAMLError:
        options = None
    chosen = options.get("ignoreResourceStatusField") if isinstance(options, dict) else None
    match chosen:
        case "none" | "off" | False:
            return None
        case "crd":
            return "apiextensions.k8s.io/CustomResourceDefinition"
        case _:
            return "*/*"
