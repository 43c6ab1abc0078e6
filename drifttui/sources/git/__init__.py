"""Git: clones on this machine, and GitHub, GitLab and Gitea. Which merge last touched a field, by whom, and when."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ...clients.git_settings import PUBLIC, GitSettings
from ...core.errors import InputError
from ...core.ports import Clock, Source


class Factory:
    """Reads `settings.git`, `.redaction_key` and `.access`. Opens no connection and runs no git."""

    system = "Git"
    option_help = "[[git]] in the settings file names clones and hosts; GITHUB_TOKEN and GITLAB_TOKEN are used as found"

    def __call__(self, settings: Any, clock: Clock, environment: Mapping[str, str] = os.environ) -> Sequence[Source]:
        entries: Sequence[GitSettings] = getattr(settings, "git", ())
        tokens = _by_token(entries, environment) if getattr(settings, "recording", None) is None else []
        if not entries and not tokens:
            return ()
        # The first that holds a repository is asked: a clone costs nobody's budget.
        ordered = sorted(entries, key=lambda entry: entry.clone is None)
        made: list[Source] = [self._made(entry, settings, clock, environment) for entry in ordered]
        for entry in tokens:
            host = self._made(entry, settings, clock, environment)
            host.lazy = True
            made.append(host)
        return made

    def _made(self, entry: GitSettings, settings: Any, clock: Clock, environment: Mapping[str, str]) -> Any:
        if entry.clone is not None:
            from .local import LocalGit

            return LocalGit(entry, clock, settings.redaction_key)
        kind = _kind(entry.speaks)
        # A token of a public host goes to that host; every other one is named in the settings.
        known = (
            environment if entry.name in PUBLIC or entry.speaks == "gitea" else _without(environment, kind.variables)
        )
        return kind(entry, clock, settings.redaction_key, settings.access, known)


def _kind(name: str) -> Any:
    if name == "github":
        from .github import GitHubGit

        return GitHubGit
    if name == "gitlab":
        from .gitlab import GitLabGit

        return GitLabGit
    if name == "gitea":
        from .gitea import GiteaGit

        return GiteaGit
    raise InputError(f"No kind of Git host is called {name}", "", "github, gitlab or gitea.")


def _without(environment: Mapping[str, str], names: Sequence[str]) -> Mapping[str, str]:
    return {name: value for name, value in environment.items() if name not in names}


_PUBLIC: Final = (("github.com", ("GITHUB_TOKEN", "GH_TOKEN")), ("gitlab.com", ("GITLAB_TOKEN",)))


def _by_token(entries: Sequence[GitSettings], environment: Mapping[str, str]) -> list[GitSettings]:
    """Public hosts whose token is in the environment, and that nobody configured."""
    configured = {entry.name for entry in entries if entry.host}
    return [
        GitSettings(host=host)
        for host, names in _PUBLIC
        if host not in configured and any(environment.get(name) for name in names)
    ]


SOURCE = Factory()
