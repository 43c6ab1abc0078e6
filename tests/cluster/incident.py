"""An incident as it happens: five things drift, an operator works on them with drifttui, and closes it out.

Units of its own, made and gone with it. The screen runs in a real terminal the whole time; once it is killed.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from drifttui.store.journal import Kept, read_sessions, records
from tests.bench.pty_harness import Failed, Terminal
from tests.cluster.cluster import Cluster
from tests.cluster.forwarder import Forwarder
from tests.cluster.pausing import API, reconcile, until
from tests.cluster.repository import ERIN, FRANK

INCIDENT = "INC-4711"
NAMESPACE = "incident"
WEB, ACCESS, VAULT, FLOW = "inc-web", "inc-access", "inc-vault", "inc-flow"
HEALS = {FLOW}
LIMIT = 90.0


def _object(kind: str, name: str, **content: Any) -> dict[str, Any]:
    version = {"Deployment": "apps/v1", "Role": "rbac.authorization.k8s.io/v1"}.get(kind, "v1")
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": NAMESPACE}, **content}


def web(image: str, password: str) -> dict[str, Any]:
    labels = {"app": "web"}
    container = {
        "name": "web",
        "image": f"registry.example.com/shop/web:{image}",
        "env": [{"name": "DB_PASSWORD", "value": password}, {"name": "LOG_LEVEL", "value": "info"}],
    }
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    return _object("Deployment", "web", spec={"replicas": 1, "selector": {"matchLabels": labels}, "template": template})


def role(*verbs: str) -> dict[str, Any]:
    return _object("Role", "support", rules=[{"apiGroups": [""], "resources": ["secrets"], "verbs": list(verbs)}])


@dataclass
class Hidden:
    """What must be nowhere: made anew for each run."""

    password: str = field(default_factory=lambda: f"pw-{secrets.token_hex(12)}")
    before: str = field(default_factory=lambda: f"vault-old-{secrets.token_hex(12)}")
    after: str = field(default_factory=lambda: f"vault-new-{secrets.token_hex(12)}")

    def everything(self, cluster: Cluster) -> dict[str, bytes]:
        """Also what the operators sign in with. Name → the value itself."""
        found = {"password": self.password, "secret before": self.before, "secret after": self.after}
        for path in (cluster.state.data / "tokens").iterdir():
            found[f"token of {path.stem}"] = path.read_text().strip()
        for user in yaml.safe_load(cluster.state.kubeconfig.read_text())["users"]:
            if "token" in user["user"]:
                found[f"token of {user['name']}"] = user["user"]["token"]
            else:
                pem = Path(user["user"]["client-key"]).read_text().splitlines()
                found[f"key of {user['name']}"] = pem[1]
        return {name: value.encode() for name, value in found.items()}


@dataclass
class Story:
    cluster: Cluster
    home: Path
    flags: list[str]
    hidden: Hidden
    moments: dict[str, datetime] = field(default_factory=dict)
    """When each step was over, in order."""
    ids: dict[str, str] = field(default_factory=dict)
    """What drifted → the id of its finding."""
    closeouts: list[dict[str, Any]] = field(default_factory=list)

    def at(self, step: str) -> None:
        """Steps stand apart, so that a moment between two of them is one."""
        self.moments[step] = datetime.now(UTC)
        time.sleep(0.3)

    @property
    def environment(self) -> dict[str, str]:
        folders = {f"XDG_{name}_HOME": str(self.home / name.lower()) for name in ("DATA", "CONFIG", "CACHE", "STATE")}
        return {"PATH": os.environ["PATH"], "HOME": str(self.home), "COLUMNS": "160", "TERM": "dumb", **folders}

    @property
    def data(self) -> Path:
        return self.home / "data" / "drifttui"

    def drifttui(self, *arguments: str, code: int = 0) -> str:
        command = [sys.executable, "-m", "drifttui", *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == code, (arguments, done.returncode, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return done.stdout

    def kept(self) -> Iterator[Kept]:
        for session in read_sessions(self.data / "sessions"):
            yield from records(session)

    def looks(self, unit: str) -> list[Mapping[str, Any]]:
        found = (kept.look for kept in self.kept())
        return [look for look in found if look is not None and str(look["unit"]).endswith(f"/{unit}")]

    def findings(self, unit: str) -> list[Mapping[str, Any]]:
        """Of the newest look into it."""
        looks = self.looks(unit)
        return list(looks[-1]["findings"]) if looks and looks[-1]["looked"] == "read" else []

    def drifted(self, unit: str, kind: str, name: str) -> Mapping[str, Any] | None:
        """The finding, once it is known who did it."""
        for finding in self.findings(unit):
            ref = finding["resource"]
            if (ref["kind"], ref["name"]) == (kind, name) and any(one["actor"]["name"] for one in finding["who"] or ()):
                return finding
        return None

    def closeout(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        answer = json.loads(self.drifttui("closeout", "--incident", INCIDENT, "--json", *arguments, code=code))
        self.closeouts.append(answer)
        return dict(answer)


@contextmanager
def units(cluster: Cluster, hidden: Hidden) -> Iterator[None]:
    """There and synced; gone afterwards, with what they made."""
    vault = _object("Secret", "provider", stringData={"endpoint": "https://p.example.com", "api-key": hidden.before})
    files: dict[str, str | None] = {
        f"apps/{WEB}/web.yaml": json.dumps(web("1.4.0", hidden.password), indent=1),
        f"apps/{ACCESS}/role.yaml": json.dumps(role("get"), indent=1),
        f"apps/{VAULT}/secret.yaml": json.dumps(vault, indent=1),
        f"apps/{VAULT}/limits.yaml": json.dumps(_object("ConfigMap", "limits", data={"rate": "100"}), indent=1),
        f"apps/{FLOW}/settings.yaml": json.dumps(_object("ConfigMap", "flow", data={"timeout": "5s"}), indent=1),
    }
    cluster.repository.commit(files, "Units of the incident", FRANK)
    client = cluster.kube.client
    for name in (WEB, ACCESS, VAULT, FLOW):
        body = {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {
                "name": name,
                "namespace": "argocd",
                "annotations": {"argocd.argoproj.io/manifest-generate-paths": "."},
            },
            "spec": {
                "project": "default",
                "source": {"repoURL": cluster.state.git_url, "targetRevision": "main", "path": f"apps/{name}"},
                "destination": {"server": "https://kubernetes.default.svc", "namespace": NAMESPACE},
                "syncPolicy": {"automated": {"selfHeal": name in HEALS}, "syncOptions": ["CreateNamespace=true"]},
            },
        }
        client.post(f"{API}/applications", json=body).raise_for_status()
    try:
        for name in (WEB, ACCESS, VAULT, FLOW):
            until(f"{name} is synced", partial(_synced, cluster, name), LIMIT)
        yield
    finally:
        for name in (WEB, ACCESS, VAULT, FLOW):
            client.delete(f"{API}/applications/{name}")
        client.delete(f"/api/v1/namespaces/{NAMESPACE}")
        cluster.repository.commit(dict.fromkeys(files), "The incident is over", FRANK)


def _synced(cluster: Cluster, name: str) -> bool:
    status = (cluster.kube.object(f"{API}/applications/{name}") or {}).get("status", {})
    return status.get("sync", {}).get("status") == "Synced" and bool(status.get("history"))


@contextmanager
def screen(story: Story) -> Iterator[Terminal]:
    command = [sys.executable, "-m", "drifttui", *story.flags, "--incident", INCIDENT]
    command += ["--audit", str(story.cluster.state.audit_log)]
    with Terminal(command, {**story.environment, "TERM": "xterm-256color"}) as terminal:
        yield terminal


def watching(terminal: Terminal, what: str, ask: Callable[[], Any]) -> Any:
    """Wait until, reading what the screen writes as a terminal would."""

    def also() -> Any:
        terminal.rest(0.0)
        return ask()

    try:
        return until(what, also, LIMIT)
    except TimeoutError as error:
        raise Failed(f"{error}\n{terminal.screen.text()}") from error


def played(cluster: Cluster, home: Path) -> Story:
    """The whole of it, in about the time that its parts take."""
    hidden = Hidden()
    gate = Forwarder(cluster.state.ports["argocd"])
    state = cluster.state
    flags = [
        *("--kubeconfig", str(state.kubeconfig), "--context", "alice", "--argocd-cluster", "alice"),
        *("--argocd-server", gate.url, "--argocd-token-file", str(state.token_file("operator"))),
        *("--argocd-ca-file", str(state.ca)),
    ]
    story = Story(cluster, home, flags, hidden)
    try:
        with units(cluster, hidden):
            with screen(story) as terminal:
                _drift(story, terminal)
                _act(story, terminal)
                _killed_while_blind(story, terminal, gate)
            with screen(story) as terminal:
                _seen_again(story, terminal, gate)
                _settle(story, terminal)
                assert terminal.leave("q") == 0
            _close_out(story)
    finally:
        gate.close()
    return story


def _drift(story: Story, terminal: Terminal) -> None:
    kubectl = partial(story.cluster.kubectl, "-n", NAMESPACE)
    watching(terminal, "the units are on the screen", lambda: all(name in terminal.screen for name in (WEB, FLOW)))
    story.at("calm")
    kubectl("set", "image", "deployment/web", "web=registry.example.com/shop/web:1.4.1-hotfix", context="alice")
    widen = [{"op": "replace", "path": "/rules/0/verbs", "value": ["*"]}]
    kubectl("patch", "role/support", "--type=json", "-p", json.dumps(widen), context="breakglass-carol")
    rotate = json.dumps({"stringData": {"api-key": story.hidden.after}})
    kubectl("patch", "secret/provider", "-p", rotate, context="breakglass-carol")
    kubectl("edit", "configmap/limits", context="bob", editor='s/rate: .*/rate: "900"/')
    for name, unit, kind in (
        ("web", WEB, "Deployment"), ("support", ACCESS, "Role"), ("provider", VAULT, "Secret"),
        ("limits", VAULT, "ConfigMap"),
    ):  # fmt: skip
        found = watching(terminal, f"{name} was found", partial(story.drifted, unit, kind, name))
        story.ids[name] = found["id"]
    story.at("drifted")


def _act(story: Story, terminal: Terminal) -> None:
    ids = [story.ids[name] for name in ("web", "support", "provider", "limits")]
    story.drifttui("link", INCIDENT, "--finding", *ids, "--approver", "dora@example.com", "--expires", "8h")
    story.at("linked")
    why = ["--reason", "timeouts in checkout", "--for", "2h", "--link", INCIDENT]
    _paused_and_held(story, terminal, "pause", FLOW, *why, "--yes", "--json", *story.flags)
    story.at("paused")
    kubectl = partial(story.cluster.kubectl, "-n", NAMESPACE)
    kubectl("edit", "configmap/flow", context="alice", editor="s/timeout: .*/timeout: 120s/")
    found = watching(terminal, "the hotfix was found", partial(story.drifted, FLOW, "ConfigMap", "flow"))
    story.ids["flow"] = found["id"]
    reconcile(story.cluster, FLOW)
    settings = story.cluster.kube.object(f"/api/v1/namespaces/{NAMESPACE}/configmaps/flow") or {}
    assert settings["data"] == {"timeout": "120s"}, "the pause holds"
    story.drifttui("pauses", "--check", *story.flags)
    story.at("held")
    judged = ["--class", "unauthorized", "--action", "revert-runtime", "--note", "nobody asked for that"]
    story.drifttui("classify", "--finding", story.ids["support"], *judged, "--incident", INCIDENT)
    story.at("judged")


def _paused_and_held(story: Story, terminal: Terminal, *arguments: str) -> None:
    """Watched until it is proven: the owners reconcile meanwhile."""
    command = [sys.executable, "-m", "drifttui", *arguments]
    with subprocess.Popen(command, env=story.environment, stdout=subprocess.PIPE, text=True) as running:
        try:
            while running.poll() is None:
                reconcile(story.cluster, FLOW)
                terminal.rest(0.0)
        finally:
            running.terminate()
        said, _ = running.communicate()
    (plan,) = json.loads(said)["plans"]
    assert (running.returncode, plan["result"]) == (0, "holding"), plan


def _killed_while_blind(story: Story, terminal: Terminal, gate: Forwarder) -> None:
    gate.cut()
    watching(terminal, "the screen says blind", lambda: "blind: argocd" in terminal.screen)
    story.at("blind")
    terminal.rest(2.0)
    terminal.kill()
    story.at("killed")


def _seen_again(story: Story, terminal: Terminal, gate: Forwarder) -> None:
    watching(terminal, "the screen is back", lambda: "blind: argocd" in terminal.screen)
    gate.mend()
    watching(terminal, "all is read again", lambda: len(read_sessions(story.data / "sessions")) == 2 and _fresh(story))
    story.at("seen again")


def _fresh(story: Story) -> bool:
    """The second session has looked into every unit."""
    *_, session = read_sessions(story.data / "sessions")
    read = {str(kept.look["unit"]) for kept in records(session) if kept.look and kept.look["looked"] == "read"}
    return all(any(unit.endswith(f"/{name}") for unit in read) for name in (WEB, ACCESS, VAULT, FLOW))


def _settle(story: Story, terminal: Terminal) -> None:
    kubectl = partial(story.cluster.kubectl, "-n", NAMESPACE)
    narrow = [{"op": "replace", "path": "/rules/0/verbs", "value": ["get"]}]
    kubectl("patch", "role/support", "--type=json", "-p", json.dumps(narrow), context="alice")
    watching(terminal, "the role is as declared", lambda: not story.findings(ACCESS))
    story.at("reverted")
    text = json.dumps(web("1.4.1-hotfix", story.hidden.password), indent=1)
    story.cluster.repository.commit({f"apps/{WEB}/web.yaml": text}, "Keep the hotfix (#311)", ERIN)
    story.cluster.argocd().application(WEB, refresh="normal")
    watching(terminal, "the image is declared", lambda: not story.findings(WEB))
    story.at("codified")
    story.closeout(code=2)
    answer = json.loads(story.drifttui("resume", FLOW, "--yes", "--json", *story.flags))
    assert [plan["result"] for plan in answer["plans"]] == ["resumed"]
    watching(terminal, "the hotfix is taken back", lambda: not story.findings(FLOW))
    story.at("resumed")
    terminal.rest(1.5)


def _close_out(story: Story) -> None:
    story.closeout("--done", code=2)
    accept = ["--accept", story.ids["provider"], "--owner", "team-billing", "--expires", "30d", "--note", "rotated"]
    story.closeout(*accept, code=2)
    story.at("accepted")
    story.closeout("--hand-over", story.ids["limits"], "--owner", "team-shop")
    story.at("handed over")
    story.closeout("--done")
    story.at("done")


def encodings(value: bytes) -> Sequence[bytes]:
    """The value, and base64 of it wherever it may begin in what is encoded, without the characters at its edges."""
    found = [value, value.hex().encode()]
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + value)
        found.append(coded[4 if shift else 0 : -4])
    return found
