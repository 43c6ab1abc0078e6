"""The bundle of `drifttui demo`: whole, free of what must not be in it, and a film from its first second."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from importlib.resources import as_file, files

import pytest

from drifttui.commands.demo import BEGINS_AFTER, begin, prepared
from drifttui.core.board import Depth, Mode
from drifttui.services.opened import DEMO, Opened, open_demo
from drifttui.services.redacting import LastPass
from drifttui.services.replay import Film
from drifttui.services.verify import Outcome, verify

PLACES = re.compile(rb"/(?:root|home|Users|work|tmp|var/folders)/[A-Za-z0-9_]")
DOMAINS = re.compile(rb"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|io|org|dev|net|internal|local|cloud|corp|lan)\b")
HARMLESS = (b"example.com", b".kubernetes.io", b".k8s.io", b"argoproj.io")
"""Reserved for examples, and names of API groups."""


@pytest.fixture(scope="module")
def opened() -> Iterator[Opened]:
    with open_demo() as found:
        yield found


@pytest.fixture(scope="module")
def played() -> Film:
    return prepared(lambda frames: None)


def test_it_is_intact() -> None:
    with as_file(files("drifttui") / "assets" / DEMO) as path:
        found = verify(path)
    assert found.outcome is Outcome.UNSIGNED
    assert found.manifest is not None
    assert found.manifest.incident == "INC-9127"
    assert found.manifest.gaps == ()


def test_nothing_in_it_looks_like_a_secret(opened: Opened) -> None:
    """The last pass again over the small files; over the large ones it went when the bundle was made."""
    last = LastPass(b"k" * 32, ())
    for name in ("findings.jsonl", "changes.jsonl", "audit.jsonl", "verdicts.jsonl", "timeline.jsonl", "report.md"):
        text = (opened.folder / name).read_text()
        last.text(name, text)
    assert last.withheld == []
    assert opened.manifest.withheld == 0


def test_it_names_no_machine_and_no_host(opened: Opened) -> None:
    for entry in opened.manifest.files:
        if entry.path.startswith("schemas/"):
            continue
        content = (opened.folder / entry.path).read_bytes()
        assert not PLACES.search(content), entry.path
        strangers = {name for name in DOMAINS.findall(content) if not name.endswith(HARMLESS)}
        assert not strangers, entry.path


def test_a_showing_begins_when_the_list_is_complete_and_looked_into(played: Film) -> None:
    at = begin(played)
    assert at is not None
    assert played.since is not None
    assert at == played.since + BEGINS_AFTER
    board = played.board(at, 1)
    assert (board.mode, board.read_only, board.incident) == (Mode.DEMO, True, "INC-9127")
    assert len(board.units) == 204
    assert all(look.depth is Depth.READ or look.error for look in board.looks.values())
    assert {finding.ref.short for finding in board.findings} >= {"Role/pay-admin"}


def test_something_happens_in_every_minute_that_is_played(played: Film) -> None:
    at = begin(played)
    assert at is not None
    marks = [mark.at for mark in played.marks if mark.at > at]
    assert marks[0] - at < timedelta(seconds=30)
    assert played.until is not None
    assert played.until - marks[-1] < timedelta(minutes=3)
