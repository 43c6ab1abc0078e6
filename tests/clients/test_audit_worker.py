"""The scan of a large audit log, where its lines and its blocks do not fit."""

from __future__ import annotations

import gzip
import random
import tracemalloc
from pathlib import Path

import pytest

from drifttui.clients import audit_worker
from drifttui.clients.audit_worker import HEAD, Found, name_key, resource_key, search


def event(name: str, verb: str = "patch", pad: int = 0) -> bytes:
    target = f'"resource":"deployments","namespace":"shop","name":"{name}"' if name else '"resource":"deployments"'
    return (
        HEAD
        + (
            'RequestResponse","auditID":"62da0ad8-1357-46df-8737-eeaade5506b0","stage":"ResponseComplete",'
            f'"requestURI":"/apis/apps/v1/namespaces/shop/deployments/{name}","verb":"{verb}",'
            f'"user":{{"username":"alice"}},"objectRef":{{{target}}},"requestObject":"{"E" * pad}",'
            '"requestReceivedTimestamp":"2026-11-21T03:00:00.000000Z"}'
        ).encode()
    )


def found_in(path: Path, content: bytes, *, packed: bool) -> Found:
    path.write_bytes(gzip.compress(content) if packed else content)
    return search(str(path), 0, 0 if packed else len(content))


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_every_write_is_found_wherever_blocks_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, packed: bool
) -> None:
    monkeypatch.setattr(audit_worker, "BLOCK", 2_000)
    monkeypatch.setattr(audit_worker, "MAX_LINE", 30_000)
    chance = random.Random(seed)
    content, writes, odd = b"", {}, set()
    for number in range(300):
        kind, at = chance.randrange(9), len(content)
        if kind < 3:
            line = event(f"web-{number}", pad=chance.choice([0, 10, 1_990, 9_000]))
            writes[name_key(f"web-{number}".encode())] = [at]
        elif kind == 3:
            line = event("", "create")
            writes.setdefault(resource_key(b"deployments"), []).append(at)
        elif kind == 4:
            line = event("leaf", "get", pad=chance.choice([0, 5_000]))
        elif kind == 5:
            line = chance.choice([b"not json", event("cut")[:-1], b" " + event("web")])
            odd.add(at)
        elif kind == 6:
            line = event("torn", "get")[: chance.randrange(1, 500)] + event("inside")
            odd.add(at)
        elif kind == 7:
            line = b""
        else:
            line = event("long", pad=chance.choice([40_000, 70_000]))
            odd.add(at)
        content += line + b"\n"
    found = found_in(tmp_path / "audit.log", content, packed=packed)
    assert {key: list(found.offsets(key)) for key in writes} == writes
    assert set(found.odd) == odd
    assert (found.lines, found.end) == (300, len(content))
    assert len(found.keys) == sum(map(len, writes.values()))
    assert found.last.startswith(b"2026-11-21T03") or not content.rstrip(b"\n").endswith(b'Z"}')


def test_what_has_no_newline_is_left_for_later_and_in_a_packed_file_read(tmp_path: Path) -> None:
    content = event("web") + b"\n" + event("late")
    plain = found_in(tmp_path / "audit.log", content, packed=False)
    assert (plain.lines, plain.end) == (1, len(event("web")) + 1)
    packed = found_in(tmp_path / "audit.log.gz", content, packed=True)
    assert (packed.lines, packed.end, list(packed.odd)) == (2, len(content), [len(event("web")) + 1])


def test_a_bomb_is_unpacked_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "audit.log.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        for _ in range(200):
            file.write(b"x" * (1 << 20) + b"\n")
    tracemalloc.start()
    found = search(str(path), 0, 0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.lines == len(found.odd) == 200
    assert peak < 16 << 20
