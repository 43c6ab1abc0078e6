"""Where drifttui keeps things, by the XDG base directory specification, readable by the operator alone."""

from __future__ import annotations

import os
from pathlib import Path

from drifttui.core.errors import InputError

APP = "drifttui"
PRIVATE_DIRECTORY = 0o700
PRIVATE_FILE = 0o600


def _base(variable: str, fallback: str) -> Path:
    value = os.environ.get(variable, "")
    return Path(value) if value.startswith("/") else Path.home() / fallback


def config_directory() -> Path:
    """`$XDG_CONFIG_HOME/drifttui`: settings and policy. Not created: an operator's own folder is theirs to make."""
    return _base("XDG_CONFIG_HOME", ".config") / APP


def data_directory() -> Path:
    """`$XDG_DATA_HOME/drifttui`: what must survive (ids of findings, keys). Created with mode 0700 by `private`."""
    return _base("XDG_DATA_HOME", ".local/share") / APP


def cache_directory() -> Path:
    """`$XDG_CACHE_HOME/drifttui`: what may be lost (rows of the last session)."""
    return _base("XDG_CACHE_HOME", ".cache") / APP


def private(directory: Path) -> Path:
    """`directory`, existing and closed to others. Raises `InputError` where that is impossible (a read-only home)."""
    try:
        directory.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
        if directory.stat().st_mode & 0o077:
            directory.chmod(PRIVATE_DIRECTORY)
    except OSError as error:
        raise InputError(
            f"Cannot use {directory}",
            error.strerror or str(error),
            "Set XDG_DATA_HOME and XDG_CACHE_HOME to folders of yours.",
        ) from error
    return directory


def write_private(path: Path, content: bytes, *, synced: bool = True) -> None:
    """Replace `path` whole or not at all, mode 0600; unless `synced` only while the machine stays up. Raises
    `OSError`.
    """
    private(path.parent)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            if synced:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
