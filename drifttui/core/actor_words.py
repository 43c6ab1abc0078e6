"""Words inside the names of accounts, roles and sessions that give away what kind of account it is.

Teams name these things by hand, so this is a convention and no proof; whoever uses it hands the reason on.
"""

from __future__ import annotations

import re
from typing import Final

from .audit import ActorKind

BREAK_GLASS_WORDS: Final = re.compile(
    r"(?:^|[^a-z0-9])(?:break[-_]?glass|emergency|fire[-_]?(?:fighter|call|break)|in[-_]?case[-_]?of)(?:$|[^a-z])", re.I
)
CI_WORDS: Final = re.compile(
    r"(?:^|[^a-z0-9])(?:ci|cd|cicd|ci-cd|deployer|jenkins|github(?:-?actions?)?|gha|gitlab(?:-?(?:ci|runner))?|runner|"
    r"buildkite|circle-?ci|tekton|concourse|drone|spinnaker|teamcity|bamboo|azure-?devops|azuredevops|vsts|pipelines?|"
    r"atlantis|spacelift|env0|scalr|terraform(?:-?cloud)?|tfc|tfe|opentofu|codebuild|codepipeline|codedeploy|harness|"
    r"octopus|argo-?workflows?|workflow)(?:$|[^a-z])",
    re.I,
)
_PIPELINE_SUBJECT: Final = re.compile(
    r"(?:^|[#:])repo:[^:]+/[^:]+:|token\.actions\.githubusercontent\.com|project_path:"
)


def words_kind(name: str) -> tuple[ActorKind, str] | None:
    """The kind that the words of any name give away, and the reason; None where they say nothing."""
    if BREAK_GLASS_WORDS.search(name):
        return ActorKind.BREAK_GLASS, f"the name {name} says emergency access"
    if _PIPELINE_SUBJECT.search(name):
        return ActorKind.CI, f"{name} is the identity of a pipeline"
    if CI_WORDS.search(name):
        return ActorKind.CI, f"the name {name} is that of a pipeline"
    return None
