"""Stacks without an engine: plans and states of others, locks, what goes wrong, Terragrunt in its own words."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest

from drifttui.clients.access import Access
from drifttui.clients.aws_settings import AwsSettings
from drifttui.clients.tofu_errors import Diagnostic, failed_run, wants_init
from drifttui.clients.tofu_programs import environment, find, workspace_of
from drifttui.clients.tofu_settings import StackSettings
from drifttui.core.board import Board, Depth
from drifttui.core.errors import BadAnswer, Forbidden, SourceError, Unauthenticated, Unreachable
from drifttui.core.health import Freshness, Standing
from drifttui.core.identity import Engine
from drifttui.core.inspection import Inspection
from drifttui.core.ports import Batch
from drifttui.core.terraform_load import load
from drifttui.core.terraform_lock import is_encrypted, parse_lock
from drifttui.core.terraform_plan import parse_plan
from drifttui.core.terraform_review import review
from drifttui.core.unit import Unit
from drifttui.services.judge import Judgement, compare_all
from drifttui.services.look import Looker
from drifttui.services.session import Settings
from drifttui.sources.tofu import SOURCE
from drifttui.sources.tofu.source import TofuSource
from drifttui.store.wire import batch_in, batch_out
from tests.clients.aws_server import credentials, moto

RECORDED = Path(__file__).parent.parent / "recorded" / "opentofu"
PLAN = RECORDED / "plan.json"
KEY = b"k" * 32
NOW = datetime(2026, 11, 21, 15, tzinfo=UTC)
LOCK = {
    "ID": "6b1f", "Operation": "OperationTypeApply", "Info": "", "Who": "ana@laptop", "Version": "1.12.6",
    "Created": "2026-11-21T14:55:12.123456789Z", "Path": "terraform.tfstate",
}  # fmt: skip


def source(stack: StackSettings, access: Access = Access.READ_ONLY, **more: Any) -> TofuSource:
    settings = Settings(stacks=(stack,), access=access, redaction_key=KEY, **more)
    found = SOURCE(settings, lambda: NOW)[0]
    assert isinstance(found, TofuSource)
    return found


async def read(found: TofuSource) -> Batch:
    """The batch of the first stack's first reading."""
    watching = found.watch()
    try:
        async with asyncio.timeout(30):
            async for batch in watching:
                if batch.units and not batch.complete:
                    return batch
    finally:
        await watching.aclose()  # type: ignore[attr-defined]
    raise AssertionError("the source ended")


def unread(batch: Batch) -> str:
    """Why: one line."""
    unit = batch.units[0]
    assert unit.sync == "Unknown"
    assert batch.inspection is None
    assert unit.error is not None
    assert "\n" not in unit.error.message
    return unit.error.message


async def test_a_plan_of_ci_gives_the_answer_of_scan(tmp_path: Path) -> None:
    batch = await read(source(StackSettings(plan=str(PLAN), name="shop", refreshed=True, environment="prod")))
    unit, inspection = batch.units[0], batch.inspection
    assert inspection is not None
    made = json.loads(PLAN.read_bytes())["timestamp"]
    assert unit.observed_at == unit.reconciled_at == datetime.fromisoformat(made)
    assert (unit.sync, unit.environment, unit.id.engine, unit.auto) == ("OutOfSync", "prod", "opentofu", "by hand")
    found = review(parse_plan(load(PLAN.read_bytes(), "plan"), KEY, refreshed=True), KEY)
    compared = {one.ref.address: one for one in compare_all(inspection)}
    assert {address for address, one in compared.items() if one.drifted} == {
        entry.resource.address for entry in found.drift
    }
    for entry in found.drift:
        assert compared[entry.resource.address].changes == entry.changes
    assert "correct-horse" not in repr(batch)


async def test_findings_of_a_stack_are_judged_recorded_and_replayed(tmp_path: Path) -> None:
    found = source(StackSettings(plan=str(PLAN), name="shop", refreshed=True))
    batch = await read(found)
    unit, inspection = batch.units[0], batch.inspection
    assert inspection is not None
    look = Looker([found], Judgement(), lambda: NOW).judge(unit, inspection, None)
    assert look.depth is Depth.READ
    assert {finding.ref.address for finding in look.findings} == {ref.address for ref in unit.out_of_sync}
    assert all(finding.verdict is not None for finding in look.findings)
    _, again = batch_in(batch_out(batch, 0.0))
    assert again.inspection is not None
    replayed = Looker([found], Judgement(), lambda: NOW).judge(unit, again.inspection, None)
    assert [(one.id, one.changes, one.verdict) for one in replayed.findings] == [
        (one.id, one.changes, one.verdict) for one in look.findings
    ]


