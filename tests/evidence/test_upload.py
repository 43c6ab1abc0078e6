"""A bundle goes into S3 whole, checked, locked where asked, and never over another one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from drifttui.cli import main
from drifttui.clients.access import Access
from drifttui.clients.aws import Aws
from drifttui.clients.aws_settings import AwsSettings
from drifttui.core.errors import InputError, ReadOnly, SourceError
from drifttui.core.evidence_asks import Order, Written
from drifttui.services.upload import bucket_and_prefix, upload

from . import recorded, sessions
from .test_exporting import answered, previewed


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    return boto3.client("s3", endpoint_url=endpoint)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    path = tmp_path / "INC-1.tar.gz"
    path.write_bytes(b"a bundle" * 1000)
    return path


def aws(endpoint: str, access: Access = Access.FULL) -> Aws:
    return Aws(AwsSettings(region="us-east-1", endpoint_url=endpoint), access=access)


async def test_it_arrives_whole_and_is_not_overwritten(endpoint: str, s3: Any, bundle: Path) -> None:
    s3.create_bucket(Bucket="plain")
    client = aws(endpoint)
    done = await upload(client, bundle, "s3://plain/evidence/2026/", now=datetime.now(UTC))
    assert done.url == "s3://plain/evidence/2026/INC-1.tar.gz"
    assert done.sha256 == hashlib.sha256(bundle.read_bytes()).hexdigest()
    assert s3.get_object(Bucket="plain", Key="evidence/2026/INC-1.tar.gz")["Body"].read() == bundle.read_bytes()
    with pytest.raises(SourceError):
        await upload(client, bundle, "s3://plain/evidence/2026/", now=datetime.now(UTC))
    with pytest.raises(InputError, match="no Object Lock"):
        await upload(client, bundle, "s3://plain", now=datetime.now(UTC), retain=timedelta(days=1))
    await client.close()


async def test_it_is_locked_for_as_long_as_asked(endpoint: str, s3: Any, bundle: Path) -> None:
    s3.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    client = aws(endpoint)
    now = datetime.now(UTC)
    done = await upload(client, bundle, "s3://locked", now=now, retain=timedelta(days=90))
    assert done.version
    assert done.locked_until[:10] == f"{now + timedelta(days=90):%Y-%m-%d}"
    await client.close()


def test_the_app_locks_it_for_as_long_as_asked(
    endpoint: str, s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3.create_bucket(Bucket="app", ObjectLockEnabledForBucket=True)
    recorded.home(tmp_path, monkeypatch)
    live = recorded.evidence(aws=(AwsSettings(region="us-east-1", endpoint_url=endpoint),))
    try:
        shown = previewed(live)
        told: list[Written] = []
        live.export(Order("s3://app/2026", retain=timedelta(days=90)), told.append)
        written: Written = answered(live, told)
    finally:
        live.stop()
    assert (written.problem, written.place) == ("", f"s3://app/2026/{shown.name}")
    assert written.locked_until[:10] == f"{recorded.NOW + timedelta(days=90):%Y-%m-%d}"
    held = s3.head_object(Bucket="app", Key=f"2026/{shown.name}")
    assert held["ObjectLockMode"] == "GOVERNANCE"
    assert f"{held['ObjectLockRetainUntilDate']:%Y-%m-%d}" == written.locked_until[:10]


async def test_read_only_sends_nothing(endpoint: str, s3: Any, bundle: Path) -> None:
    s3.create_bucket(Bucket="untouched")
    client = aws(endpoint, Access.READ_ONLY)
    with pytest.raises(ReadOnly):
        await upload(client, bundle, "s3://untouched", now=datetime.now(UTC))
    assert "Contents" not in s3.list_objects_v2(Bucket="untouched")
    await client.close()


@pytest.mark.parametrize("url", ["s3://", "s3:///x", "https://bucket/x", "s3://bucket/x?y"])
def test_what_is_no_place_in_s3_is_refused(url: str) -> None:
    with pytest.raises(InputError):
        bucket_and_prefix(url)


def test_the_command_exports_into_a_bucket(
    endpoint: str, s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    sessions.incident(tmp_path / "data" / "drifttui" / "sessions")
    s3.create_bucket(Bucket="team")
    config = tmp_path / "config.toml"
    config.write_text(f'[[aws]]\nregion = "us-east-1"\nendpoint_url = "{endpoint}"\n')
    arguments = ["export", "--incident", "INC-1", "--config", str(config), "-o", "s3://team/x", "--json"]
    assert main(arguments) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["url"] == "s3://team/x/INC-1-20261121T030600Z.tar.gz"
    assert s3.head_object(Bucket="team", Key="x/INC-1-20261121T030600Z.tar.gz")["ContentLength"] == answer["size"]
    assert main(arguments) == 1
