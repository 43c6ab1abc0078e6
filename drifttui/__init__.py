"""Incident-time drift triage in the terminal."""

from .core.tool import VERSION as __version__

__all__ = ["__version__"]
