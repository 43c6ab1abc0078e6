"""Argo CD: applications with their sync, health, target and live states, through its REST interface with a token, or
through the Application objects in Kubernetes without one."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from ...clients.access import Access
from ...clients.argocd_settings import ArgoCDSettings
from ...core.errors import DriftError, inert
from ...core.ports import Clock, Source
from ...core.redact import redact_text
from .crd_source import ArgoCDObjects
from .source import UnusableSource, argocd_source
from .units import MESSAGE_LIMIT


class ArgoCDFactory:
    """Builds one source per server and per context. Reads the argocd CLI's login; opens no connection."""

    system = "Argo CD"
    option_help = "Argo CD servers (--argocd-server, the argocd CLI's login), or --argocd-crd through Kubernetes."

    def __call__(self, settings: Any, clock: Clock) -> Sequence[Source]:
        """Reads `settings.argocd`, `.argocd_crd_contexts`, `.kube_api`, `.redaction_key` and `.access`.

        A server whose settings cannot be used becomes a source that is blind and says why.
        """
        key: bytes = settings.redaction_key
        access: Access = settings.access
        servers: Sequence[ArgoCDSettings] = settings.argocd

        def clean(text: str) -> str:
            return inert(redact_text(text, key), MESSAGE_LIMIT)

        sources: list[Source] = []
        for server in servers:
            try:
                sources.append(
                    argocd_source(server, clock, key=key, clean=clean, access=access, environment=os.environ)
                )
            except DriftError as error:
                sources.append(UnusableSource(f"argocd:{server.shown_name}", error, clock))
        contexts: Sequence[str] = settings.argocd_crd_contexts
        sources += [ArgoCDObjects(one, _api(settings, one), clock, clean=clean) for one in contexts]
        return sources


def _api(settings: Any, context: str) -> Callable[[], Any]:
    return lambda: settings.kube_api(context)


SOURCE = ArgoCDFactory()
