"""`x`: nothing is written before the preview was seen and `enter` was pressed twice, and nothing is left by `esc`."""

from __future__ import annotations

import re
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from drifttui.app import DriftApp
from drifttui.clients.access import Access
from drifttui.clients.signing import public_key
from drifttui.core.asks import Answer
from drifttui.core.board import Board
from drifttui.core.evidence_asks import Decision, FileShown, HitShown, Order, Previewed, Reviewed, Subject, Written
from drifttui.screens.export import ExportScreen
from drifttui.screens.feed import Options
from drifttui.services.verify import Outcome, verify
from tests.evidence import recorded

from .acts import NASTY, acted
from .boards import NOW
from .conftest import Open, Session
from .fakes import FakeFeed

Compare = Callable[..., bool]

TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


@asynccontextmanager
async def session(
    board: Board | None = None, size: tuple[int, int] = (140, 48), **settings: Any
) -> AsyncIterator[Session]:
    """The screen with real evidence behind it."""
    feed = FakeFeed(board or recorded.board())
    feed.at = recorded.NOW
    made = recorded.evidence(**settings)
    app = DriftApp(feed, Options(), None, lambda: made)
    async with app.run_test(size=size) as pilot:
        found = Session(app, feed, pilot)
        await found.settle()
        yield found
    made.stop()


async def confirmed(found: Session) -> None:
    """`enter` twice, the second when the first has done its part."""
    await found.press("enter")
    await until(found, "enter once more")
    await found.press("enter")


async def until(found: Session, text: str) -> None:
    for _ in range(200):
        if text in found.screen:
            return
        await found.pilot.pause(0.05)
    raise AssertionError(f"{text!r} never came:\n{found.screen}")


async def put(found: Session, name: str, text: str) -> None:
    screen = found.app.screen
    assert isinstance(screen, ExportScreen)
    screen.entry(name).put(text)
    await found.settle()


def on_sheet(found: Session) -> bool:
    return isinstance(found.app.screen, ExportScreen)


def left_behind(home: Path) -> list[Path]:
    return list((home / "tmp").iterdir())


async def test_the_preview_says_what_goes_in_and_enter_twice_writes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = recorded.home(tmp_path, monkeypatch)
    target = tmp_path / "out"
    target.mkdir()
    async with session() as found:
        await found.press("x")
        await until(found, "together")
        screen = found.screen
        assert "Export ─ INC-1" in screen
        assert "2026-11-21 03:00:00Z to 2026-11-21 03:06:00Z, 6m0s" in screen
        assert "2 units, 0 events of the ledger" in screen
        (lines,) = re.findall(r"findings\.jsonl +(\d+) lines +\d+\.\d kB", screen)
        assert int(lines) == 4  # opened, opened, changed, gone
        assert "nothing: the last pass found nothing like a secret" in screen
        assert "] unsigned" in screen
        await put(found, "to", str(target))
        await found.press("enter")
        assert "enter once more to write it, unsigned" in found.screen
        assert list(target.iterdir()) == []
        await found.press("enter")
        await until(found, "Written")
        (bundle,) = target.iterdir()
        assert bundle.name == "INC-1-20261121T030600Z.tar.gz"
        assert "unsigned: it proves what it holds, not who made it" in found.screen
        assert f"{bundle.stat().st_size:,} bytes" in found.screen
        assert verify(bundle).outcome is Outcome.UNSIGNED
        before = bundle.read_bytes()
        await found.press("escape")
        await found.settle()
        assert not on_sheet(found)
        await found.press("x")
        await until(found, "together")
        await put(found, "to", str(target))
        await confirmed(found)
        await until(found, "is there already")
        assert bundle.read_bytes() == before
    assert left_behind(home) == []


async def test_a_key_signs_it_and_a_wrong_one_is_refused_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded.home(tmp_path, monkeypatch)
    key, target = tmp_path / "key.pem", tmp_path / "signed.tar.gz"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True, capture_output=True)
    public = ["openssl", "pkey", "-in", str(key), "-pubout", "-out", str(tmp_path / "key.pub")]
    subprocess.run(public, check=True, capture_output=True)
    async with session() as found:
        await found.press("x")
        await until(found, "together")
        await put(found, "to", str(target))
        await put(found, "key", str(tmp_path / "nokey"))
        await confirmed(found)
        await until(found, "Cannot read the key")
        assert not target.exists()
        await put(found, "key", str(key))
        assert "] signed" in found.screen
        await confirmed(found)
        await until(found, "Signed")
        assert "by " in found.line("Signed")
    with_key = verify(target, public_key(tmp_path / "key.pub"))
    assert with_key.outcome is Outcome.SIGNED


