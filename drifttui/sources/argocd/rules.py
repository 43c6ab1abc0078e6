"""What Argo CD ignores when it compares: rules of the application and of the whole system."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...core.inspection import IgnoreRule
from .wire_detail import ApplicationInFull, Settings


def ignore_rules(application: ApplicationInFull | None, settings: Settings | None) -> tuple[IgnoreRule, ...]:
    """The application's rules first. What either cannot tell is the caller's gap."""
    return (*(_of_application(application) if application else ()), *(_of_system(settings) if settings else ()))


def _of_application(application: ApplicationInFull) -> Iterator[IgnoreRule]:
    for number, rule in enumerate(application.spec.ignore_differences or ()):
        yield IgnoreRule(
            id=f"argocd/application/{number}",
            group=rule.group,
            kind=rule.kind,
            namespace=rule.namespace,
            name=rule.name,
            json_pointers=tuple(rule.json_pointers or ()),
            jq_paths=tuple(rule.jq_path_expressions or ()),
            managers=tuple(rule.managed_fields_managers or ()),
            origin="application",
        )


def _of_system(settings: Settings) -> Iterator[IgnoreRule]:
    """`resource.customizations.ignoreDifferences.*` of argocd-cm, as the settings endpoint gives them: keyed
    `group/Kind` (`Kind` alone for core, `*/*` for all), with the rule as YAML in a string."""
    for key, override in sorted((settings.resource_overrides or {}).items()):
        rule = _yaml(override.ignore_differences)
        pointers, paths, managers = (
            _texts(rule.get(field)) for field in ("jsonPointers", "jqPathExpressions", "managedFieldsManagers")
        )
        if pointers or paths or managers:
            group, _, kind = key.rpartition("/")
            yield IgnoreRule(
                id=f"argocd/system/{key}",
                group=group,
                kind=kind,
                json_pointers=pointers,
                jq_paths=paths,
                managers=managers,
                origin="system",
            )


def _yaml(text: str) -> dict[str, Any]:
    if not text:
        return {}
    import yaml

    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError:
        return {}
    return found if isinstance(found, dict) else {}


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(text for text in value if isinstance(text, str)) if isinstance(value, list) else ()
