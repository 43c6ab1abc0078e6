"""Variables of `spec.postBuild`, and what they do to a document (fluxcd/pkg/kustomize, `kustomize_varsub.go`)."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from ...clients.kube import KubeClient
from ...core.envsubst import NAME, NotSubstituted, Unknown, substitute
from ...core.errors import Missing, SourceError
from ...core.redact import digest

DISABLED = "kustomize.toolkit.fluxcd.io/substitute"
SHORTEST = 4
"""Characters of a Secret's value that is looked for in documents; shorter ones occur by chance."""


class Variables(NamedTuple):
    """`values` by name; `secret` are those that came from Secrets. `unread` names what could not be read."""

    values: Mapping[str, str]
    secret: frozenset[str] = frozenset()
    unread: tuple[str, ...] = ()
    uncertain: frozenset[str] = frozenset()
    """Names whose value something unread may override."""

    def text(self, text: str) -> str:
        """Raises `NotSubstituted`, whose message is fit to be shown."""
        bad = next((name for name in self.values if not NAME.fullmatch(name)), None)
        if bad is not None:
            raise NotSubstituted(f"{bad[:60]} is no name of a variable")
        try:
            return substitute(text, self.values, bool(self.unread), self.uncertain)
        except Unknown as error:
            raise NotSubstituted(f"the variable {error} comes from {', '.join(self.unread)}, which is unread") from None


async def read(api: KubeClient, spec: Mapping[str, Any], namespace: str) -> Variables:
    """In order, later ones over earlier ones, those written inline over all. What cannot be read is `unread`."""
    post = spec.get("postBuild") or {}
    values: dict[str, str] = {}
    secret: set[str] = set()
    unread: list[str] = []
    uncertain: set[str] = set()
    for reference in post.get("substituteFrom") or ():
        kind, name = str(reference.get("kind") or ""), str(reference.get("name") or "")
        plural = {"ConfigMap": "configmaps", "Secret": "secrets"}.get(kind)
        if plural is None:
            continue
        path = f"/api/v1/namespaces/{namespace}/{plural}/{name}"
        try:
            body = await api.get_object(path, permission=f"get {plural} in {namespace}")
            held = json.loads(body).get("data") or {}
        except Missing:
            if not reference.get("optional"):
                unread.append(f"{kind}/{name}, which is not there")
            continue
        except (SourceError, ValueError, AttributeError):
            unread.append(f"{kind}/{name}")
            uncertain |= values.keys()
            continue
        for key, value in held.items():
            text = decoded(value) if kind == "Secret" else str(value)
            values[str(key)] = text.replace("\n", "")
            uncertain.discard(str(key))
            (secret.add if kind == "Secret" else secret.discard)(str(key))
    for key, value in (post.get("substitute") or {}).items():
        values[str(key)] = str(value).replace("\n", "")
        secret.discard(str(key))
        uncertain.discard(str(key))
    return Variables(values, frozenset(secret), tuple(unread), frozenset(uncertain))


def applies(variables: Variables, spec: Mapping[str, Any]) -> bool:
    strategy = (spec.get("postBuild") or {}).get("substituteStrategy")
    return bool(variables.values or variables.unread) or strategy == "Always"


def exempt(document: Mapping[str, Any]) -> bool:
    metadata = document.get("metadata") or {}
    return any((metadata.get(name) or {}).get(DISABLED) == "disabled" for name in ("labels", "annotations"))


def masked(document: Any, variables: Variables, key: bytes) -> Any:
    """`document` with every text that holds a value from a Secret replaced by its digest, marked as masked: the live
    object shows that text, so that comparing the two would tell the value."""
    values = [variables.values[name] for name in variables.secret if len(variables.values[name]) >= SHORTEST]
    if not values or (isinstance(document, dict) and document.get("kind") == "Secret"):
        return document

    def walk(value: Any) -> Any:
        if isinstance(value, str):
            if any(one in value for one in values):
                return digest(value, key) | {"masked": "Secret"}
            return value
        if isinstance(value, dict):
            return {name: walk(item) for name, item in value.items()}
        return [walk(item) for item in value] if isinstance(value, list) else value

    return walk(document)


def decoded(value: Any) -> str:
    """A value of a Secret; empty where it is no text."""
    try:
        return base64.b64decode(str(value)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
