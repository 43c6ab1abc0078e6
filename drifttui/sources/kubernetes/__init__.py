"""Kubernetes clusters: live objects with their managers, events, watches, and what this identity may do.

One source per kubeconfig context, because a context is an identity and what may be seen depends on it.
"""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Sequence
from typing import Any

from ...clients.access import Access
from ...clients.kube import KubeClient
from ...clients.kube_settings import KubernetesSettings
from ...clients.kubeconfig import BrokenContext, KubeContext, in_cluster, kubeconfig_files, load
from ...core.errors import InputError, inert
from ...core.ports import Clock, Source
from ...core.redact import redact_text
from .source import SYSTEM, BrokenSource, KubernetesSource

ARGOCD_ITSELF = frozenset(
    {"https://kubernetes.default.svc", "https://kubernetes.default.svc.cluster.local", "in-cluster"}
)
"""How Argo CD calls the cluster that it runs in, by URL and by name."""


class KubernetesFactory:
    """Builds one source per context. Reads the kubeconfig; opens no connection and starts no plugin."""

    system = SYSTEM
    option_help = "Kubernetes clusters of the kubeconfig (--kubeconfig, $KUBECONFIG, ~/.kube/config, or in-cluster)."

    def __call__(self, settings: Any, clock: Clock) -> Sequence[Source]:
        """Reads `settings.kubernetes`, `settings.redaction_key` and `settings.read_only`. Never raises for a file that
        cannot be used: it becomes a source that is blind and says why."""
        chosen: KubernetesSettings = settings.kubernetes
        if not chosen.enabled:
            return []
        contexts, broken = _contexts(chosen)
        key: bytes = settings.redaction_key
        access = Access.READ_ONLY if settings.read_only is True else Access(settings.read_only or Access.FULL)
        home = _home(contexts, chosen.argocd_context)
        sources: list[Source] = []
        for context in contexts:
            client = KubeClient(
                context,
                clock,
                settings=chosen,
                access=access,
                clean=lambda text: inert(redact_text(text, key)),
            )
            names = frozenset(chosen.aliases.get(context.name, ()))
            sources.append(
                KubernetesSource(
                    context,
                    client,
                    clock,
                    key=key,
                    aliases=names | (ARGOCD_ITSELF if context.server == home else frozenset()),
                    concurrency=chosen.concurrency,
                    object_limit=chosen.object_limit,
                )
            )
        return [*sources, *(BrokenSource(one, clock) for one in broken)]


def _contexts(chosen: KubernetesSettings) -> tuple[list[KubeContext], list[BrokenContext]]:
    files = kubeconfig_files(chosen.kubeconfig, os.environ)
    found = load(files, required=chosen.kubeconfig is not None)
    picked = [one for one in found.contexts if _wanted(one, chosen.contexts)]
    contexts = [one for one in picked if isinstance(one, KubeContext)]
    broken = [one for one in picked if isinstance(one, BrokenContext)]
    for pattern in chosen.contexts:
        if not any(fnmatch.fnmatchcase(one.name, pattern) for one in found.contexts) and "*" not in pattern:
            places = ", ".join(str(file) for file in files)
            wrong = InputError(
                f"There is no Kubernetes context {inert(pattern, 80)}", places, "See: kubectl config get-contexts"
            )
            broken.append(BrokenContext(inert(pattern, 80), files[0], wrong))
    if chosen.in_cluster or (chosen.in_cluster is None and not found.contexts):
        pod = in_cluster(os.environ)
        if pod is not None:
            contexts.append(pod)
        elif chosen.in_cluster:
            wrong = InputError(
                "Not running in a Kubernetes pod",
                "there is no service account token, or KUBERNETES_SERVICE_HOST is not set",
                "Unset in_cluster, or run inside the cluster.",
            )
            broken.append(BrokenContext("in-cluster", files[0], wrong))
    return contexts, broken


def _wanted(one: KubeContext | BrokenContext, patterns: Sequence[str]) -> bool:
    """A file that cannot be read is told in any case: the wanted context may be in it."""
    if isinstance(one, BrokenContext) and one.whole_file:
        return True
    return any(fnmatch.fnmatchcase(one.name, pattern) for pattern in patterns)


def _home(contexts: Sequence[KubeContext], named: str) -> str:
    """The server that Argo CD runs on: that of the named context, else the only one there is; empty where unknown."""
    if named:
        return next((context.server for context in contexts if context.name == named), "")
    servers = {context.server for context in contexts}
    return servers.pop() if len(servers) == 1 else ""


SOURCE = KubernetesFactory()
