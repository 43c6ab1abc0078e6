"""What an operator asks of drafts on the screen, and what is answered: values that screens and services share."""

from __future__ import annotations

from typing import NamedTuple

from .proposal import Fate


class DraftShown(NamedTuple):
    """What brings Git, or a state file, up to reality for one finding. Outside text in it is as it came."""

    finding: str
    unit: str
    """`str(UnitId)`"""
    title: str
    body: str
    """Markdown: what a request says."""
    diff: str = ""
    """Unified, without values like secrets; empty where nothing could be drafted."""
    withheld: int = 0
    """Values like secrets around the edit, shown as digests: the patch that is written holds what Git holds."""
    files: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    """What each edit does."""
    problems: tuple[str, ...] = ()
    """What could not be drafted, and why."""
    commands: tuple[str, ...] = ()
    """For a shell, in this order; never run."""
    preconditions: tuple[str, ...] = ()
    block: tuple[str, ...] = ()
    """HCL that does the same."""
    clone: str = ""
    repo: str = ""
    """Where a request would go: `git.example.com/acme/deploy`; empty where the clone names no remote."""
    branch: str = ""
    request: str = ""
    """What became of its request: `opened https://…`."""


class Drafts(NamedTuple):
    """Of all findings of an incident that still differ, or why there are none."""

    items: tuple[DraftShown, ...] = ()
    clone: str = ""
    """The one that was named; empty: those of the settings."""
    lacks: tuple[str, ...] = ()
    """What could not be used."""
    problem: str = ""


class RequestShown(NamedTuple):
    """One request as it would be opened, by a look that wrote nothing."""

    finding: str
    title: str
    branch: str
    target: str = ""
    files: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    """What of the finding is not in it."""
    there: str = ""
    """What of it is there already."""
    problem: str = ""
    """Why it cannot be opened."""


class Ahead(NamedTuple):
    """What opening would do, or why nothing can be opened."""

    items: tuple[RequestShown, ...] = ()
    words: str = "request"
    """`pull request` or `merge request`, as the host calls it."""
    host: str = ""
    repo: str = ""
    problem: str = ""

    @property
    def ready(self) -> tuple[RequestShown, ...]:
        return tuple(one for one in self.items if not one.problem)


class Opened(NamedTuple):
    finding: str
    fate: Fate
    url: str = ""
    why: str = ""


class OpenedAll(NamedTuple):
    items: tuple[Opened, ...] = ()
    problem: str = ""
