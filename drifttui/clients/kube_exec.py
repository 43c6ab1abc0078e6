"""Credentials from an exec plugin (`aws eks get-token`, `gke-gcloud-auth-plugin`, `kubelogin`, …).

Protocol `client.authentication.k8s.io/v1` and `v1beta1`: the plugin is told about the call in `KUBERNETES_EXEC_INFO`
and prints an ExecCredential (kubernetes.io/docs/reference/access-authn-authz/authentication, "client-go credential
plugins"). It is run here and not by the `kubernetes` package, which hands it the terminal as stdin and lets its stderr
paint over the screen.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..core.errors import Unauthenticated, inert
from . import kube_process
from .kube_credentials import Credential, malformed
from .kubeconfig import KubeContext

VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
CLUSTER_KEYS = (
    "server",
    "tls-server-name",
    "insecure-skip-tls-verify",
    "certificate-authority-data",
    "proxy-url",
    "disable-compression",
)
CLUSTER_EXTENSION = "client.authentication.k8s.io/exec"


async def run_plugin(context: KubeContext, *, timeout: float) -> Credential:
    """The credential that the plugin of `context` prints. Raises only `Unauthenticated`, one line that names the
    command and quotes what it said."""
    spec = context.user["exec"]
    if not isinstance(spec, Mapping) or not isinstance(spec.get("command"), str) or not spec["command"]:
        raise malformed(context, "its exec entry names no command")
    version = spec.get("apiVersion")
    if version not in VERSIONS:
        raise malformed(context, f"its exec entry has apiVersion {version}, known are {' and '.join(VERSIONS)}")
    if spec.get("interactiveMode") == "Always":
        raise _failed(context, "it insists on a terminal (interactiveMode: Always), which the screen is using")
    command = [_located(spec["command"], context.folder), *(str(arg) for arg in spec.get("args") or ())]
    environment = dict(os.environ)
    for item in spec.get("env") or ():
        if isinstance(item, Mapping) and item.get("name"):
            environment[str(item["name"])] = str(item.get("value") or "")
    environment["KUBERNETES_EXEC_INFO"] = json.dumps(_info(context, spec, version))
    try:
        finished = await kube_process.run(command, environment=environment, folder=None, timeout=timeout)
    except TimeoutError:
        raise _failed(context, f"it gave no answer in {timeout:g} s and was ended") from None
    except FileNotFoundError:
        advice = str(spec.get("installHint") or "") or f"Install {spec['command']}, or put it on PATH."
        raise Unauthenticated(
            _title(context), f"the plugin {spec['command']} is not installed", inert(advice, 200)
        ) from None
    except OSError as error:
        raise _failed(context, f"it cannot be started: {error.strerror}") from None
    except ValueError as error:
        raise _failed(context, f"it cannot be started: {error}") from None
    except kube_process.TooMuchOutput:
        raise _failed(context, "it wrote more than a megabyte and was ended") from None
    if finished.code:
        said = inert(finished.stderr.decode(errors="replace"), 160)
        how = f"exit code {finished.code}" if finished.code > 0 else f"signal {-finished.code}"
        raise _failed(context, f"{how}, {said}" if said else f"{how}, and it said nothing")
    return _read(context, version, finished.stdout)


def _info(context: KubeContext, spec: Mapping[str, Any], version: str) -> dict[str, Any]:
    info: dict[str, Any] = {"apiVersion": version, "kind": "ExecCredential", "spec": {"interactive": False}}
    if spec.get("provideClusterInfo"):
        cluster = {key: context.cluster[key] for key in CLUSTER_KEYS if context.cluster.get(key)}
        for extension in context.cluster.get("extensions") or ():
            if isinstance(extension, Mapping) and extension.get("name") == CLUSTER_EXTENSION:
                cluster["config"] = extension.get("extension")
        info["spec"]["cluster"] = cluster
    return info


def _located(command: str, folder: Path) -> str:
    """A command with a separator is relative to the kubeconfig that names it; a bare one is looked up on PATH."""
    return str(folder / command) if os.sep in command else command


def _read(context: KubeContext, version: str, output: bytes) -> Credential:
    # Nothing of the output is quoted: it may hold the token.
    try:
        answer = json.loads(output)
    except (ValueError, RecursionError):
        raise _failed(context, "what it printed is not JSON") from None
    if not isinstance(answer, dict) or answer.get("kind") != "ExecCredential":
        raise _failed(context, "what it printed is no ExecCredential")
    if answer.get("apiVersion") != version:
        raise _failed(context, f"it answered in {answer.get('apiVersion')} instead of {version}")
    status = answer.get("status")
    status = status if isinstance(status, dict) else {}
    token, certificate, key = (status.get(k) for k in ("token", "clientCertificateData", "clientKeyData"))
    if token is not None and (not isinstance(token, str) or not token.isascii() or not token.isprintable()):
        raise _failed(context, "the token it printed is no single line of ASCII")
    if not token and not (certificate and key):
        raise _failed(context, "it printed neither a token nor a client certificate with its key")
    if key and "ENCRYPTED" in str(key):
        raise _failed(context, "the key it printed is protected by a passphrase")
    return Credential(
        headers={"Authorization": f"Bearer {token}"} if token else {},
        certificate=str(certificate).encode() if certificate and key else b"",
        key=str(key).encode() if certificate and key else b"",
        expires_at=_time(context, status.get("expirationTimestamp")),
    )


def _time(context: KubeContext, text: object) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        raise _failed(context, f"its expirationTimestamp {text} is no RFC 3339 time") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _title(context: KubeContext) -> str:
    return f"No credentials for {inert(context.name, 80)}"


def _failed(context: KubeContext, why: str) -> Unauthenticated:
    spec = context.user["exec"]
    command = inert(str(spec["command"]), 60)
    hint = f"Log in in another terminal with: kubectl --context {shlex.quote(inert(context.name, 80))} version"
    return Unauthenticated(_title(context), f"the plugin {command} failed: {why}", hint)
