"""What an operator can set about Kubernetes. Not beside the source, so that `store` can read it from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec

Positive = msgspec.Meta(gt=0)


class KubernetesSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[kubernetes]` in the configuration. Seconds and bytes. The bounds hold for what a file says."""

    enabled: bool = True
    kubeconfig: Path | None = None
    """Read this file instead of $KUBECONFIG."""
    contexts: tuple[str, ...] = ("*",)
    """Names of contexts to read; * and ? as in file names. One source per context."""
    in_cluster: bool | None = None
    """Use the service account of the pod this runs in. Unset: only where no kubeconfig has a context."""
    argocd_context: str = ""
    """The context of the cluster that Argo CD itself runs in, which it calls https://kubernetes.default.svc. Unset: the
    only context, where there is only one."""
    aliases: dict[str, tuple[str, ...]] = {}
    """Further names and URLs by which units call a cluster, by context."""
    connect_timeout: Annotated[float, Positive] = 5.0
    timeout: Annotated[float, Positive] = 30.0
    """Of one answer over all tries."""
    exec_timeout: Annotated[float, Positive] = 20.0
    """Of a credential plugin."""
    concurrency: Annotated[int, msgspec.Meta(ge=1, le=64)] = 8
    """Requests to one cluster at a time."""
    object_limit: Annotated[int, Positive] = 16_000_000
    """Largest single object."""
    list_limit: Annotated[int, Positive] = 64_000_000
    """Largest list."""
