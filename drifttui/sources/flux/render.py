"""What a Kustomization declares: its artifact, built as kustomize-controller builds it."""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from ...clients import kustomize
from ...core.envsubst import NotSubstituted
from ...core.errors import BadAnswer, inert
from . import manifests, variables
from .overlay import FILE_NAMES, Refused, folders, overlay
from .variables import Variables

_CIPHER = "ENC[AES256_GCM,"
_SEPARATOR = re.compile(r"^---\s*$", re.MULTILINE)


class Declared(NamedTuple):
    """One object. `unknown` says why its `document` is not what Flux would apply; only its name counts then."""

    document: dict[str, Any]
    unknown: str = ""


class Rendering(NamedTuple):
    objects: tuple[Declared, ...]
    method: str
    digest: str
    """Of the build, as `status.history` keeps it; empty where substitution or decryption came after it."""


async def render(files: Mapping[str, bytes], kustomization: Mapping[str, Any], known: Variables) -> Rendering:
    """The objects of `kustomization` (the whole object) in its artifact. Raises `SourceError` where nothing can be
    built; an object that cannot be finished here is unknown by itself."""
    spec = kustomization.get("spec") or {}
    metadata = kustomization.get("metadata") or {}
    folder = posixpath.normpath("/" + str(spec.get("path") or "")).strip("/")
    if folder and not any(path.startswith(folder + "/") for path in files):
        raise BadAnswer("The Kustomization cannot be built", f"its path {inert(folder, 100)} is not in the artifact")
    try:
        made = _prepared(files, folder, spec)
    except Refused as why:
        raise BadAnswer(
            "The Kustomization is not built here", inert(str(why), 200), "Its desired state is unknown."
        ) from None
    built = await kustomize.build({**files, **made}, folder)
    substituting = bool(spec.get("postBuild")) and variables.applies(known, spec)
    objects = [
        each
        for text in _SEPARATOR.split(built.output)
        if text.strip()
        for each in _finished(text, spec, known, substituting)
    ]
    _common(objects, spec, metadata)
    plain = not substituting and not spec.get("decryption")
    digest = f"sha256:{hashlib.sha256(built.output.encode()).hexdigest()}" if plain else ""
    return Rendering(tuple(objects), built.by, digest)


def _prepared(files: Mapping[str, bytes], folder: str, spec: Mapping[str, Any]) -> dict[str, bytes]:
    """The file that the controller would write, after everything that it leads to was looked at."""
    found, name = _file(files, folder)
    resources = [] if found is not None else _scanned(files, folder)
    made = overlay(found, spec, resources)
    # As the controller's library leaves them; the program would sort.
    made.setdefault("sortOptions", {"order": "fifo"})
    seen: set[str] = set()
    waiting = folders(made, folder)
    while waiting:
        at = waiting.pop()
        if at in seen:
            continue
        seen.add(at)
        below, _ = _file(files, at)
        if below is not None:
            waiting += folders(below, at)
    return {posixpath.join(folder, name or FILE_NAMES[0]): json.dumps(made).encode()}


def _file(files: Mapping[str, bytes], folder: str) -> tuple[dict[str, Any] | None, str]:
    for name in FILE_NAMES:
        content = files.get(posixpath.join(folder, name))
        if content is not None:
            found = manifests.load(content.decode(errors="replace"), posixpath.join(folder, name))
            if not isinstance(found, dict):
                raise BadAnswer("The Kustomization cannot be built", f"{inert(folder, 100)}/{name} is no object")
            return found, name
    return None, ""


def _scanned(files: Mapping[str, bytes], folder: str) -> list[str]:
    """Manifests below `folder`; a folder with a file of its own is named instead of what is in it."""
    prefix = f"{folder}/" if folder else ""
    inner = sorted(path[len(prefix) :] for path in files if path.startswith(prefix))
    own = {posixpath.dirname(path) for path in inner if posixpath.basename(path) in FILE_NAMES} - {""}
    tops = {at for at in own if not any(at != other and at.startswith(other + "/") for other in own)}
    found = set(tops)
    for path in inner:
        if not any(path.startswith(top + "/") for top in tops) and path.endswith((".yaml", ".yml")):
            found.add(path)
    return [f"./{path}" for path in sorted(found)]


def _finished(text: str, spec: Mapping[str, Any], known: Variables, substituting: bool) -> list[Declared]:
    """The objects of one document of the build, after substitution."""
    raw = manifests.parse(text, "The build")
    finished = []
    for each in raw:
        if _encrypted(each):
            finished.append(Declared(each, "it is encrypted with SOPS, and nothing here holds the key"))
        elif not substituting or variables.exempt(each):
            finished.append(Declared(each))
        else:
            finished.append(_substituted(text, each, known))
    return finished


def _substituted(text: str, raw: dict[str, Any], known: Variables) -> Declared:
    try:
        found = manifests.parse(known.text(text), "A document after substitution")
    except NotSubstituted as why:
        return Declared(raw, f"its variables cannot be filled in: {inert(str(why), 160)}")
    return Declared(found[0]) if len(found) == 1 else Declared(raw, "substitution made it into something else")


def _encrypted(document: Mapping[str, Any]) -> bool:
    if "sops" in document:
        return True
    return document.get("kind") == "Secret" and (_CIPHER in json.dumps(document) or _sealed_data(document))


def _sealed_data(document: Mapping[str, Any]) -> bool:
    """A generator made it from a file that SOPS encrypted."""
    data = document.get("data")
    return isinstance(data, dict) and any(
        _CIPHER in text or '"sops":' in text or "\nsops:" in text for text in map(variables.decoded, data.values())
    )


def _common(objects: list[Declared], spec: Mapping[str, Any], metadata: Mapping[str, Any]) -> None:
    """Labels and annotations of `commonMetadata`, and the labels by which Flux knows its own."""
    common = spec.get("commonMetadata") or {}
    owner = {
        "kustomize.toolkit.fluxcd.io/name": metadata.get("name"),
        "kustomize.toolkit.fluxcd.io/namespace": metadata.get("namespace"),
    }
    for each in objects:
        held = each.document["metadata"]
        held["labels"] = {**(held.get("labels") or {}), **(common.get("labels") or {}), **owner}
        if common.get("annotations"):
            held["annotations"] = {**(held.get("annotations") or {}), **common["annotations"]}
