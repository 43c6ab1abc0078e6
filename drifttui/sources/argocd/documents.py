"""Managed resources as planes. Nothing leaves this file that was not redacted."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import msgspec

from ...core.errors import BadAnswer
from ...core.identity import ResourceRef
from ...core.inspection import Extra
from ...core.lastapplied import recorded_of
from ...core.planes import Document, Observation, Plane, ThreePlanes
from ...core.redact import redact_document
from .wire_detail import ManagedResource

MASKED = ", Secret values masked by Argo CD"
"""Ends the method of an observation whose values Argo CD has replaced by plus signs: those of one answer can be told
apart from each other, but say nothing against values that were read elsewhere."""


class Origin(NamedTuple):
    """What is the same for all resources of one answer."""

    source: str
    cluster: str
    revision: str
    """Desired revision."""
    compared_at: datetime | None
    """When Argo CD last compared with Git. Its cache is at least as new; how much newer it does not say."""
    key: bytes
    rendered: bool = True
    """False where Argo CD could not render the manifests: a target that it lacks then is unknown, not absent."""


class Managed(NamedTuple):
    planes: ThreePlanes
    extra: Extra
    masked: bool
    gap: str = ""


class _Unsaid(Exception):
    """A state that Argo CD left out or that cannot be read."""


def managed(item: ManagedResource, origin: Origin) -> Managed:
    """The planes of one entry of `managed-resources`. A state that cannot be read stays unknown and is a gap."""
    ref = ResourceRef(origin.cluster, item.group, item.kind, item.namespace, item.name)
    masked = item.kind == "Secret" and not item.group
    mark = MASKED if masked else ""
    planes, gap = ThreePlanes(ref), ""
    try:
        target = _document(item.target_state, origin.key)
        if target is None and not origin.rendered:
            raise _Unsaid("is unknown: the manifests could not be rendered")
    except _Unsaid as why:
        gap = f"{ref.short}: target state {why}"
    else:
        planes = planes.seen(
            Observation(
                ref,
                Plane.DESIRED,
                target,
                origin.source,
                "managed-resources target" + mark,
                origin.compared_at,
                origin.revision,
            )
        )
    try:
        live = _document(item.live_state, origin.key)
    except _Unsaid as why:
        gap = gap or f"{ref.short}: live state {why}"
    else:
        actual = Observation(
            ref,
            Plane.ACTUAL,
            live,
            origin.source,
            "managed-resources live (Argo CD cache)" + mark,
            origin.compared_at,
            _version(live),
        )
        planes = planes.seen(actual)
        if (recorded := recorded_of(actual)) is not None:
            planes = planes.seen(recorded._replace(method=recorded.method + mark, revision=""))
    extra = Extra(
        normalized_live=_optional(item.normalized_live_state, origin.key),
        predicted_live=_optional(item.predicted_live_state, origin.key),
        modified=item.modified,
    )
    return Managed(planes, extra, masked, gap)


def _document(text: str, key: bytes) -> Document | None:
    """The redacted object; None where Argo CD says that there is none."""
    if not text:
        raise _Unsaid("was not given")
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _Unsaid("cannot be read") from error
    if found is None:
        return None
    if not isinstance(found, dict):
        raise _Unsaid("is no object")
    try:
        return redact_document(found, key)
    except BadAnswer as error:
        raise _Unsaid("is nested too deep to be read") from error


def _optional(text: str, key: bytes) -> Document | None:
    try:
        return _document(text, key)
    except _Unsaid:
        return None


def _version(document: Document | None) -> str:
    metadata = (document or {}).get("metadata")
    return str(metadata.get("resourceVersion") or "") if isinstance(metadata, dict) else ""
