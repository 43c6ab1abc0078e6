"""Which kinds of Flux there are, and where the API server keeps them."""

from __future__ import annotations

from typing import Final, NamedTuple


class Kind(NamedTuple):
    group: str
    version: str
    plural: str
    kind: str
    required: bool = False
    """A unit's own kind: where it cannot be read, the list of units is not whole."""

    @property
    def path(self) -> str:
        return f"/apis/{self.group}/{self.version}/{self.plural}"

    def object_path(self, namespace: str, name: str) -> str:
        return f"/apis/{self.group}/{self.version}/namespaces/{namespace}/{self.plural}/{name}"

    @property
    def resource(self) -> str:
        """As permissions call it."""
        return f"{self.plural}.{self.group}"


SOURCES: Final = "source.toolkit.fluxcd.io"
OPERATOR: Final = "fluxcd.controlplane.io"

KUSTOMIZATION: Final = Kind("kustomize.toolkit.fluxcd.io", "v1", "kustomizations", "Kustomization", True)
HELM_RELEASE: Final = Kind("helm.toolkit.fluxcd.io", "v2", "helmreleases", "HelmRelease", True)

RESOURCE_SET: Final = Kind(OPERATOR, "v1", "resourcesets", "ResourceSet")
FLUX_INSTANCE: Final = Kind(OPERATOR, "v1", "fluxinstances", "FluxInstance")
INPUT_PROVIDER: Final = Kind(OPERATOR, "v1", "resourcesetinputproviders", "ResourceSetInputProvider")
FLUX_REPORT: Final = Kind(OPERATOR, "v1", "fluxreports", "FluxReport")

ALL: Final = (
    KUSTOMIZATION,
    HELM_RELEASE,
    Kind(SOURCES, "v1", "gitrepositories", "GitRepository"),
    Kind(SOURCES, "v1", "ocirepositories", "OCIRepository"),
    Kind(SOURCES, "v1", "buckets", "Bucket"),
    Kind(SOURCES, "v1", "helmrepositories", "HelmRepository"),
    Kind(SOURCES, "v1", "helmcharts", "HelmChart"),
    Kind(SOURCES, "v1", "externalartifacts", "ExternalArtifact"),
    FLUX_INSTANCE,
    RESOURCE_SET,
    INPUT_PROVIDER,
    FLUX_REPORT,
)
"""A group that is not served is not there: most clusters have no flux-operator."""

OPERATED: Final = frozenset(kind.kind for kind in ALL if kind.group == OPERATOR)
"""What flux-operator reconciles: annotations say how often, and whether at all."""

BY_KIND: Final = {kind.kind: kind for kind in ALL}
