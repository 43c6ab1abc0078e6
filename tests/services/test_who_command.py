"""`drifttui who`, offline and on a session, as a person and as a script meet it."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from drifttui.cli import main
from drifttui.core import audit_gathering
from drifttui.core.attributed import Attributed
from drifttui.core.board import Board, Depth, Look
from drifttui.core.errors import InputError
from drifttui.core.finding import Change, Finding, Owner
from drifttui.core.identity import ResourceRef
from drifttui.core.inspection import Inspection, Revision
from drifttui.core.planes import Plane, ThreePlanes
from drifttui.core.unit import Unit
from drifttui.core.who_models import WhoAnswer, published
from drifttui.services.attribution import Attribution
from drifttui.services.who_live import live_answer, live_json
from drifttui.sources.audit_log.source import AuditLogSource
from tests.core.audit_events import ALICE, ARGOCD, BOB, REPLICAS_FIELD, deployment, event, owned
from tests.core.test_join_cloudtrail import record
from tests.services.fakes import NOW, inspection, unit

WEB = "apps/Deployment/prod/web"


@pytest.fixture(autouse=True)
def own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))


def written(path: Path, *events: dict[str, Any]) -> Path:
    text = "".join(json.dumps(each) + "\n" for each in events).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


SCALED = event(BOB, at=5, sub="scale", body={"spec": {"replicas": 9}}, id="scaled")
EDITED = event(ALICE, at=1, manager="kubectl-edit", id="edited",
               body={"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "web:2"}]}}}})  # fmt: skip


def answered(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, dict[str, Any]]:
    code = main(["who", *(str(each) for each in arguments), "--json"])
    shown = json.loads(capsys.readouterr().out)
    WhoAnswer.model_validate(shown)
    return code, shown


def test_the_published_schema_is_that_of_the_models() -> None:
    path = Path(__file__).parent.parent.parent / "docs" / "schemas" / "who.schema.json"
    assert json.loads(path.read_text()) == published()


def test_one_json_document_best_first(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    log = written(tmp_path / "audit.log", EDITED, SCALED)
    code, answer = answered(capsys, "--audit", log, "--resource", WEB, "--path", "/spec/replicas")
    assert code == 0
    assert answer["schema"] == "drifttui.who/1"
    (line,) = answer["lines"]
    assert set(line) >= {"path", "actor", "via", "time", "confidence", "event_ids", "reasons"}
    assert (line["path"], line["actor"]["name"], line["actor"]["kind"]) == ("/spec/replicas", BOB, "person")
    assert (line["via"], line["time"], line["event_ids"]) == ("kubectl scale", "2026-11-21T03:00:05Z", ["scaled"])
    assert isinstance(answer["unseen"], list)


def test_without_a_path_every_written_field_has_its_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    log = written(tmp_path / "audit.log", EDITED, SCALED)
    live = tmp_path / "live.json"
    live.write_text(json.dumps(deployment(9, "web:2")))
    _, answer = answered(capsys, "--audit", log, "--resource", WEB, "--object", live)
    assert {line["path"]: line["actor"]["name"] for line in answer["lines"]} == {
        "/spec/replicas": BOB,
        "/spec/template/spec/containers/0/image": ALICE,
    }


def test_folders_rotated_files_and_standard_input(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "logs").mkdir()
    written(tmp_path / "logs" / "audit-1.log.gz", EDITED)
    written(tmp_path / "logs" / "audit.log", SCALED)
    code, answer = answered(capsys, "--audit", tmp_path / "logs", "--resource", WEB)
    assert (code, len(answer["lines"])) == (0, 2)

    class Input:
        buffer = io.BytesIO(json.dumps(SCALED).encode())

    monkeypatch.setattr("sys.stdin", Input())
    assert answered(capsys, "--audit", "-", "--resource", WEB)[1]["lines"][0]["actor"]["name"] == BOB


def test_nothing_found_is_3_and_says_why(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    log = written(tmp_path / "audit.log", SCALED)
    code, answer = answered(capsys, "--audit", log, "--resource", "apps/Deployment/prod/other")
    assert (code, answer["lines"]) == (3, [])
    assert any("holds no write of apps/Deployment/prod/other" in sentence for sentence in answer["unseen"])


def test_damaged_lines_are_counted_in_the_answer(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    log = written(tmp_path / "audit.log", SCALED)
    log.write_bytes(
        b'{"kind":"Event","objectRef":{"name":"web"\n' + log.read_bytes() + b'{"kind": "Pod", "name": "web"}\n'
    )
    code, answer = answered(capsys, "--audit", log, "--resource", WEB)
    assert code == 0
    assert any("damaged line" in sentence for sentence in answer["unseen"])
    assert any("no audit event" in sentence for sentence in answer["unseen"])


def test_events_from_the_future_are_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drifttui.services.session.utc_now", lambda: datetime(2026, 11, 20, tzinfo=UTC))
    _, answer = answered(capsys, "--audit", written(tmp_path / "audit.log", SCALED), "--resource", WEB)
    assert any("in the future" in sentence for sentence in answer["unseen"])


def test_older_calls_give_way_and_are_counted(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_gathering, "KEEP_CALLS", 8)
    events = [event(ALICE, at=n, sub="scale", body={"spec": {"replicas": n}}) for n in range(30)]
    code, answer = answered(capsys, "--audit", written(tmp_path / "audit.log", *events, SCALED), "--resource", WEB)
    assert code == 0
    assert any("left out to bound memory" in sentence for sentence in answer["unseen"])


def test_a_live_object_alone_names_the_path_and_nobody(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    live = tmp_path / "live.yaml"
    live.write_text(json.dumps(owned(deployment(9), ("kubectl", "scale", 60, REPLICAS_FIELD))))
    code, answer = answered(capsys, "--resource", WEB, "--object", live, "--path", "/spec/replicas")
    assert code == 0
    assert answer["lines"][0]["actor"] == {"name": None, "kind": "unknown"}
    assert answer["lines"][0]["via"] == "kubectl scale"
    assert answer["unseen"][0].startswith("Kubernetes audit log: none given")


def test_cloudtrail_by_address_and_id(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    call = record("AuthorizeSecurityGroupIngress", {"groupId": "sg-0a1b", "fromPort": 22}, id="opened")
    failed = record("RevokeSecurityGroupIngress", {"groupId": "sg-0a1b"}, 9, errorCode="AccessDenied")
    (tmp_path / "trail.json.gz").write_bytes(gzip.compress(json.dumps({"Records": [failed, call]}).encode()))
    code, answer = answered(
        capsys, "--cloudtrail", tmp_path, "--address", "aws_security_group.app_public", "--id", "sg-0a1b", "--id", "app"
    )
    assert code == 0
    (line,) = answer["lines"]
    assert (line["path"], line["event_ids"], line["via"]) == ("ingress", ["opened"], "AWS CLI")
    assert (line["actor"]["name"], line["actor"]["kind"]) == ("arn:aws:iam::111122223333:user/erin", "person")
    assert any("may still arrive" in sentence for sentence in answer["unseen"])


def test_cloudtrail_without_an_id_says_that_it_guesses(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(json.dumps([record("StopLogging", {"name": "org-trail"}, service="cloudtrail")]))
    code, answer = answered(capsys, "--cloudtrail", tmp_path, "--address", "aws_cloudtrail.org_trail")
    assert code == 0
    assert answer["lines"][0]["confidence"] < 0.7
    assert any("no --id was given" in sentence for sentence in answer["unseen"])


def test_people_get_one_line_per_change_and_the_evidence(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["who", "--audit", str(written(tmp_path / "audit.log", SCALED)), "--resource", WEB]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].startswith("/spec/replicas  bob@example.com (person) by kubectl scale at 2026-11-21 03:00:05Z")
    assert any("event scaled" in line for line in shown)


def test_hostile_text_reaches_no_terminal(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    hostile = event("eve\x1b[31m\u202e", at=1, sub="scale", body={"spec": {"replicas": 1}}, agent="\x1b]0;x\x07")
    assert main(["who", "--audit", str(written(tmp_path / "audit.log", hostile)), "--resource", WEB]) == 0
    shown = capsys.readouterr().out
    assert not set("\x1b\u202e\x07") & set(shown)


def test_no_secret_of_a_body_is_printed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    secret = {"resource": "secrets", "apiGroup": "", "name": "db"}
    call = event(BOB, at=1, target=secret, body={"stringData": {"password": "correct-horse"}})
    log = written(tmp_path / "audit.log", call)
    assert main(["who", "--audit", str(log), "--resource", "/Secret/prod/db", "--json"]) == 0
    assert main(["who", "--audit", str(log), "--resource", "/Secret/prod/db"]) == 0
    assert "correct-horse" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Nothing to look for"),
        (["--audit", "FILE"], "Nothing to look for"),
        (["--resource", WEB], "Nothing to read"),
        (["--audit", "nowhere", "--resource", WEB], "No file nowhere"),
        (["--audit", "FILE", "--resource", "web"], "names no resource"),
        (["--audit", "FILE", "--resource", WEB, "--path", "spec/replicas"], "slash"),
        (["--audit", "FILE", "--resource", WEB, "--since", "soon"], "no time"),
        (["--audit", "FILE", "--resource", WEB, "--object", "nowhere"], "cannot be read"),
        (["--audit", "FILE", "--resource", WEB, "--object", "FILE"], "does not hold"),
        (["--cloudtrail", "FILE"], "needs a resource"),
        (["--cloudtrail", "FILE", "--address", "nonsense", "--id", "x"], "no resource address"),
        (["--audit", "-", "--cloudtrail", "-"], "once"),
    ],
)
def test_a_wrong_call_is_one_line_and_exit_1(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: list[str], words: str
) -> None:
    log = str(written(tmp_path / "audit.log", SCALED))
    assert main(["who", *(log if each == "FILE" else each for each in arguments)]) == 1
    shown = capsys.readouterr()
    assert words in shown.err
    assert (shown.out, shown.err.count("\n")) == ("", 1)


async def asked(finding: Finding, unit: Unit, held: Inspection, logs: Sequence[Path]) -> Attributed:
    """As a session asks."""
    sources = [AuditLogSource(logs, lambda: NOW, key=b"k" * 32)] if logs else []
    attribution = Attribution(sources, lambda: NOW)
    await attribution.ask(unit, Look(Depth.READ, (finding,), held, at=NOW), frozenset((unit.cluster,)))
    return attribution.known(finding, held)


def board(live: dict[str, Any], *logs: Path) -> Board:
    shown = unit("web", sync="OutOfSync")
    ref = ResourceRef("in-cluster", "apps", "Deployment", "prod", "web")
    (planes,) = inspection(shown, 3, 9).resources
    assert planes.actual is not None
    planes = ThreePlanes(ref, planes.desired, actual=planes.actual._replace(document=live, ref=ref))
    revision = Revision("abc123", NOW, "Erin <erin@example.com>", "Scale down")
    held = Inspection(shown.id, NOW, (planes,), revisions=(revision,))
    change = Change(
        "/spec/replicas", "/spec/replicas", desired=3, actual=9, owners=(Owner("kubectl", "Update", "scale", NOW),)
    )
    found = Finding("f1", shown.id, ref, (change,), (), {Plane.ACTUAL: None}, NOW, NOW)  # type: ignore[dict-item]
    found = found._replace(who=asyncio.run(asked(found, shown, held, logs)))
    return Board(units={shown.id: shown}, looks={shown.id: Look(Depth.READ, (found,), held, at=NOW)})


@pytest.mark.parametrize("target", ["web", "argocd/web", WEB, "deploy/prod/web"])
def test_a_live_unit_without_a_log_says_by_which_path(target: str) -> None:
    held = board(owned(deployment(9), ("kubectl", "scale", 60, REPLICAS_FIELD)))
    answer = live_json(live_answer(held, target))
    WhoAnswer.model_validate(answer)
    (line,) = answer["lines"]
    assert (line["via"], line["actor"]["name"], line["resource"]) == ("kubectl scale", None, WEB)
    assert any(sentence.startswith("Kubernetes audit log: none given") for sentence in answer["unseen"])
    assert answer["revisions"][0]["author"] == "Erin <erin@example.com>"


def test_a_live_unit_with_a_log_names_the_person(tmp_path: Path) -> None:
    log = written(tmp_path / "audit.log", event(ARGOCD, at=0, body={"spec": {"replicas": 3}}), SCALED)
    held = board(owned(deployment(9), ("kubectl", "scale", 5, REPLICAS_FIELD)), log)
    (line,) = live_json(live_answer(held, "web"))["lines"]
    assert (line["actor"]["name"], line["confidence"] > 0.9) == (BOB, True)


def test_an_unknown_target_is_an_error_of_the_operator() -> None:
    with pytest.raises(InputError, match="No unit nope"):
        live_answer(board(deployment(9)), "nope")


def test_since_leaves_earlier_writes_out_and_says_so(tmp_path: Path) -> None:
    held = board(owned(deployment(9), ("kubectl", "scale", 5, REPLICAS_FIELD)), written(tmp_path / "audit.log", SCALED))
    answer = live_json(live_answer(held, "web", since=NOW + timedelta(days=900)))
    assert answer["lines"] == []
    assert any("left out by --since" in sentence for sentence in answer["unseen"])