async def test_an_old_plan_is_stale_and_one_without_drift_information_is_unknown(tmp_path: Path) -> None:
    document = json.loads(PLAN.read_bytes())
    document.pop("resource_drift")
    for change in document["resource_changes"]:
        change["change"]["actions"] = ["no-op"]
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(document))
    batch = await read(source(StackSettings(plan=str(path))))
    unit = batch.units[0]
    assert unit.sync == "Unknown"
    assert unit.error is not None
    assert unit.error.type == "NoDriftInformation"
    assert batch.inspection is not None
    assert all(planes.actual is None for planes in batch.inspection.resources)
    vouched = (await read(source(StackSettings(plan=str(path), refreshed=True)))).units[0]
    assert vouched.sync == "Synced"
    board = Board(units={vouched.id: vouched}, sources={vouched.id.source: batch.health} if batch.health else {})
    later = (vouched.observed_at or NOW) + timedelta(hours=5)
    assert board.freshness(vouched, later) is Freshness.STALE
    assert board.risk(vouched, later) == "unknown"


async def test_a_state_is_recorded_and_nothing_else(tmp_path: Path) -> None:
    state = {
        "version": 4, "terraform_version": "1.12.6", "serial": 7, "lineage": "3f0c1d9a-1111", "outputs": {},
        "resources": [{"mode": "managed", "type": "local_file", "name": "a", "instances": [
            {"schema_version": 0, "attributes": {"id": "1", "content": "x"}}]}],
    }  # fmt: skip
    path = tmp_path / "shop.tfstate"
    path.write_text(json.dumps(state))
    batch = await read(source(StackSettings(state=str(path))))
    unit, inspection = batch.units[0], batch.inspection
    assert inspection is not None
    assert (unit.sync, unit.revision) == ("Unknown", "3f0c1d9a/7")
    assert [(one.recorded is not None, one.actual, one.desired) for one in inspection.resources] == [(True, None, None)]
    assert inspection.uncompared == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b'{"format_version": "2.0", "resource_changes": []}', "newer than this program"),
        (b'{"format_version": "1.2", "resource_drift": [', "ends in the middle"),
        (b"PK\x03\x04....", "binary plan file"),
        (b'{"encrypted_data": "x", "meta": {}}', "encrypted"),
        (b'{"@level":"info","@message":"OpenTofu","type":"version"}\n', "event stream"),
    ],
)
async def test_what_is_no_plan_is_one_line_and_unknown(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "plan.json"
    path.write_bytes(content)
    batch = await read(source(StackSettings(plan=str(path))))
    assert said in unread(batch)
    assert batch.health is not None
    assert batch.health.standing is Standing.BLIND


class _Serving(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        found = self.path == "/ci/plan.json?sig=s3cr3t"
        self.send_response(200 if found else 404)
        body = PLAN.read_bytes() if found else b"{}"
        self.send_header("content-type", "application/octet-stream")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def http() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Serving)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


async def test_a_plan_over_http(http: str) -> None:
    stack = StackSettings(plan=f"{http}/ci/plan.json?sig=s3cr3t", refreshed=True)
    assert stack.shown_name == "ci"
    batch = await read(source(stack))
    assert batch.units[0].sync == "OutOfSync"
    assert "s3cr3t" not in repr(batch), "a signature in an address is a secret"
    gone = await read(source(StackSettings(plan=f"{http}/ci/other.json?sig=s3cr3t")))
    assert "s3cr3t" not in unread(gone)


async def test_plan_and_state_in_s3_with_the_lock_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    credentials(monkeypatch, tmp_path)
    with moto() as url:
        account = AwsSettings(name="ops", region="eu-west-1", endpoint_url=url)
        writing = Settings(aws=(account,), redaction_key=KEY).aws_client(account)
        await writing.call("s3", "CreateBucket", {"Bucket": "states", "CreateBucketConfiguration": {
            "LocationConstraint": "eu-west-1"}})  # fmt: skip
        state = json.dumps({"version": 4, "serial": 3, "lineage": "abcdefgh-1", "resources": []}).encode()
        for name, body in (("shop/plan.json", PLAN.read_bytes()), ("shop/tfstate", state)):
            await writing.call("s3", "PutObject", {"Bucket": "states", "Key": name, "Body": body})
        aws: dict[str, Any] = {"aws": (account,)}
        plan = await read(source(StackSettings(plan="s3://states/shop/plan.json", refreshed=True), **aws))
        free = await read(source(StackSettings(state="s3://states/shop/tfstate"), **aws))
        lock = json.dumps(LOCK).encode()
        await writing.call("s3", "PutObject", {"Bucket": "states", "Key": "shop/tfstate.tflock", "Body": lock})
        held = await read(source(StackSettings(state="s3://states/shop/tfstate"), **aws))
        missing = await read(source(StackSettings(plan="s3://states/nothing"), **aws))
        nobody = await read(source(StackSettings(plan="s3://states/shop/plan.json")))
    assert plan.units[0].sync == "OutOfSync"
    assert free.units[0].operation is None
    operation = held.units[0].operation
    assert operation is not None
    assert (operation.phase, operation.initiated_by) == ("Running", "ana@laptop")
    assert operation.started_at == datetime(2026, 11, 21, 14, 55, 12, 123456, tzinfo=UTC)
    assert held.units[0].conditions[0].message.startswith("Apply in progress by ana@laptop since 2026-11-21 14:55:12")
    assert "does not have it" in unread(missing)
    assert "no AWS account is configured" in unread(nobody)


def test_a_lock_is_a_lock_whatever_is_in_it() -> None:
    assert parse_lock(json.dumps(LOCK).encode()).id == "6b1f"
    for content in (b"", b"[]", b'{"ID": 3, "Created": "yesterday"}', b"\xff\xff", b"[" * 100_000):
        assert parse_lock(content).words.startswith("an operation in progress")
    evil = parse_lock(json.dumps({"Who": "a\x1b[2Jb\nc" + "d" * 9000, "ID": "x"}).encode())
    assert "\x1b" not in evil.words
    assert len(evil.words) < 300
    assert is_encrypted(b'{"serial":1,"lineage":"x","meta":{},"encrypted_data":"AA==","encryption_version":"v0"}')
    assert not is_encrypted(b'{"outputs": {"x": {"value": "\\"encrypted_data\\""}}}')


@pytest.mark.parametrize(
    ("summary", "detail", "stderr", "kind", "title"),
    [
        ("Error refreshing state", "ExpiredToken: The security token included in the request is expired", "",
         Unauthenticated, "the credentials have expired"),
        ("No valid credential sources found", "failed to refresh cached credentials", "",
         Unauthenticated, "no usable credentials"),
        ("reading EC2 Instance", "api error UnauthorizedOperation: You are not authorized", "",
         Forbidden, "may not read everything"),
        ("Plugin did not respond", "The plugin encountered an error, and failed to respond to the", "",
         BadAnswer, "A provider of tofu does not work"),
        ("", "", "panic: runtime error: index out of range [3] with length 2\n\ngoroutine 1 [running]:",
         BadAnswer, "A provider of tofu does not work"),
        ("No value for required variable", "The root module input variable \"x\" is not set", "",
         BadAnswer, "wants a variable"),
        ("Error loading state", "dial tcp 10.0.0.1:443: connect: connection refused", "",
         Unreachable, "something it needs does not answer"),
        ("Backend initialization required, please run \"tofu init\"", "", "", BadAnswer, "cannot be initialised here"),
        ("Unsupported argument", "An argument named \"nam\" is not expected here.", "", BadAnswer, "tofu failed"),
    ],
)  # fmt: skip
def test_what_the_engine_says_becomes_one_line(
    summary: str, detail: str, stderr: str, kind: type[SourceError], title: str
) -> None:
    told = [Diagnostic("error", summary, detail)] if summary else []
    error = failed_run("tofu", "shop", told, stderr, 1)
    assert type(error) is kind
    assert title in error.title
    assert "shop: " in error.detail
    assert "\n" not in error.one_line()
    assert wants_init(told, stderr) is ("initialised" in title)


def test_what_runs_is_asked_nothing_and_obeys_no_shell(tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("tofu", "terraform"):
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    both = find("", tmp_path, str(folder))
    assert (both.name, both.engine) == ("tofu", Engine.OPENTOFU)
    assert find("terraform", tmp_path, str(folder)).engine is Engine.TERRAFORM
    with pytest.raises(BadAnswer, match="There is no tofu"):
        find("tofu", tmp_path, str(tmp_path))
    base = {"TF_CLI_ARGS_plan": "-refresh=false", "TF_LOG": "trace", "TF_WORKSPACE": "old", "TF_VAR_x": "1"}
    made = environment(both, tmp_path / "data", "prod", base)
    assert "TF_CLI_ARGS_plan" not in made and "TF_LOG" not in made
    assert (made["TF_VAR_x"], made["TF_INPUT"], made["TF_WORKSPACE"]) == ("1", "0", "prod")
    assert made["CHECKPOINT_DISABLE"] == made["TF_IN_AUTOMATION"] == "1"
    assert "TF_WORKSPACE" not in environment(both, tmp_path / "data", "default", base)
    (tmp_path / ".terraform").mkdir()
    (tmp_path / ".terraform" / "environment").write_text("blue")
    assert workspace_of(tmp_path, "", {}) == "blue"
    assert workspace_of(tmp_path, "", {"TF_WORKSPACE": "green"}) == "green"
    assert workspace_of(tmp_path, "red", {"TF_WORKSPACE": "green"}) == "red"


TERRAGRUNT = """#!/bin/sh
# As Terragrunt 1.x: its own words on stderr, those of the engine forwarded.
echo "$@" >> "$0.log"
[ "$1" = run ] && [ "$2" = --non-interactive ] && [ "$3" = -- ] || exit 64
[ -n "$TG_TF_PATH" ] && [ "$TG_TF_FORWARD_STDOUT" = true ] || exit 65
shift 3
echo "12:00:00.000 INFO   tofu: running" >&2
exec "$TG_TF_PATH" "$@"
"""

ENGINE = """#!/bin/sh
case "$1" in
  state) echo '{"version": 4, "serial": 4, "lineage": "abcdefgh-9", "resources": []}' ;;
  plan) for one in "$@"; do case "$one" in -out=*) cp %(plan)s "${one#-out=}";; esac; done
    echo '{"@level":"info","@message":"x: Refreshing","type":"refresh_start"}'
    echo '{"@level":"info","@message":"x: Refresh complete","type":"refresh_complete"}'
    exit 2 ;;
  show) cat "$3" ;;
  *) exit 1 ;;
esac
"""


async def test_a_terragrunt_unit_runs_through_terragrunt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in (("terragrunt", TERRAGRUNT), ("tofu", ENGINE % {"plan": PLAN})):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "unit"
    folder.mkdir()
    (folder / "terragrunt.hcl").write_text("")
    stack = StackSettings(dir=str(folder))
    assert "--read-only=strict" in unread(await read(source(stack, Access.STRICT)))
    assert not (tmp_path / "terragrunt.log").exists()
    batch = await read(source(stack))
    assert (batch.units[0].sync, batch.units[0].revision) == ("OutOfSync", "abcdefgh/4")
    ran = (tmp_path / "terragrunt.log").read_text().splitlines()
    assert [line.split()[3] for line in ran] == ["state", "plan", "show", "state"]
    assert "-lock=false -input=false -no-color -detailed-exitcode -json" in ran[1]


async def test_a_state_that_moves_during_the_plan_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = (ENGINE % {"plan": PLAN}).replace(
        "state) echo", f"init) ;;\n  state) echo >> {tmp_path}/times; n=$(wc -l < {tmp_path}/times); echo"
    ).replace('"serial": 4', '"serial": \'$n\'')  # fmt: skip
    (tmp_path / "tofu").write_text(engine)
    (tmp_path / "tofu").chmod(0o755)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    batch = await read(source(StackSettings(dir=str(tmp_path), binary=str(tmp_path / "tofu"), name="moves")))
    moved = next(one for one in batch.units[0].conditions if one.type == "StateMoved")
    assert moved.error
    assert batch.inspection is not None
    assert any(gap.startswith("StateMoved") for gap in batch.inspection.gaps)


async def test_a_file_that_is_written_again_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drifttui.sources.tofu.source.FILE_EVERY", 0.05)
    path = tmp_path / "plan.json"
    found = source(StackSettings(plan=str(path), refreshed=True))
    seen: list[Unit] = []
    watching = found.watch()
    try:
        async with asyncio.timeout(30):
            async for batch in watching:
                seen += batch.units
                if len(seen) == 2:
                    path.write_bytes(PLAN.read_bytes())
                if len(seen) == 3:
                    break
    finally:
        await watching.aclose()  # type: ignore[attr-defined]
    assert [unit.sync for unit in seen] == ["Unknown", "Unknown", "OutOfSync"]
    assert seen[1].error is not None
    assert "There is no file" in seen[1].error.message


async def test_a_look_never_waits_for_a_plan_that_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tofu").write_text("#!/bin/sh\nexec sleep 60\n")
    (tmp_path / "tofu").chmod(0o755)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    found = source(StackSettings(dir=str(tmp_path), binary=str(tmp_path / "tofu")))
    watching = found.watch()
    first = await anext(watching)
    inspection: Inspection = await asyncio.wait_for(found.inspect(first.units[0]), 5)
    await watching.aclose()  # type: ignore[attr-defined]
    assert not inspection.resources
    assert inspection.gaps[0].startswith("The stack has not been read yet")


@pytest.mark.parametrize(
    "table", [{}, {"dir": "a", "plan": "b"}, {"dir": "a", "interval": 5}, {"dir": "a", "colour": "red"}]
)
def test_settings_that_cannot_be_are_refused(table: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(table, StackSettings)
