"""The settings file: TOML, one table per system, refused with a line that names file and key."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from drifttui.clients.argocd_settings import ArgoCDSettings
from drifttui.clients.audit_settings import AuditSettings
from drifttui.clients.aws_settings import AwsSettings
from drifttui.clients.flux_settings import FluxSettings
from drifttui.clients.git_settings import GitSettings
from drifttui.clients.kube_settings import KubernetesSettings
from drifttui.clients.loki_settings import LokiSettings
from drifttui.clients.tofu_settings import StackSettings
from drifttui.clients.tracker_settings import TrackerSettings
from drifttui.core.errors import InputError

from .paths import config_directory

TrackerName = Literal["pagerduty", "jira", "servicenow", "github", "gitlab"]


class FileSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`config.toml`. Flags win over it.

    Structs and not pydantic models, because every start reads this and pydantic alone takes half as long to import as
    the whole screen.
    """

    argocd: tuple[ArgoCDSettings, ...] = ()
    """One `[[argocd]]` table per server."""
    argocd_crd_contexts: tuple[str, ...] = ()
    """Contexts in which Application objects are read through Kubernetes, without a token."""
    kubernetes: KubernetesSettings = KubernetesSettings()
    flux: FluxSettings = FluxSettings()
    audit: AuditSettings = AuditSettings()
    """Kubernetes audit logs on this machine."""
    trackers: dict[TrackerName, TrackerSettings] = {}
    """One `[trackers.NAME]` table per incident tracker."""
    aws: tuple[AwsSettings, ...] = ()
    """One `[[aws]]` table per account."""
    loki: tuple[LokiSettings, ...] = ()
    """One `[[loki]]` table per audit log that lies in Loki."""
    git: tuple[GitSettings, ...] = ()
    """One `[[git]]` table per clone or host."""
    stack: tuple[StackSettings, ...] = ()
    """One `[[stack]]` table per stack of OpenTofu or Terraform."""
    policy: Path | None = None
    """Policy folder."""
    incident: str = ""
    """What everything is linked to, unless --incident names another."""
    ledger: str = ""
    """A file, or a `postgresql://` URL that a team shares."""
    record: Annotated[int, msgspec.Meta(ge=0)] = 512
    """Mebibytes on disk for what sessions saw, for `drifttui export`; 0 keeps nothing."""
    read_only: Literal["no", "yes", "strict"] = "no"
    theme: str = ""
    filter: str = ""
    """Filter in force at the start."""
    keys: dict[str, str] = {}
    """Keys by binding id, such as `sort = "o"`."""


def settings_path(explicit: str | None) -> Path:
    return Path(explicit) if explicit else config_directory() / "config.toml"


def load_settings(explicit: str | None = None) -> FileSettings:
    """The settings, or the defaults where there is no file. A file asked for by name must be there."""
    path = settings_path(explicit)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        if explicit:
            raise InputError(f"No settings file {path}", "", "Check --config.") from error
        return FileSettings()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"Cannot read {path}", str(error)) from error
    import tomllib

    try:
        document: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path} is no TOML", str(error), "Correct it, or move it away.") from error
    try:
        return msgspec.convert(document, FileSettings, dec_hook=_path)
    except msgspec.ValidationError as error:
        text, key = _said(str(error))
        raise InputError(f"{path}: {key}", text, "`drifttui config --help` lists the keys.") from error


def _said(message: str) -> tuple[str, str]:
    """What is wrong and with which key: ``Object contains unknown field `x` - at `$.argocd[0]` `` is `argocd.0.x`."""
    text, _, where = message.partition(" - at `$")
    key = re.sub(r"\[(\w+)\]", r".\1", where.rstrip("`"))
    if unknown := re.search(r"unknown field `(.*?)`", text):
        key += f".{unknown[1]}"
    return text, key.strip(".") or "top level"


def _path(kind: type[Any], value: Any) -> Any:
    if kind is not Path or not isinstance(value, str):
        raise TypeError(f"Expected `str` for {kind.__name__}")
    return Path(value)
