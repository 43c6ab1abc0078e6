"""What an operator can set about Kubernetes. Not beside the source, so that `store` can read it from a file."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class KubernetesSettings(BaseModel):
    """`kubernetes:` in the configuration. Seconds and bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = True
    kubeconfig: Path | None = Field(default=None, description="Read this file instead of $KUBECONFIG.")
    contexts: tuple[str, ...] = Field(
        default=("*",), description="Names of contexts to read; * and ? as in file names. One source per context."
    )
    in_cluster: bool | None = Field(
        default=None,
        description="Use the service account of the pod this runs in. Unset: only where no kubeconfig has a context.",
    )
    argocd_context: str = Field(
        default="",
        description="The context of the cluster that Argo CD itself runs in, which it calls "
        "https://kubernetes.default.svc. Unset: the only server, where all contexts lead to one.",
    )
    aliases: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="Further names and URLs by which units call a cluster, by context."
    )
    connect_timeout: float = Field(default=5.0, gt=0)
    timeout: float = Field(default=30.0, gt=0, description="Of one answer over all tries.")
    exec_timeout: float = Field(default=20.0, gt=0, description="Of a credential plugin.")
    concurrency: int = Field(default=8, ge=1, le=64, description="Requests to one cluster at a time.")
    object_limit: int = Field(default=16_000_000, gt=0, description="Largest single object.")
    list_limit: int = Field(default=64_000_000, gt=0, description="Largest list.")
