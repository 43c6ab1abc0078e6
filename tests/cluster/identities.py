"""Who can act on the cluster, and the kubeconfigs that let them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.pki import Authority, Pair
from tests.cluster.state import State


@dataclass(frozen=True)
class Identity:
    """A context of the kubeconfig. `user` is the name that the audit log shows."""

    context: str
    user: str
    groups: tuple[str, ...] = ()
    service_account: tuple[str, str] | None = None
    """Namespace and name, when it signs in with a token instead of a certificate."""


def _account(context: str, namespace: str, name: str) -> Identity:
    return Identity(context, f"system:serviceaccount:{namespace}:{name}", service_account=(namespace, name))


PEOPLE = (
    Identity("alice", "alice@example.com", ("sre",)),
    Identity("bob", "bob@example.com", ("developers",)),
    Identity("breakglass-carol", "breakglass:carol", ("breakglass",)),
    Identity("newcomer-dave", "dave@example.com", ("newcomers",)),
    Identity("outsider-eve", "eve@example.com"),
    _account("ci-deployer", "ci", "deployer"),
    _account("config-reloader", "ci", "config-reloader"),
    _account("drifttui-readonly", "drifttui", "drifttui-readonly"),
)
"""alice may do all, bob all inside namespaces, carol all in an emergency; dave may look but not touch, eve not even
look outside team-blue. The others are programs."""

COMPONENTS = (
    Identity("kubernetes-admin", "kubernetes-admin", ("system:masters",)),
    Identity("kube-controller-manager", "system:kube-controller-manager"),
    Identity("kube-scheduler", "system:kube-scheduler"),
    Identity("kwok", "system:kwok", ("system:masters",)),
)

ARGOCD = tuple(
    _account(name, "argocd", name)
    for name in (
        "argocd-server",
        "argocd-repo-server",
        "argocd-application-controller",
        "argocd-applicationset-controller",
    )
)

FLUX = tuple(
    _account(name, "flux-system", name)
    for name in ("source-controller", "kustomize-controller", "helm-controller", "notification-controller")
)

DEFAULT_CONTEXT = "drifttui-readonly"
BROKEN_CONTEXT = "unreachable"


def certificate_user(authority: Authority, who: Identity) -> dict[str, str]:
    pair: Pair = authority.client(who.user, who.groups, file_name=f"client-{who.context}")
    return {"client-certificate": str(pair.certificate), "client-key": str(pair.key)}


def write_kubeconfig(
    path: Path, state: State, users: Mapping[str, Mapping[str, str]], current: str, namespace: str | None = None
) -> None:
    """One context per entry of `users`, named like it. The person's file also gets the cluster that never answers."""
    home = {"server": state.api_url, "certificate-authority": str(state.ca)}
    clusters: list[dict[str, Any]] = [{"name": "local", "cluster": home}]
    contexts: list[dict[str, Any]] = [
        {"name": name, "context": {"cluster": "local", "user": name} | ({"namespace": namespace} if namespace else {})}
        for name in users
    ]
    if path == state.kubeconfig:
        nowhere = {"server": f"https://127.0.0.1:{state.ports['dead']}", "certificate-authority": str(state.ca)}
        clusters.append({"name": BROKEN_CONTEXT, "cluster": nowhere})
        contexts.append({"name": BROKEN_CONTEXT, "context": {"cluster": BROKEN_CONTEXT, "user": DEFAULT_CONTEXT}})
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": current,
        "clusters": clusters,
        "contexts": contexts,
        "users": [{"name": name, "user": dict(user)} for name, user in users.items()],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    path.chmod(0o600)
