"""What a ResourceSet declares, as far as its templates are plain: text, and `<< inputs.name >>` in it.

flux-operator (`internal/builder/resourceset.go`) writes each resource as YAML, runs it as a Go template with `<<` and
`>>` once per set of inputs, reads the YAML again and keeps the first of what has the same name. Whatever else a
template does is not worked out here: the object is unknown, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from ...core.errors import inert
from .operated import RECONCILE
from .render import Declared

GROUP: Final = "resourceset.fluxcd.controlplane.io"
COPIES: Final = tuple(
    f"fluxcd.controlplane.io/{name}" for name in ("copyFrom", "convertKubeConfigFrom", "checksumFrom")
)
"""Annotations that fill an object from others of the cluster."""

_ACTION: Final = re.compile(r"<<\s*inputs((?:\.[A-Za-z_][A-Za-z0-9_]*)+)\s*>>")
_WHOLE: Final = re.compile(r"-?(0|[1-9][0-9]{0,14})")
_VERSION: Final = re.compile(r"\d+\.\d+\.\d+([-+.][0-9A-Za-z.+-]*)?")
_PLAIN: Final = re.compile(r"[A-Za-z/][A-Za-z0-9 ._/@+=,:;()-]*")
_WORDS: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
"""Which YAML may read as something else than text."""


class Unknown(Exception):
    """A template that is not worked out here; the message is fit to be shown."""


class Rendered(NamedTuple):
    objects: tuple[Declared, ...]
    partial: str = ""
    """Why there may be more objects than these; empty where these are all."""


def render(document: Mapping[str, Any], exported: Sequence[Mapping[str, Any]], unread: str = "") -> Rendered:
    """Of a whole ResourceSet, with the inputs of its providers in their order. `unread` says why those are not all."""
    spec, metadata = _dict(document.get("spec")), _dict(document.get("metadata"))
    steps = _dicts(spec.get("steps")) or [spec]
    templates = [each for step in steps for each in _dicts(step.get("resources"))]
    partial = unread
    if any(step.get("resourcesTemplate") for step in steps):
        partial = partial or "resourcesTemplate is a program, which is not run here"
    if _dict(spec.get("inputStrategy")).get("name", "Flatten") != "Flatten":
        partial = partial or "its inputs are permuted, which is not worked out here"
    given = [*_named(spec.get("inputs"), "ResourceSet", metadata), *exported]
    if not given and spec.get("inputsFrom"):
        return Rendered((), partial)
    found: dict[tuple[str, str, str, str], Declared] = {}
    each_input: list[Mapping[str, Any] | None] = [*given] or [None]
    for template in templates:
        for inputs in each_input:
            made = _object(template, inputs)
            if made is None:
                partial = partial or "the name of an object is made by a template that is not worked out here"
                continue
            noted = _dict(made.document["metadata"].get("annotations"))
            if inputs is not None and noted.get(RECONCILE) == "disabled":
                continue
            found.setdefault(_key(made.document), made)
    return Rendered(tuple(_finished(each, spec, metadata) for each in found.values()), partial)


def named(inputs: Any, provider: Mapping[str, Any]) -> list[dict[str, Any]]:
    """`status.exportedInputs` of a ResourceSetInputProvider (`provider`, the whole object), as templates see them."""
    return _named(inputs, "ResourceSetInputProvider", _dict(provider.get("metadata")))


def _named(inputs: Any, kind: str, metadata: Mapping[str, Any]) -> list[dict[str, Any]]:
    who = {
        "apiVersion": "fluxcd.controlplane.io/v1",
        "kind": kind,
        "name": metadata.get("name"),
        "namespace": metadata.get("namespace"),
    }
    return [{**each, "provider": who} for each in _dicts(inputs)]


def _object(template: Mapping[str, Any], inputs: Mapping[str, Any] | None) -> Declared | None:
    """None where not even its name is known."""
    why: list[str] = []
    made = _filled(template, inputs, why)
    metadata = made.get("metadata")
    if not isinstance(metadata, dict) or not made.get("kind") or not made.get("apiVersion"):
        return None
    told = f"{made['apiVersion']} {made['kind']} {metadata.get('namespace')} {metadata.get('name')}"
    if "<<" in told or not isinstance(metadata.get("name"), str):
        return None
    copied = next((each for each in COPIES if each in _dict(metadata.get("annotations"))), "")
    if copied:
        why.append(f"the annotation {copied} fills it from another object")
    return Declared(made, why[0] if why else "")


def _filled(value: Any, inputs: Mapping[str, Any] | None, why: list[str]) -> Any:
    """A copy; what is not worked out stays as it is written, and `why` says so."""
    if isinstance(value, dict):
        if any("<<" in str(name) for name in value):
            why.append("a template makes the name of a field")
        return {name: _filled(item, inputs, why) for name, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, inputs, why) for item in value]
    if not isinstance(value, str) or "<<" not in value:
        return value
    try:
        return _scalar(value, inputs)
    except Unknown as error:
        why.append(str(error))
        return value


def _scalar(text: str, inputs: Mapping[str, Any] | None) -> Any:
    """A text with actions in it, as YAML reads what comes out. Raises `Unknown`."""
    rest = _ACTION.sub("", text)
    if "<<" in rest or ">>" in rest or "\n" in text:
        raise Unknown(f"the template {inert(text, 60)} is not worked out here")
    alone = _ACTION.fullmatch(text) is not None
    out = _ACTION.sub(lambda found: _said(found[1], inputs), text)
    if alone and out in ("true", "false"):
        return out == "true"
    if alone and _WHOLE.fullmatch(out) and out != "-0":
        return int(out)
    plain = _PLAIN.fullmatch(out) and ": " not in out and not out.endswith((":", " "))
    if _VERSION.fullmatch(out) or (plain and out.lower() not in _WORDS):
        return out
    raise Unknown(f"how YAML reads what {inert(text, 60)} becomes is not worked out here")


def _said(path: str, inputs: Mapping[str, Any] | None) -> str:
    """As Go writes a value. Raises `Unknown`."""
    value: Any = inputs
    for name in path[1:].split("."):
        if not isinstance(value, Mapping) or name not in value:
            raise Unknown(f"there is no input {inert(path[1:], 60)}")
        value = value[name]
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and abs(value) < 2**53:
        return str(value)
    if isinstance(value, str):
        return value
    raise Unknown(f"the input {inert(path[1:], 60)} is neither text nor a whole number")


def _finished(made: Declared, spec: Mapping[str, Any], metadata: Mapping[str, Any]) -> Declared:
    """With the owner's labels, then those of `commonMetadata`, which win."""
    common = _dict(spec.get("commonMetadata"))
    held = dict(made.document["metadata"])
    owner = {f"{GROUP}/name": metadata.get("name"), f"{GROUP}/namespace": metadata.get("namespace")}
    held["labels"] = {**_dict(held.get("labels")), **owner, **_dict(common.get("labels"))}
    if annotations := {**_dict(held.get("annotations")), **_dict(common.get("annotations"))}:
        held["annotations"] = annotations
    return made._replace(document={**made.document, "metadata": held})


def _key(document: Mapping[str, Any]) -> tuple[str, str, str, str]:
    metadata = document["metadata"]
    group = str(document["apiVersion"]).rpartition("/")[0]
    return group, str(document["kind"]), str(metadata.get("namespace") or ""), str(metadata["name"])


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _dicts(value: Any) -> list[dict[str, Any]]:
    return list(_only(value)) if isinstance(value, list) else []


def _only(values: list[Any]) -> Iterator[dict[str, Any]]:
    yield from (each for each in values if isinstance(each, dict))
