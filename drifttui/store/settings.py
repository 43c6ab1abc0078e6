"""The settings file: TOML, one table per system, refused with a line that names file and key."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from drifttui.clients.argocd_settings import ArgoCDSettings
from drifttui.clients.kube_settings import KubernetesSettings
from drifttui.core.errors import InputError

from .paths import config_directory


class FileSettings(BaseModel):
    """`config.toml`. Flags win over it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    argocd: tuple[ArgoCDSettings, ...] = Field(default=(), description="One `[[argocd]]` table per server.")
    argocd_crd_contexts: tuple[str, ...] = Field(
        default=(), description="Contexts in which Application objects are read through Kubernetes, without a token."
    )
    kubernetes: KubernetesSettings = KubernetesSettings()
    policy: Path | None = Field(default=None, description="Policy folder.")
    read_only: Literal["no", "yes", "strict"] = "no"
    theme: str = ""
    filter: str = Field(default="", description="Filter in force at the start.")
    keys: dict[str, str] = Field(default_factory=dict, description='Keys by binding id, such as `sort = "o"`.')


def settings_path(explicit: str | None) -> Path:
    return Path(explicit) if explicit else config_directory() / "config.toml"


def load_settings(explicit: str | None = None) -> FileSettings:
    """The settings, or the defaults where there is no file. A file asked for by name must be there."""
    path = settings_path(explicit)
    try:
        document: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        if explicit:
            raise InputError(f"No settings file {path}", "", "Check --config.") from error
        return FileSettings()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"Cannot read {path}", str(error)) from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path} is no TOML", str(error), "Correct it, or move it away.") from error
    try:
        return FileSettings.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{path}: {key}", first["msg"], "`drifttui config --help` lists the keys.") from error
