"""The kustomization.yaml that kustomize-controller would write before it builds (fluxcd/pkg/kustomize, generator).

Also what that file may name: the controller confines a build to the artifact. Here a child runs with the rights of the
operator, so a build that would read anything else is refused before it starts.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

FILE_NAMES: Final = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_REMOTE: Final = re.compile(r"^(?:git::|gh:|git@|github\.com[:/]|[a-z][a-z0-9+.-]*://)|[?&]ref=|//.*\?", re.I)
_PATHS: Final = (
    "resources",
    "components",
    "bases",
    "crds",
    "configurations",
    "generators",
    "transformers",
    "validators",
    "patchesStrategicMerge",
)
_FILES: Final = ("files", "envs")
_RUNS_MORE: Final = ("helmCharts", "helmChartInflationGenerator", "helmGlobals")


class Refused(ValueError):
    """A build that is not done here; the message says why."""


def overlay(found: Mapping[str, Any] | None, spec: Mapping[str, Any], resources: list[str]) -> dict[str, Any]:
    """`found` (the file in the artifact, None where there is none) with the fields of the Kustomization's spec.

    `resources` are what stands in for a missing file: every manifest below the folder, and folders with files of their
    own.
    """
    made: dict[str, Any]
    if found is None:
        made = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
        made |= {"resources": resources} if resources else {"namespace": "_placeholder"}
    else:
        made = dict(found)
        if not made.get("resources"):
            made["buildMetadata"] = ["originAnnotations"]
    for field, name in (("targetNamespace", "namespace"), ("namePrefix", "namePrefix"), ("nameSuffix", "nameSuffix")):
        if spec.get(field):
            made[name] = spec[field]
    if patches := [_patch(each) for each in spec.get("patches") or ()]:
        made["patches"] = [*(made.get("patches") or ()), *patches]
    if components := list(spec.get("components") or ()):
        made["components"] = [*(made.get("components") or ()), *components]
    if images := list(spec.get("images") or ()):
        made["images"] = _images(list(made.get("images") or ()), images)
    if spec.get("buildMetadata"):
        made["buildMetadata"] = list(spec["buildMetadata"])
    return made


def _patch(patch: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"patch": patch.get("patch") or ""}
    if target := patch.get("target"):
        made["target"] = dict(target)
    return made


def _images(held: list[dict[str, Any]], wanted: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A tag and a digest choose a version together: setting one clears the other."""
    made = [dict(each) for each in held]
    for image in wanted:
        known = next((each for each in made if each.get("name") == image.get("name")), None)
        if known is None:
            made.append(dict(image))
            continue
        if image.get("newName"):
            known["newName"] = image["newName"]
        if image.get("newTag") or image.get("digest"):
            known.pop("newTag", None)
            known.pop("digest", None)
            known |= {name: image[name] for name in ("newTag", "digest") if image.get(name)}
    return made


def folders(document: Mapping[str, Any], at: str) -> list[str]:
    """Paths, from the artifact's root, that the file in folder `at` builds on. Raises `Refused` for what leads out of
    the artifact, is remote, or starts another program."""
    for name in _RUNS_MORE:
        if document.get(name):
            raise Refused(f"{name} in {at or '.'} would start helm")
    found = [inside(path, at) for path in _named(document)]
    for path in _mentioned(document):
        inside(path, at)
    return found


def inside(path: str, at: str) -> str:
    """`path` as seen from folder `at`, from the root. Raises `Refused`."""
    if _REMOTE.search(path):
        raise Refused(f"{path[:80]} is elsewhere, and nothing is fetched for a build here")
    joined = posixpath.normpath(posixpath.join("/", at, path)) if not path.startswith("/") else ""
    depth = 0
    for part in (*at.split("/"), *path.split("/")):
        depth += -1 if part == ".." else 1 if part not in ("", ".") else 0
        if depth < 0:
            joined = ""
    if not joined:
        raise Refused(f"{path[:80]} in {at or '.'} leads out of the artifact")
    return joined.strip("/")


def _named(document: Mapping[str, Any]) -> Iterator[str]:
    for field in _PATHS:
        for value in document.get(field) or ():
            # Inline patches and generators are YAML texts of several lines.
            if isinstance(value, str) and "\n" not in value:
                yield value


def _mentioned(document: Mapping[str, Any]) -> Iterator[str]:
    """Files of generators, patches, replacements and OpenAPI."""
    for field in ("configMapGenerator", "secretGenerator"):
        for generator in document.get(field) or ():
            for files in _FILES:
                for value in generator.get(files) or () if isinstance(generator, dict) else ():
                    yield str(value).partition("=")[2] or str(value)
            if isinstance(generator, dict) and generator.get("env"):
                yield str(generator["env"])
    for field in ("patches", "patchesJson6902", "replacements"):
        for each in document.get(field) or ():
            if isinstance(each, dict) and each.get("path"):
                yield str(each["path"])
    openapi = document.get("openapi")
    if isinstance(openapi, dict) and openapi.get("path"):
        yield str(openapi["path"])