async def test_withheld_values_are_listed_and_can_refuse_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = recorded.home(tmp_path, monkeypatch, note=f"curl -H 'Authorization: Bearer {TOKEN}'")
    target = tmp_path / "b.tar.gz"
    async with session() as found:
        await found.press("x")
        await until(found, "like secrets, each as a digest")
        assert "observations.jsonl:" in found.screen
        assert TOKEN not in found.screen
        await put(found, "to", str(target))
        await found.press("tab", "tab", "tab", "right", "enter", "enter")
        await until(found, "look like secrets")
        assert not target.exists()
        await found.press("left", "enter", "enter")
        await until(found, "Written")
        assert target.exists()
    assert left_behind(home) == []


async def test_esc_drops_what_was_gathered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = recorded.home(tmp_path, monkeypatch)
    async with session() as found:
        await found.press("x")
        await until(found, "together")
        assert left_behind(home) != []
        await found.press("enter", "escape")
        assert on_sheet(found)
        await found.press("escape")
        assert not on_sheet(found)
        for _ in range(100):
            if not left_behind(home):
                break
            await found.pilot.pause(0.05)
        assert left_behind(home) == []


async def test_the_scope_is_the_incident_or_the_unit_or_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded.home(tmp_path, monkeypatch)
    async with session() as found:
        await found.press("x")
        await until(found, "2 units, 0 events")
        await found.press("right")
        await until(found, "1 unit, 0 events")
        assert "Export ─ checkout" in found.screen
        await found.press("right")
        await until(found, "every unit, 0 events")
        assert "everything that was recorded" in found.screen


