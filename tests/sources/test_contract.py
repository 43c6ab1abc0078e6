"""What every registered source promises, whatever it reads. A source without recorded answers fails here."""

from __future__ import annotations

import asyncio
import inspect
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

from drifttui.clients.access import Access
from drifttui.clients.argocd_settings import ArgoCDSettings
from drifttui.clients.audit_settings import AuditSettings
from drifttui.clients.aws import Aws
from drifttui.clients.aws_settings import AwsSettings, ClusterLog, StackDriftSettings, TrailBucket, TrailTable
from drifttui.clients.flux_settings import FluxSettings
from drifttui.clients.git_settings import GitSettings
from drifttui.clients.kube_settings import KubernetesSettings
from drifttui.clients.loki_settings import LokiSettings
from drifttui.clients.tofu_settings import StackSettings
from drifttui.core.health import Standing
from drifttui.core.ports import AuditSource, HistorySource, Source, UnitSource
from drifttui.services.session import ENTRY_POINTS, Settings
from drifttui.sources.replay import ReplayClock
from drifttui.store.recordings import Recording
from tests.clients.aws_server import credentials

RECORDED = Path(__file__).parent.parent / "recorded"
NOW = datetime(2026, 11, 21, 3, tzinfo=UTC)
NAMES = sorted(entry.name for entry in entry_points(group=ENTRY_POINTS))

KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: nowhere
clusters: [{name: nowhere, cluster: {server: "https://127.0.0.1:9"}}]
users: [{name: nobody, user: {token: none}}]
contexts: [{name: nowhere, context: {cluster: nowhere, user: nobody}}]
"""


NO_ACCOUNT = ("audit-cloudwatch", "cloudformation", "cloudtrail-athena", "cloudtrail-lookup", "cloudtrail-s3")
"""Nothing of AWS can be recorded: what stands in goes through the SDK's own parser (tests/clients/aws_server)."""

NOBODY = AwsSettings(
    name="nowhere", region="eu-west-1", endpoint_url="http://127.0.0.1:9", trail=TrailBucket(bucket="nowhere"),
    athena=TrailTable(database="nowhere", table="nowhere"), cluster=(ClusterLog(name="nowhere"),),
    cloudformation=StackDriftSettings(),
)  # fmt: skip


@dataclass
class Dead:
    """Settings of every system, all of which point where nothing answers."""

    kubernetes: KubernetesSettings
    argocd: tuple[ArgoCDSettings, ...] = (
        ArgoCDSettings(name="nowhere", server="127.0.0.1:9", token_env="NO_SUCH_TOKEN", timeout=5),
    )
    argocd_crd_contexts: tuple[str, ...] = ()
    flux: FluxSettings = field(default_factory=FluxSettings)
    audit: AuditSettings = field(
        default_factory=lambda: AuditSettings(paths=(Path("/nowhere/a.log"),), cloudtrail=(Path("/nowhere/b"),))
    )
    aws: tuple[AwsSettings, ...] = (NOBODY,)
    loki: tuple[LokiSettings, ...] = (LokiSettings(url="http://127.0.0.1:9", selector='{job="audit"}', timeout=5),)
    git: tuple[GitSettings, ...] = (
        GitSettings(clone=Path("/nowhere/clone"), timeout=5),
        *(GitSettings(host="http://127.0.0.1:9", kind=kind, timeout=5) for kind in ("github", "gitlab", "gitea")),
    )
    stacks: tuple[StackSettings, ...] = (StackSettings(dir="/nowhere/stack"),)
    redaction_key: bytes = b"k" * 32
    access: Access = Access.READ_ONLY
    read_only: bool = True
    recording: Recording | None = field(default_factory=lambda: Recording(NOW, "empty", ()))

    def kube_api(self, context: str) -> Any:
        return Settings(kubernetes=self.kubernetes).kube_api(context)

    def aws_client(self, entry: AwsSettings) -> Aws:
        return Aws(entry, access=self.access)


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Source]]:
    credentials(monkeypatch, tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = tmp_path / "kubeconfig"
    path.write_text(KUBECONFIG)
    settings = Dead(KubernetesSettings(kubeconfig=path, timeout=5))
    clock = ReplayClock(Recording(NOW, "empty", ()))
    return {entry.name: list(entry.load()(settings, clock)) for entry in entry_points(group=ENTRY_POINTS)}


@pytest.mark.parametrize("name", NAMES)
def test_it_is_a_source_and_says_what_it_fills(name: str, sources: dict[str, list[Source]]) -> None:
    assert sources[name], f"{name} gave no source although it is configured"
    for source in sources[name]:
        assert isinstance(source, Source)
        assert source.system
        assert source.planes or isinstance(source, (AuditSource, HistorySource))


@pytest.mark.parametrize("name", NAMES)
async def test_a_check_never_raises_and_never_calls_silence_health(name: str, sources: dict[str, list[Source]]) -> None:
    for source in sources[name]:
        found = await asyncio.wait_for(source.check(), 30)
        await source.close()
        assert found.name == source.name
        if name == "replay":
            continue
        assert found.standing in (Standing.BLIND, Standing.DEGRADED)
        assert found.error
        assert "\n" not in found.error + found.hint


@pytest.mark.parametrize("name", NAMES)
def test_a_unit_source_watches_with_an_async_iterator(name: str, sources: dict[str, list[Source]]) -> None:
    for source in sources[name]:
        if isinstance(source, UnitSource):
            assert inspect.isasyncgen(source.watch())


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("replay", "git", *NO_ACCOUNT)])
def test_it_has_answers_recorded_from_the_real_system(name: str) -> None:
    folder = {"kubernetes": "kube", "audit-log": "audit", "audit-loki": "loki"}.get(name, name)
    assert list(RECORDED.glob(f"{folder}*/*.json")) or list(RECORDED.glob(f"{folder}*.json*")), (
        f"no answers of {name} in {RECORDED}: record them with `python -m tests.cluster record`"
    )


@pytest.mark.parametrize("name", NO_ACCOUNT)
def test_it_has_a_test_in_the_wire_format_where_nothing_can_be_recorded(name: str) -> None:
    text = (Path(__file__).parent / f"test_{name.replace('-', '_')}.py").read_text()
    assert "tests.clients.aws_server" in text


def test_git_is_read_from_real_repositories_where_nothing_can_be_recorded() -> None:
    """A clone is real in every test; hosts answer from what a real repository holds (tests/sources/git_hosts)."""
    folder = Path(__file__).parent
    assert "repository(" in (folder / "test_git_local.py").read_text()
    assert "tests.sources.git_hosts" in (folder / "test_git_hosts.py").read_text()
