"""Local audit logs as a source: every way of searching gives the same answer, and nothing in a file ends a session."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import shutil
import stat
import threading
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from drifttui.clients import audit_search
from drifttui.clients.audit_search import Stopped
from drifttui.clients.audit_settings import AuditSettings
from drifttui.core.audit_gathering import Gathering
from drifttui.core.audit_question import AuditAnswer, AuditQuestion, Why
from drifttui.core.errors import Missing
from drifttui.core.health import Standing
from drifttui.core.ports import AuditFollower, AuditSource
from drifttui.core.resource_question import ResourceQuestion
from drifttui.sources.audit_log import SOURCE
from drifttui.sources.audit_log.follow import Follower
from drifttui.sources.audit_log.search import Search
from drifttui.sources.audit_log.source import AuditLogSource
from drifttui.store import audit_index
from drifttui.store.audit_files import Reading, records
from drifttui.store.audit_index import AuditIndexes

RECORDED = Path(__file__).parent.parent / "recorded" / "audit.jsonl"
_SHARED = Path(__file__).parents[3] / "shared" / "corpora"
CORPORA = [_SHARED / "k8s-audit-falco" / "audit.jsonl", _SHARED / "k8s-audit-panther" / "events.jsonl"]
NOW = datetime(2026, 11, 22, tzinfo=UTC)
KEY = b"k" * 32
BASE = datetime(2026, 11, 21, 3, tzinfo=UTC)


def line(
    number: int,
    name: str = "web",
    *,
    verb: str = "patch",
    resource: str = "deployments",
    namespace: str = "prod",
    **more: Any,
) -> bytes:
    """As the API server writes it."""
    target = {"resource": resource, "namespace": namespace, "name": name, "apiGroup": "apps", "apiVersion": "v1"}
    event = {
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Request", "auditID": f"id-{number}",
        "stage": "ResponseComplete", "requestURI": f"/apis/apps/v1/namespaces/{namespace}/{resource}/{name}",
        "verb": verb, "user": {"username": "alice@example.com"}, "userAgent": "kubectl/v1.36.3",
        "objectRef": {key: value for key, value in target.items() if value},
        "responseStatus": {"metadata": {}, "code": 200},
        "requestObject": {"spec": {"replicas": number}},
        "requestReceivedTimestamp": f"{BASE + timedelta(seconds=number):%Y-%m-%dT%H:%M:%S}.000000Z", **more,
    }  # fmt: skip
    return json.dumps(event, separators=(",", ":")).encode() + b"\n"


def asked(*names: str, kind: str = "Deployment", namespace: str | None = "prod") -> AuditQuestion:
    return AuditQuestion(tuple(ResourceQuestion(None, kind, namespace, name) for name in names))


def search(path: Path, question: AuditQuestion, indexes: AuditIndexes) -> AuditAnswer:
    return Search(question, KEY, NOW, threading.Event()).run([path], indexes, "files")


def ids(answer: AuditAnswer) -> list[str]:
    return sorted(f"{call.audit_id}/{call.stage}" for call in answer.calls)


def naive(path: Path, question: AuditQuestion) -> AuditAnswer:
    """Every record of the file, without looking at its bytes first."""
    gathering = Gathering(question, KEY, NOW)
    for record in records([str(path)], Reading()):
        gathering.take(record)
    return gathering.answer("naive")


def objects_in(path: Path) -> list[ResourceQuestion]:
    found = set()
    for record in records([str(path)], Reading()):
        target = record.get("objectRef") or {}
        if target.get("name") and target.get("resource"):
            kind = str(target["resource"]).removesuffix("s").capitalize()
            found.add(ResourceQuestion(None, kind, target.get("namespace") or None, str(target["name"])))
    return sorted(found, key=str)


@pytest.fixture
def indexes(tmp_path: Path) -> AuditIndexes:
    return AuditIndexes(tmp_path / "cache")


@pytest.fixture
def everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ranges, processes and saved indexes for files of a few kilobytes."""
    monkeypatch.setattr(audit_search, "ALONE", 1024)
    monkeypatch.setattr(audit_index, "ALONE", 1024)
    monkeypatch.setattr(audit_search, "RANGE", 64 << 10)


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize(
    "path", [RECORDED, *(path for path in CORPORA if path.exists())], ids=lambda path: path.parent.name
)
def test_scan_index_and_naive_reading_give_the_same_calls(
    path: Path, packed: bool, everything_is_large: None, tmp_path: Path, indexes: AuditIndexes
) -> None:
    held = tmp_path / "log"
    held.write_bytes(gzip.compress(path.read_bytes()) if packed else path.read_bytes())
    questions = objects_in(path)
    assert questions
    for one in questions:
        question = AuditQuestion((one,))
        expected = naive(held, question)
        first = search(held, question, indexes)
        again = search(held, question, indexes)
        restarted = search(held, question, AuditIndexes(tmp_path / "cache"))
        assert ids(first) == ids(expected)
        assert sorted(map(str, first.calls)) == sorted(map(str, expected.calls))
        assert first.deletions == expected.deletions
        for other in (again, restarted):
            assert sorted(map(str, other.calls)) == sorted(map(str, first.calls))
            assert (other.operations, other.problems, other.newest) == (first.operations, first.problems, first.newest)


