"""The calls to one Kubernetes API server that other code needs, whatever carries them.

`clients.kube` implements it over the kubeconfig; the Argo CD source reads Application objects through it, and tests
bring a fake.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from types import MappingProxyType
from typing import Protocol

NO_PARAMS: Mapping[str, str] = MappingProxyType({})


class KubeApi(Protocol):
    """One API server under one identity. Both calls raise only `core.errors.SourceError`."""

    context: str
    """The kubeconfig context; the name by which the operator knows this cluster."""
    server: str
    """Base URL of the API server."""

    async def get(self, path: str, params: Mapping[str, str] = NO_PARAMS, *, accept: str = "application/json") -> bytes:
        """The body of a GET on an absolute API path such as `/apis/argoproj.io/v1alpha1/applications`."""
        ...

    def stream(self, path: str, params: Mapping[str, str]) -> AsyncIterator[bytes]:
        """One NDJSON line at a time, without the newline. Ends when the server ends the answer."""
        ...

    async def close(self) -> None:
        """Whoever made it closes it."""
        ...