async def test_an_incident_that_nobody_knows_offers_another_scope(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded.home(tmp_path, monkeypatch)
    async with session(recorded.board(incident="INC-404")) as found:
        await found.press("x")
        await until(found, "No incident INC-404 here")
        await found.press("enter", "enter")
        assert "Nothing can be written" in found.screen
        await found.press("shift+tab", "right")
        await until(found, "together")


async def test_read_only_writes_a_file_here_and_no_object_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded.home(tmp_path, monkeypatch)
    target = tmp_path / "b.tar.gz"
    async with session(recorded.board(read_only=True), access=Access.READ_ONLY) as found:
        await found.press("x")
        await until(found, "together")
        await put(found, "to", "s3://evidence/2026")
        assert "as INC-1-20261121T030600Z.tar.gz" in found.screen
        await found.press("enter", "enter")
        await until(found, "Refused by --read-only")
        await put(found, "to", str(target))
        await found.press("enter", "enter")
        await until(found, "Written")
    assert target.exists()


async def test_a_session_that_records_nothing_says_that_it_lacks_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded.home(tmp_path, monkeypatch)
    async with session(record=0) as found:
        await found.press("x")
        await until(found, "this session: nothing of it is recorded")


async def test_nothing_recorded_is_said_in_one_line(opened: Open) -> None:
    async with opened(recorded.board()) as found:
        await found.press("x")
        assert "Nothing is recorded in this session" in found.screen


class Told:
    """Evidence that answers at once, or never."""

    def __init__(self, previewed: Previewed, written: Written | None = None) -> None:
        self.previewed, self.written = previewed, written
        self.progress: tuple[str, int] = ("", 0)
        self.cancelled = 0
        self.orders: list[Order] = []

    def drain(self) -> bool:
        return True

    def preview(self, subject: Subject, then: Callable[[Previewed], None]) -> None:
        then(self.previewed)

    def export(self, order: Order, then: Callable[[Written], None]) -> None:
        self.orders.append(order)
        if self.written is not None:
            then(self.written)

    def cancel(self) -> None:
        self.cancelled += 1

    def review(self, incident: str, then: Callable[[Reviewed], None]) -> None:
        return None

    def settle(self, incident: str, decision: Decision, then: Callable[[Answer], None]) -> None:
        return None

    def close_out(self, incident: str, then: Callable[[Answer], None]) -> None:
        return None

    def stop(self) -> None:
        return None


WHOLE = Previewed(
    name="INC-9127-20261121T040500Z.tar.gz",
    since=NOW - timedelta(minutes=52),
    until=NOW,
    units=3,
    files=(
        FileShown("findings.jsonl", 26, 60_349),
        FileShown("health.jsonl", 691, 478_895),
        FileShown("observations.jsonl", 1_407, 13_752_272),
        FileShown("report.html", 0, 46_200),
        FileShown("schemas/audit.json", 0, 1_748),
    ),
    size=14_339_464,
    withheld=(HitShown("observations.jsonl", 812, "Basic Auth", "hmac:7dcc814d8eb9668f"),),
    lacks=("the beginning of session 20261121T030000Z-1 was dropped to stay within the limit",),
    head=41,
)


async def started(found: Session) -> None:
    await found.press("x", "enter", "enter")


@asynccontextmanager
async def scripted(told: Told, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Session]:
    feed = FakeFeed(acted())
    app = DriftApp(feed, Options(), None, lambda: told)
    async with app.run_test(size=size) as pilot:
        found = Session(app, feed, pilot)
        await found.settle()
        yield found


async def test_progress_stands_in_place_and_esc_cancels_it() -> None:
    told = Told(WHOLE)
    async with scripted(told) as found:
        await started(found)
        told.progress = ("packing observations.jsonl", 4_194_304)
        await until(found, "packing observations.jsonl, 4,194,304 bytes  esc cancels")
        before = told.cancelled
        await found.press("escape")
        assert told.cancelled > before
        assert not on_sheet(found)
        assert "The export was cancelled. Nothing was written." in found.screen


async def test_what_is_being_sent_cannot_be_taken_back_and_says_so() -> None:
    told = Told(WHOLE)
    async with scripted(told) as found:
        await started(found)
        told.progress = ("sending", 848_889)
        before = told.cancelled
        await found.press("escape")
        assert on_sheet(found)
        assert told.cancelled == before


async def test_the_answer_of_a_bucket_says_how_long_it_is_locked() -> None:
    place = "s3://evidence/2026/INC-9127-20261121T040500Z.tar.gz"
    told = Told(WHOLE, Written("", place, 848_889, "ab" * 32, "2027-02-19T04:05:00Z"))
    async with scripted(told) as found:
        await started(found)
        assert place in found.screen
        assert "until 2027-02-19T04:05:00Z: nobody can delete it before" in found.screen
        assert f"by {'ab' * 32}" in found.screen
        assert "drifttui verify" not in found.screen


async def test_a_bundle_in_s3_can_be_locked_and_a_file_cannot() -> None:
    told = Told(WHOLE)
    async with scripted(told) as found:
        await found.press("x")
        assert "Retain" not in found.screen
        await put(found, "to", "s3://evidence/2026")
        assert "empty: as the bucket does" in found.line("Retain")
        await put(found, "retain", "ninety days")
        assert "no span: write 90d" in found.line("Retain")
        await found.press("enter")
        assert "Wanted: retain" in found.screen
        assert told.orders == []
        await put(found, "retain", "90d")
        assert f"until {NOW + timedelta(days=90):%Y-%m-%d}" in found.line("Retain")
        await confirmed(found)
        assert told.orders[-1].retain == timedelta(days=90)


async def test_a_span_that_was_typed_for_s3_is_not_asked_of_a_file() -> None:
    told = Told(WHOLE)
    async with scripted(told) as found:
        await found.press("x")
        await put(found, "to", "s3://evidence/2026")
        await put(found, "retain", "90d")
        await put(found, "to", "bundle.tar.gz")
        assert "Retain" not in found.screen
        await confirmed(found)
        assert [order.retain for order in told.orders] == [None]


async def test_hostile_words_in_a_preview_are_inert() -> None:
    nasty = WHOLE._replace(lacks=(NASTY,), withheld=(HitShown(NASTY, 1, NASTY, NASTY),), name=NASTY)
    async with scripted(Told(nasty)) as found:
        await found.press("x")
        assert not set("\x1b\x07\u202e\u200b") & set(found.screen)
        assert "[bold red]markup[/]" in found.screen


def picture(compare: Compare, size: tuple[int, int], theme: str = "drift-dark") -> bool:
    async def before(pilot: Pilot[None]) -> None:
        await pilot.pause(0.2)
        await pilot.press("x")
        await pilot.pause(0.4)

    app = DriftApp(FakeFeed(acted()), Options(theme=theme), None, lambda: Told(WHOLE))
    return compare(app, terminal_size=size, run_before=before)


def test_an_export(snap_compare: Compare) -> None:
    """What goes in, what is withheld and what lacks, before anything is written."""
    assert picture(snap_compare, (120, 40))


def test_an_export_on_a_small_terminal(snap_compare: Compare) -> None:
    """The text scrolls, the form stays."""
    assert picture(snap_compare, (80, 24))


def test_an_export_in_a_light_terminal(snap_compare: Compare) -> None:
    """The same words in the light theme."""
    assert picture(snap_compare, (120, 40), "drift-light")
