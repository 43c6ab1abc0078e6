"""Tokens of `auth-provider` users (OIDC, the old GCP helper), read and refreshed by the `kubernetes` package.

kubectl itself has dropped all of them but OIDC. The package costs 110 ms and 21 MB to import, so it is loaded only for
the users that need it, and in a thread. Refreshed tokens are not written back to the kubeconfig: a tool that reads
clusters does not edit the operator's files.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

from ..core.errors import Unauthenticated, inert
from .kube_credentials import Credential, impersonation
from .kubeconfig import KubeContext


async def ask_provider(context: KubeContext, *, timeout: float) -> Credential:
    """The provider's present token. Raises only `Unauthenticated`."""
    try:
        async with asyncio.timeout(timeout):
            token, expires_at = await asyncio.to_thread(_load, context)
    except TimeoutError:
        raise _failed(context, f"it gave no answer in {timeout:g} s") from None
    # The package raises whatever its OAuth, HTTP and JSON layers raise; all of it means one thing here.
    except Exception as error:
        raise _failed(context, type(error).__name__) from error
    if not token:
        raise _failed(context, "it gave no token")
    return Credential({**impersonation(context.user), "Authorization": token}, expires_at=expires_at)


def _load(context: KubeContext) -> tuple[str, datetime | None]:
    from kubernetes.client import Configuration
    from kubernetes.config import kube_config

    document: dict[str, Any] = {
        "current-context": "it",
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
        "clusters": [{"name": "it", "cluster": {"server": context.server}}],
        "users": [{"name": "it", "user": {"auth-provider": context.user["auth-provider"]}}],
    }
    make: Any = kube_config.KubeConfigLoader
    loader = make(document, active_context="it", config_base_path=str(context.folder))
    loader.load_and_set(Configuration())
    expires_at = getattr(loader, "expiry", None)
    if isinstance(expires_at, datetime) and expires_at.tzinfo is None:
        expires_at = expires_at.replace(tzinfo=UTC)
    return str(getattr(loader, "token", "") or ""), expires_at


def _failed(context: KubeContext, why: str) -> Unauthenticated:
    provider = context.user.get("auth-provider")
    kind = provider.get("name") if isinstance(provider, dict) else ""
    name = inert(context.name, 80)
    return Unauthenticated(
        f"No credentials for {name}",
        f"the auth-provider {kind} of user {context.user_name} failed: {why}",
        "Log in again with your provider's tool, or move to its exec plugin.",
    )
