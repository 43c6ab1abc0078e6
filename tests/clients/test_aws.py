"""AWS through the real SDK: who we are, what is refused, what an error means, and what a cancelled call leaves."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drifttui.clients.access import Access, Effect
from drifttui.clients.aws import Aws
from drifttui.clients.aws_access import LOGINS, READS, SIDE_EFFECTS, effect_of, permit_operation
from drifttui.clients.aws_errors import Refused
from drifttui.clients.aws_pace import Pace
from drifttui.clients.aws_query import running
from drifttui.clients.aws_settings import AwsSettings
from drifttui.clients.retry import Backoff
from drifttui.core.errors import (
    BadAnswer,
    Forbidden,
    Missing,
    ReadOnly,
    SourceError,
    Throttled,
    Unauthenticated,
    Unreachable,
)

from .aws_server import ACCOUNT, KEY_ID, SECRET, Call, Error, FakeAws, Raw, credentials, moto, serving

QUICK = Backoff(attempts=3, base=0.001, cap=0.002)

PROFILES = """[default]
region=eu-west-1
[profile base]
region=eu-west-1
[profile mfa]
region=eu-west-1
role_arn=arn:aws:iam::123456789012:role/x
source_profile=base
mfa_serial=arn:aws:iam::123456789012:mfa/bob
[profile corp]
sso_session=corp
sso_account_id=123456789012
sso_role_name=ReadOnly
region=eu-west-1
[sso-session corp]
sso_region=eu-west-1
sso_start_url=https://corp.awsapps.com/start
[profile nowhere]
output=json
"""


@pytest.fixture(autouse=True)
def own_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    credentials(monkeypatch, tmp_path, PROFILES)


@pytest.fixture
def fake() -> Iterator[FakeAws]:
    with serving(FakeAws()) as server:
        yield server


def client(fake: FakeAws, access: Access = Access.FULL, **more: Any) -> Aws:
    return Aws(AwsSettings(endpoint_url=fake.url, **more), access=access, backoff=QUICK)


async def failing(fake: FakeAws, answer: Error | Raw, **more: Any) -> SourceError:
    fake.sequence("LookupEvents", answer)
    aws = client(fake, **more)
    with pytest.raises(SourceError) as caught:
        await aws.call("cloudtrail", "LookupEvents", {})
    await aws.close()
    return caught.value


async def test_identity_account_and_region_come_from_the_profile_and_sts(fake: FakeAws) -> None:
    aws = client(fake, profile="base")
    assert await aws.account() == ACCOUNT
    assert (await aws.identity())[1].endswith("assumed-role/auditor/drifttui-bob")
    assert await aws.region() == "eu-west-1"
    assert len(fake.asked("GetCallerIdentity")) == 1
    await aws.close()


async def test_a_configured_account_and_region_win(fake: FakeAws) -> None:
    aws = client(fake, account="210987654321", region="us-west-2")
    assert (await aws.account(), await aws.region()) == ("210987654321", "us-west-2")
    fake.sequence("LookupEvents", {"Events": []})
    await aws.call("cloudtrail", "LookupEvents", {}, region="ap-south-1")
    await aws.call("cloudtrail", "LookupEvents", {})
    assert [call.region for call in fake.calls] == ["ap-south-1", "us-west-2"]
    await aws.close()


async def test_a_role_is_assumed_under_a_name_that_says_who_looks() -> None:
    with moto() as url:
        settings = AwsSettings(
            profile="base", endpoint_url=url, role_arn=f"arn:aws:iam::{ACCOUNT}:role/auditor", external_id="e-1",
            session_name="drifttui-bob smith",
        )  # fmt: skip
        aws = Aws(settings, access=Access.STRICT, backoff=QUICK)
        assert (await aws.identity())[1] == f"arn:aws:sts::{ACCOUNT}:assumed-role/auditor/drifttui-bob-smith"
        await aws.close()


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (Error("ExpiredTokenException", "The security token included in the request is expired"), Unauthenticated,
         "Log in again: aws sso login --profile base"),
        (Error("UnrecognizedClientException", f"The security token is invalid {KEY_ID}"), Unauthenticated,
         "does not accept the credentials"),
        (Error("InvalidSignatureException", "Signature expired: 20261121T080000Z is now earlier than"), Unauthenticated,
         "refuses the time of this machine"),
        (Error("InvalidSignatureException", f"The canonical string was POST / {SECRET}"), Unauthenticated,
         "does not accept the credentials"),
        (Error("AccessDeniedException", f"User: arn:aws:sts::{ACCOUNT}:assumed-role/dev/bob is not authorized to"
               " perform: cloudtrail:LookupEvents because no identity-based policy allows it"), Forbidden,
         f"cloudtrail:LookupEvents is not allowed to arn:aws:sts::{ACCOUNT}:assumed-role/dev/bob"),
        (Error("AccessDeniedException", "not authorized to perform: cloudtrail:LookupEvents with an explicit deny"),
         Forbidden, "by an explicit deny"),
        (Error("ThrottlingException", "Rate exceeded"), Throttled, "asks to slow down"),
        (Error("ResourceNotFoundException", "gone"), Missing, "does not have it"),
        (Error("InvalidNextTokenException", "bad token"), Refused, "InvalidNextTokenException, bad token"),
        (Error("InternalFailure", "oops", status=500), Refused, "failed"),
        (Raw(b"<html>a proxy's page</html>", status=503, content_type="text/html"), BadAnswer, "failed"),
        (Raw(b"<html>a login page</html>", content_type="text/html"), BadAnswer, "not in the expected format"),
        (Raw(b'{"Events": [{"EventId": "1"'), BadAnswer, "not in the expected format"),
    ],
)  # fmt: skip
async def test_an_error_is_one_line_that_says_what_to_do_and_keeps_secrets(
    fake: FakeAws, answer: Error | Raw, kind: type[SourceError], words: str
) -> None:
    error = await failing(fake, answer, profile="base")
    assert isinstance(error, kind), repr(error)
    line = error.one_line()
    assert words in line
    assert KEY_ID not in line
    assert SECRET not in line
    assert "\n" not in line
    assert "page</html>" not in line


async def test_what_may_pass_is_tried_again_and_what_may_not_is_not(fake: FakeAws) -> None:
    fake.sequence(
        "LookupEvents",
        Error("ThrottlingException"),
        Error("InternalFailure", status=500),
        {"Events": [], "NextToken": "n"},
    )
    aws = client(fake)
    assert (await aws.call("cloudtrail", "LookupEvents", {}))["NextToken"] == "n"
    assert len(fake.calls) == 3
    await failing(fake, Error("AccessDeniedException", ""))
    assert len(fake.calls) == 4
    fake.sequence("StartQuery", Error("InternalFailure", status=500))
    with pytest.raises(Refused):
        await aws.call("logs", "StartQuery", {"startTime": 1, "endTime": 2, "queryString": "x", "logGroupName": "g"})
    assert len(fake.asked("StartQuery")) == 1, "a query that may have started is not started twice"
    assert aws.counters.errors == 3
    await aws.close()


async def test_read_only_refuses_before_anything_is_sent(fake: FakeAws) -> None:
    aws = client(fake, Access.READ_ONLY)
    for service, operation in (("s3", "PutObject"), ("cloudtrail", "StopLogging"), ("logs", "DeleteLogGroup")):
        with pytest.raises(ReadOnly):
            await aws.call(service, operation, {})
    strict = client(fake, Access.STRICT)
    for service, operation in (
        ("athena", "StartQueryExecution"), ("logs", "StartQuery"), ("cloudformation", "DetectStackDrift"),
    ):  # fmt: skip
        with pytest.raises(ReadOnly, match="costs money"):
            await strict.call(service, operation, {})
        permit_operation(Access.READ_ONLY, service, operation, "AWS")
    assert fake.calls == []


async def test_the_sdk_itself_can_send_nothing_that_is_refused(fake: FakeAws) -> None:
    aws = client(fake, Access.READ_ONLY)
    behind = aws._client("cloudtrail", "")
    with pytest.raises(ReadOnly):
        behind.stop_logging(Name="trail")
    assert fake.calls == []


def test_every_listed_operation_exists() -> None:
    import botocore.session

    session = botocore.session.Session()
    for table in (READS, LOGINS, SIDE_EFFECTS):
        for service, operations in table.items():
            assert operations <= set(session.get_service_model(service).operation_names), service
    assert effect_of("s3", "DeleteObject") is Effect.WRITE
    assert effect_of("iam", "GetUser") is Effect.WRITE, "what is not listed is refused"


@pytest.mark.parametrize(
    ("profile", "words"),
    [
        ("mfa", "wants an MFA code"),
        ("corp", "Log in again: aws sso login --profile corp"),
        ("missing", "could not be found"),
    ],
)
async def test_a_profile_that_cannot_be_used_says_how_to_log_in(fake: FakeAws, profile: str, words: str) -> None:
    aws = client(fake, profile=profile)
    with pytest.raises(Unauthenticated) as caught:
        await aws.identity()
    assert words in caught.value.one_line()
    assert fake.calls == []


async def test_no_credentials_and_no_region(fake: FakeAws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    aws = client(fake, profile="nowhere")
    with pytest.raises(Unauthenticated, match="Give --aws-region"):
        await aws.call("cloudtrail", "LookupEvents", {})
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    with pytest.raises(Unauthenticated, match="no credentials"):
        await client(fake).identity()


async def test_nobody_listens_and_nobody_answers(fake: FakeAws) -> None:
    away = Aws(AwsSettings(endpoint_url="http://127.0.0.1:9"), backoff=QUICK)
    with pytest.raises(Unreachable, match="no connection"):
        await away.identity()
    held = threading.Event()

    def silent(call: Call) -> dict[str, Any]:
        held.wait(20)
        return {"Events": []}

    fake.answers["LookupEvents"] = silent
    slow = client(fake, read_timeout=0.1)
    with pytest.raises(Unreachable, match="stopped answering"):
        await slow.call("cloudtrail", "LookupEvents", {})
    slower = client(fake, timeout=0.1)
    with pytest.raises(Unreachable, match="too slow"):
        await slower.call("cloudtrail", "LookupEvents", {})
    held.set()


async def test_a_cancelled_call_comes_back_at_once(fake: FakeAws) -> None:
    held = threading.Event()

    def silent(call: Call) -> dict[str, Any]:
        held.wait(20)
        return {"Events": []}

    fake.answers["LookupEvents"] = silent
    aws = client(fake)
    task = asyncio.create_task(aws.call("cloudtrail", "LookupEvents", {}))
    while not fake.calls:
        await asyncio.sleep(0.005)
    task.cancel()
    begun = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - begun < 10, "it did not wait for the answer"
    held.set()
    assert all(thread.daemon for thread in threading.enumerate() if thread.name == "aws")


async def test_pages_end_with_the_token_or_with_one_that_repeats(fake: FakeAws) -> None:
    aws = client(fake)
    fake.sequence("FilterLogEvents", {"events": [], "nextToken": "a"}, {"events": [], "nextToken": "b"}, {"events": []})
    pages = [page async for page in aws.pages("logs", "FilterLogEvents", {"logGroupName": "g"}, marker="nextToken")]
    assert len(pages) == 3
    fake.sequence("FilterLogEvents", {"events": [], "nextToken": "same"})
    pages = [page async for page in aws.pages("logs", "FilterLogEvents", {"logGroupName": "g"}, marker="nextToken")]
    assert len(pages) == 2
    await aws.close()


async def test_a_query_is_stopped_by_an_error_by_cancelling_and_not_by_its_end() -> None:
    stopped: list[str] = []

    async def start() -> str:
        await asyncio.sleep(0.01)
        return "q"

    async def stop(query: str) -> None:
        stopped.append(query)

    async with running(start, stop) as query:
        assert query == "q"
    assert stopped == []
    with pytest.raises(ValueError, match="oops"):
        async with running(start, stop):
            raise ValueError("oops")
    assert stopped == ["q"]

    async def wait() -> None:
        async with running(start, stop):
            raise AssertionError("not reached")

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert stopped == ["q", "q"], "cancelled while it was being started"


async def test_two_sessions_share_two_calls_a_second(tmp_path: Path) -> None:
    now = 1000.0
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(round(seconds, 3))

    first = Pace(tmp_path, now=lambda: now, sleep=sleep)
    second = Pace(tmp_path, now=lambda: now, sleep=sleep)
    for pace in (first, second, first):
        await pace.turn("1", "eu-west-1")
    assert slept == [0.5, 1.0]
    await first.turn("1", "us-east-1")
    assert slept == [0.5, 1.0], "each region has its own limit"
    assert first.used == {"1-eu-west-1": 2, "1-us-east-1": 1}
    assert first.shared
    alone = Pace(tmp_path / "file" / "below", now=lambda: now, sleep=sleep)
    (tmp_path / "file").write_text("")
    await alone.turn("1", "eu-west-1")
    await alone.turn("1", "eu-west-1")
    assert slept[-1] == 0.5
    assert not alone.shared


async def test_a_moment_from_another_clock_is_not_waited_for(tmp_path: Path) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    await Pace(tmp_path, now=lambda: 9e9, sleep=sleep).turn("1", "r")
    await Pace(tmp_path, now=lambda: 1000.0, sleep=sleep).turn("1", "r")
    (tmp_path / "aws-lookup-1-r").write_text("rubbish")
    await Pace(tmp_path, now=lambda: 1000.0, sleep=sleep).turn("1", "r")
    assert slept == []


def test_the_sdk_is_not_imported_until_it_is_asked() -> None:
    code = (
        "import sys, drifttui.clients.aws, drifttui.sources.cloudtrail_lookup.source\n"
        "import drifttui.sources.audit_loki.source, drifttui.sources.audit_cloudwatch.source\n"
        "print([name for name in ('boto3', 'botocore', 'httpx', 'pydantic') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
