"""The control plane's binaries: built once per pinned version, from the Go module proxy, outside the tree.

A build lands in a folder that is named after a hash of everything that can change it, and appears there by one rename.
So a folder that exists is complete, and a build that was killed half-way leaves nothing that could be mistaken for one.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

SERVERS = Path(__file__).parent / "servers"
Report = Callable[[str], None]


class GoMissing(RuntimeError):
    """No Go toolchain, so nothing can be built; whatever is in the cache is still usable."""


class BuildFailed(RuntimeError):
    """The Go toolchain refused; the message is the tail of what it said."""


@dataclass(frozen=True)
class Server:
    """One folder under `servers/`: which programs it pins and which files travel with them."""

    folder: str
    module: str
    programs: Mapping[str, str]
    """File name to import path."""
    stamps: Callable[[str, str], Mapping[str, str]] = lambda version, go_mod: {}
    """Link-time variables, from the module's version and the text of go.mod."""
    keep: Mapping[str, str] = field(default_factory=dict)
    """Files that are needed at run time: name in the cache to path in the module, or to `module//path` in another."""
    lacks: Mapping[str, str] = field(default_factory=dict)
    """Files that the build embeds and the module's archive is without: path in the module to text."""

    @property
    def go_mod(self) -> str:
        return (SERVERS / self.folder / "go.mod").read_text()

    @property
    def version(self) -> str:
        found = re.search(rf"^(?:require)?\s*{re.escape(self.module)} (v\S+)", self.go_mod, re.MULTILINE)
        if not found:
            raise BuildFailed(f"servers/{self.folder}/go.mod requires no {self.module}")
        return found[1]


def _kubernetes_stamps(version: str, _go_mod: str) -> dict[str, str]:
    major, minor, _ = version.removeprefix("v").split(".", 2)
    at = "k8s.io/component-base/version"
    return {
        # What the user agents of kubectl and the controllers say.
        "k8s.io/client-go/pkg/version.gitVersion": version,
        f"{at}.gitVersion": version,
        f"{at}.gitMajor": major,
        f"{at}.gitMinor": minor,
        f"{at}.gitTreeState": "clean",
    }


def _argocd_stamps(version: str, go_mod: str) -> dict[str, str]:
    """gitops-engine lives in Argo CD's repository, so its pseudo-version names the commit of the release."""
    at = "github.com/argoproj/argo-cd/v3/common"
    found = re.search(r"argo-cd/gitops-engine v0\.0\.0-(\d{14})-([0-9a-f]{12})", go_mod)
    time_of_release, commit = found.groups() if found else ("19700101000000", "")
    return {
        f"{at}.version": version.removeprefix("v"),
        f"{at}.buildDate": datetime.strptime(f"{time_of_release}+0000", "%Y%m%d%H%M%S%z").strftime(
            "%Y-%m-%dT%H:%M:%SZ"
        ),
        f"{at}.gitCommit": commit,
        f"{at}.gitTreeState": "clean",
    }


KWOK_STAGES = {
    "node-initialize.yaml": "node/fast",
    "node-heartbeat-with-lease.yaml": "node/heartbeat-with-lease",
    "pod-ready.yaml": "pod/fast",
    "pod-complete.yaml": "pod/fast",
    "pod-delete.yaml": "pod/fast",
}
"""How KWOK plays nodes and pods: everything is ready as soon as it is scheduled."""

ALL = (
    Server("etcd", "go.etcd.io/etcd/server/v3", {"etcd": "go.etcd.io/etcd/server/v3"}),
    Server(
        "kubernetes",
        "k8s.io/kubernetes",
        {
            name: f"k8s.io/kubernetes/cmd/{name}"
            for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")
        },
        _kubernetes_stamps,
    ),
    Server(
        "kwok",
        "sigs.k8s.io/kwok",
        {"kwok": "sigs.k8s.io/kwok/cmd/kwok"},
        keep={name: f"kustomize/stage/{path}/{name}" for name, path in KWOK_STAGES.items()},
    ),
    Server(
        "argocd",
        "github.com/argoproj/argo-cd/v3",
        {"argocd": "github.com/argoproj/argo-cd/v3/cmd"},
        _argocd_stamps,
        # The repo-server calls the scripts by name, as it finds them in Argo CD's own image.
        {
            "install.yaml": "manifests/install.yaml",
            "git-verify-wrapper.sh": "hack/git-verify-wrapper.sh",
            "gpg-wrapper.sh": "hack/gpg-wrapper.sh",
        },
    ),
)

