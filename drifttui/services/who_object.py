"""The live object out of a file, as `kubectl get -o yaml` writes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import yaml

from drifttui.core.errors import InputError, inert
from drifttui.core.identity import ResourceRef
from drifttui.core.planes import Document
from drifttui.core.redact import redact_document
from drifttui.core.resource_question import ResourceQuestion

MAX_OBJECT: Final = 64 << 20


def read_object(place: str, question: ResourceQuestion, key: bytes) -> Document:
    """The asked object, redacted. A file that holds exactly one object is taken as it; a list is searched.

    Raises `InputError`.
    """
    path = Path(place).expanduser()
    try:
        if path.stat().st_size > MAX_OBJECT:
            raise InputError(f"{place} is larger than {MAX_OBJECT >> 20} MB")
        text = path.read_bytes().decode("utf-8-sig", "replace")
    except OSError as problem:
        raise InputError(f"{place} cannot be read", problem.strerror or "") from problem
    found = [held for held in _objects(text, place) if _fits(held, question)]
    if not found:
        raise InputError(
            f"{place} does not hold {question}", hint="`kubectl get -o yaml` writes what is expected here."
        )
    return redact_document(found[0], key)


def _objects(text: str, place: str) -> list[Document]:
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        documents = [json.loads(text)] if text.lstrip()[:1] in ("{", "[") else list(yaml.load_all(text, loader))
    except (ValueError, yaml.YAMLError, RecursionError) as problem:
        raise InputError(f"{place} is neither YAML nor JSON", inert(str(problem), 120)) from problem
    found: list[Document] = []
    for document in documents:
        items = (
            document.get("items")
            if isinstance(document, dict) and "metadata" not in document.get("metadata", {})
            else None
        )
        found.extend(item for item in (items if isinstance(items, list) else [document]) if isinstance(item, dict))
    return found


def _fits(document: Document, question: ResourceQuestion) -> bool:
    ref = ResourceRef.of(document)
    if ref.name != question.name or ref.kind.lower() not in question.plurals:
        return False
    return question.namespace is None or not ref.namespace or ref.namespace == question.namespace
