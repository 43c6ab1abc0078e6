"""A bundle holds what was seen in its scope, nothing else, no secret, and the same bytes every time."""

from __future__ import annotations

import json
import re
import tarfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from drifttui.cli import main
from drifttui.core.bundle import manifest_from
from drifttui.core.bundle_models import LINES
from drifttui.core.ledger import EventKind
from drifttui.core.scope import Scope
from drifttui.services.bundle_schemas import SCHEMAS, schema_files
from drifttui.services.evidence import Cancelled, from_sessions
from drifttui.services.export import Export, SecretFound, Wish, scope_of
from drifttui.services.verify import Outcome, verify
from drifttui.store.journal import read_sessions
from drifttui.store.ledger import open_ledger

from . import sessions
from .test_redacting import GITHUB

KEY = b"k" * 32


def made(folder: Path, target: Path, scope: Scope | None = None, events: Any = (), **wish: Any) -> dict[str, str]:
    """The bundle of the recorded sessions, unpacked: name → text."""
    with Export(Wish(scope or Scope("INC-1"), KEY, **wish)) as export:
        export.write(export.gather(from_sessions(read_sessions(folder)), events), target)
    with tarfile.open(target) as tar:
        return {info.name: tar.extractfile(info).read().decode() for info in tar}  # type: ignore[union-attr]


