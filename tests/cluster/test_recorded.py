"""What was recorded is complete, and nothing in it belongs to anybody."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.audit import is_dry_run
from tests.cluster.recorder import DEFAULT_FOLDER
from tests.cluster.recorder.scrub import _JWT, _KEY, _PEM_IN_BASE64
from tests.cluster.scenarios import ALL

FILES = sorted(path for path in DEFAULT_FOLDER.rglob("*.json*") if path.is_file())
LIMIT = 3_000_000


def read(name: str) -> Any:
    return json.loads((DEFAULT_FOLDER / name).read_text())


def test_the_recording_is_small_enough_to_live_in_the_tree() -> None:
    assert 0 < sum(path.stat().st_size for path in FILES) < LIMIT


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(DEFAULT_FOLDER)))
def test_no_secret_key_token_or_odd_port_is_left(path: Path) -> None:
    text = path.read_text()
    assert not _KEY.search(text)
    assert not _JWT.search(text)
    assert not _PEM_IN_BASE64.search(text)
    assert "authorization" not in {key.lower() for key in _headers(path)}
    ports = {int(port) for port in re.findall(r"(?:127\.0\.0\.1|localhost):(\d+)", text)}
    assert all(port in {6443, 8443, 8080, 2379, 6379} or 20000 <= port < 20020 for port in ports)


def test_every_scenario_is_recorded_with_its_cause() -> None:
    promised = {each["name"]: each for each in read("scenarios.json")}
    assert promised.keys() == {each.name for each in ALL}
    events = {event["auditID"]: event for event in _events()}
    for each in promised.values():
        if each["verb"] == "commit":
            continue
        cause = events[each["audit_id"]]
        assert cause["user"]["username"] == each["actor"]
        assert not is_dry_run(cause)


def test_the_streams_hold_a_bookmark_a_sign_of_life_and_a_gone() -> None:
    assert any('"type":"BOOKMARK"' in line for line in read("kubernetes/watch.json")["lines"])
    assert any("initial-events-end" in line for line in read("kubernetes/watch-initial.json")["lines"])
    assert ":" in {line[:1] for line in read("argocd/stream-sse-fields.json")["lines"]}
    assert '"code":410' in read("kubernetes/refused/gone.json")["body"]


def _events() -> list[Any]:
    return [json.loads(line) for line in (DEFAULT_FOLDER / "audit.jsonl").read_text().splitlines()]


def _headers(path: Path) -> dict[str, str]:
    """Of an exchange; other files have none."""
    document = json.loads(path.read_text()) if path.suffix == ".json" else {}
    return document.get("request_headers", {}) if isinstance(document, dict) else {}
