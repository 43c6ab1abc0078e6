"""The same log in a file, in CloudWatch Logs and in Loki gives the same calls: recorded from the real API server."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from drifttui.clients.aws import Aws
from drifttui.clients.aws_settings import AwsSettings, ClusterLog
from drifttui.clients.loki_settings import LokiSettings
from drifttui.core.audit import moment
from drifttui.core.audit_question import AuditAnswer, AuditQuestion
from drifttui.core.ports import AuditSource
from drifttui.core.resource_question import ResourceQuestion
from drifttui.sources.audit_cloudwatch.source import CloudWatchAudit
from drifttui.sources.audit_log.source import AuditLogSource
from drifttui.sources.audit_loki.source import loki_source
from tests.clients.aws_server import credentials, moto
from tests.sources import loki
from tests.sources.test_audit_loki import SELECTOR, push

RECORDED = Path(__file__).parent.parent / "recorded" / "audit.jsonl"
KEY = b"k" * 32
OBJECTS = [
    ResourceQuestion("apps", "Deployment", "shop", "gateway"),
    ResourceQuestion("apps", "Deployment", "payments", "payments-api"),
    ResourceQuestion("", "ConfigMap", "shop", "catalog-settings"),
    ResourceQuestion("messaging.example.com", "Queue", "shop", "orders"),
    ResourceQuestion("rbac.authorization.k8s.io", "RoleBinding", "shop", "log-reader"),
]
NOW = datetime.now(UTC)


def shifted() -> list[tuple[datetime, str]]:
    """The lines, stored as if they had arrived in the last hour: stores refuse what is a week old."""
    found = []
    for text in RECORDED.read_text().splitlines():
        at = moment(json.loads(text)["requestReceivedTimestamp"])
        assert at is not None
        found.append((at, text))
    first = min(at for at, _ in found)
    return sorted((NOW - timedelta(minutes=50) + (at - first), text) for at, text in found)


@pytest.fixture(autouse=True)
def own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    credentials(monkeypatch, tmp_path)


@pytest.fixture(scope="module")
def log_group() -> Iterator[str]:
    with moto() as url:
        import botocore.session

        logs: Any = botocore.session.Session().create_client(
            "logs", region_name="eu-west-1", endpoint_url=url, aws_access_key_id="x", aws_secret_access_key="y"
        )
        logs.create_log_group(logGroupName="/k8s/audit")
        logs.create_log_stream(logGroupName="/k8s/audit", logStreamName="kube-apiserver-audit-0a")
        events = [{"timestamp": int(at.timestamp() * 1000), "message": text} for at, text in shifted()]
        logs.put_log_events(logGroupName="/k8s/audit", logStreamName="kube-apiserver-audit-0a", logEvents=events)
        yield url


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    program = loki.binary()
    if program is None:
        pytest.skip("no Loki: see tests/sources/loki.py")
    with loki.running(program, tmp_path_factory.mktemp("loki")) as url:
        push(url, "team", *shifted())
        yield url


@pytest.fixture
async def file() -> AsyncIterator[AuditLogSource]:
    source = AuditLogSource([RECORDED], lambda: NOW, key=KEY)
    yield source
    await source.close()


async def asked(source: AuditSource, target: ResourceQuestion) -> AuditAnswer:
    answer = await source.calls(AuditQuestion((target,), since=NOW - timedelta(days=3650)))
    await source.close()
    return answer


def told(answer: AuditAnswer) -> tuple[list[Any], set[str]]:
    calls = sorted({(call.audit_id, call.stage, str(call.request), str(call.response)) for call in answer.calls})
    return calls, {entry.event_id for entry in answer.operations}


@pytest.mark.parametrize("target", OBJECTS, ids=str)
async def test_cloudwatch_logs_tells_what_the_file_tells(
    target: ResourceQuestion, file: AuditLogSource, log_group: str
) -> None:
    aws = Aws(AwsSettings(endpoint_url=log_group, region="eu-west-1"))
    cluster = ClusterLog(name="prod", log_group="/k8s/audit", poll=0.001, insights_after=1e12)
    source = CloudWatchAudit(aws, cluster, lambda: NOW, key=KEY)
    calls, _ = told(await asked(file, target))
    assert calls
    assert told(await asked(source, target))[0] == calls


@pytest.mark.cluster
@pytest.mark.skipif(os.environ.get("DRIFTTUI_CLUSTER") == "off", reason="DRIFTTUI_CLUSTER=off")
@pytest.mark.parametrize("target", OBJECTS, ids=str)
async def test_a_real_loki_tells_what_the_file_tells(target: ResourceQuestion, file: AuditLogSource, real: str) -> None:
    settings = LokiSettings(url=real, selector=SELECTOR, tenant="team", page=50)
    source = loki_source(settings, lambda: NOW, key=KEY)
    question = AuditQuestion((target,), since=NOW - timedelta(hours=2))
    answer = await source.calls(question)
    await source.close()
    held = await asked(file, target)
    assert told(answer)[0] == told(held)[0]
    assert {call.audit_id for call in answer.calls}
