"""`python -m tests.cluster.fleet FILE`: a fleet of about 200 units across 12 clusters, recorded while it drifts.

Everything in the recording was said by a real Argo CD and a real API server. The twelve clusters are twelve addresses
of one API server, each registered with Argo CD and in the kubeconfig under a name of its own, and each through a
forwarder that can be cut, so that a cluster can really go away.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.cluster import Cluster, running_cluster
from tests.cluster.forwarder import Forwarder
from tests.cluster.repository import ERIN, FRANK, RELEASE_BOT

CLUSTERS: Mapping[str, str] = {
    "prod-eu-west-1": "prod",
    "prod-eu-central-1": "prod",
    "prod-us-east-1": "prod",
    "prod-us-west-2": "prod",
    "prod-ap-south-1": "prod",
    "prod-ap-northeast-1": "prod",
    "prod-sa-east-1": "prod",
    "prod-ca-central-1": "prod",
    "staging-eu": "staging",
    "staging-us": "staging",
    "dev-eu": "dev",
    "dev-us": "dev",
}

HEALS: dict[str, Any] = {"automated": {"prune": True, "selfHeal": True}}
ON: dict[str, Any] = {"automated": {}}
BY_HAND: dict[str, Any] = {}

SERVICES: Mapping[str, tuple[dict[str, Any], str]] = {
    "payments": (ON, "pay"),
    "checkout": (ON, "shop"),
    "cart": (ON, "shop"),
    "search": (ON, "shop"),
    "catalog": (ON, "shop"),
    "orders": (ON, "shop"),
    "ledger": (ON, "pay"),
    "billing": (ON, "pay"),
    "accounts": (HEALS, "identity"),
    "notifications": (ON, "shop"),
    "gateway": (ON, "edge"),
    "sessions": (HEALS, "edge"),
    "recommendations": (ON, "shop"),
    "inventory": (HEALS, "shop"),
    "shipping": (HEALS, "shop"),
    "pricing": (BY_HAND, "shop"),
    "audit-trail": (HEALS, "pay"),
}
"""Name → what Argo CD may do by itself, and the team."""


def manifests(service: str, image: str = "1.4.0") -> str:
    """A Deployment, its Service and settings; rights for payments, a Secret for billing."""
    label = {"app.kubernetes.io/name": service}
    objects: list[dict[str, Any]] = [
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": service, "labels": label},
            "spec": {
                "replicas": 2,
                "selector": {"matchLabels": label},
                "template": {
                    "metadata": {"labels": label},
                    "spec": {
                        "containers": [
                            {
                                "name": service,
                                "image": f"registry.example.com/{SERVICES[service][1]}/{service}:{image}",
                                "ports": [{"name": "http", "containerPort": 8080}],
                                "env": [{"name": "LOG_LEVEL", "value": "info"}, {"name": "POOL_SIZE", "value": "20"}],
                                "resources": {
                                    "requests": {"cpu": "50m", "memory": "64Mi"},
                                    "limits": {"memory": "256Mi"},
                                },
                            }
                        ]
                    },
                },
            },
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": service, "labels": label},
            "spec": {"selector": label, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]},
        },
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": f"{service}-settings"},
            "data": {"timeout": "5s", "retries": "2"},
        },
    ]
    if service == "payments":
        objects.append(
            {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "Role",
                "metadata": {"name": "pay-admin"},
                "rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list"]}],
            }
        )
    if service == "billing":
        objects.append(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": "billing-provider"},
                "stringData": {"endpoint": "https://billing.example.com", "api-key": "example-key-for-the-fleet"},
            }
        )
    return "---\n".join(yaml.safe_dump(each, sort_keys=False) for each in objects)


def application_set(service: str, git: str) -> dict[str, Any]:
    policy, team = SERVICES[service]
    path = f"fleet/{service}/{{{{.env}}}}" if service == "recommendations" else f"fleet/{service}"
    spec: dict[str, Any] = {
        "goTemplate": True,
        "generators": [{"list": {"elements": [{"cluster": name, "env": env} for name, env in CLUSTERS.items()]}}],
        "template": {
            "metadata": {
                "name": f"{service}-{{{{.cluster}}}}",
                "labels": {"env": "{{.env}}", "team": team},
                "annotations": {"argocd.argoproj.io/manifest-generate-paths": "."},
            },
            "spec": {
                "project": "default",
                "source": {"repoURL": git, "targetRevision": "main", "path": path},
                "destination": {"name": "{{.cluster}}", "namespace": f"{service}-{{{{.cluster}}}}"},
                "syncPolicy": {**policy, "syncOptions": ["CreateNamespace=true"]},
            },
        },
    }
    if service == "orders":
        spec["ignoreApplicationDifferences"] = [{"jsonPointers": ["/spec/syncPolicy"]}]
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "ApplicationSet",
        "metadata": {"name": service, "namespace": "argocd"},
        "spec": spec,
    }


class Fleet:
    """The units and what happens to them. `at(service, cluster)` is the namespace of one unit."""

    def __init__(self, cluster: Cluster, forwarders: Mapping[str, Forwarder]) -> None:
        self.cluster = cluster
        self.forwarders = forwarders

    @staticmethod
    def at(service: str, cluster: str) -> str:
        return f"{service}-{cluster}"

    def register(self) -> None:
        """Twelve clusters in Argo CD, as `argocd cluster add` would write them."""
        self.cluster.kubectl("-n", "kube-system", "create", "serviceaccount", "argocd-manager", context="alice")
        self.cluster.kubectl(
            "create", "clusterrolebinding", "argocd-manager", "--clusterrole=cluster-admin",
            "--serviceaccount=kube-system:argocd-manager", context="alice",
        )  # fmt: skip
        token = self.cluster.kube.service_account_token("kube-system", "argocd-manager")
        authority = base64.b64encode(self.cluster.state.ca.read_bytes()).decode()
        secrets = [
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {
                    "name": f"cluster-{name}",
                    "namespace": "argocd",
                    "labels": {"argocd.argoproj.io/secret-type": "cluster", "env": CLUSTERS[name]},
                },
                "stringData": {
                    "name": name,
                    "server": forwarder.url,
                    "config": json.dumps({"bearerToken": token, "tlsClientConfig": {"caData": authority}}),
                },
            }
            for name, forwarder in self.forwarders.items()
        ]
        self._apply(secrets)

    def kubeconfig(self, path: Path) -> Path:
        """One context per cluster, as alice."""
        document = yaml.safe_load(self.cluster.state.kubeconfig.read_text())
        user = next(each["user"] for each in document["users"] if each["name"] == "alice")
        ca = str(self.cluster.state.ca)
        document |= {
            "current-context": "prod-eu-west-1",
            "clusters": [
                {"name": name, "cluster": {"server": forwarder.url, "certificate-authority": ca}}
                for name, forwarder in self.forwarders.items()
            ],
            "contexts": [{"name": name, "context": {"cluster": name, "user": "alice"}} for name in self.forwarders],
            "users": [{"name": "alice", "user": user}],
        }
        path.write_text(yaml.safe_dump(document))
        path.chmod(0o600)
        return path

    def create(self, say: Callable[[str], None], limit: float = 900.0) -> None:
        repository = self.cluster.repository
        repository.create()
        repository.commit({"README.md": "Manifests of every unit.\n"}, "Begin", RELEASE_BOT)
        for author, names in ((ERIN, list(SERVICES)[:8]), (FRANK, list(SERVICES)[8:])):
            files: dict[str, str | None] = {}
            for name in names:
                folders = (
                    [f"{name}/{env}" for env in ("prod", "staging", "dev")] if name == "recommendations" else [name]
                )
                files |= {f"fleet/{folder}/{name}.yaml": manifests(name) for folder in folders}
            repository.commit(files, f"Services of team {SERVICES[names[0]][1]}", author)
        self._apply([application_set(service, self.cluster.state.git_url) for service in SERVICES])
        synced: set[str] = set()
        ends = time.monotonic() + limit
        while True:
            found = self.cluster.argocd().applications()
            for each in found:
                name = each["metadata"]["name"]
                if name.startswith("pricing") and name not in synced:
                    self.cluster.argocd().sync(name)
                    synced.add(name)
            settled = sum(
                each.get("status", {}).get("sync", {}).get("status") == "Synced"
                and each.get("status", {}).get("health", {}).get("status") == "Healthy"
                for each in found
            )
            say(f"{settled} of {len(SERVICES) * len(CLUSTERS)} units settled")
            if settled == len(SERVICES) * len(CLUSTERS):
                return
            if time.monotonic() > ends:
                raise TimeoutError(f"only {settled} units settled in {limit:.0f} s")
            time.sleep(5)

    def _apply(self, objects: list[dict[str, Any]]) -> None:
        text = "---\n".join(yaml.safe_dump(each, sort_keys=False) for each in objects)
        self.cluster.kubectl("apply", "-f", "-", context="alice", stdin=text)

    def do(self, who: str, service: str, cluster: str, *arguments: str, editor: str | None = None) -> None:
        """One kubectl call in the namespace of one unit."""
        self.cluster.kubectl("-n", self.at(service, cluster), *arguments, context=who, editor=editor)

    def pause(self, service: str, cluster: str) -> None:
        """What the Argo CD UI does when somebody switches auto-sync off."""
        self.cluster.kubectl(
            "-n", "argocd", "patch", "application", self.at(service, cluster), "--type=merge",
            "-p", '{"spec":{"syncPolicy":{"automated":{"enabled":false}}}}', context="alice",
        )  # fmt: skip

    def before(self) -> None:
        """What has already happened when somebody is paged."""
        deployment = "deployment/{0}".format
        self.do(
            "alice",
            "payments",
            "prod-eu-west-1",
            "edit",
            "role/pay-admin",
            editor="s/^  - list$/  - list\\n  - delete/",
        )
        self.do(
            "breakglass-carol", "checkout", "prod-eu-west-1", "set", "image", deployment("checkout"),
            "checkout=registry.example.com/shop/checkout:1.4.1-hotfix",
        )  # fmt: skip
        self.do(
            "alice", "search", "prod-us-east-1", "autoscale", deployment("search"), "--min=4", "--max=9", "--cpu=80%"
        )
        self.pause("orders", "prod-eu-west-1")
        self.do("bob", "orders", "prod-eu-west-1", "scale", deployment("orders"), "--replicas=6")
        self.do(
            "breakglass-carol", "billing", "prod-us-west-2", "patch", "secret/billing-provider",
            "-p", '{"stringData":{"api-key":"example-key-changed-by-hand"}}',
        )  # fmt: skip
        self.do("ci-deployer", "catalog", "staging-eu", "delete", "configmap/catalog-settings", "--wait=false")
        self.do("bob", "gateway", "prod-ca-central-1", "set", "env", deployment("gateway"), "LOG_LEVEL=debug")
        self.do("bob", "cart", "dev-us", "set", "resources", deployment("cart"), "--limits=memory=1Gi")
        self.commit("pricing", "1.5.0", "Round half to even (#341)")
        self.cluster.repository.commit(
            {"fleet/recommendations/dev/recommendations.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: [\n"},
            "Try the new model in dev",
            ERIN,
        )
        for service, cluster in [(s, c) for s in ("pricing", "recommendations") for c in CLUSTERS]:
            self.cluster.argocd().application(self.at(service, cluster), refresh="normal")

    def commit(self, service: str, image: str, message: str) -> None:
        self.cluster.repository.commit({f"fleet/{service}/{service}.yaml": manifests(service, image)}, message, ERIN)

    def story(self) -> list[tuple[float, Callable[[], None]]]:
        """Seconds after the start of the showing, and what happens then."""
        deployment = "deployment/{0}".format
        image = "payments=registry.example.com/pay/payments:1.4.0-debug"
        lost = self.forwarders["prod-sa-east-1"]
        return [
            (
                15,
                lambda: self.do(
                    "breakglass-carol", "payments", "prod-eu-central-1", "set", "image", deployment("payments"), image
                ),
            ),
            (35, lambda: self.do("bob", "cart", "prod-us-east-1", "scale", deployment("cart"), "--replicas=5")),
            (55, lambda: self.do("bob", "sessions", "prod-eu-west-1", "scale", deployment("sessions"), "--replicas=9")),
            (70, lost.cut),
            (
                90,
                lambda: self.do(
                    "alice", "gateway", "prod-ca-central-1", "set", "env", deployment("gateway"), "LOG_LEVEL=info"
                ),
            ),
            (
                110,
                lambda: self.do(
                    "ci-deployer", "ledger", "prod-us-east-1", "label", "deployment/ledger", "cost-center=cc-4711"
                ),
            ),
            (
                130,
                lambda: self.do("bob", "orders", "prod-eu-west-1", "set", "env", deployment("orders"), "POOL_SIZE=60"),
            ),
            (170, lost.mend),
        ]


@contextmanager
def fleet(say: Callable[[str], None]) -> Iterator[Fleet]:
    with running_cluster(say, seeded=False) as cluster:
        forwarders = {name: Forwarder(cluster.state.ports["apiserver"]) for name in CLUSTERS}
        try:
            made = Fleet(cluster, forwarders)
            made.register()
            made.create(say)
            yield made
        finally:
            for forwarder in forwarders.values():
                forwarder.close()


def record(path: Path, seconds: float, say: Callable[[str], None]) -> None:
    from drifttui.cli import screen_parser
    from drifttui.core.board import Depth, Look
    from drifttui.core.identity import UnitId
    from drifttui.core.ports import Batch
    from drifttui.services.collect import Collector
    from drifttui.services.judge import Judgement
    from drifttui.services.look import Looker
    from drifttui.services.session import build_sources, settings_from, utc_now
    from drifttui.store.recordings import RecordingWriter

    lead = 60.0
    with fleet(say) as units:
        state = units.cluster.state
        units.before()
        settings = state.data / "fleet.toml"
        settings.write_text(
            f'[[argocd]]\nname = "hub"\nserver = "{state.argocd_url}"\n'
            f'token_file = "{state.token_file("operator")}"\nca_file = "{state.ca}"\n'
        )
        kubeconfig = str(units.kubeconfig(state.data / "fleet-kubeconfig"))
        options = screen_parser().parse_args(["--config", str(settings), "--kubeconfig", kubeconfig])
        sources = build_sources(settings_from(options), utc_now)
        writer = RecordingWriter(path, utc_now, "12 clusters, 204 units, an evening with drift", lead)
        lock = threading.Lock()

        class Keep:
            def batch(self, batch: Batch) -> None:
                with lock:
                    writer.add(batch)

            def look(self, unit: UnitId, look: Look) -> None:
                """What was found is found again when it is played."""

            def incident(self, incident: str) -> None:
                """None is set."""

            def flush(self) -> bool:
                return True

            def close(self) -> None:
                """The writer is closed by whoever opened it."""

        collector = Collector(sources, Looker(sources, Judgement(), utc_now), utc_now, recorder=Keep)
        began = time.monotonic()
        collector.start()
        board = collector.drain()
        while time.monotonic() - began < lead:
            board = collector.drain() or board
            if board is not None:
                for key in board.units:
                    if board.look(key).depth is Depth.LISTED:
                        collector.refresh(key)
            time.sleep(1)
        looked = sum(look.depth is Depth.READ for look in board.looks.values()) if board else 0
        say(f"{looked} units looked into after {lead:.0f} s")
        for after, act in units.story():
            while time.monotonic() - began < lead + after:
                collector.drain()
                time.sleep(0.2)
            act()
        while time.monotonic() - began < lead + seconds:
            collector.drain()
            time.sleep(0.2)
        collector.stop(10)
        writer.close()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.cluster.fleet", description=__doc__)
    parser.add_argument("file", type=Path, help="recording to write, .jsonl or .jsonl.gz")
    parser.add_argument("--seconds", type=float, default=240.0, help="length of the showing")
    chosen = parser.parse_args()

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    record(chosen.file, chosen.seconds, say)
    return 0


if __name__ == "__main__":
    sys.exit(main())
