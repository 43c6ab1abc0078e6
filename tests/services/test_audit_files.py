"""Audit files as disks and buckets hold them: rotated, compressed, damaged, huge, and by several names."""

from __future__ import annotations

import gzip
import io
import json
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from drifttui.core.errors import InputError
from drifttui.store import audit_files
from drifttui.store.audit_files import Reading, records


def event(name: str, **more: Any) -> dict[str, Any]:
    return {"kind": "Event", "auditID": name, "verb": "patch", "user": {"username": "alice"}, **more}


def line(name: str, **more: Any) -> bytes:
    return json.dumps(event(name, **more)).encode() + b"\n"


def read(*places: Path | str, **more: Any) -> tuple[list[Any], Reading]:
    reading = Reading()
    found = [
        record.get("auditID", record.get("eventID")) for record in records([str(p) for p in places], reading, **more)
    ]
    return found, reading


def test_lines_files_and_folders_are_read_in_order(tmp_path: Path) -> None:
    (tmp_path / "audit-2026-11-20.log.gz").write_bytes(gzip.compress(line("1") + line("2")))
    (tmp_path / "audit-2026-11-21.log").write_bytes(line("3"))
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "audit.log").write_bytes(line("4"))
    (tmp_path / "CloudTrail-Digest").mkdir()
    (tmp_path / "CloudTrail-Digest" / "digest.json").write_bytes(b'{"eventName": "no"}')
    assert read(tmp_path)[0] == ["1", "2", "3", "4"]
    assert read(tmp_path / "audit-2026-11-21.log", tmp_path / "deep")[0] == ["3", "4"]


def test_gzip_is_told_by_its_bytes_and_not_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "audit.log").write_bytes(gzip.compress(line("1")))
    (tmp_path / "audit.gz").write_bytes(line("2"))
    assert sorted(read(tmp_path)[0]) == ["1", "2"]


def test_standard_input_may_be_compressed_too() -> None:
    assert read("-", stdin=io.BytesIO(line("1") + line("2")))[0] == ["1", "2"]
    assert read("-", stdin=io.BytesIO(gzip.compress(line("3"))))[0] == ["3"]


@pytest.mark.parametrize(
    "text",
    [
        '{"Records":[%s,%s]}',
        '{ "Records" : [ %s , %s ] }',
        '{\n  "Records": [\n    %s,\n    %s\n  ]\n}\n',
        "[%s,%s]",
        "[\n%s\n,\n%s\n]\n",
        "%s\n%s",
        "%s\n\n%s\n",
        "\ufeff%s\n%s\n",
        '{"Events": [%s, %s], "NextToken": "x"}',
        '{"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "metadata": {}, "items": [%s, %s]}',
        "2026-11-21T08:00:00Z stdout F %s\n2026-11-21T08:00:01Z stdout F %s\n",
    ],
)
@pytest.mark.parametrize("indent", [None, 2], ids=["dense", "indented"])
def test_every_usual_form_gives_the_same_records(tmp_path: Path, text: str, indent: int | None) -> None:
    lines = text.count("%s\n") and text.startswith(("%s", "\ufeff", "2026"))
    one, two = (json.dumps(event(name), indent=None if lines else indent) for name in ("1", "2"))
    (tmp_path / "log").write_text(text % (one, two), encoding="utf-8")
    found, reading = read(tmp_path / "log")
    assert found == ["1", "2"]
    assert not reading.problems


def test_one_pretty_printed_event_is_a_record(tmp_path: Path) -> None:
    (tmp_path / "event.json").write_text(json.dumps({"eventName": "StopLogging", "eventID": "1"}, indent=4))
    assert read(tmp_path / "event.json")[0] == ["1"]


def test_events_inside_exported_log_records_are_found(tmp_path: Path) -> None:
    held = {"logEvents": [{"id": "0", "timestamp": 1, "message": json.dumps(event("1"))}]}
    (tmp_path / "export").write_text(json.dumps(held))
    assert read(tmp_path / "export")[0] == ["1"]


