"""Which clusters a kubeconfig names, and how each is entered. Reads files; opens no connection.

Format and merge rule: kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig. Of two entries with
one name the first file's counts whole; relative paths are relative to the file that holds them. Unlike kubectl, one
broken entry or file spoils only the contexts that need it: an incident is no time to lose eleven clusters to a typo
in the twelfth.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from ..core.errors import InputError, inert

FILE_LIMIT = 16 * 2**20
"""Bytes. Hundreds of clusters with embedded certificates take a few megabytes."""

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")

IN_CLUSTER = "in-cluster"
"""The context name of the cluster that this process runs in."""

_PATHS = {
    "cluster": ("certificate-authority",),
    "user": ("client-certificate", "client-key", "tokenFile"),
}


@dataclass(frozen=True)
class KubeContext:
    """One way into one cluster: a user, a cluster and where both are written. Holds credentials: never printed."""

    name: str
    file: Path
    cluster_name: str
    user_name: str
    cluster: Mapping[str, Any] = field(repr=False)
    """The `cluster` object with absolute paths: `server`, `certificate-authority-data`, …"""
    user: Mapping[str, Any] = field(repr=False)
    """The `user` object with absolute paths: `token`, `exec`, … Empty for anonymous access."""
    folder: Path = Path()
    """Where the user entry is written; a relative exec command is looked for there."""
    namespace: str = ""

    @property
    def server(self) -> str:
        return str(self.cluster.get("server") or "").rstrip("/")


class BrokenContext(NamedTuple):
    """A context, or a whole file, that cannot be used, and the line that says why."""

    name: str
    """Of the context; of the file where the whole file is broken."""
    file: Path
    error: InputError
    whole_file: bool = False


class Kubeconfig(NamedTuple):
    contexts: tuple[KubeContext | BrokenContext, ...]
    """In the order of the files, each name once."""
    current: str = ""
    """`current-context` of the first file that has one."""


class _Entry(NamedTuple):
    file: Path
    value: Any
    """What the file holds under the name; anything, for nothing here is checked yet."""


class _Unusable(Exception):
    """Why one context cannot be used, without the place, which the caller knows."""


def kubeconfig_files(explicit: Path | None, environment: Mapping[str, str]) -> list[Path]:
    """The files to read: the one that was named, else those of `$KUBECONFIG`, else `~/.kube/config`."""
    if explicit is not None:
        return [explicit.expanduser()]
    if listed := [part for part in environment.get("KUBECONFIG", "").split(os.pathsep) if part]:
        return [Path(part).expanduser() for part in dict.fromkeys(listed)]
    return [Path(environment.get("HOME", "~")).expanduser() / ".kube" / "config"]


def load(files: Sequence[Path], *, required: bool = False) -> Kubeconfig:
    """Every context of `files`, merged. A file that is not there is passed over, as by kubectl, unless `required`.

    Never raises: what cannot be read is a `BrokenContext`.
    """
    broken: list[BrokenContext] = []
    documents: list[tuple[Path, Mapping[str, Any]]] = []
    for file in files:
        try:
            documents.append((file, _parse(file)))
        except FileNotFoundError:
            if required:
                broken.append(_broken(str(file), file, "there is no such file", "Check --kubeconfig.", whole_file=True))
        except _Unusable as error:
            hint = "Mend the file or leave it out of KUBECONFIG."
            broken.append(_broken(str(file), file, str(error), hint, whole_file=True))
    clusters = _named(documents, "clusters", "cluster")
    users = _named(documents, "users", "user")
    contexts: list[KubeContext | BrokenContext] = []
    for name, entry in _named(documents, "contexts", "context").items():
        try:
            contexts.append(_context(name, entry, clusters, users))
        except _Unusable as error:
            hint = f"Mend it, or: kubectl config delete-context '{name}' --kubeconfig {entry.file}"
            contexts.append(_broken(name, entry.file, str(error), hint))
    current = next((str(text) for _, document in documents if (text := document.get("current-context"))), "")
    return Kubeconfig((*contexts, *broken), current)


def in_cluster(environment: Mapping[str, str], folder: Path = SERVICE_ACCOUNT) -> KubeContext | None:
    """The cluster that this process runs in, through its service account; None outside of one."""
    host, port = environment.get("KUBERNETES_SERVICE_HOST"), environment.get("KUBERNETES_SERVICE_PORT")
    token = folder / "token"
    if not host or not port or not token.exists():
        return None
    address = f"[{host}]" if ":" in host else host
    return KubeContext(
        name=IN_CLUSTER,
        file=folder,
        cluster_name=IN_CLUSTER,
        user_name="service account",
        cluster={"server": f"https://{address}:{port}", "certificate-authority": str(folder / "ca.crt")},
        user={"tokenFile": str(token)},
        folder=folder,
    )


def _parse(file: Path) -> Mapping[str, Any]:
    try:
        with file.open("rb") as stream:
            text = stream.read(FILE_LIMIT + 1)
        if len(text) > FILE_LIMIT:
            raise _Unusable(f"the file is larger than {FILE_LIMIT >> 20} MB")
        document = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe loaders
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _Unusable(error.strerror or "the file cannot be read") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        # The parser quotes the offending line, which may hold a token: only the place is told.
        raise _Unusable(f"not valid YAML{where}") from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise _Unusable("not a kubeconfig: the top level is no mapping")
    return document


def _named(documents: Iterable[tuple[Path, Mapping[str, Any]]], plural: str, singular: str) -> dict[str, _Entry]:
    found: dict[str, _Entry] = {}
    for file, document in documents:
        for item in _list(document.get(plural)):
            if isinstance(item, dict) and isinstance(name := item.get("name"), str) and name:
                found.setdefault(name, _Entry(file, item.get(singular)))
    return found


def _list(value: object) -> Iterator[Any]:
    return iter(value if isinstance(value, list) else ())


def _context(name: str, entry: _Entry, clusters: Mapping[str, _Entry], users: Mapping[str, _Entry]) -> KubeContext:
    if not isinstance(entry.value, dict):
        raise _Unusable("the entry is empty")
    cluster_name, user_name = str(entry.value.get("cluster") or ""), str(entry.value.get("user") or "")
    if not cluster_name:
        raise _Unusable("it names no cluster")
    if cluster_name not in clusters:
        raise _Unusable(f"its cluster {cluster_name} is not defined")
    if user_name and user_name not in users:
        raise _Unusable(f"its user {user_name} is not defined")
    cluster_entry = clusters[cluster_name]
    user_entry = users.get(user_name, _Entry(entry.file, {}))
    cluster = _absolute(cluster_entry, "cluster")
    server = cluster.get("server")
    if not isinstance(server, str) or not server.startswith(("https://", "http://")):
        raise _Unusable(f"its cluster {cluster_name} has no server address that starts with https://")
    return KubeContext(
        name=name,
        file=entry.file,
        cluster_name=cluster_name,
        user_name=user_name,
        cluster=cluster,
        user=_absolute(user_entry, "user"),
        folder=user_entry.file.parent,
        namespace=str(entry.value.get("namespace") or ""),
    )


def _absolute(entry: _Entry, what: str) -> dict[str, Any]:
    if entry.value is None:
        return {}
    if not isinstance(entry.value, dict):
        raise _Unusable(f"its {what} is no mapping")
    resolved = dict(entry.value)
    for key in _PATHS[what]:
        if isinstance(path := resolved.get(key), str) and path:
            resolved[key] = str(entry.file.parent / path)
    return resolved


def _broken(name: str, file: Path, why: str, hint: str, *, whole_file: bool = False) -> BrokenContext:
    title = "A kubeconfig cannot be used" if whole_file else f"Kubernetes context {inert(name, 80)} cannot be used"
    return BrokenContext(inert(name, 120), file, InputError(title, f"{file}: {why}", hint), whole_file)
