"""Names that stay the same across refreshes, restarts and machines."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Engine(StrEnum):
    """The control plane behind a unit."""

    ARGOCD = "argocd"
    FLUX_KUSTOMIZATION = "flux-kustomization"
    FLUX_HELMRELEASE = "flux-helmrelease"
    FLUX_RESOURCESET = "flux-resourceset"
    FLUX_INSTANCE = "flux-instance"
    OPENTOFU = "opentofu"
    TERRAFORM = "terraform"
    CLOUDFORMATION = "cloudformation"

    # An enumeration's own hash is a call into Python, and that of every key of every row; and what equals a text must
    # hash like it.
    __hash__ = str.__hash__


STACKS = frozenset({Engine.OPENTOFU, Engine.TERRAFORM, Engine.CLOUDFORMATION})
"""Engines whose resources have addresses, and no Kubernetes API to be read from."""


class UnitId(NamedTuple):
    """What one control plane reconciles.

    `source` is the configured name of the source that reads it (one Argo CD server, one cluster), because two servers
    may both hold an application `web`; `namespace` keeps two applications of one name in one server apart.
    """

    engine: str
    source: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.engine}/{self.source}/{self.namespace}/{self.name}"

    @property
    def short(self) -> str:
        """How an operator says it."""
        return self.name

    @classmethod
    def parse(cls, text: str) -> UnitId:
        """The inverse of `str`. Raises `ValueError` where it has not four parts."""
        engine, source, namespace, name = text.split("/", 3)
        return cls(engine, source, namespace, name)


class ResourceRef(NamedTuple):
    """One object inside a unit.

    Kubernetes: `cluster` + `group`/`kind`/`namespace`/`name` (`group` is empty for core,
    `namespace` for cluster scope).
    Stacks: `cluster` is the stack and `address` the Terraform address; `kind` its type and `name` its name.
    The API version is not part of it: the same object is served under several.
    """

    cluster: str
    group: str
    kind: str
    namespace: str
    name: str
    address: str = ""

    def __str__(self) -> str:
        if self.address:
            return f"{self.cluster}/{self.address}"
        return "/".join(part for part in (self.group, self.kind, self.namespace, self.name) if part)

    @property
    def short(self) -> str:
        """`Role/pay-admin`, or the address."""
        return self.address or f"{self.kind}/{self.name}"

    @classmethod
    def of(cls, document: dict[str, object], cluster: str = "") -> ResourceRef:
        """The reference of a Kubernetes object. Fields that it lacks become empty strings, never an error."""
        metadata = document.get("metadata")
        metadata = metadata if isinstance(metadata, dict) else {}
        version = str(document.get("apiVersion") or "")
        group = version.rsplit("/", 1)[0] if "/" in version else ""
        return cls(
            cluster=cluster,
            group=group,
            kind=str(document.get("kind") or ""),
            namespace=str(metadata.get("namespace") or ""),
            name=str(metadata.get("name") or metadata.get("generateName") or ""),
        )
