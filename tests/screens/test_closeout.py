"""`:closeout`: what blocks is said first and with its reason; nothing is recorded while anything blocks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from drifttui.app import DriftApp
from drifttui.core.closeout import Closeout, Item
from drifttui.core.evidence_asks import Reviewed
from drifttui.core.ledger import Event, EventKind
from drifttui.screens.closeout import CloseoutScreen
from drifttui.screens.commands import run
from drifttui.screens.decision import DecisionScreen
from drifttui.screens.feed import Options
from drifttui.screens.finding import FindingScreen
from drifttui.store.ledger import open_ledger
from tests.evidence import recorded

from .acts import CHECKOUT, NASTY, PAYMENTS, acted
from .boards import NOW
from .conftest import Session
from .fakes import FakeFeed
from .test_export import WHOLE, Compare, Told, session, until


def decided() -> list[Event]:
    ledger = open_ledger("", clock=lambda: recorded.NOW, create=False)
    try:
        return [event for event in ledger.events() if event.kind is EventKind.CLOSEOUT]
    finally:
        ledger.close()


def shows(found: Session, screen: type) -> bool:
    return isinstance(found.app.screen, screen)


async def closeout(found: Session) -> None:
    await found.type(":closeout")
    await found.press("enter")
    await until(found, "block")


async def put(found: Session, name: str, text: str) -> None:
    screen = found.app.screen
    assert isinstance(screen, DecisionScreen)
    screen.entry(name).put(text)
    await found.settle()


async def test_an_incident_is_closed_out_from_what_blocks_to_the_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded.home(tmp_path, monkeypatch)
    async with session() as found:
        await closeout(found)
        assert "1 of 2 block" in found.screen
        rows = [line for line in found.screen.splitlines() if "Role/" in line and ("blocks" in line or "done" in line)]
        assert ["blocks" in line for line in rows] == [True, False]
        assert "still differs, as of 2026-11-21 03:02Z" in " ".join(found.screen.split())
        await found.press("y", "y")
        assert "1 stand in the way" in found.screen
        assert decided() == []

        await found.press("o", "enter")
        assert "Wanted: owner" in found.screen
        await put(found, "owner", "team-shop")
        await found.press("enter", "enter")
        assert "Wanted: expires" in found.screen
        await put(found, "expires", "30d")
        await put(found, "note", "after the freeze")
        await found.press("enter")
        assert "enter once more to record it, team-shop answers for it" in found.screen
        assert decided() == []
        await found.press("enter")
        await until(found, "nothing blocks")
        (event,) = decided()
        assert (event.body["finding"], event.body["how"], event.body["owner"]) == (
            "f-checkout",
            "accepted",
            "team-shop",
        )

        await found.press("y")
        assert "y once more to record that INC-1 is closed out" in found.screen
        assert len(decided()) == 1
        await found.press("y")
        await until(found, "is closed out: 2 recorded")
        assert decided()[-1].body["done"] is True
        await found.press("escape")
        assert not shows(found, CloseoutScreen)


async def test_enter_goes_to_the_finding_and_esc_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded.home(tmp_path, monkeypatch)
    async with session() as found:
        await closeout(found)
        await found.press("enter")
        assert shows(found, FindingScreen)
        await found.press("escape")
        assert shows(found, CloseoutScreen)
        await found.press("j", "enter")
        assert shows(found, CloseoutScreen)
        await until(found, "payments does not show this finding now: reverted")


async def test_several_findings_are_handed_over_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded.home(tmp_path, monkeypatch)
    async with session() as found:
        await closeout(found)
        await found.press("space", "j", "space", "o")
        assert "Answer for 2 findings" in found.screen
        await found.press("right")
        await put(found, "owner", "team-shop")
        await found.press("tab", "enter", "enter")
        await until(found, "handed-over: 2 recorded")
        assert sorted(str(event.body["finding"]) for event in decided()) == ["f-checkout", "f-payments"]


async def test_read_only_shows_what_blocks_and_records_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded.home(tmp_path, monkeypatch)
    async with session(recorded.board(read_only=True)) as found:
        await closeout(found)
        await found.press("o")
        assert "Refused by --read-only" in found.screen
        assert shows(found, CloseoutScreen)
        assert decided() == []


async def test_without_an_incident_it_says_how_to_name_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded.home(tmp_path, monkeypatch)
    async with session(recorded.board(incident="")) as found:
        await found.type(":closeout")
        await found.press("enter")
        assert "No incident is set" in found.screen


class Checked(Told):
    """A checklist with everything in it that can be."""

    def review(self, incident: str, then: Callable[[Reviewed], None]) -> None:
        paused = "paused until 2026-05-14 03:30Z: load test"
        differs = "still differs, as of 2026-05-14 04:09Z: revert it, codify it, accept it or hand it over"
        items = (
            Item("pause", "0ddba11c0de1", str(CHECKOUT), paused, "holding", "not resumed; it is overdue"),
            Item("finding", "5a78c9d9", str(PAYMENTS), "Role/pay-admin, verbs", "open", differs),
            Item("finding", "77aa", str(PAYMENTS), NASTY, "accepted, team-pay until 2026-06-01 00:00Z", ""),
            Item("finding", "9e1b", str(CHECKOUT), "Deployment/api, image", "reverted at 2026-05-14 04:02Z", ""),
        )
        then(Reviewed(Closeout(incident, NOW, items)))


def picture(compare: Compare, size: tuple[int, int], theme: str = "drift-dark") -> bool:
    async def before(pilot: Pilot[None]) -> None:
        await pilot.pause(0.2)
        app = pilot.app
        assert isinstance(app, DriftApp)
        run(app.screen, "closeout")  # type: ignore[arg-type]
        await pilot.pause(0.3)

    app = DriftApp(FakeFeed(acted()), Options(theme=theme), None, lambda: Checked(WHOLE))
    return compare(app, terminal_size=size, run_before=before)


def test_a_close_out(snap_compare: Compare) -> None:
    """What blocks comes first, with its reason below."""
    assert picture(snap_compare, (120, 40))


def test_a_close_out_on_a_small_terminal(snap_compare: Compare) -> None:
    """No function is lost."""
    assert picture(snap_compare, (80, 24), "drift-light")
