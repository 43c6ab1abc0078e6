"""Locks of states in S3: files beside them and items of DynamoDB, in moto's server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from drifttui.clients.aws_settings import AwsSettings
from drifttui.clients.tofu_settings import StackSettings
from drifttui.core.unit import Unit
from drifttui.services.session import Settings
from drifttui.sources.tofu.locks import Place, place_of
from tests.clients.aws_server import credentials, moto
from tests.sources.test_tofu import KEY, LOCK, read, source, unread

STATE = json.dumps({"version": 4, "serial": 3, "lineage": "abcdefgh-1", "resources": []})
OTHER = {**LOCK, "ID": "9c2e", "Operation": "OperationTypePlan", "Who": "bo@ci"}
TABLE: dict[str, Any] = {
    "TableName": "locks", "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "LockID", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "LockID", "KeyType": "HASH"}],
}  # fmt: skip
ENGINE = """#!/bin/sh
case "$1" in
  init) cp %(folder)s/backend.json "$TF_DATA_DIR/terraform.tfstate" ;;
  workspace) echo '  default'; echo '* blue' ;;
  state) cat %(folder)s/state.json ;;
  plan) for one in "$@"; do case "$one" in -out=*) cp %(plan)s "${one#-out=}";; esac; done; exit 2 ;;
  show) cat "$3" ;;
  *) exit 1 ;;
esac
"""


@dataclass(frozen=True)
class Bucket:
    """A bucket and a table in moto, and the account that reads them."""

    account: AwsSettings

    async def do(self, service: str, operation: str, **asked: Any) -> dict[str, Any]:
        client = Settings(aws=(self.account,), redaction_key=KEY).aws_client(self.account)
        answer: dict[str, Any] = await client.call(service, operation, asked)
        return answer

    async def filled(self) -> None:
        place = {"LocationConstraint": "eu-west-1"}
        await self.do("s3", "CreateBucket", Bucket="states", CreateBucketConfiguration=place)
        await self.do("s3", "PutObject", Bucket="states", Key="shop/tfstate", Body=STATE.encode())
        await self.do("dynamodb", "CreateTable", **TABLE)
        # The backend writes this beside every state; it is no lock.
        await self.item("states/shop/tfstate-md5", Digest="d41d8cd98f00b204e9800998ecf8427e")

    async def item(self, key: str, **values: str) -> None:
        held = {"LockID": {"S": key}, **{name: {"S": value} for name, value in values.items()}}
        await self.do("dynamodb", "PutItem", TableName="locks", Item=held)

    async def row(self, **more: Any) -> Unit:
        stack = StackSettings(**{"state": "s3://states/shop/tfstate", "lock_table": "locks", **more})
        return (await read(source(stack, aws=(self.account,)))).units[0]


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Bucket]:
    credentials(monkeypatch, tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with moto() as url:
        yield Bucket(AwsSettings(name="ops", region="eu-west-1", endpoint_url=url))


def told(unit: Unit, kind: str) -> str:
    return next((one.message for one in unit.conditions if one.type == kind), "")


async def test_a_lock_in_dynamodb_says_who_holds_it_and_stays(bucket: Bucket) -> None:
    await bucket.filled()
    free = await bucket.row()
    assert (free.operation, told(free, "StateLocked"), told(free, "LockUnknown")) == (None, "", "")
    await bucket.item("states/shop/tfstate", Info=json.dumps(LOCK))
    held = await bucket.row()
    words = "Apply in progress by ana@laptop since 2026-11-21 14:55:12 UTC (lock 6b1f)."
    assert told(held, "StateLocked") == words
    assert held.operation is not None
    assert (held.operation.running, held.operation.initiated_by) == (True, "ana@laptop")
    assert held.operation.started_at == datetime(2026, 11, 21, 14, 55, 12, 123456, tzinfo=UTC)
    assert held.sync == "Unknown"
    left = await bucket.do(
        "dynamodb", "GetItem", TableName="locks", Key={"LockID": {"S": "states/shop/tfstate"}}
    )  # fmt: skip
    assert json.loads(left["Item"]["Info"]["S"]) == LOCK


async def test_a_lock_file_is_found_first_and_a_lock_nobody_can_read_is_a_lock(bucket: Bucket) -> None:
    await bucket.filled()
    await bucket.item("states/shop/tfstate", Info="{broken")
    assert told(await bucket.row(), "StateLocked") == "An operation in progress."
    body = json.dumps(OTHER).encode()
    await bucket.do("s3", "PutObject", Bucket="states", Key="shop/tfstate.tflock", Body=body)
    assert told(await bucket.row(), "StateLocked").startswith("Plan in progress by bo@ci since")


async def test_where_nobody_can_look_the_lock_is_unknown_and_not_absent(bucket: Bucket) -> None:
    await bucket.filled()
    unit = await bucket.row(lock_table="elsewhere")
    said = told(unit, "LockUnknown")
    assert said.startswith("Whether another run holds the lock is unknown: ")
    assert "dynamodb:GetItem" in said
    assert "\n" not in said
    assert unit.operation is None


async def test_a_plan_made_here_looks_where_its_backend_locks(bucket: Bucket, tmp_path: Path) -> None:
    await bucket.filled()
    folder = tmp_path / "stack"
    folder.mkdir()
    plan = Path(__file__).parent.parent / "recorded" / "opentofu" / "plan.json"
    config = {"bucket": "states", "key": "shop/tfstate", "region": "eu-west-1", "dynamodb_table": "locks",
              "workspace_key_prefix": None, "encrypt": True}  # fmt: skip
    (folder / "backend.json").write_text(json.dumps({"version": 3, "backend": {"type": "s3", "config": config}}))
    (folder / "state.json").write_text(STATE)
    (folder / "tofu").write_text(ENGINE % {"folder": folder, "plan": plan})
    (folder / "tofu").chmod(0o755)
    await bucket.item("states/env:/blue/shop/tfstate", Info=json.dumps(LOCK))
    stack: dict[str, Any] = {"state": "", "lock_table": "", "dir": str(folder), "binary": str(folder / "tofu")}
    unit = await bucket.row(**stack, workspace="blue")
    assert told(unit, "StateLocked").startswith("Apply in progress by ana@laptop since")
    free = await bucket.row(**stack)
    assert (free.operation, told(free, "LockUnknown")) == (None, "")
    alone = (await read(source(StackSettings(**{key: value for key, value in stack.items() if value})))).units[0]
    assert told(alone, "LockUnknown").endswith("is unknown: no AWS account is configured.")


def test_where_the_lock_of_a_workspace_is() -> None:
    config = {"bucket": "b", "key": "k", "region": "r", "dynamodb_table": "t", "encrypt": True, "profile": None}
    assert place_of(config, "default") == Place("b", "k", "r", "t")
    assert place_of(config, "blue").key == "env:/blue/k"
    assert place_of({**config, "workspace_key_prefix": "w"}, "blue").key == "w/blue/k"
    assert place_of({"bucket": "b", "key": "k"}, "default").table == ""


async def test_expired_credentials_are_one_line(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of SSO: the profile wants a token that is not there any more."""
    broken = AwsSettings(name="ops", profile="gone", region="eu-west-1", endpoint_url=bucket.account.endpoint_url)
    batch = await read(source(StackSettings(state="s3://states/shop/tfstate"), aws=(broken,)))
    assert "gone" in unread(batch)