def test_nothing_damaged_is_lost_in_silence_or_fatal(tmp_path: Path) -> None:
    broken = [
        line("1"),
        line("2")[:40] + b"\n",
        line("3")[:50] + line("4"),
        line("5").rstrip() + line("6"),
        b"\xff\xfe not text\n",
        b'{"auditID": "7", "verb": "x", "user": {"username": "\xff"}}\n',
        b"[" * 5000 + b"\n",
        b'{"a": ' + b"9" * 6000 + b"}\n",
        b"\0\0\0" + line("8"),
        line("9").rstrip(),
    ]
    (tmp_path / "audit.log").write_bytes(b"".join(broken))
    found, reading = read(tmp_path / "audit.log")
    assert found == ["1", "4", "5", "6", "7", "8", "9"]
    assert sum(reading.problems.values()) >= 6
    assert reading.lines == 10


def test_a_damaged_line_counts_even_where_nobody_asked_for_it(tmp_path: Path) -> None:
    """A line cut before the object's name may be the one that matters."""
    (tmp_path / "audit.log").write_bytes(line("1") + line("2")[:30] + b"\n" + line("3"))
    found, reading = read(tmp_path / "audit.log", wanted=lambda raw: b'"3"' in raw)
    assert found == ["3"]
    assert reading.problems == {"damaged line": 1}


def test_a_compressed_file_that_ends_early_gives_what_it_has(tmp_path: Path) -> None:
    whole = gzip.compress(b"".join(line(str(n)) for n in range(2000)), compresslevel=1)
    (tmp_path / "audit.log.gz").write_bytes(whole[: len(whole) // 2])
    found, reading = read(tmp_path / "audit.log.gz")
    assert 0 < len(found) < 2000
    assert any("ends early" in problem for problem in reading.problems)


def test_damage_inside_a_document_costs_one_record(tmp_path: Path) -> None:
    one, two, three = (json.dumps({"eventName": "x", "eventID": name}) for name in ("1", "2", "3"))
    (tmp_path / "log.json").write_text('{"Records":[' + one + "," + two[:-8] + "," + three + "]}")
    found, reading = read(tmp_path / "log.json")
    assert found == ["1", "3"]
    assert reading.problems


def test_a_line_beyond_any_size_is_counted_and_passed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_files, "MAX_RECORD", 1 << 20)
    (tmp_path / "audit.log").write_bytes(line("1") + line("2", requestObject="x" * (3 << 20)) + line("3"))
    found, reading = read(tmp_path / "audit.log")
    assert found == ["1", "3"]
    assert len(reading.problems) == 1


def test_an_event_of_several_megabytes_is_read(tmp_path: Path) -> None:
    (tmp_path / "audit.log").write_bytes(line("1", requestObject="x" * (5 << 20)))
    (tmp_path / "log.json").write_text(json.dumps({"Records": [event("2", requestParameters="x" * (5 << 20))]}))
    assert sorted(read(tmp_path)[0]) == ["1", "2"]


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    with path.open("wb") as file:
        for number in range(20_000):
            file.write(line(str(number), requestObject="x" * 1000))
    tracemalloc.start()
    seen = sum(1 for _ in records([str(path)], Reading(), wanted=lambda raw: b'"77"' in raw))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert seen == 1
    assert peak < 4 << 20


def test_the_span_that_a_log_covers_is_known_without_parsing_it(tmp_path: Path) -> None:
    times = ["2026-11-21T03:00:00.5Z", "2026-11-21T04:00:00Z", "2026-11-21T05:00:00Z"]
    (tmp_path / "audit.log").write_bytes(b"".join(line(t, requestReceivedTimestamp=t) for t in times))
    found, reading = read(tmp_path / "audit.log", wanted=lambda raw: False)
    assert found == []
    assert reading.last == datetime(2026, 11, 21, 5, tzinfo=UTC)
    assert reading.first is not None
    assert reading.first.hour == 3


def test_a_place_that_is_not_there_is_an_error_of_the_operator(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No file"):
        read(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b"\0\0\0\0", b"no json at all\n", b"\x89PNG\r\n\x1a\n\0\0", b"[]", b"{}"]
)
def test_files_without_events_are_no_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    assert [name for name in read(tmp_path / "file")[0] if name] == []
