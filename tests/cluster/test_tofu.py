"""Stacks against a real OpenTofu with real providers, and a real kube-apiserver for what they make there."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from drifttui.clients.access import Access
from drifttui.clients.tofu_settings import StackSettings
from drifttui.core.errors import BadAnswer, ReadOnly, SourceError
from drifttui.core.finding import Comparison
from drifttui.core.health import Standing
from drifttui.core.inspection import Inspection
from drifttui.core.planes import ABSENT, UNKNOWN
from drifttui.core.ports import Batch
from drifttui.core.terraform_load import load
from drifttui.core.terraform_plan import parse_plan
from drifttui.core.terraform_review import review
from drifttui.core.unit import Unit
from drifttui.services.session import Settings
from drifttui.sources.tofu import SOURCE
from drifttui.sources.tofu.source import TofuSource
from tests.cluster import build
from tests.cluster.build import GoMissing, is_built
from tests.cluster.cluster import Cluster, running_cluster
from tests.cluster.tofu import OpenTofu

pytestmark = pytest.mark.cluster

KEY = b"k" * 32

ALONE = """
resource "local_file" "note" {
  filename = "${path.module}/note.txt"
  content  = "hello"
}
resource "random_id" "suffix" { byte_length = 4 }
resource "null_resource" "marker" {}
"""

IN_CLUSTER = """
provider "kubernetes" {
  config_path    = "%s"
  config_context = "alice"
}
resource "kubernetes_config_map" "settings" {
  metadata {
    name      = "tofu-settings"
    namespace = "default"
  }
  data = {
    mode  = "safe"
    token = "ghp_0123456789abcdefghijklmnopqrstuvwxyz"
  }
}
resource "kubernetes_config_map" "left_alone" {
  metadata {
    name      = "tofu-left-alone"
    namespace = "default"
  }
  data = { mode = "safe" }
  lifecycle { ignore_changes = [data] }
}
resource "kubernetes_deployment" "web" {
  wait_for_rollout = false
  metadata {
    name      = "tofu-web"
    namespace = "default"
  }
  spec {
    replicas = 2
    selector { match_labels = { app = "tofu-web" } }
    template {
      metadata { labels = { app = "tofu-web" } }
      spec {
        container {
          name  = "web"
          image = "registry.example/web:1"
        }
      }
    }
  }
}
resource "local_file" "note" {
  filename = "${path.module}/note.txt"
  content  = "hello"
}
"""


def now() -> datetime:
    return datetime.now(UTC)


def _missing(*more: build.Server) -> str:
    if os.environ.get("DRIFTTUI_REQUIRE_CLUSTER") == "1":
        return ""
    if os.environ.get("DRIFTTUI_CLUSTER") == "off":
        return "switched off with DRIFTTUI_CLUSTER=off"
    try:
        return "" if is_built((*build.TOFU, *more)) else "not built: python -m tests.cluster build --only opentofu"
    except GoMissing as problem:
        return str(problem)


@pytest.fixture
def tofu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OpenTofu:
    if missing := _missing():
        pytest.skip(missing)
    made = OpenTofu(tmp_path)
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(made.config))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return made


@pytest.fixture(scope="module")
def kube() -> Iterator[Cluster]:
    if missing := _missing(*build.ALL):
        pytest.skip(missing)
    with running_cluster(print, argocd=False) as running:
        yield running


def source(tofu: OpenTofu, folder: Path, access: Access = Access.READ_ONLY, **more: Any) -> TofuSource:
    chosen = StackSettings(**{"dir": str(folder), "binary": tofu.program, **more})
    found = SOURCE(Settings(stacks=(chosen,), access=access, redaction_key=KEY), now)[0]
    assert isinstance(found, TofuSource)
    return found


async def batches(found: TofuSource) -> list[Batch]:
    """Until the first stack has been read."""
    seen = []
    watching = found.watch()
    try:
        async with asyncio.timeout(60):
            async for batch in watching:
                seen.append(batch)
                if batch.health is not None and batch.health.standing is not Standing.STARTING:
                    return seen
    finally:
        await watching.aclose()  # type: ignore[attr-defined]
    raise AssertionError("the source ended")


async def look(tofu: OpenTofu, folder: Path, **more: Any) -> tuple[Unit, Inspection]:
    seen = await batches(source(tofu, folder, **more))
    assert seen[-1].inspection is not None, seen[-1].units[0].conditions
    return seen[-1].units[0], seen[-1].inspection


def of(inspection: Inspection, address: str) -> Comparison:
    return next(one for ref, one in inspection.comparisons.items() if ref.address == address)


def listing(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


async def test_a_stack_that_did_not_change_is_synced_and_its_folder_untouched(tofu: OpenTofu) -> None:
    folder = tofu.stack("calm", ALONE)
    tofu.apply(folder)
    before = listing(folder)
    seen = await batches(source(tofu, folder))
    assert seen[0].complete
    assert seen[0].units[0].sync == "Unknown", "nobody has looked yet"
    assert seen[0].health is not None
    assert seen[0].health.standing is Standing.STARTING
    unit, inspection = seen[-1].units[0], seen[-1].inspection
    assert inspection is not None
    assert (unit.sync, unit.id.engine, unit.id.name) == ("Synced", "opentofu", "calm")
    assert unit.revision.endswith("/1")
    assert {ref.address for ref in inspection.comparisons} == {
        "local_file.note",
        "random_id.suffix",
        "null_resource.marker",
    }
    assert inspection.uncompared == 0
    assert all(not one.changes and not one.missing for one in inspection.comparisons.values())
    method = inspection.resources[0].actual.method if inspection.resources[0].actual else ""
    assert "plan without lock, exit code 0" in method
    assert "init in a folder of our own" in method
    assert listing(folder) == before
    left = [path.name for path in (tofu.folder / "cache").rglob("*") if path.name.startswith("plan")]
    assert not left, "plan files hold secrets"
    progress = [batch.health.method for batch in seen if batch.health is not None]
    assert any(words.startswith("now calm: ") for words in progress), progress


async def test_pending_changes_are_told_and_are_no_drift(tofu: OpenTofu) -> None:
    folder = tofu.stack("pending", ALONE)
    tofu.apply(folder)
    (folder / "main.tf").write_text(ALONE.replace('"hello"', '"good morning"'))
    unit, inspection = await look(tofu, folder)
    assert unit.sync == "Synced"
    pending = next(one for one in unit.conditions if one.type == "PendingChanges")
    assert "local_file.note (delete and create)" in pending.message
    assert not pending.error
    assert not of(inspection, "local_file.note").changes
    note = next(planes for planes in inspection.resources if planes.ref.address == "local_file.note")
    assert note.desired is not None and note.desired.document is not None
    assert note.actual is not None and note.actual.document is not None
    assert (note.desired.document["content"], note.actual.document["content"]) == ("good morning", "hello")
    assert "exit code 2" in note.actual.method


async def test_what_was_edited_by_hand_differs_in_three_planes(tofu: OpenTofu, kube: Cluster) -> None:
    folder = tofu.stack("shop", IN_CLUSTER % kube.state.kubeconfig)
    tofu.apply(folder)
    try:
        unit, _ = await look(tofu, folder)
        assert unit.sync == "Synced", unit.conditions
        kube.kubectl(
            "patch", "configmap", "tofu-settings", "-p", '{"data":{"mode":"fast","token":"other"}}', context="alice"
        )
        kube.kubectl("patch", "configmap", "tofu-left-alone", "-p", '{"data":{"mode":"fast"}}', context="alice")
        kube.kubectl("scale", "deployment", "tofu-web", "--replicas=5", context="alice")
        (folder / "note.txt").unlink()
        unit, inspection = await look(tofu, folder)
        only, refreshed = await look(tofu, folder, refresh_only=True)
        _answers_are_those_of_scan(tofu, folder, inspection)
        _recorded(inspection, unit)
    finally:
        tofu.run(folder, "destroy", "-auto-approve", "-no-color", check=False)
    assert unit.sync == only.sync == "OutOfSync"
    assert {ref.address for ref in unit.out_of_sync} == {
        "kubernetes_config_map.settings", "kubernetes_config_map.left_alone", "kubernetes_deployment.web",
        "local_file.note",
    }  # fmt: skip
    mode = next(one for one in of(inspection, "kubernetes_config_map.settings").changes if one.path == "/data/mode")
    assert (mode.desired, mode.recorded, mode.actual) == ("safe", "safe", "fast")
    token = next(one for one in of(inspection, "kubernetes_config_map.settings").changes if one.path == "/data/token")
    assert token.sensitive
    assert "ghp_" not in repr(inspection)
    replicas = next(
        one for one in of(inspection, "kubernetes_deployment.web").changes if one.path.endswith("/replicas")
    )
    assert (str(replicas.desired), str(replicas.recorded), str(replicas.actual)) == ("2", "2", "5")
    gone = of(inspection, "local_file.note").changes[0]
    assert gone.path == "" and gone.actual is ABSENT and gone.desired is not UNKNOWN
    ignored = of(inspection, "kubernetes_config_map.left_alone").changes[0]
    assert (ignored.desired, ignored.recorded, ignored.actual) == ("fast", "safe", "fast"), "ignore_changes wants it so"
    literal = next(one for one in of(refreshed, "kubernetes_config_map.left_alone").changes)
    assert literal.desired in (UNKNOWN, "safe"), "a refresh-only plan plans nothing"
    methods = [
        {planes.recorded.method for planes in seen.resources if planes.recorded} for seen in (inspection, refreshed)
    ]
    assert all("tofu plan without lock, exit code 2" in one for one in methods[0])
    assert all("plan -refresh-only without lock, exit code 2" in one for one in methods[1])
    assert any(one.type == "PendingChanges" for one in unit.conditions)
    assert not any(one.type == "PendingChanges" for one in only.conditions)


async def test_exit_codes_of_both_plans_are_kept_apart(tofu: OpenTofu, kube: Cluster) -> None:
    """Drift that the configuration leaves alone: a normal plan ends with 0, a refresh-only plan with 2."""
    text = IN_CLUSTER.replace("tofu-", "codes-") % kube.state.kubeconfig
    folder = tofu.stack("codes", text)
    tofu.apply(folder)
    try:
        kube.kubectl("patch", "configmap", "codes-left-alone", "-p", '{"data":{"mode":"fast"}}', context="alice")
        unit, inspection = await look(tofu, folder)
        only, refreshed = await look(tofu, folder, refresh_only=True)
    finally:
        tofu.run(folder, "destroy", "-auto-approve", "-no-color", check=False)
    assert unit.sync == only.sync == "OutOfSync", "drift is drift, whatever the exit code says"
    codes = [seen.resources[0].recorded.method.split("exit code ")[1][0] for seen in (inspection, refreshed)
             if seen.resources[0].recorded]  # fmt: skip
    assert codes == ["0", "2"]


def _answers_are_those_of_scan(tofu: OpenTofu, folder: Path, inspection: Inspection) -> None:
    """One answer everywhere: what `scan --plan` makes of a plan at the same time."""
    tofu.run(folder, "plan", "-lock=false", "-out=scan.bin", "-no-color", "-input=false")
    shown = tofu.run(folder, "show", "-json", "scan.bin").stdout.encode()
    found = review(parse_plan(load(shown, "plan"), KEY, refreshed=True), KEY)
    said = {ref.address: one.changes for ref, one in inspection.comparisons.items() if one.changes}
    assert said == {entry.resource.address: entry.changes for entry in found.drift}
    if place := os.environ.get("DRIFTTUI_RECORD"):
        Path(place).write_bytes(shown)


def _recorded(inspection: Inspection, unit: Unit) -> None:
    """A session on disk tells it again."""
    from drifttui.store.wire import batch_in, batch_out

    _, again = batch_in(batch_out(Batch("stacks", now(), units=(unit,), inspection=inspection), 1.0))
    assert again.inspection is not None
    assert again.inspection.comparisons == inspection.comparisons


async def test_a_lock_of_somebody_else_is_told_and_not_broken(tofu: OpenTofu) -> None:
    slow = ALONE + 'resource "null_resource" "slow" {\n  provisioner "local-exec" { command = "sleep 8" }\n}\n'
    folder = tofu.stack("locked", ALONE)
    tofu.apply(folder)
    (folder / "main.tf").write_text(slow)
    applying = tofu.start(folder, "apply", "-auto-approve", "-input=false")
    try:
        held = folder / ".terraform.tfstate.lock.info"
        ends = time.monotonic() + 30
        while not held.exists() and time.monotonic() < ends:
            await asyncio.sleep(0.05)
        who = json.loads(held.read_text())["Who"]
        unit, _ = await look(tofu, folder)
        assert applying.poll() is None, "it goes on"
        assert held.exists(), "a lock is never broken"
    finally:
        assert applying.wait(60) == 0
    locked = next(one for one in unit.conditions if one.type == "StateLocked")
    assert locked.error
    assert locked.message.startswith(f"Apply in progress by {who} since ")
    assert unit.sync == "Unknown", "half an apply is no drift and not clean"
    assert unit.operation is not None
    assert (unit.operation.running, unit.operation.initiated_by) == (True, who)


async def test_what_hangs_is_ended_with_everything_it_started(tofu: OpenTofu) -> None:
    folder = tofu.stack("hangs", ALONE)
    tofu.apply(folder)
    pids = tofu.folder / "pids"
    tofu.override("null", f"echo $$ >> {pids}\nexec sleep 1000")
    hanging = asyncio.create_task(batches(source(tofu, folder)))
    ends = time.monotonic() + 30
    while not pids.exists() and time.monotonic() < ends:
        await asyncio.sleep(0.05)
    hanging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hanging
    assert [pid for pid in pids.read_text().split() if _runs(int(pid))] == []
    unit = (await batches(source(tofu, folder, timeout=2.0)))[-1].units[0]
    assert unit.sync == "Unknown"
    assert "took too long" in unit.conditions[0].message
    assert [pid for pid in pids.read_text().split() if _runs(int(pid))] == []


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("program", ["exit 1", "echo '1|5|unix|/nowhere|grpc'; exit 3", "echo nonsense"])
async def test_a_provider_that_crashes_is_one_line_and_unknown(tofu: OpenTofu, program: str) -> None:
    folder = tofu.stack("crash", ALONE)
    tofu.apply(folder)
    tofu.override("null", program)
    seen = await batches(source(tofu, folder))
    unit, health = seen[-1].units[0], seen[-1].health
    assert unit.sync == "Unknown"
    assert unit.conditions[0].type == "ReadFailed"
    assert "A provider of tofu does not work" in unit.conditions[0].message, unit.conditions[0].message
    assert "\n" not in unit.conditions[0].message
    assert health is not None
    assert health.standing is Standing.BLIND
    found = source(tofu, folder)
    with pytest.raises(BadAnswer):
        await found.inspect(unit)


async def test_an_encrypted_state_says_so(tofu: OpenTofu, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = (
        'key_provider "pbkdf2" "k" { passphrase = "correct horse battery staple" }\n'
        'method "aes_gcm" "m" { keys = key_provider.pbkdf2.k }\nstate { method = method.aes_gcm.m }\n'
    )
    tofu.environment["TF_ENCRYPTION"] = secret
    folder = tofu.stack("sealed", ALONE)
    tofu.apply(folder)
    assert "encrypted_data" in (folder / "terraform.tfstate").read_text()
    monkeypatch.setenv("TF_ENCRYPTION", secret)
    unit, _ = await look(tofu, folder)
    assert unit.sync == "Synced"
    assert any(one.type == "StateEncrypted" for one in unit.conditions)
    monkeypatch.delenv("TF_ENCRYPTION")
    unit = (await batches(source(tofu, folder)))[-1].units[0]
    assert unit.sync == "Unknown"
    assert "cannot read the encrypted state" in unit.conditions[0].message, unit.conditions[0].message
    assert "battery" not in repr(unit)


async def test_a_workspace_that_is_not_there_is_not_made(tofu: OpenTofu) -> None:
    folder = tofu.stack("rooms", ALONE)
    tofu.apply(folder)
    unit = (await batches(source(tofu, folder, workspace="prod")))[-1].units[0]
    assert unit.sync == "Unknown"
    assert "There is no workspace prod" in unit.conditions[0].message
    assert not (folder / "terraform.tfstate.d").exists()
    tofu.run(folder, "workspace", "new", "prod")
    tofu.apply(folder)
    unit, inspection = await look(tofu, folder)
    assert unit.sync == "Synced", "what is selected in the folder is what is planned"
    assert len(inspection.resources) == 3


async def test_nothing_is_asked_and_nothing_runs_when_it_may_not(tofu: OpenTofu) -> None:
    folder = tofu.stack("asks", 'variable "region" {}\noutput "region" { value = var.region }\n')
    unit = (await batches(source(tofu, folder)))[-1].units[0]
    assert "wants a variable" in unit.conditions[0].message
    (folder / "prod.tfvars").write_text('region = "eu-west-1"\n')
    unit, _ = await look(tofu, folder, var_file=("prod.tfvars",))
    assert unit.sync == "Synced"
    strict = source(tofu, folder, Access.STRICT)
    shutil.rmtree(tofu.folder / "cache")
    with pytest.raises((ReadOnly, SourceError)) as refused:
        await strict.inspect(unit)
    assert "--read-only=strict" in str(refused.value)
    assert not list((tofu.folder / "cache").rglob("data"))


async def test_an_operator_asks_again_and_gets_a_new_plan(tofu: OpenTofu) -> None:
    folder = tofu.stack("again", ALONE)
    tofu.apply(folder)
    found = source(tofu, folder)
    watching = found.watch()
    units: list[Unit] = []
    try:
        async with asyncio.timeout(60):
            async for batch in watching:
                if batch.inspection is None:
                    continue
                units += batch.units
                if len(units) == 2:
                    break
                held = await found.inspect(units[0])
                assert held.comparisons == batch.inspection.comparisons
                (folder / "note.txt").unlink()
                assert found.renew(units[0].id)
    finally:
        await watching.aclose()  # type: ignore[attr-defined]
    assert [unit.sync for unit in units] == ["Synced", "OutOfSync"]


async def test_no_program_no_folder(tofu: OpenTofu, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tofu.folder))
    found = source(tofu, tofu.folder, binary="")
    assert "no tofu and no terraform" in (await found.check()).error
    unit = (await batches(source(tofu, tofu.folder / "nowhere")))[-1].units[0]
    assert "There is no folder" in unit.conditions[0].message
    assert unit.sync == "Unknown"
