"""The key under which secret values become digests.

One per operator and machine: equal secrets look equal across refreshes and restarts, and a digest that leaves this
machine says nothing to anybody who lacks the key.
"""

from __future__ import annotations

import os
from pathlib import Path

from drifttui.core.errors import InputError

from .paths import PRIVATE_FILE, data_directory, private

KEY_BYTES = 32


def redaction_key(directory: Path | None = None) -> bytes:
    """The key, made at first use.

    Where nothing can be written (a read-only home) the key lives for this process only: digests still hide values, but
    findings about secrets get new ids at the next start.
    """
    path = (directory or data_directory()) / "redaction.key"
    try:
        held = path.read_bytes()
    except OSError:
        held = b""
    if len(held) == KEY_BYTES:
        return held
    fresh = os.urandom(KEY_BYTES)
    try:
        private(path.parent)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(fresh)
        try:
            # `link` fails where another process was first: then its key is everybody's key.
            os.link(temporary, path)
        finally:
            temporary.unlink()
    except FileExistsError:
        held = path.read_bytes()
        return held if len(held) == KEY_BYTES else fresh
    except (OSError, InputError):
        return fresh
    return fresh
