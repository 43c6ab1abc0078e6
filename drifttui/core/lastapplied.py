"""What `kubectl apply` recorded: the recorded plane of an object that no GitOps engine speaks for."""

from __future__ import annotations

import json

from .planes import Observation, Plane

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
METHOD = "last-applied annotation"


def recorded_of(actual: Observation) -> Observation | None:
    """The recorded plane that a live object carries in its annotation; None where it carries none that can be read.

    The annotation is inside the document and was redacted with it, so this is redacted too. It was true when somebody
    applied, which the object does not tell: `observed_at` is when it was read. The applied object may leave out its
    namespace, which comes from the command line; it is filled in from the live one, so that it does not look removed.
    """
    metadata = (actual.document or {}).get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    text = annotations.get(LAST_APPLIED) if isinstance(annotations, dict) else None
    if not isinstance(text, str):
        return None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or not isinstance(document.get("metadata"), dict):
        return None
    assert isinstance(metadata, dict)
    if "namespace" in metadata:
        document["metadata"].setdefault("namespace", metadata["namespace"])
    return Observation(actual.ref, Plane.RECORDED, document, actual.source, METHOD, actual.observed_at, actual.revision)