def large(path: Path, count: int = 30_000) -> None:
    """With reads, other objects, other kinds of the same name, nameless creations and collections, and damage."""
    damaged = (
        line(1)[:70] + b"\n",
        b'{"kind":"Event"\n',
        line(2)[:200] + line(3),
        b"\xff\xfe\n",
        b"not json\n",
        b"\0\0" + line(4),
    )
    with path.open("wb") as file:
        for number in range(count):
            which = number % 50
            if which == 0:
                file.write(line(number, f"web-{number % 7}"))
            elif which == 1:
                file.write(line(number, f"web-{number % 7}", verb="get"))
            elif which == 2:
                file.write(line(number, f"web-{number % 7}", resource="services"))
            elif which == 3 and number % 1000 == 3:
                file.write(line(number, "", verb="deletecollection"))
            elif which == 4 and number % 1000 == 4:
                made = {"kind": "Deployment", "metadata": {"name": f"web-{number % 7}", "namespace": "prod"}}
                file.write(line(number, "", verb="create", responseObject=made))
            elif which == 5 and number % 5000 == 5:
                file.write(damaged[number // 5000 % len(damaged)])
            elif which == 6:
                file.write(line(number, f"web-{number % 7}", objectRef={"name": 'x\\y}"', "resource": "deployments"}))
            else:
                file.write(line(number, f"other-{number}", requestObject={"text": "web-3", "more": "x" * 400}))


def test_a_large_file_answers_the_same_from_processes_and_from_its_index(
    everything_is_large: None, tmp_path: Path, indexes: AuditIndexes, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "audit.log"
    large(path)
    monkeypatch.setattr(audit_search, "RANGE", 8 << 20)
    question = asked("web-3")
    expected = naive(path, question)
    first = search(path, question, indexes)
    assert len(expected.calls) > 100
    assert ids(first) == ids(expected)
    assert first.method == "scan"
    assert first.scanned == path.stat().st_size
    assert sum(first.problems.values()) >= 4
    (saved,) = (tmp_path / "cache").glob("*.index")
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    assert stat.S_IMODE(saved.parent.stat().st_mode) == 0o700
    assert b"web-3" not in saved.read_bytes()
    again = search(path, question, AuditIndexes(tmp_path / "cache"))
    assert (again.method, again.scanned) == ("index", 0)
    assert (ids(again), again.problems, again.events, again.first, again.newest) == (
        ids(first), first.problems, first.events, first.first, first.newest,
    )  # fmt: skip
    packed = tmp_path / "audit.log.gz"
    packed.write_bytes(gzip.compress(path.read_bytes(), 1))
    for _ in range(2):
        from_gzip = search(packed, question, AuditIndexes(tmp_path / "cache"))
        assert (ids(from_gzip), from_gzip.problems) == (ids(first), first.problems)


def test_an_index_grows_with_its_file_and_outlives_rotation(
    everything_is_large: None, tmp_path: Path, indexes: AuditIndexes
) -> None:
    path = tmp_path / "audit.log"
    path.write_bytes(b"".join(line(n, f"web-{n % 3}") for n in range(600)))
    whole = path.stat().st_size
    assert search(path, asked("web-1"), indexes).scanned == whole
    with path.open("ab") as file:
        file.write(line(601, "web-1") + line(602, "web-1")[:100])
    grown = search(path, asked("web-1"), indexes)
    assert grown.scanned == len(line(601, "web-1"))
    assert "id-601/ResponseComplete" in ids(grown)
    assert grown.problems == {"damaged line": 1}
    with path.open("ab") as file:
        file.write(line(602, "web-1")[100:])
    assert "id-602/ResponseComplete" in ids(search(path, asked("web-1"), indexes))
    path.rename(tmp_path / "audit-2026-11-21.log")
    path.write_bytes(line(700, "web-1"))
    both = search(tmp_path, asked("web-1"), AuditIndexes(tmp_path / "cache"))
    assert {"id-1/ResponseComplete", "id-602/ResponseComplete", "id-700/ResponseComplete"} <= set(ids(both))
    assert both.scanned < whole


@pytest.mark.parametrize(
    "how", ["truncated and written again", "changed in place", "damaged index", "index of another version"]
)
def test_an_index_that_does_not_fit_is_made_anew(
    how: str, everything_is_large: None, tmp_path: Path, indexes: AuditIndexes
) -> None:
    path = tmp_path / "audit.log"
    path.write_bytes(b"".join(line(n, "web" if n % 9 else "old") for n in range(300)))
    search(path, asked("web"), indexes)
    (saved,) = (tmp_path / "cache").glob("*.index")
    if how.startswith("truncated"):
        with path.open("r+b") as file:
            file.truncate(0)
            file.write(b"".join(line(n + 9000, "web" if n % 2 else "new") for n in range(400)))
    elif how.startswith("changed"):
        with path.open("r+b") as file:
            file.truncate(path.stat().st_size - len(line(299)))
            file.write(b"".join(line(n + 9000, "web" if n % 2 else "new") for n in range(40)))
    else:
        content = bytearray(saved.read_bytes())
        content[30 if how.endswith("version") else -20] ^= 255
        saved.write_bytes(content)
    for held in (indexes, AuditIndexes(tmp_path / "cache")):
        for name in ("web", "old", "new"):
            assert ids(search(path, asked(name), held)) == ids(naive(path, asked(name)))


BAD = {
    "cut lines": line(1)[:90] + b"\n" + line(2) + line(3)[:300],
    "lines over one another": line(1)[:150] + line(2) + line(3)[:-40] + line(4),
    "two events in a line": line(1).rstrip() + line(2),
    "bytes that are no UTF-8": line(1).replace(b"alice", b"\xff\xfe") + line(2),
    "events without a body": line(1, requestObject=None) + line(2, requestObject="skipped-too-big-size-object"),
    "wrong types": line(1, user=[], objectRef="web", responseStatus=7) + line(2).replace(b'"patch"', b"3") + line(3),
    "from the future": line(10_000_000) + line(2),
    "out of order": line(900) + line(5) + line(300),
    "twice": line(1) + line(1),
    "of unknown kinds": b'{"kind":"Pod","metadata":{"name":"web"}}\n' + line(2),
    "hostile": line(1, userAgent="\x1b]0;x\x07[b]\u202e" + "a" * 100_000) + line(2, user={"username": "\x1b[2Jroot"}),
    "huge": line(1, requestObject={"text": "x" * (3 << 20)}) + line(2),
    "nested": line(1).replace(b'{"spec":{"replicas":1}}', b'{"a":' * 3000 + b"1" + b"}" * 3000) + line(2),
    "nothing": b"",
    "zeros": b"\0" * 5000,
}  # fmt: skip


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("content", BAD.values(), ids=BAD.keys())
def test_bad_input_is_counted_and_never_fatal(
    content: bytes, packed: bool, tmp_path: Path, indexes: AuditIndexes
) -> None:
    path = tmp_path / "audit.log"
    path.write_bytes(gzip.compress(content) if packed else content)
    expected = naive(path, asked("web"))
    answer = search(path, asked("web"), indexes)
    assert ids(answer) == ids(expected)
    shown = repr([call._replace(request=None, response=None) for call in answer.calls])
    assert "\\x1b" not in shown
    assert all(len(call.user_agent) <= 256 for call in answer.calls)


def test_what_is_damaged_or_from_the_future_is_told(tmp_path: Path, indexes: AuditIndexes) -> None:
    path = tmp_path / "audit.log"
    path.write_bytes(line(10_000_000) + line(1)[:90] + b"\n" + line(2, kind="Pod") + line(3).replace(b"alice", b"\xff"))
    answer = search(path, asked("web"), indexes)
    assert answer.future == 1
    words = " ".join(answer.problems)
    assert "damaged" in words
    assert "no UTF-8" in words


def test_a_compressed_file_that_ends_early_gives_what_it_has_and_says_so(tmp_path: Path, indexes: AuditIndexes) -> None:
    path = tmp_path / "audit.log.gz"
    whole = gzip.compress(b"".join(line(n) for n in range(3000)), 1)
    path.write_bytes(whole[: len(whole) // 2])
    answer = search(path, asked("web"), indexes)
    assert 100 < len(answer.calls) < 3000
    assert any("ends early" in words for words in answer.problems)


def test_a_chatty_object_costs_bounded_time_and_says_what_was_left(tmp_path: Path, indexes: AuditIndexes) -> None:
    path = tmp_path / "audit.log"
    busy = {"resource": "deployments", "namespace": "prod", "name": "web", "subresource": "status"}
    path.write_bytes(line(0) + b"".join(line(n, objectRef=busy) for n in range(1, 700)))
    answer = search(path, asked("web"), indexes)
    assert "id-0/ResponseComplete" in ids(answer)
    assert answer.problems == {"writes of its status that were not looked at": 199}


# The source itself.


def source(*places: Path, tmp_path: Path) -> AuditLogSource:
    return AuditLogSource(places, lambda: NOW, key=KEY, indexes=AuditIndexes(tmp_path / "cache"))


def test_paths_in_the_settings_make_a_source_that_keeps_the_port(tmp_path: Path) -> None:
    class Settings:
        audit = AuditSettings(paths=(tmp_path,), clusters=("https://one",))
        redaction_key = KEY

    (made,) = SOURCE(Settings(), lambda: NOW)
    assert isinstance(made, AuditSource)
    assert isinstance(made, AuditFollower)
    assert made.covers == {"https://one"}
    Settings.audit = AuditSettings()
    assert SOURCE(Settings(), lambda: NOW) == ()


async def test_health_says_what_is_read_how_new_it_is_and_what_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    path.write_bytes(line(1) + line(2)[:80] + b"\n" + line(60))
    reading = source(path, tmp_path=tmp_path)
    fine = await reading.check()
    assert (fine.standing, fine.newest_answer) == (Standing.OK, BASE + timedelta(seconds=60))
    await reading.calls(asked("web"))
    after = await reading.check()
    assert after.standing is Standing.DEGRADED
    assert after.error.startswith("1 damaged lines")


async def test_a_log_that_is_not_there_is_blind_and_says_so(tmp_path: Path) -> None:
    reading = source(tmp_path / "nowhere", tmp_path=tmp_path)
    found = await reading.check()
    assert found.standing is Standing.BLIND
    assert "nowhere" in found.error
    with pytest.raises(Missing, match="nowhere"):
        await reading.calls(asked("web"))


async def test_one_place_of_two_that_is_gone_is_told_in_the_answer(tmp_path: Path) -> None:
    (tmp_path / "audit.log").write_bytes(line(1))
    answer = await source(tmp_path / "audit.log", tmp_path / "gone", tmp_path=tmp_path).calls(asked("web"))
    assert len(answer.calls) == 1
    assert [entry.why for entry in answer.unseen] == [Why.BLIND]


async def test_a_search_is_cancelled_with_its_task(
    tmp_path: Path, everything_is_large: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "audit.log"
    path.write_bytes(b"".join(line(n) for n in range(2000)))
    stops: list[threading.Event] = []
    begun, ended = threading.Event(), threading.Event()

    def endless(path: Path, start: int, end: int, stop: threading.Event) -> list[Any]:
        stops.append(stop)
        begun.set()
        ended.wait(10)
        raise Stopped if stop.is_set() else AssertionError

    monkeypatch.setattr(audit_index, "search_file", endless)
    task = asyncio.create_task(source(path, tmp_path=tmp_path).calls(asked("web")))
    await asyncio.to_thread(begun.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert stops[0].is_set()
    ended.set()


# Following.


def looked(follower: Follower) -> Iterable[str] | None:
    names, news = follower.look()
    return sorted(names) if news else None


def test_new_lines_tell_the_names_of_what_they_write(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    path.write_bytes(line(1, "old"))
    follower = Follower([path])
    assert looked(follower) is None
    with path.open("ab") as file:
        file.write(line(2, "web") + line(3, "api", verb="get") + line(4, "db")[:100])
        file.flush()
        assert looked(follower) == ["web"]
        assert looked(follower) is None
        file.write(line(4, "db")[100:])
    assert looked(follower) == ["db"]
    follower.close()


def test_what_is_made_without_a_name_is_no_news_about_everything(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    path.write_bytes(line(1))
    follower = Follower([path])
    follower.look()
    with path.open("ab") as file:
        file.write(line(2, "", verb="create", resource="subjectaccessreviews"))
        file.flush()
        assert looked(follower) is None
        file.write(line(3, "", verb="create", responseObject={"metadata": {"name": "web-x1"}}))
        file.flush()
        assert looked(follower) == ["web-x1"]
        file.write(line(4, "", verb="deletecollection"))
    assert follower.look() == (frozenset(), True)
    follower.close()


def test_nothing_is_lost_when_a_log_is_rotated_by_renaming(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    path.write_bytes(line(1))
    follower = Follower([tmp_path])
    follower.look()
    with path.open("ab") as file:
        file.write(line(2, "last"))
        file.flush()
        path.rename(tmp_path / "audit-1.log")
        path.write_bytes(line(3, "first"))
        assert looked(follower) == ["first", "last"]
        file.write(line(4, "late"))
        file.flush()
    assert looked(follower) == ["late"]
    follower.close()


def test_a_log_that_is_copied_and_truncated_is_followed_and_the_gap_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    path.write_bytes(b"".join(line(n) for n in range(50)))
    follower = Follower([path])
    follower.look()
    shutil.copy(path, tmp_path / "copy.log")
    os.truncate(path, 0)
    with path.open("ab") as file:
        file.write(line(60, "web"))
    assert looked(follower) == ["web"]
    assert follower.truncations == 1
    follower.close()


def test_lines_that_cannot_be_read_may_be_about_anything(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    path.write_bytes(line(1))
    follower = Follower([path])
    follower.look()
    with path.open("ab") as file:
        file.write(line(2, "web") + b"damaged\n")
    assert follower.look() == (frozenset(), True)
    follower.close()


async def test_arrivals_are_told_while_the_log_grows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drifttui.sources.audit_log.source.LOOK_EVERY", 0.01)
    path = tmp_path / "audit.log"
    path.write_bytes(line(1))
    arrivals = source(path, tmp_path=tmp_path).arrivals()
    told: asyncio.Future[frozenset[str]] = asyncio.ensure_future(anext(arrivals))
    for _ in range(200):
        await asyncio.sleep(0.01)
        with path.open("ab") as file:
            file.write(line(2, "web"))
        if told.done():
            break
    assert await told == {"web"}
    await arrivals.aclose()  # type: ignore[attr-defined]
