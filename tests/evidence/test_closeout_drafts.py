"""`closeout --draft` on a recorded incident and a real clone: what it writes applies, and what it cannot do it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from drifttui.cli import main
from drifttui.core.board import Depth, Look
from drifttui.core.finding import Change
from drifttui.core.identity import ResourceRef, UnitId
from drifttui.core.inspection import Inspection
from drifttui.core.planes import Observation, Plane, ThreePlanes
from drifttui.core.ports import Batch
from drifttui.core.unit import Auto, Unit
from tests.services.clones import clone, git

from . import sessions

REPO = "https://git.example.com/acme/deploy.git"
ROLE = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: admin
  namespace: payments
rules:
- verbs: [get]  # nothing else
"""


def recorded(folder: Path, repo: str = REPO, path: str = "apps/payments") -> None:
    """Two units drift; `payments` is declared in Git, `checkout` nowhere that the record knows of."""
    play = sessions.Play(folder)
    rows = (sessions.unit("payments")._replace(repo=repo, path=path, auto=Auto.PAUSED), sessions.unit("checkout"))
    play.recorder.batch(Batch(sessions.SOURCE, play.now, units=rows, complete=True))
    play.look(1, "payments", sessions.finding("payments"))
    play.look(2, "checkout", sessions.finding("checkout"))
    play.close()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable, name in (("XDG_DATA_HOME", "data"), ("XDG_CONFIG_HOME", "config"), ("XDG_CACHE_HOME", "cache")):
        monkeypatch.setenv(variable, str(tmp_path / name))
    return tmp_path


def made(home: Path, *more: str, remote: str = REPO) -> tuple[int, Path]:
    if not (home / "data").exists():
        recorded(home / "data" / "drifttui" / "sessions")
    folder = home / "clone"
    if not folder.exists():
        clone(folder, {"apps/payments/role.yaml": ROLE})
        git(folder, "remote", "add", "origin", remote)
    words = ["closeout", "--incident", "INC-1", "--draft", str(home / "out"), "--clone", str(folder), *more]
    return main(words), folder


