"""Argo CD: its own install manifest without the workloads, the four servers as processes, and accounts with tokens."""

from __future__ import annotations

import base64
import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

import httpx
import yaml

from tests.cluster.control_plane import HERE, ControlPlane
from tests.cluster.identities import ARGOCD, write_kubeconfig
from tests.cluster.kube import Kube
from tests.cluster.processes import Processes
from tests.cluster.state import State, trusting

ACCOUNTS: Mapping[str, int] = {"operator": 0, "drifttui-readonly": 0, "payments-oncall": 0, "expiring": 900}
"""Name to lifetime of its token in seconds; 0 never expires."""

NAMESPACES = "argocd,team-blue"
"""Where Applications may live: two of the same name in different namespaces must be told apart."""

_WORKLOADS = {"Deployment", "StatefulSet", "Service", "NetworkPolicy"}
_SERVED = "argocd-server"


class ArgoCD:
    """Installs and starts Argo CD on a control plane that is up."""

    def __init__(self, state: State, plane: ControlPlane, processes: Processes, kube: Kube) -> None:
        self._state = state
        self._plane = plane
        self._processes = processes
        self._kube = kube
        self._redis_password = secrets.token_urlsafe(24)

    def start(self) -> None:
        self._start_redis()
        self._install()
        for who in ARGOCD:
            token = self._kube.service_account_token("argocd", who.context)
            config = self._config(who.context)
            write_kubeconfig(config, self._state, {who.context: {"token": token}}, who.context, "argocd")
        self._start_servers()
        self._plane.wait_until("Argo CD answers", self._answers)
        self._write_tokens()

    def _start_redis(self) -> None:
        config = self._state.data / "redis.conf"
        lines = ["bind 127.0.0.1", f"port {self._state.ports['redis']}", 'save ""']
        config.write_text("\n".join([*lines, f"requirepass {self._redis_password}"]))
        config.chmod(0o600)
        program = shutil.which("redis-server")
        if not program:
            raise RuntimeError("redis-server is missing: apt-get install redis-server")
        self._processes.start("redis", [program, str(config)])

    def _install(self) -> None:
        """Definitions first: the configuration that follows holds objects of those kinds."""
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        text = Path(self._state.binaries["install.yaml"]).read_text()
        objects = [each for each in yaml.load_all(text, Loader=loader) if each and each["kind"] not in _WORKLOADS]
        definitions = [each for each in objects if each["kind"] == "CustomResourceDefinition"]
        rest = [each for each in objects if each["kind"] != "CustomResourceDefinition"]
        self._plane.apply(_listed(definitions))
        self._plane.apply(_listed(rest), "--namespace=argocd")
        self._plane.wait_until("Argo CD's kinds are served", self._kinds_are_served)
        ours = Template((HERE / "manifests" / "argocd.yaml").read_text())
        self._plane.apply(ours.safe_substitute(ARGOCD_URL=self._state.argocd_url), manager="settings")
        pair = [(self._state.data / "pki" / f"drifttui-cluster.{end}").read_text() for end in ("crt", "key")]
        secret = {"tls.crt": pair[0], "tls.key": pair[1], "server.secretkey": secrets.token_urlsafe(32)}
        self._plane.apply(_listed([_secret("argocd-secret", secret)]), manager="settings")

    def _kinds_are_served(self) -> bool:
        """In the discovery document that kubectl reads, which lags behind the endpoints themselves."""
        asked = {"Accept": "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"}
        return '"AppProject"' in self._kube.client.get("/apis", headers=asked).text

    def _config(self, component: str) -> Path:
        return self._state.data / "kubeconfigs" / component

    def _start_servers(self) -> None:
        port = self._state.ports
        redis = ["--redis", f"127.0.0.1:{port['redis']}"]
        repo_server = f"127.0.0.1:{port['repo-server']}"
        namespaces = f"--application-namespaces={NAMESPACES}"
        commands = {
            "argocd-repo-server": [
                *redis, "--address=127.0.0.1", f"--port={port['repo-server']}", "--disable-tls", "--client-ca-path=",
                "--metrics-address=127.0.0.1", f"--metrics-port={port['repo-server-metrics']}",
                "--revision-cache-expiration=5s", "--parallelismlimit=4",
            ],
            "argocd-application-controller": [
                *redis, namespaces, "--repo-server", repo_server, "--repo-server-plaintext",
                "--app-resync=30", "--app-resync-jitter=0", "--self-heal-timeout-seconds=3",
                f"--metrics-port={port['controller-metrics']}", "--status-processors=4", "--operation-processors=4",
            ],
            "argocd-applicationset-controller": [
                "--argocd-repo-server", repo_server, "--repo-server-plaintext", "--enable-leader-election=false",
                f"--metrics-addr=127.0.0.1:{port['applicationset-metrics']}",
                f"--probe-addr=127.0.0.1:{port['applicationset-probe']}",
                f"--webhook-addr=127.0.0.1:{port['applicationset-webhook']}",
            ],
            _SERVED: [
                *redis, namespaces, "--repo-server", repo_server, "--repo-server-plaintext",
                "--address=127.0.0.1", f"--port={port['argocd']}",
                "--metrics-address=127.0.0.1", f"--metrics-port={port['argocd-metrics']}",
            ],
        }  # fmt: skip
        for name, arguments in commands.items():
            self._processes.start(name, [str(self._linked(name)), *arguments], self._environment(name))

    def _linked(self, component: str) -> Path:
        """One binary plays every part by the name it is called by, which is also the name in its user agent."""
        link = self._state.folder("bin") / component
        link.symlink_to(self._state.binaries["argocd"])
        return link

    def _environment(self, component: str) -> dict[str, str]:
        """It believes that it runs in the cluster that its kubeconfig names."""
        folders = {
            variable: str(self._state.folder(f"argocd/{name}"))
            for variable, name in {
                "ARGOCD_TLS_DATA_PATH": "tls",
                "ARGOCD_SSH_DATA_PATH": "ssh",
                "ARGOCD_GNUPGHOME": "gpg",
                "ARGOCD_GPG_DATA_PATH": "gpg-source",
                "ARGOCD_APP_CONF_PATH": "config",
                "ARGOCD_PLUGINSOCKFILEPATH": "plugins",
            }.items()
        }
        (self._state.data / "argocd" / "ssh" / "ssh_known_hosts").touch()
        tools = Path(self._state.binaries["argocd"]).parent
        return folders | {
            "PATH": f"{tools}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "ARGOCD_FAKE_IN_CLUSTER": "true",
            "ARGOCD_GPG_ENABLED": "false",
            "ARGOCD_ASK_PASS_SOCK": str(self._state.data / "argocd" / "ask-pass.sock"),
            "KUBECONFIG": str(self._config(component)),
            "REDIS_PASSWORD": self._redis_password,
            # Unset, Go's runtime would use every core for each of eleven servers.
            "GOMAXPROCS": str(min(4, os.cpu_count() or 1)),
        }

    def _answers(self) -> bool:
        try:
            answer = httpx.get(f"{self._state.argocd_url}/api/version", verify=trusting(self._state), trust_env=False)
        except httpx.TransportError:
            return False
        return answer.status_code == 200

    def _write_tokens(self) -> None:
        """Sign in with the password that Argo CD made up at its first start, as a person would, and ask for tokens."""
        found: dict[str, Any] = {}

        def password_is_there() -> bool:
            answer = self._kube.get("/api/v1/namespaces/argocd/secrets/argocd-initial-admin-secret")
            found.update(answer.json())
            return answer.status_code == 200

        self._plane.wait_until("Argo CD has made its first password", password_is_there)
        password = base64.b64decode(found["data"]["password"]).decode()
        with httpx.Client(base_url=self._state.argocd_url, verify=trusting(self._state), trust_env=False) as client:
            signed_in = client.post("/api/v1/session", json={"username": "admin", "password": password})
            signed_in.raise_for_status()
            client.headers["Authorization"] = f"Bearer {signed_in.json()['token']}"
            for account, lifetime in ACCOUNTS.items():
                path = f"/api/v1/account/{account}/token"
                made = client.post(path, json={"name": account, "expiresIn": lifetime, "id": account})
                made.raise_for_status()
                self._keep(account, made.json()["token"])

    def _keep(self, account: str, token: str) -> None:
        self._state.folder("tokens")
        path = self._state.token_file(account)
        path.write_text(token)
        path.chmod(0o600)


def _secret(name: str, values: Mapping[str, str]) -> dict[str, Any]:
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "argocd"}
    metadata = {"name": name, "namespace": "argocd", "labels": labels}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": dict(values)}


def _listed(objects: list[dict[str, Any]]) -> str:
    return "---\n".join(yaml.dump(each, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper)) for each in objects)
