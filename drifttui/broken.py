"""What is said when a part of drifttui, or of what it needs, cannot be loaded. Imports nothing but Python's own."""

from __future__ import annotations

import os
import sys

UNLOADABLE = (ImportError, SyntaxError)
"""What a module that is missing, cut off or of another version raises."""


def say_broken(error: ImportError | SyntaxError) -> int:
    """One line on stderr, the newest traceback in `$XDG_STATE_HOME/drifttui/broken.log`; the exit code of errors."""
    what = " ".join("".join(c if c.isprintable() else " " for c in str(error)).split())[:300]
    kept = _keep(error)
    hint = f" Details are in {kept}." if kept else ""
    sys.stderr.write(f"drifttui: This installation is broken: {what or 'a module'}. Reinstall drifttui.{hint}\n")
    return 1


def _keep(error: ImportError | SyntaxError) -> str:
    """Where the traceback went; empty where nothing can be written."""
    try:
        import platform
        import traceback
        from pathlib import Path

        base = os.environ.get("XDG_STATE_HOME", "")
        folder = (Path(base) if base.startswith("/") else Path.home() / ".local/state") / "drifttui"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / "broken.log"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
            file.write(f"Python {platform.python_version()}, {sys.executable}\n")
            file.writelines(traceback.format_exception(error))
    except (OSError, RuntimeError, *UNLOADABLE):
        return ""
    return str(path)