def test_a_patch_and_a_description_per_open_finding(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, folder = made(home, "--bundle", "inc-1.tar.gz")
    said = capsys.readouterr()
    assert (code, said.err) == (2, "")
    assert sorted(path.name for path in (home / "out").iterdir()) == [
        "f-checkout.md",
        "f-payments.md",
        "f-payments.patch",
    ]
    patch = (home / "out" / "f-payments.patch").read_text()
    git(folder, "apply", "--check", "-", stdin=patch)
    assert "-- verbs: [get]  # nothing else" in patch.splitlines()
    assert "+- verbs: [get, '*']  # nothing else" in patch.splitlines()
    page = (home / "out" / "f-payments.md").read_text()
    for words in ("# Role/admin /rules/0/verbs as it runs (INC-1)", "## Rollback", "`f-payments`", "inc-1.tar.gz"):
        assert words in page
    assert "Its automation is suspended" in page
    assert "the record does not say where in Git its unit is declared" in (home / "out" / "f-checkout.md").read_text()
    assert "drafted f-payments: patch and description" in said.out
    assert "apps/payments/role.yaml: /rules/0/verbs" in said.out
    assert git(folder, "status", "--porcelain") == ""


def test_json_says_the_same(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(home, "--json", "--finding", "f-pay")
    (draft,) = json.loads(capsys.readouterr().out)["drafts"]
    assert (draft["finding"], draft["patch"], draft["files"]) == ("f-payments", True, ["apps/payments/role.yaml"])
    assert draft["problems"] == []


def test_another_repository_is_not_drafted_in(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(home, remote="git@git.example.com:acme/else.git")
    assert f"its unit is declared in {REPO}, which this clone is not of" in capsys.readouterr().out
    git(home / "clone", "remote", "set-url", "origin", "git@git.example.com:acme/deploy.git")
    made(home)
    assert "drafted f-payments: patch and description" in capsys.readouterr().out
    git(home / "clone", "remote", "remove", "origin")
    made(home)
    assert "drafted f-payments: patch and description" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--draft", "out"], "No clone to draft in"),
        (["--clone", "."], "go with --draft"),
        (["--draft", "out", "--clone", "/nowhere/at/all"], "cannot be read"),
        (["--draft", "out", "--clone", "CLONE", "--finding", "zzz"], "no open finding of this incident"),
        (["--draft", "out", "--clone", "CLONE", "--finding", "f-"], "more than one begins so"),
        (["--draft", "/proc/nothing", "--clone", "CLONE"], "Cannot write to"),
    ],
)
def test_what_cannot_be_used_is_one_line(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: list[str], why: str
) -> None:
    _, folder = made(home)
    monkeypatch.chdir(home)
    capsys.readouterr()
    words = [str(folder) if word == "CLONE" else word for word in words]
    assert main(["closeout", "--incident", "INC-1", *words]) == 1
    assert why in capsys.readouterr().err


def test_a_stack_gets_commands_and_no_patch(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stack = UnitId("opentofu", "tofu:eu", "", "network")
    ref = ResourceRef("network", "", "aws_security_group", "", "api", "aws_security_group.api")
    play = sessions.Play(home / "data" / "drifttui" / "sessions")
    seen = Observation(ref, Plane.ACTUAL, {"id": "sg-1"}, "tofu:eu", "plan", play.now)
    looked = Inspection(stack, play.now, (ThreePlanes(ref, actual=seen),))
    verdict = sessions.VERDICT._replace(action="refresh-state")
    change = Change("/description", "/description", recorded="a", actual="b")
    finding = sessions.finding("x")._replace(id="f-stack", unit=stack, ref=ref, changes=(change,), verdict=verdict)
    row = Unit(stack, "Synced", "Unknown", Auto.BY_HAND, "eu", path="stacks/network")
    play.recorder.batch(Batch("tofu:eu", play.now, units=(row,), complete=True, inspection=looked))
    play.recorder.look(stack, Look(Depth.READ, (finding,), looked, 0, play.now))
    play.close()
    (home / "config" / "drifttui").mkdir(parents=True)
    (home / "config" / "drifttui" / "config.toml").write_text('[[stack]]\ndir = "stacks/network"\nworkspace = "eu"\n')
    made(home, "--json")
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    (draft,) = answer["drafts"]
    assert draft["commands"][-1] == "tofu -chdir=stacks/network apply -refresh-only"
    assert [path.name for path in (home / "out").iterdir()] == ["f-stack.md"]
    page = (home / "out" / "f-stack.md").read_text()
    assert "Nothing of this was run." in page
    assert "`workspace show` prints eu," in page
    assert "```sh\ntofu -chdir=stacks/network workspace show\n" in page


def test_what_looks_like_a_secret_is_neither_drafted_nor_described(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hook = "https://alice:Tr0ub4dor-77@hooks.example.com/x"
    badge = "BADGE-4711"
    policy = home / "policy"
    policy.mkdir()
    (policy / "policy.yaml").write_text("redact:\n- {id: badge, pattern: 'BADGE-[0-9]{4}'}\n")
    (home / "config" / "drifttui").mkdir(parents=True)
    (home / "config" / "drifttui" / "config.toml").write_text(f'policy = "{policy}"\n')
    ref = ResourceRef("in-cluster", "", "ConfigMap", "payments", "conf")
    play = sessions.Play(home / "data" / "drifttui" / "sessions")
    documents: dict[Plane, dict[str, Any]] = {
        plane: {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "conf"}, "data": data}
        for plane, data in ((Plane.DESIRED, {"hook": "x", "b": "y"}), (Plane.ACTUAL, {"hook": hook, "b": badge}))
    }
    desired, actual = (
        Observation(ref, plane, document, sessions.SOURCE, "x", play.now) for plane, document in documents.items()
    )
    looked = Inspection(sessions.unit_id("payments"), play.now, (ThreePlanes(ref, desired=desired, actual=actual),))
    changes = (
        Change("/data/hook", "/data/hook", "x", recorded="x", actual=hook),
        Change("/data/b", "/data/b", "y", recorded="y", actual=badge),
    )
    finding = sessions.finding("payments")._replace(ref=ref, changes=changes)
    row = sessions.unit("payments")._replace(repo=REPO, path="apps/payments")
    play.recorder.batch(Batch(sessions.SOURCE, play.now, units=(row,), complete=True, inspection=looked))
    play.recorder.look(sessions.unit_id("payments"), Look(Depth.READ, (finding,), looked, 0, play.now))
    play.close()
    conf = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: conf\ndata:\n  hook: x\n  b: y\n"
    clone(home / "clone", {"apps/payments/conf.yaml": conf})
    made(home, "--json")
    said = capsys.readouterr()
    (draft,) = json.loads(said.out)["drafts"]
    assert [one.partition(": ")[2][:31] for one in draft["problems"]] == ["its value looks like a secret: "] * 2
    written = "".join(path.read_text() for path in (home / "out").iterdir())
    assert [path.name for path in (home / "out").iterdir()] == ["f-payments.md"]
    for secret in ("Tr0ub4dor", badge):
        assert secret not in written + said.out + said.err


def test_a_helm_release_is_said_plainly(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    unit = UnitId("flux-helmrelease", "flux:eu", "apps", "web")
    play = sessions.Play(home / "data" / "drifttui" / "sessions")
    finding = sessions.finding("x")._replace(id="f-helm", unit=unit)
    looked = sessions.inspection("x", play.now)._replace(unit=unit)
    row = sessions.unit("x")._replace(id=unit, repo=REPO, path="apps/payments")
    play.recorder.batch(Batch("flux:eu", play.now, units=(row,), complete=True, inspection=looked))
    play.recorder.look(unit, Look(Depth.READ, (finding,), looked, 0, play.now))
    play.close()
    made(home)
    assert "not drafted: its values stand in the HelmRelease" in capsys.readouterr().out
