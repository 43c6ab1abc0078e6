"""Taking everything out of a recording that belongs to one cluster or one machine only, and proving that it is out."""

from __future__ import annotations

import base64
import re
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from tests.cluster.cluster import Cluster

STABLE_PORTS = {"apiserver": 6443, "argocd": 8443, "git": 8080, "etcd": 2379, "redis": 6379}
"""What a port is called in a recording; the others count up from 20000."""

TOO_SHORT_TO_REPLACE = 6
_KEY = re.compile(r"-----BEGIN [A-Z ]+-----.*?-----END [A-Z ]+-----(\\n|\n)?", re.DOTALL)
_JWT = re.compile(r"eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
"""Argo CD keeps the time of its last password change in a Secret; that is no secret, and it is in every document."""

_PEM_IN_BASE64 = re.compile(r"LS0tLS1CRUdJTi[A-Za-z0-9+/=]{40,}")


class Leak(RuntimeError):
    """Something that had to go is still in a recording. Names the file and the kind, never the thing."""


class Scrubber:
    """Knows every secret of one cluster, as text and as base64, and what to put in its place."""

    def __init__(self, cluster: Cluster) -> None:
        state = cluster.state
        self._replacements: dict[str, str] = {}
        for number, secret in enumerate(sorted(_secrets(cluster)), 1):
            stand_in = f"redacted-{number}"
            self._replacements[secret] = stand_in
            self._replacements[_encoded(secret)] = _encoded(stand_in)
        others = (name for name in state.ports if name not in STABLE_PORTS)
        ports = STABLE_PORTS | {name: 20000 + index for index, name in enumerate(others)}
        self._ports = {str(number): str(ports[name]) for name, number in state.ports.items()}
        places = {str(state.data): "/cluster", str(Path.home()): "/home", socket.gethostname(): "host"}
        self._places = {re.compile(rf"{re.escape(place)}(?![\w-])"): name for place, name in places.items()}

    def clean(self, text: str) -> str:
        """Secrets become numbered words, so that equal ones stay equal; ports, folders and host get stable names."""
        for found in sorted(self._replacements, key=len, reverse=True):
            text = text.replace(found, self._replacements[found])
        text = _KEY.sub("redacted-pem", text)
        text = _PEM_IN_BASE64.sub(_encoded("redacted-pem"), text)
        text = _JWT.sub("redacted-token", text)
        for place, name in self._places.items():
            text = place.sub(name, text)
        return re.sub(r"(127\.0\.0\.1|localhost):(\d+)", self._stable_port, text)

    def check(self, files: Iterable[Path]) -> None:
        """Raise `Leak` for the first thing that is still there. Looks at what was written, not at what was meant."""
        for file in files:
            text = file.read_text()
            kinds = {
                "a secret": any(secret in text for secret in self._replacements),
                "a key or certificate": bool(_KEY.search(text) or _PEM_IN_BASE64.search(text)),
                "a token": bool(_JWT.search(text)),
                "a folder or name of this machine": any(place.search(text) for place in self._places),
                "a port": any(f":{port}" in text for port in self._ports if port not in self._ports.values()),
            }
            for kind, there in kinds.items():
                if there:
                    raise Leak(f"{file.name} still holds {kind}")

    def _stable_port(self, found: re.Match[str]) -> str:
        return f"{found[1]}:{self._ports.get(found[2], found[2])}"


def _secrets(cluster: Cluster) -> set[str]:
    """Every token on disk, and every value of every Secret, past ones in the audit log included."""
    state = cluster.state
    found = {path.read_text().strip() for path in (state.data / "tokens").iterdir()}
    for config in (state.kubeconfig, *(state.data / "kubeconfigs").iterdir()):
        users = yaml.safe_load(config.read_text())["users"]
        found |= {each["user"]["token"] for each in users if "token" in each["user"]}
    for item in cluster.kube.get("/api/v1/secrets").json()["items"]:
        found |= _values(item)
    for event in cluster.audit.since(0):
        if event.get("objectRef", {}).get("resource") == "secrets":
            for body in (event.get("requestObject"), event.get("responseObject")):
                found |= _values(body) if isinstance(body, dict) else set()
    return {each for each in found if len(each) >= TOO_SHORT_TO_REPLACE and not _TIME.fullmatch(each)}


def _values(secret: dict[str, Any]) -> set[str]:
    plain = {str(value) for value in (secret.get("stringData") or {}).values()}
    for value in (secret.get("data") or {}).values():
        try:
            plain.add(base64.b64decode(value).decode())
        except (ValueError, TypeError):
            plain.add(str(value))
    return plain


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
