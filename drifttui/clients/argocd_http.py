"""The way to one Argo CD server, for whoever reads it and whoever writes to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from ..core.errors import InputError
from .access import Access
from .argocd_settings import ArgoCDSettings
from .argocd_token import Token
from .http import Http


def source_name(settings: ArgoCDSettings) -> str:
    """`argocd:eu-west-1`: how the units of this server are named. Raises `InputError`. Reads files."""
    name = settings.name or settings.context or settings.login().context or settings.shown_name
    return f"argocd:{name.replace('/', '_')}"


def argocd_http(
    settings: ArgoCDSettings,
    clock: Callable[[], datetime],
    *,
    clean: Callable[[str], str],
    access: Access,
    environment: Mapping[str, str],
) -> Http:
    """Raises `InputError` where nothing says which server that is."""
    login = settings.login()
    if login.core:
        raise InputError(
            f"Argo CD context {login.context} has no server",
            f"{login.file}: logged in with --core",
            "Use --argocd-crd to read the Application objects through Kubernetes.",
        )
    token = Token(settings, environment)
    return Http(
        login.url,
        name=source_name(settings),
        tls=settings.tls,
        auth=token,
        access=access,
        login=token.hint,
        clean=clean,
        limits=settings.limits(),
        clock=clock,
    )
