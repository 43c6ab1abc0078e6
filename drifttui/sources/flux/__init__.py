"""Flux: Kustomizations and HelmReleases of Kubernetes clusters, with the sources that they hang on."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ...clients.flux_settings import FluxSettings
from ...clients.kube_settings import KubernetesSettings
from ...clients.kubeconfig import in_cluster, kubeconfig_files, load
from ...core.errors import inert
from ...core.ports import Clock, Source
from ...core.redact import redact_text
from .source import FluxSource

if TYPE_CHECKING:
    from ...clients.kube import KubeClient


class FluxFactory:
    """Builds one source per context. Opens no connection."""

    system = "Flux"
    option_help = "Flux in Kubernetes clusters: the current context, those of --context, or those of [flux] contexts."

    def __call__(self, settings: Any, clock: Clock) -> Sequence[Source]:
        """Reads `settings.flux`, `.kubernetes`, `.kube_api` and `.redaction_key`. A context that cannot be used becomes
        a source that is blind and says why; a cluster without Flux one that is off."""
        chosen: FluxSettings = settings.flux
        kubernetes: KubernetesSettings = settings.kubernetes
        if not (chosen.enabled and kubernetes.enabled):
            return []
        key: bytes = settings.redaction_key

        def clean(text: str) -> str:
            return inert(redact_text(text, key), 2000)

        return [
            FluxSource(one, _api(settings, one), clock, key=key, clean=clean) for one in _contexts(chosen, kubernetes)
        ]


def _contexts(chosen: FluxSettings, kubernetes: KubernetesSettings) -> Sequence[str]:
    """Those named for Flux, else those named at all, else the current one: a context is an identity, and a cluster that
    is seen by three of them would show its units three times."""
    if chosen.contexts:
        return chosen.contexts
    named = [one for one in kubernetes.contexts if "*" not in one and "?" not in one]
    if named:
        return list(dict.fromkeys(named))
    config = load(kubeconfig_files(kubernetes.kubeconfig, os.environ))
    if not config.contexts:
        pod = in_cluster(os.environ)
        return [pod.name] if pod is not None else []
    return [config.current] if any(one.name == config.current for one in config.contexts) else []


def _api(settings: Any, context: str) -> Callable[[], KubeClient]:
    return lambda: settings.kube_api(context)


SOURCE = FluxFactory()