_FLUX_KINDS = {
    "source": (
        "buckets",
        "externalartifacts",
        "gitrepositories",
        "helmcharts",
        "helmrepositories",
        "ocirepositories",
    ),
    "kustomize": ("kustomizations",),
    "helm": ("helmreleases",),
    "notification": ("alerts", "providers", "receivers"),
}
"""Which definitions each controller brings."""

FLUX = (
    Server(
        "flux",
        "github.com/fluxcd/kustomize-controller",
        {f"{name}-controller": f"github.com/fluxcd/{name}-controller" for name in _FLUX_KINDS},
        keep={
            f"flux-{kind}.yaml": f"github.com/fluxcd/{name}-controller//config/crd/bases/"
            f"{name}.toolkit.fluxcd.io_{kind}.yaml"
            for name, kinds in _FLUX_KINDS.items()
            for kind in kinds
        },
    ),
)
"""Built only where Flux is asked for: a cluster of Argo CD alone starts without it."""


def _tofu_stamps(version: str, _go_mod: str) -> dict[str, str]:
    at = "github.com/opentofu/opentofu/version"
    return {f"{at}.dev": "no"} if version else {}


TOFU = (
    Server("opentofu", "github.com/opentofu/opentofu", {"tofu": "github.com/opentofu/opentofu/cmd/tofu"}, _tofu_stamps),
    Server(
        "provider-kubernetes",
        "github.com/hashicorp/terraform-provider-kubernetes",
        {"terraform-provider-kubernetes": "github.com/hashicorp/terraform-provider-kubernetes"},
    ),
    Server(
        "provider-local",
        "github.com/terraform-providers/terraform-provider-local",
        {"terraform-provider-local": "github.com/terraform-providers/terraform-provider-local"},
    ),
    Server(
        "provider-random-null",
        "github.com/terraform-providers/terraform-provider-random",
        {
            f"terraform-provider-{name}": f"github.com/terraform-providers/terraform-provider-{name}"
            for name in ("random", "null")
        },
    ),
)
"""OpenTofu and providers, which are found through `dev_overrides` or a filesystem mirror of a CLI configuration."""

REGISTRY = (
    Server(
        "registry",
        "github.com/distribution/distribution/v3",
        {"registry": "github.com/distribution/distribution/v3/cmd/registry"},
    ),
)
"""An OCI registry, for sources and charts of Flux."""

FLUX_OPERATOR = (
    Server(
        "flux-operator",
        "github.com/controlplaneio-fluxcd/flux-operator",
        {"operator": "github.com/controlplaneio-fluxcd/flux-operator/cmd/operator"},
        lambda version, _go_mod: {"main.VERSION": version},
        keep={
            f"flux-operator-{kind}.yaml": f"config/crd/bases/fluxcd.controlplane.io_{kind}.yaml"
            for kind in ("fluxinstances", "fluxreports", "resourcesetinputproviders", "resourcesets")
        },
        # Its web page is made by another toolchain; it is not served here.
        lacks={"web/dist/index.html": ""},
    ),
)
"""Beside Flux, for its own kinds."""

OPTIONAL: Mapping[str, tuple[Server, ...]] = {
    "flux": FLUX,
    "flux-operator": FLUX_OPERATOR,
    "opentofu": TOFU,
    "registry": REGISTRY,
}
EVERYTHING = (*ALL, *FLUX, *TOFU, *REGISTRY, *FLUX_OPERATOR)


@dataclass(frozen=True)
class Binaries:
    """Where each program and each kept file is, and which version each server has."""

    files: Mapping[str, Path]
    versions: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return str(self.files[name])


