"""Bounds of one HTTP call."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds and bytes."""

    connect: float = 5.0
    between_bytes: float = 20.0
    total: float = 30.0
    """Over all tries, so that a server which sends one byte a second blocks nothing."""
    body: int = 64 * 1024 * 1024
    """Decompressed, counted while reading."""
    line: int = 16 * 1024 * 1024
    idle: float = 40.0
    """A stream without bytes for so long is taken for half-open. More than two keepalives of 15 s."""
    open: float = 60.0
    """Until a stream sends its head. Argo CD does so with the first event only."""
