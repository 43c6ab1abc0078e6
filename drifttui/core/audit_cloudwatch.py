"""Questions about Kubernetes objects in the languages of CloudWatch Logs: filter patterns and Logs Insights.

Patterns are at most 1024 characters. Insights knows only 200 fields of a JSON event, fewer than an audit event with
bodies has, so its filters look at the text, which the API server writes without spaces.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from .resource_question import ResourceQuestion

PATTERN_LIMIT: Final = 1024
INSIGHTS_LIMIT: Final = 10_000
_SAFE: Final = re.compile(r"[A-Za-z0-9._:@+-]{1,253}")
_READS: Final = ("get", "list", "watch")


def askable(question: ResourceQuestion) -> bool:
    """Whether its names can stand in a query. Names of Kubernetes objects can."""
    return all(_SAFE.fullmatch(text) for text in (question.name, question.namespace or "x"))


def patterns(questions: Sequence[ResourceQuestion]) -> list[str]:
    """Filter patterns that together find every write of the objects, deletions of collections and namespaces too."""
    terms: dict[str, None] = {}
    writes = " && ".join(f'$.verb != "{verb}"' for verb in _READS)
    for question in questions:
        name, namespace = question.name, question.namespace
        inside = f' && $.objectRef.namespace = "{namespace}"' if namespace else ""
        terms[f'($.objectRef.name = "{name}"{inside} && {writes})'] = None
        terms[f'($.verb = "create" && $.responseObject.metadata.name = "{name}"{inside})'] = None
        terms[f'($.verb = "deletecollection"{inside})'] = None
        if namespace:
            gone = '$.verb = "delete" && $.objectRef.resource = "namespaces"'
            terms[f'({gone} && $.objectRef.name = "{namespace}")'] = None
    found: list[str] = []
    held: list[str] = []
    for term in terms:
        if held and len(" || ".join([*held, term])) + 4 > PATTERN_LIMIT:
            found.append("{ " + " || ".join(held) + " }")
            held = []
        held.append(term)
    return [*found, "{ " + " || ".join(held) + " }"] if held else found


def operations_pattern() -> str:
    """Syncs of Argo CD: calls on applications that name an initiator."""
    return '{ $.objectRef.resource = "applications" && $.requestObject.operation.initiatedBy.username = "*" }'


def insights(questions: Sequence[ResourceQuestion], streams: str) -> str:
    """One query for all of them, newest first."""
    terms: dict[str, None] = {}
    for question in questions:
        inside = f" and {_like('namespace', question.namespace)}" if question.namespace else ""
        terms[f"({_like('name', question.name)}{inside})"] = None
        terms[f"({_like('verb', 'deletecollection')}{inside})"] = None
        if question.namespace:
            gone = f"{_like('verb', 'delete')} and {_like('resource', 'namespaces')}"
            terms[f"({gone} and {_like('name', question.namespace)})"] = None
    reads = " and ".join(f"""@message not like '"verb":"{verb}"'""" for verb in _READS)
    return (
        f"fields @timestamp, @message | filter @logStream like '{streams}' | filter {reads} "
        f"| filter {' or '.join(terms)} | sort @timestamp desc | limit {INSIGHTS_LIMIT}"
    )


def insights_operations(streams: str) -> str:
    return (
        f"fields @timestamp, @message | filter @logStream like '{streams}' "
        "| filter @message like 'initiatedBy' and @message like 'argoproj.io' "
        f"| sort @timestamp desc | limit {INSIGHTS_LIMIT}"
    )


def _like(field: str, value: str | None) -> str:
    return f"""@message like '"{field}":"{value}"'"""


def without_bodies(questions: Sequence[ResourceQuestion]) -> list[str]:
    """Those that EKS records at the level Metadata: Secrets, ConfigMaps, and whatever is not built in."""
    return [
        str(question)
        for question in questions
        if question.kind in ("Secret", "ConfigMap")
        or (question.group is not None and "." in question.group and not question.group.endswith(".k8s.io"))
    ]
