"""Through which proxy an API server is reached: the cluster's `proxy-url`, else the environment, as kubectl decides."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass

from .kubeconfig import KubeContext


def proxy_of(context: KubeContext) -> str | None:
    """A proxy URL, or None for a direct connection. May hold a password: never shown.

    `NO_PROXY` may name networks (`10.0.0.0/8`), which the standard library does not know. Loopback is never proxied,
    or `kubectl proxy` and local clusters would go around the world.
    """
    if own := context.cluster.get("proxy-url"):
        return str(own)
    address = urlsplit(context.server)
    host = address.hostname or ""
    proxies = getproxies_environment()
    proxy = proxies.get(address.scheme) or proxies.get("all")
    if not proxy or host == "localhost" or proxy_bypass(host, proxies):
        return None
    try:
        number = ipaddress.ip_address(host)
    except ValueError:
        return proxy
    if number.is_loopback or any(number in network for network in _networks(proxies.get("no", ""))):
        return None
    return proxy


def _networks(listed: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    found = []
    for part in listed.split(","):
        try:
            found.append(ipaddress.ip_network(part.strip(), strict=False))
        except ValueError:
            continue
    return found
