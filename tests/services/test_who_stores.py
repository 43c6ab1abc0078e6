"""`drifttui who` without files: the stores that the settings file or the flags name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from drifttui.cli import main
from tests.clients.aws_server import ACCOUNT, Error, FakeAws, credentials, serving
from tests.sources.audit_events import event as audit_event
from tests.sources.audit_events import line
from tests.sources.cloudtrail_trail import NOW, Lookups, event, record


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeAws]:
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    credentials(monkeypatch, tmp_path)
    with serving(FakeAws()) as server:
        yield server


def settings(fake: FakeAws, tmp_path: Path, more: str = "") -> str:
    path = tmp_path / "config.toml"
    path.write_text(f'[[aws]]\nname = "prod"\nendpoint_url = "{fake.url}"\nregion = "eu-west-1"\n{more}')
    return str(path)


def ago(minutes: float) -> float:
    """In the minutes before `NOW` that records are made with."""
    return (NOW - datetime.now(UTC)).total_seconds() / 60 + minutes


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = main(["who", *arguments, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_cloudtrail_is_asked_where_no_file_is_given(
    fake: FakeAws, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tried = record("RevokeSecurityGroupIngress", ago(30), event_id="tried", errorCode="Client.UnauthorizedOperation")
    write = record("AuthorizeSecurityGroupIngress", ago(40), event_id="opened")
    fake.answers["LookupEvents"] = Lookups(eu_west_1=[event(write, "sg-0a1b"), event(tried, "sg-0a1b")])
    config = settings(fake, tmp_path)
    wanted = ("--address", "aws_security_group.app_public", "--id", "sg-0a1b", "--path", "ingress")
    code, answer = asked(capsys, *wanted, "--config", config, "--read-only=strict")
    assert code == 0
    (found,) = answer["lines"]
    assert found["actor"]["short"] == "bob@example.com"
    assert found["actor"]["kind"] == "person"
    assert (
        found["actor"]["name"] == found["actor"]["arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/admin/bob@example.com"
    )
    assert found["event_ids"] == ["opened"]
    assert any("may still arrive" in sentence for sentence in answer["unseen"])
    assert any("asked by resource name" in sentence for sentence in answer["unseen"])
    assert any("failed (Client.UnauthorizedOperation)" in sentence for sentence in answer["set_aside"])


def test_nobody_is_unknown_and_says_why(fake: FakeAws, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fake.answers["LookupEvents"] = Lookups()
    code, answer = asked(capsys, "--address", "aws_glue_job.x", "--id", "nightly", "--config", settings(fake, tmp_path))
    assert code == 3
    assert answer["lines"] == []
    assert any("not mapped" in sentence for sentence in answer["unseen"])


def test_a_profile_and_region_on_the_command_line_win(
    fake: FakeAws, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", fake.url)
    fake.answers["LookupEvents"] = Lookups()
    code, _ = asked(
        capsys, "--address", "aws_glue_job.x", "--id", "nightly", "--aws-profile", "base", "--aws-region", "ap-south-1"
    )
    assert code == 3
    assert {call.region for call in fake.asked("LookupEvents")} == {"ap-south-1"}
    assert main(["who", "--id", "x", "--aws-profile", "missing"]) == 1
    assert "could not be found" in capsys.readouterr().err


def test_an_expired_login_is_one_line(fake: FakeAws, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fake.sequence("LookupEvents", Error("ExpiredTokenException", "expired"))
    assert main(["who", "--id", "sg-0a1b", "--config", settings(fake, tmp_path)]) == 1
    error = capsys.readouterr().err
    assert error.startswith("drifttui: AWS prod: the session has expired")
    assert "aws sso login" in error
    assert error.count("\n") == 1


def test_one_store_that_fails_does_not_silence_the_other(
    fake: FakeAws, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.answers["LookupEvents"] = Lookups(
        eu_west_1=[event(record("AuthorizeSecurityGroupIngress", ago(40), event_id="opened"), "sg-0a1b")]
    )
    fake.sequence(
        "StartQueryExecution", Error("AccessDeniedException", "not authorized to perform: athena:StartQueryExecution")
    )
    config = settings(fake, tmp_path, '[aws.athena]\ndatabase = "audit"\ntable = "cloudtrail"\n')
    code, answer = asked(capsys, "--address", "aws_security_group.a", "--id", "sg-0a1b", "--config", config)
    assert code == 0
    assert answer["lines"][0]["event_ids"] == ["opened"]
    assert any("athena:StartQueryExecution is not allowed" in sentence for sentence in answer["unseen"])


def test_a_cluster_s_log_is_asked_where_no_file_is_given(
    fake: FakeAws, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    held = audit_event("edited", ago(30))
    fake.answers["DescribeLogGroups"] = lambda call: {"logGroups": []}
    fake.answers["FilterLogEvents"] = lambda call: {
        "events": [{"timestamp": int(datetime.now(UTC).timestamp() * 1000) - 1_800_000, "message": line(held)}]
    }
    config = settings(fake, tmp_path, '[[aws.cluster]]\nname = "prod"\n')
    code, answer = asked(capsys, "--resource", "apps/Deployment/prod/web", "--since", "2h", "--config", config)
    assert code == 0
    assert answer["lines"][0]["actor"]["name"] == "bob@example.com"
    assert answer["lines"][0]["path"] == "/spec/replicas"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[[aws]]\nprofil = "x"\n', "profil"),
        ('[[aws]]\n[aws.athena]\ndatabase = "a b"\ntable = "t"\n', "athena"),
        ('[[loki]]\nurl = "file:///etc"\nselector = "{a=1}"\n', "url"),
        ('[[loki]]\nurl = "http://x"\nselector = "a"\n', "selector"),
        ('[[loki]]\nurl = "http://bob:hunter2@x"\nselector = "{a=1}"\n', "url"),
    ],
)
def test_wrong_settings_are_one_line_with_the_key(
    fake: FakeAws, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, words: str
) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text)
    assert main(["who", "--id", "x", "--config", str(path)]) == 1
    error = capsys.readouterr().err
    assert words in error
    assert "hunter2" not in error


def test_config_prints_what_is_set(fake: FakeAws, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    more = '[[loki]]\nurl = "http://loki:3100"\nselector = \'{job="audit"}\'\n'
    assert main(["config", "--json", "--config", settings(fake, tmp_path, more)]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["aws"] == [{"name": "prod", "region": "eu-west-1", "endpoint_url": fake.url}]
    assert shown["loki"] == [{"url": "http://loki:3100", "selector": '{job="audit"}'}]
