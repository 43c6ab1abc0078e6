"""Words inside the names of accounts, roles and sessions that give away what kind of account it is.

Teams name these things by hand, so this is a convention and no proof; whoever uses it hands the reason on.
"""

from __future__ import annotations

import re
from typing import Final

from .audit import ActorKind

_BREAK_GLASS: Final = re.compile(
    r"(?:^|[^a-z0-9])(?:break[-_ ]?glass|emergency(?:$|[^a-z])|fire[-_]?(?:fighter|call|break)|in[-_]?case[-_]?of)",
    re.I,
)
_CI: Final = re.compile(
    r"(?:^|[^a-z0-9])(?:ci|cd|cicd|ci-cd|deploy(?:er|s)?|jenkins|github(?:-?actions?)?|gha|gitlab(?:-?(?:ci|runner))?|runner|"
    r"buildkite|circle-?ci|tekton|concourse|drone|spinnaker|teamcity|bamboo|azure-?devops|azuredevops|vsts|pipelines?|"
    r"atlantis|spacelift|env0|scalr|terraform(?:-?cloud)?|tfc|tfe|opentofu|codebuild|codepipeline|codedeploy|harness|"
    r"octopus|argo-?workflows?|workflow)(?:$|[^a-z])",
    re.I,
)
ENGINES: Final = re.compile(
    r"(?:^|[:/_.-])(?:argocd|argo-cd|kustomize-controller|helm-controller|flux|fluxcd|tf-runner|tofu-controller)|"
    r"cloudformation\.amazonaws\.com|AWSServiceRoleForCloudFormation",
    re.I,
)
"""Accounts of engines that put the declared state where it runs."""
ENGINE_CLIENTS: Final = re.compile(
    r"argocd|argo-cd|kustomize-controller|helm-controller|flux|gitops-engine|tofu-controller|tf-runner|notification-controller"
)
"""Field managers and user agents of the same: a client may call itself anything, so nothing is anchored."""
_DOMAIN: Final = re.compile(r"(?<=\w)@[\w.-]+$")
_INNER: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_PIPELINE_SUBJECT: Final = re.compile(
    r"(?:^|[#:])repo:[^:]+/[^:]+:|token\.actions\.githubusercontent\.com|project_path:"
)


def _spellings(name: str) -> tuple[str, str]:
    """As it stands, and `BreakGlassAdmin` with its words apart. The domain of an e-mail address says nothing."""
    name = _DOMAIN.sub("", name)
    return name, _INNER.sub("-", name)


def is_break_glass(name: str) -> bool:
    return any(_BREAK_GLASS.search(spelling) for spelling in _spellings(name))


def is_pipeline(name: str) -> bool:
    return any(_CI.search(spelling) for spelling in _spellings(name))


def words_kind(name: str) -> tuple[ActorKind, str] | None:
    """The kind that the words of any name give away, and the reason; None where they say nothing."""
    if is_break_glass(name):
        return ActorKind.BREAK_GLASS, f"the name {name} says emergency access"
    if _PIPELINE_SUBJECT.search(name):
        return ActorKind.CI, f"{name} is the identity of a pipeline"
    if is_pipeline(name):
        return ActorKind.CI, f"the name {name} is that of a pipeline"
    return None
