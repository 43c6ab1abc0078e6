"""Incident-time drift triage in the terminal."""

__version__: str

__all__ = ["__version__"]


def __getattr__(name: str) -> str:
    """Not before it is asked for: with a part missing the package still says so in one line."""
    if name != "__version__":
        raise AttributeError(name)
    from .core.tool import VERSION

    return VERSION
