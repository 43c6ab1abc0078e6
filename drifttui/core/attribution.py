"""Whether something that only runs, and that no manifest declares, is anybody's change."""

from __future__ import annotations

import json
from typing import Any, Final

from .finding import Owner
from .normalize import is_text_map
from .ownership import ManagedFields
from .planes import ABSENT, Document
from .pointers import get, parse
from .rules_kubernetes import ALWAYS_SHOWN, by_hand, is_autoscaler
from .schema import Shape
from .third import locate

DEPLOYERS: Final = frozenset(
    {
        "argocd-controller",
        "argocd-application-controller",
        "argocd-server",
        "kustomize-controller",
        "helm-controller",
        "helm",
        "Helm",
        "flux-client-side-apply",
    }
)
"""Field managers under which GitOps engines apply what Git declares."""

_CLIENT_SIDE_APPLY: Final = "kubectl-client-side-apply"
"""Whoever applies so records the whole manifest in the annotation, so that what it does not name is a default."""

LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"


class Attribution:
    """Owners of the fields of one live object, and what was declared for it before."""

    def __init__(
        self, actual: Document, shape: Shape, deployers: frozenset[str], recorded: Document | None = None
    ) -> None:
        self._actual = actual
        self._shape = shape
        self._deployers = deployers
        self._recorded = recorded
        self.managed = ManagedFields(actual)
        self._annotation: Any = ABSENT

    def owners(self, path: str) -> tuple[Owner, ...]:
        return self.managed.at(parse(path))

    def judge(self, path: str, rule: str) -> str:
        """The rule that takes away what is only live at `path`; empty where it is a change.

        `rule` says why it would be legitimate: then only a person's own tool makes it a change.
        """
        tokens = parse(path)
        if tokens[-1] in ALWAYS_SHOWN:
            return ""
        if rule:
            return "" if self.managed.known and any(map(by_hand, self.managed.at(tokens))) else rule
        if tokens == ("metadata", "namespace"):
            return "namespace"
        if self.managed.known:
            return self._by_owner(tokens)
        if isinstance(self._applied(), dict):
            return "" if self._declared(tokens) else "unattributed"
        return ""

    def _by_owner(self, tokens: tuple[str, ...]) -> str:
        owners = self.managed.at(tokens)
        if not owners:
            return "" if self._is_item(tokens) or is_text_map(tokens[:-1]) else "server-filled"
        outsiders = [owner for owner in owners if owner.manager not in self._deployers]
        if outsiders:
            if tokens == ("spec", "replicas") and all(map(is_autoscaler, outsiders)) and not self._declared(tokens):
                return "autoscaled-replicas"
            applied = all(owner.manager == _CLIENT_SIDE_APPLY for owner in outsiders)
            known = applied and isinstance(self._applied(), dict) and not self._declared(tokens)
            return "deployer-wrote" if known else ""
        if any(owner.operation == "Apply" for owner in owners):
            return ""  # Server-side apply holds exactly what was declared: Git has dropped it since.
        return "" if self._is_item(tokens) or self._declared(tokens) else "deployer-wrote"

    def _is_item(self, tokens: tuple[str, ...]) -> bool:
        """Whether this is a whole item of a list. The API server fills in fields and adds no items; an admission policy
        or webhook does, in the same request as the deployer's apply, so that nobody or the deployer holds it."""
        return tokens[-1].isdigit() and isinstance(get(self._actual, tokens[:-1]), list)

    def _declared(self, tokens: tuple[str, ...]) -> bool:
        """Whether a manifest that was applied earlier named this field."""
        sources = (self._applied(), self._recorded if _is_manifest(self._recorded) else None)
        return any(
            isinstance(source, dict) and locate(tokens, self._actual, source, self._shape).value is not ABSENT
            for source in sources
        )

    def _applied(self) -> Any:
        """The manifest in the last-applied annotation; None where there is none that can be read."""
        if self._annotation is ABSENT:
            self._annotation = None
            text = get(self._actual, ("metadata", "annotations", LAST_APPLIED))
            if isinstance(text, str):
                try:
                    self._annotation = json.loads(text)
                except (ValueError, RecursionError):
                    self._annotation = None
        return self._annotation


def _is_manifest(document: Document | None) -> bool:
    """Whether this was declared rather than read back: a copy of a live object names every default too."""
    metadata = document.get("metadata") if isinstance(document, dict) else None
    return isinstance(metadata, dict) and "uid" not in metadata and "resourceVersion" not in metadata
