"""Direct reads by command and in a session: a stack's resources on moto's servers, and faults in AWS's own format."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from drifttui.cli import main
from drifttui.clients.aws_settings import AwsSettings
from drifttui.clients.tofu_settings import StackSettings
from drifttui.core.board import Board, Depth, Look
from drifttui.core.direct import DirectAnswer, DirectRead, Since, kind_of, merged, refusal
from drifttui.core.finding import Change, Comparison
from drifttui.core.identity import ResourceRef, UnitId
from drifttui.core.planes import ABSENT, UNKNOWN, Observation, Plane
from drifttui.services.collect import Collector
from drifttui.services.judge import Judgement
from drifttui.services.look import Looker
from drifttui.services.session import Settings
from drifttui.sources.tofu import SOURCE
from tests.clients.aws_server import Error, FakeAws, credentials, moto, serving
from tests.conforms import departures

from .stacks import opened, planned, stack

KEY = b"k" * 32
ROLE = "arn:aws:iam::123456789012:role/app"
TRUST = '{"Version":"2012-10-17","Statement":[]}'
QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/jobs"


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    credentials(monkeypatch, tmp_path)
    for name in ("CONFIG", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with moto() as address:
        yield address


def planned_file(folder: Path, kind: str, attributes: dict[str, Any], drifted: dict[str, Any] | None = None) -> Path:
    """A plan of one resource; `drifted` is what it had found in AWS."""
    address, planes = f"{kind}.it", {"before": attributes, "after": drifted or attributes}
    head = {"address": address, "mode": "managed", "type": kind, "name": "it"}
    masks: dict[str, Any] = {"after_unknown": {}, "before_sensitive": {}, "after_sensitive": {}}
    after = drifted or attributes
    held = {**head, "schema_version": 0, "values": after, "sensitive_values": {}, "provider_name": "aws"}
    back = {
        **head,
        "change": {"actions": ["update"] if drifted else ["no-op"], "before": after, "after": attributes, **masks},
    }
    plan: dict[str, Any] = {
        "format_version": "1.2", "terraform_version": "1.10.0", "complete": True, "errored": False,
        "timestamp": "2026-05-14T03:00:00Z", "planned_values": {"root_module": {}},
        "configuration": {"root_module": {}},
        "resource_drift": [{**head, "change": {"actions": ["update"], **planes, **masks}}] if drifted else [],
        "resource_changes": [back],
        "prior_state": {"format_version": "1.0", "values": {"root_module": {"resources": [held]}}},
    }  # fmt: skip
    folder.mkdir(exist_ok=True)
    path = folder / "plan.json"
    path.write_text(json.dumps(plan))
    return path


def state_file(path: Path, **resources: dict[str, Any]) -> Path:
    listed = [
        {"mode": "managed", "type": kind, "name": "it", "instances": [{"schema_version": 0, "attributes": attributes}]}
        for kind, attributes in resources.items()
    ]
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"version": 4, "serial": 3, "lineage": "abc", "resources": listed}))
    return path


def role(**more: Any) -> dict[str, Any]:
    held = {
        "id": "app", "name": "app", "arn": ROLE, "path": "/", "assume_role_policy": TRUST, "max_session_duration": 3600,
        "force_detach_policies": False,
    }  # fmt: skip
    return {**held, **more}


Ask = Callable[..., tuple[int, dict[str, Any], str]]


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ask:
    def run(endpoint: str, *words: str) -> tuple[int, dict[str, Any], str]:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        code = main(["diff", "--direct", "--json", *words])
        shown = capsys.readouterr()
        answer: dict[str, Any] = json.loads(shown.out) if shown.out else {}
        if answer:
            assert departures(answer, "diff-direct") == []
        return code, answer, shown.err

    return run


def made_role(url: str, seconds: int) -> None:
    import boto3

    iam = boto3.client("iam", endpoint_url=url, region_name="eu-west-1")
    try:
        iam.create_role(RoleName="app", AssumeRolePolicyDocument=TRUST, MaxSessionDuration=seconds)
    except iam.exceptions.EntityAlreadyExistsException:
        iam.update_role(RoleName="app", MaxSessionDuration=seconds)


def test_what_is_read_decides_the_exit_code(url: str, ask: Ask, tmp_path: Path) -> None:
    plan = planned_file(tmp_path / "net", "aws_iam_role", role(), role(max_session_duration=7200))
    made_role(url, 7200)
    code, answer, _ = ask(url, "aws_iam_role.it", "--stack", str(plan))
    assert (code, answer["drifted"]) == (2, True)
    (change,) = answer["changes"]
    assert (change["desired"], change["recorded"], change["actual"]) == (3600, 3600, 7200)
    assert answer["direct"]["method"] == "IAM GetRole"
    assert answer["direct"]["place"] == "account 123456789012"
    assert answer["unit"] == "opentofu/stack:net//net"
    made_role(url, 3600)
    code, answer, _ = ask(url, "net/aws_iam_role.it", "--stack", str(plan))
    assert (code, answer["drifted"], answer["direct"]["unread"]) == (0, False, [])
    assert {one["rule"] for one in answer["hidden"]} == {"terraform-only-in-state", "terraform-json-spelling"}
    code, answer, _ = ask(
        url, "aws_iam_role.it", "--stack", str(state_file(tmp_path / "s.tfstate", aws_iam_role=role()))
    )
    assert (code, answer["drifted"], answer["missing"]) == (3, None, ["desired"]), (
        "a state does not say what is desired"
    )
    lost = role(ttl="?", permissions_boundary="")
    code, answer, _ = ask(url, "aws_iam_role.it", "--stack", str(planned_file(tmp_path / "net", "aws_iam_role", lost)))
    assert (code, answer["drifted"], answer["direct"]["unread"]) == (3, None, ["ttl"]), "what is not told is not clean"


def test_people_read_planes_provenance_and_what_is_unknown(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    made_role(url, 7200)
    path = state_file(tmp_path / "pay" / "terraform.tfstate", aws_iam_role=role(ttl="?"))
    assert main(["diff", "--direct", "aws_iam_role.it", "--stack", str(path)]) == 2
    said = capsys.readouterr().out
    for words in ("/max_session_duration", "3600", "7200", "through IAM GetRole (account 123456789012), no plan.",
                  "recorded  state, file", "abc/3", "desired   unknown: no plan tells it",
                  "Not told, so unknown: ttl."):  # fmt: skip
        assert words in said


def test_what_cannot_be_asked_is_one_line_and_exit_code_1(ask: Ask, tmp_path: Path) -> None:
    one = state_file(
        tmp_path / "one" / "terraform.tfstate", aws_iam_role=role(), random_pet={"id": "x"}, aws_odd={"id": "x"}
    )
    two = state_file(tmp_path / "two" / "terraform.tfstate", aws_iam_role=role())
    nowhere = "http://127.0.0.1:9"
    for words, told in (
        (("random_pet.it", "--stack", str(one)), "random_pet.it is no AWS resource"),
        (("aws_odd.it", "--stack", str(one)), "nothing here reads a single aws_odd"),
        (("aws_iam_role.itt", "--stack", str(one)), "No resource aws_iam_role.itt"),
        (("aws_iam_role.it", "--stack", str(one), "--stack", str(two)), "2 stacks have aws_iam_role.it"),
        (("aws_iam_role.it",), "Nothing to read"),
        (("aws_iam_role.it", "--stack", "nowhere"), "No stack nowhere"),
        (("aws_iam_role.it", "--stack", str(one), "--resource", "a/b"), "--direct stands alone"),
        ((), "Which resource?"),
    ):
        code, answer, error = ask(nowhere, *words)
        assert (code, answer) == (1, {}), words
        assert told in error and error.count("\n") == 1


def test_what_gives_no_answer_is_one_line_and_unknown(ask: Ask, tmp_path: Path) -> None:
    path = state_file(
        tmp_path / "q" / "terraform.tfstate",
        aws_sqs_queue={"id": QUEUE, "url": QUEUE, "name": "jobs", "arn": "arn:aws:sqs:eu-west-1:123456789012:jobs"},
    )
    with serving(FakeAws()) as aws:
        for refusal_, kind, told in (
            (Error("ExpiredTokenException", "expired"), "unauthenticated", "the session has expired"),
            (Error("ThrottlingException", "slow"), "throttled", "asks to slow down"),
            (Error("AccessDeniedException", "no"), "forbidden", "forbids this"),
            (Error("UnsupportedActionException", "no READ"), "bad-answer", "Cloud Control cannot read AWS::SQS::Queue"),
        ):
            aws.sequence("GetResource", refusal_)
            code, answer, error = ask(aws.url, "aws_sqs_queue.it", "--stack", str(path))
            assert (code, answer["drifted"], answer["error"]["kind"]) == (3, None, kind)
            assert told in error and error.count("\n") == 1
        aws.answers["GetResource"] = lambda call: Error("ResourceNotFoundException", "gone")
        code, answer, _ = ask(aws.url, "aws_sqs_queue.it", "--stack", str(path))
        assert (code, answer["direct"]["gone"]) == (2, True)


# Beside what a plan found.

NOW = datetime(2026, 11, 21, 3, 12, 4, tzinfo=UTC)
GROUP = ResourceRef("net", "", "aws_security_group", "", "web", "aws_security_group.web")


def answered(*changes: Change, unread: tuple[str, ...] = (), document: dict[str, Any] | None = None) -> DirectAnswer:
    seen = Observation(GROUP, Plane.ACTUAL, document if document is not None else {}, "s", "EC2 X", NOW)
    return DirectAnswer(seen, Comparison(GROUP, changes, ()), unread)


def plan_finding(*changes: Change) -> Any:
    of = stack("net", NOW - timedelta(minutes=14))
    inspection = planned(of, NOW - timedelta(minutes=14), opened())
    found = Judgement()(of, inspection, (), NOW)[0][0]
    return found._replace(ref=GROUP, changes=changes)


def test_each_change_says_what_became_of_it() -> None:
    tags = Change("/tags/a", "/tags/a", "x", "x", "y")
    size = Change("/size", "/size", 1, 1, 2)
    user = Change("/user_data", "/user_data", UNKNOWN, "a", "b")
    port = Change("/port", "/port", 80, 80, 81)
    found = merged(
        plan_finding(tags, size, user, port),
        answered(
            Change("/size", "/size", 1, 1, 3), Change("/port", "/port", 80, 80, 81), Change("/new", "/new", 1, 1, 9),
            unread=("user_data",), document={"tags": {"a": "x"}},
        ),
    )  # fmt: skip
    by_path = {
        change.path: (since, before) for change, since, before in zip(found.finding.changes, *found[1:], strict=True)
    }
    assert by_path == {
        "/tags/a": (Since.RECORDED, "y"),
        "/size": (Since.MOVED, "2"),
        "/user_data": (Since.UNREAD, ""),
        "/port": (Since.DIFFERS, ""),
        "/new": (Since.NEW, ""),
    }
    assert {change.path: change.actual for change in found.finding.changes}["/tags/a"] == "x"
    assert not found.calm
    assert found.finding.planes[Plane.ACTUAL].method != "EC2 X", "a part of it is still the plan's"


def test_calm_is_only_what_was_read_and_is_as_it_should_be() -> None:
    size = Change("/size", "/size", 2, 1, 3)
    again = merged(plan_finding(size), answered(document={"size": 1}))
    assert again.calm and again.since == (Since.RECORDED,)
    assert again.finding.planes[Plane.ACTUAL].method == "EC2 X"
    wanted = merged(plan_finding(size), answered(Change("/size", "/size", 2, 1, 2)))
    assert wanted.calm and wanted.since == (Since.DESIRED,)
    assert not merged(plan_finding(size), answered(unread=("size",))).calm
    gone = DirectAnswer(
        Observation(GROUP, Plane.ACTUAL, None, "s", "EC2 X", NOW),
        Comparison(GROUP, (Change("", "", UNKNOWN, {"size": 1}, ABSENT),), ()), (),
    )  # fmt: skip
    assert merged(plan_finding(size), gone).since == (Since.MOVED,)


def test_an_address_names_its_type() -> None:
    assert kind_of('module.net["a.b"].aws_vpc.main[0]') == "aws_vpc"
    assert kind_of("aws_vpc.main (deposed ab12)") == "aws_vpc"
    assert refusal(UnitId("argocd", "a", "", "b"), GROUP).startswith("only resources of OpenTofu")
    assert refusal(UnitId("terraform", "a", "", "b"), GROUP) == ""


# In a session.


def wait_for(collector: Collector, done: Callable[[Board], bool]) -> Board:
    ends = time.monotonic() + 60
    board = Board()
    while time.monotonic() < ends:
        board = collector.drain() or board
        if done(board):
            return board
        time.sleep(0.02)
    raise AssertionError("it did not come")


def test_a_session_keeps_the_finding_and_tells_what_was_read_until_the_next_plan(url: str, tmp_path: Path) -> None:
    path = planned_file(tmp_path / "net", "aws_iam_role", role(), role(max_session_duration=7200))
    made_role(url, 3600)
    clock = lambda: datetime.now(UTC)  # noqa: E731
    account = AwsSettings(region="eu-west-1", endpoint_url=url)
    sources = SOURCE(Settings(stacks=(StackSettings(plan=str(path)),), aws=(account,), redaction_key=KEY), clock)
    collector = Collector(sources, Looker(sources, Judgement(), clock), clock)
    collector.start()
    try:
        board = wait_for(collector, lambda board: any(look.findings for look in board.looks.values()))
        (unit,) = board.units
        (finding,) = board.look(unit).findings

        def read(board: Board) -> DirectRead | None:
            return board.look(unit).read_directly(finding)

        collector.read_directly(unit, finding.ref.address)
        board = wait_for(collector, lambda board: (one := read(board)) is not None and not one.running)
        told = read(board)
        assert told is not None and told.answer is not None, told
        assert merged(finding, told.answer).calm
        assert [one.id for one in board.look(unit).findings] == [finding.id], "a direct read is no plan"
        assert board.look(unit).depth is Depth.READ

        collector.read_directly(unit, "aws_iam_role.other")
        board = wait_for(collector, lambda board: any(one.error for one in board.look(unit).direct))
        assert "is not recorded" in next(one.error for one in board.look(unit).direct if one.error)

        fresh = json.loads(path.read_text())
        fresh["timestamp"] = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        path.write_text(json.dumps(fresh))
        collector.refresh(unit)
        wait_for(collector, lambda board: read(board) is None)
    finally:
        collector.stop()


def test_a_read_that_nobody_waits_for_leaves_nothing_behind() -> None:
    from drifttui.services.direct import DirectReads

    class Slow:
        name, system, planes = "s", "S", frozenset(Plane)

        async def check(self) -> Any: ...
        async def close(self) -> None: ...
        async def recorded(self) -> Any: ...
        async def read_one(self, unit: UnitId, address: str) -> Any:
            await asyncio.sleep(60)

    async def run() -> None:
        told: list[UnitId] = []
        unit = UnitId("opentofu", "s", "", "net")
        reads = DirectReads(lambda: NOW, told.append, lambda error: None)
        reads.ask({"s": Slow()}, unit, "aws_vpc.a")  # type: ignore[dict-item]
        await asyncio.sleep(0)
        assert reads.told(unit, Look()).direct[0].running
        reads.cancel(unit, "aws_vpc.a")
        assert reads.told(unit, Look()).direct == ()
        assert len(told) == 2
        await reads.close()

    asyncio.run(run())