def rows(files: dict[str, str], name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in files.get(name, "").splitlines()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "sessions"
    sessions.incident(found)
    return found


def test_a_bundle_tells_what_became_of_each_finding(folder: Path, tmp_path: Path) -> None:
    files = made(folder, tmp_path / "b.tar.gz")
    told = [(row["event"], row["id"]) for row in rows(files, "findings.jsonl")]
    assert told == [
        ("opened", "f-payments"), ("opened", "f-checkout"), ("changed", "f-payments"), ("gone", "f-payments")
    ]  # fmt: skip
    (gone,) = [row["how"] for row in rows(files, "findings.jsonl") if row["event"] == "gone"]
    assert gone == "reverted"
    changes = [(row["finding"], row["actual"]) for row in rows(files, "changes.jsonl")]
    assert changes == [("f-payments", ["get", "*"]), ("f-checkout", ["get", "*"]), ("f-payments", ["get", "delete"])]
    kinds = [row["kind"] for row in rows(files, "timeline.jsonl")]
    assert kinds == ["merge", "merge", "sync", "sync", "drift", "drift", "gap", "gone"]
    gap = next(row for row in rows(files, "timeline.jsonl") if row["kind"] == "gap")
    assert (gap["at"], gap["until"]) == ("2026-11-21T03:03:00Z", "2026-11-21T03:04:00Z")
    assert len(rows(files, "observations.jsonl")) == 4
    assert rows(files, "units.jsonl")[0]["complete"]


def test_every_line_is_as_its_published_schema_says(folder: Path, tmp_path: Path) -> None:
    files = made(folder, tmp_path / "b.tar.gz")
    for name, model in LINES.items():
        for row in rows(files, name) if name.endswith(".jsonl") else [json.loads(files[name])]:
            model.model_validate(row)
    manifest = manifest_from(files["manifest.json"].encode())
    assert all(SCHEMAS.get(entry.path, "") == entry.schema for entry in manifest.files)
    assert {name for name in files if name.startswith("schemas/")} == set(schema_files())


def test_the_published_schemas_are_those_of_the_models() -> None:
    published = Path(__file__).parents[2] / "docs" / "schemas" / "bundle"
    found = {f"schemas/{path.name}": path.read_text() for path in published.iterdir()}
    assert found == schema_files()


def test_two_exports_are_byte_for_byte_equal(folder: Path, tmp_path: Path) -> None:
    one, other = tmp_path / "a.tar.gz", tmp_path / "b.tar.gz"
    made(folder, one)
    made(folder, other)
    assert one.read_bytes() == other.read_bytes()
    assert verify(one).outcome is Outcome.UNSIGNED


def test_a_scope_of_units_holds_no_word_of_the_others(folder: Path, tmp_path: Path) -> None:
    scope = Scope("", frozenset({str(sessions.unit_id("checkout"))}))
    files = made(folder, tmp_path / "b.tar.gz", scope)
    written = {name: text for name, text in files.items() if not name.startswith(("schemas/", "report"))}
    assert not [name for name, text in written.items() if "payments" in text or "/docs" in text]
    assert "payments" not in files["report.md"] + files["report.html"]
    assert [row["id"] for row in rows(files, "findings.jsonl")] == ["f-checkout"]


def test_a_scope_of_time_begins_with_what_was_known_then(folder: Path, tmp_path: Path) -> None:
    files = made(folder, tmp_path / "b.tar.gz", Scope("", None, sessions.minute(4.5), sessions.minute(5.5)))
    first = rows(files, "units.jsonl")[0]
    assert first["complete"]
    assert len(first["units"]) == 3
    assert [row["event"] for row in rows(files, "findings.jsonl")] == ["opened", "opened", "changed"]
    at = json.loads(files["record.json"])["started"]
    assert datetime.fromisoformat(at) == sessions.minute(5)


def test_events_of_other_units_keep_their_place_in_the_chain_only(folder: Path, tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path / "ledger.db", clock=lambda: sessions.AT, actor="alice@laptop")
    mine, other = str(sessions.unit_id("payments")), "argocd/elsewhere/argocd/private"
    ledger.append(EventKind.NOTE, {"unit": other, "text": "another matter"})
    found = {"finding": "f-payments", "unit": mine, "resource": "Role/x", "fingerprint": "p", "rules": {}}
    verdict = {"cause": "", "drift_class": "emergency", "action": "revert-runtime", "note": "mine", "findings": [found]}
    ledger.append(EventKind.VERDICT, verdict)
    events = list(ledger.events())
    ledger.close()
    path = tmp_path / "b.tar.gz"
    files = made(folder, path, Scope("", frozenset({mine})), events)
    lines = rows(files, "ledger.jsonl")
    assert lines[0] == {"seq": 1, "previous": events[0].previous, "hash": events[0].hash, "withheld": True}
    assert lines[1]["body"]["note"] == "mine"
    assert "another matter" not in "".join(files.values())
    assert [row["by"] for row in rows(files, "verdicts.jsonl")] == ["rules", "rules", "alice@laptop"] or any(
        row["by"] == "alice@laptop" for row in rows(files, "verdicts.jsonl")
    )
    assert "alice@laptop judged it emergency, revert-runtime: mine" in files["report.md"].replace("\\", "")
    assert verify(path).outcome is Outcome.UNSIGNED


def test_the_last_pass_withholds_and_lists_and_may_refuse(tmp_path: Path) -> None:
    folder = tmp_path / "sessions"
    sessions.incident(folder, note=f"use {GITHUB}")
    path = tmp_path / "b.tar.gz"
    files = made(folder, path)
    assert GITHUB not in "".join(files.values())
    withheld = rows(files, "withheld.jsonl")
    assert withheld
    assert {row["file"] for row in withheld} <= {"observations.jsonl"}
    assert "1 value" in files["report.md"] or f"{len(withheld)} values" in files["report.md"]
    refused = tmp_path / "c.tar.gz"
    with pytest.raises(SecretFound, match="look like secrets"):
        made(folder, refused, fail_on_secret=True)
    assert not refused.exists()


def test_what_is_cancelled_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()
    with Export(Wish(Scope("INC-1"), KEY), cancelled=lambda: True) as export:
        private = export.folder
        with pytest.raises(Cancelled):
            export.gather(from_sessions(read_sessions(folder)), ())
    assert not private.exists()
    with Export(Wish(Scope("INC-1"), KEY)) as export:
        preview = export.gather(from_sessions(read_sessions(folder)), ())
        export._cancelled = lambda: True
        with pytest.raises(Cancelled):
            export.write(preview, target)
    assert list(target.iterdir()) == []


def test_hostile_text_is_inert_in_both_reports(tmp_path: Path) -> None:
    play = sessions.Play(tmp_path / "sessions")
    play.rows(0, ["payments"])
    bad = sessions.finding("payments")
    evil = "<script>alert(1)</script> [x](http://evil) | \x1b[31m \u202e"
    change = bad.changes[0]._replace(path="/" + evil, label="/" + evil, actual=evil)
    play.look(1, "payments", bad._replace(changes=(change,)))
    play.close()
    files = made(tmp_path / "sessions", tmp_path / "b.tar.gz")
    for name in ("report.md", "report.html"):
        assert "<script>" not in files[name]
        assert "\x1b" not in files[name]
        assert "\u202e" not in files[name]
    assert re.search(r"(?<!\\)\]\(", files["report.md"]) is None
    assert "http://" not in files["report.md"]
    assert "href" not in files["report.html"]
    assert " src=" not in files["report.html"]
    assert "default-src 'none'" in files["report.html"]


def test_the_ten_questions_are_answered(folder: Path, tmp_path: Path) -> None:
    text = made(folder, tmp_path / "b.tar.gz")["report.md"]
    for words in (
        "Which resource | Role/admin of", "Desired | /rules/0/verbs", "Observed | /rules/0/verbs",
        "Detected | 2026-11-21 03:01:00Z", "How long | 5m", "Who |", "Classified by | unauthorized, identity",
        "Approved by | no incident or change covers it", "Action | none was recorded",
        "Closure verified by | compared again at 2026-11-21 03:06:00Z", "argocd:a was blind for 1m: 403",
    ):  # fmt: skip
        assert words in text, words


def test_an_incident_that_nobody_knows_is_one_line(folder: Path) -> None:
    from drifttui.core.acts import NOTHING
    from drifttui.core.errors import InputError

    with pytest.raises(InputError, match="No incident INC-404 here"):
        scope_of(NOTHING, read_sessions(folder), "INC-404")
    scope = scope_of(NOTHING, read_sessions(folder), "INC-1")
    assert scope.units == frozenset(str(sessions.unit_id(name)) for name in ("payments", "checkout"))


def test_drift_that_was_there_before_is_not_the_incident_s(tmp_path: Path) -> None:
    from drifttui.core.acts import NOTHING

    play = sessions.Play(tmp_path)
    play.rows(0, ["old", "hidden"], "OutOfSync")
    play.look(1, "old", sessions.finding("old"))
    play.look(1, "hidden")
    play.look(3, "hidden", sessions.finding("hidden"))
    play.close()
    scope = scope_of(NOTHING, read_sessions(tmp_path), "INC-1")
    assert scope.units == frozenset({str(sessions.unit_id("hidden"))})


def test_the_command_exports_what_was_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert main(["export", "-o", str(tmp_path)]) == 1
    assert "Nothing was recorded yet" in capsys.readouterr().err
    sessions.incident(tmp_path / "data" / "drifttui" / "sessions")
    assert main(["export", "--incident", "INC-1", "-o", str(tmp_path), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["lines"]["findings.jsonl"] == 4
    assert Path(answer["path"]).name == "INC-1-20261121T030600Z.tar.gz"
    assert main(["verify", answer["path"]]) == 4
    assert main(["export", "--unit", "nothing/at/all/here", "-o", str(tmp_path / "no" / "where.tar.gz")]) == 1
    assert "Cannot write" in capsys.readouterr().err