def cache_folder() -> Path:
    if chosen := os.environ.get("DRIFTTUI_CLUSTER_CACHE"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "drifttui-cluster"


def go_program() -> str:
    """Debian's tarball instructions put Go where PATH does not look, so look there too."""
    found = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if not found:
        raise GoMissing(
            "no Go toolchain found: install Go 1.26 or newer to build the control plane (https://go.dev/dl)"
        )
    return found


def build_all(report: Report = lambda line: None, servers: Sequence[Server] = ALL) -> Binaries:
    """Every one of `servers`, built or from the cache. Raises `GoMissing` or `BuildFailed`."""
    files: dict[str, Path] = {}
    versions: dict[str, str] = {}
    for server in servers:
        folder = _built(server, report)
        files |= {name: folder / name for name in (*server.programs, *server.keep)}
        versions[server.folder] = server.version
    return Binaries(files, versions)


def is_built(servers: Sequence[Server] = ALL) -> bool:
    """Whether starting these would build nothing. Raises `GoMissing`."""
    go = go_program()
    return all(_folder(server, go).is_dir() for server in servers)


def _built(server: Server, report: Report) -> Path:
    go = go_program()
    final = _folder(server, go)
    if final.is_dir():
        return final
    with _locked(cache_folder() / f"{server.folder}.lock"):
        if final.is_dir():
            return final
        report(f"building {server.folder} {server.version}: {', '.join(server.programs)}")
        began = time.monotonic()
        half_built = Path(tempfile.mkdtemp(prefix=f".{server.folder}-", dir=cache_folder()))
        try:
            _compile(server, go, half_built)
            half_built.chmod(0o755)
            half_built.rename(final)
        finally:
            shutil.rmtree(half_built, ignore_errors=True)
        report(f"built {server.folder} in {time.monotonic() - began:.0f} s")
    return final


def _folder(server: Server, go: str) -> Path:
    return cache_folder() / f"{server.folder}-{server.version}-{_key(server, go)}"


def _key(server: Server, go: str) -> str:
    """A short hash of all that decides the result: pins, toolchain, platform, link-time values, kept files."""
    folder = SERVERS / server.folder
    told = _run([go, "env", "GOVERSION", "GOOS", "GOARCH"], folder)
    recipe = [told, dict(server.programs), dict(server.stamps(server.version, server.go_mod)), dict(server.keep)]
    recipe += [dict(server.lacks)] if server.lacks else []
    digest = hashlib.sha256(json.dumps(recipe, sort_keys=True).encode())
    for name in ("go.mod", "go.sum"):
        digest.update((folder / name).read_bytes())
    return digest.hexdigest()[:12]


def _compile(server: Server, go: str, into: Path) -> None:
    folder = SERVERS / server.folder
    stamps = server.stamps(server.version, server.go_mod)
    flags = " ".join(["-s -w", *(f"-X {name}={value}" for name, value in stamps.items())])
    polite = ["nice", "-n", "10"] if shutil.which("nice") else []
    with _completed(server, go) as options:
        for name, package in server.programs.items():
            command = [*polite, go, "build", *options, "-trimpath", "-ldflags", flags, "-o", str(into / name), package]
            _run(command, folder)
    places: dict[str, Path] = {}
    for name, where in server.keep.items():
        module, _, path = where.rpartition("//")
        module = module or server.module
        if module not in places:
            places[module] = Path(_run([go, "list", "-m", "-f", "{{.Dir}}", module], folder).strip())
        shutil.copyfile(places[module] / path, into / name)
        (into / name).chmod(0o755 if name.endswith(".sh") else 0o644)


@contextmanager
def _completed(server: Server, go: str) -> Iterator[list[str]]:
    """Options of `go build` under which the module is a copy of its archive with what that lacks; none where it lacks
    nothing. The archive's hash is checked before."""
    if not server.lacks:
        yield []
        return
    folder = SERVERS / server.folder
    told = json.loads(_run([go, "mod", "download", "-json", server.module], folder))
    with tempfile.TemporaryDirectory(prefix=f".{server.folder}-source-", dir=cache_folder()) as place:
        source, pins = Path(place) / "source", Path(place) / "go.mod"
        shutil.copytree(told["Dir"], source, copy_function=shutil.copyfile)
        for below in (source, *source.rglob("*/")):
            if below.is_dir():
                below.chmod(0o755)
        for path, text in server.lacks.items():
            (source / path).parent.mkdir(parents=True, exist_ok=True)
            (source / path).write_text(text)
        pins.write_text(f"{server.go_mod}\nreplace {server.module} => {source}\n")
        shutil.copyfile(folder / "go.sum", pins.with_suffix(".sum"))
        yield [f"-modfile={pins}"]


def _run(command: list[str], folder: Path) -> str:
    """CGO is off so that one cache serves machines with different C libraries; nobody's workspace may reach in."""
    environment = os.environ | {"CGO_ENABLED": "0", "GOWORK": "off", "GOFLAGS": "-buildvcs=false"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildFailed(f"{' '.join(command[:6])} … in servers/{folder.name} failed:\n{done.stderr[-2000:]}")
    return done.stdout


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Two sessions that start together build once; the lock goes with the process that held it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
