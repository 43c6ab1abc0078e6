"""The triage screen, as an operator meets it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from drifttui.core.board import Depth, Look, Mode
from drifttui.core.errors import InputError
from drifttui.core.health import Standing

from . import boards
from .boards import NOW, ago, changed, incident, unit
from .conftest import Open


async def test_the_worst_unit_is_first_and_its_planes_and_holders_are_beside_it(opened: Open) -> None:
    async with opened(incident()) as session:
        assert "payments" in session.line("▌CRIT")
        assert "get, list, *" in session.screen
        assert "kubectl-edit, an interactive tool, last wrote 12m ago." in session.screen
        assert "Person: unknown, because no audit log is read." in session.screen
        assert session.feed.opened[-1] == session.triage.model.chosen


async def test_each_state_of_a_row_has_its_word(opened: Open) -> None:
    async with opened(incident(), (180, 50)) as session:
        assert "heals" in session.line("▌CRIT")
        assert "PAUSED" in session.line("checkout  ")
        assert "by hand" in session.line("prod/net")
        assert "in 4m12s" in session.line("docs  ")
        assert "stale 14m (403: list applications)" in session.line("search  ")
        assert "? 1h (ComparisonError: failed to load" in session.line("loyalty")
        assert "Out, not read (Argo CD us-east-1" in session.line("ledger")
        assert "~2" in session.line("basket")


async def test_a_blind_source_is_in_the_header_and_its_rows_are_stale_not_clean(opened: Open) -> None:
    async with opened(incident()) as session:
        blind = replace(incident(), version=2)
        sources = dict(blind.sources)
        sources[boards.EU] = sources[boards.EU]._replace(
            standing=Standing.BLIND, error="Argo CD eu-west-1: connection reset.", blind_since=ago(seconds=30)
        )
        await session.tell(replace(blind, sources=sources, changed=frozenset()))
        assert "blind: argocd:eu-west-1 30s +1" in session.screen.splitlines()[0]
        assert "stale 3s (Argo CD eu-west-1: connec" in session.line("accounts")
        assert session.line("accounts").strip("│ ").startswith("?")


async def test_rows_grow_stale_by_the_clock_alone(opened: Open) -> None:
    board = incident()
    quiet = {boards.EU: board.sources[boards.EU]._replace(method="list every 30s", newest_answer=ago(seconds=3))}
    async with opened(replace(board, sources={**board.sources, **quiet})) as session:
        assert "Synced" in session.line("accounts")
        session.feed.forward(minutes=11)
        await session.second()
        assert "stale 11m" in session.line("accounts")


async def test_the_cursor_stays_on_its_unit_while_rows_come_and_change(opened: Open) -> None:
    async with opened(incident()) as session:
        await session.press("j", "j")
        chosen = session.triage.model.chosen
        assert chosen is not None and chosen.name == "prod/net"
        line = session.triage.units.cursor - session.triage.units.top
        _, look = boards.payments()
        arrived = unit("aaa-new", sync="OutOfSync")
        worse = {arrived.id: Look(Depth.READ, look.findings[:1])}
        await session.tell(changed(incident(), arrived, looks=worse))
        assert session.triage.model.chosen == chosen
        assert session.triage.units.cursor - session.triage.units.top == line
        assert "aaa-new" not in session.screen
        assert "1 new, ." in session.screen
        await session.press("full_stop")
        assert session.triage.model.chosen == chosen
        assert session.line("aaa-new").strip("│").startswith("+CRIT")
        assert "1 new" not in session.screen


async def test_before_the_first_key_the_list_follows_what_arrives(opened: Open) -> None:
    async with opened(boards.starting()) as session:
        assert "Waiting for argocd:eu-west-1" in session.screen
        assert "starting" in session.screen.splitlines()[0]
        await session.tell(replace(incident(), version=2))
        assert session.line("▌CRIT")


async def test_nothing_read_does_not_look_clean(opened: Open) -> None:
    async with opened(boards.blind(), (80, 24)) as session:
        assert "drift ?" in session.screen
        assert "nothing answers" in session.screen
        assert "token expired" in session.screen
        assert "argocd login eu-west-1" in session.screen


async def test_production_and_demo_are_unmistakable(opened: Open) -> None:
    board = replace(incident(), mode=Mode.DEMO, read_only=True)
    async with opened(board, (80, 24)) as session:
        first = session.screen.splitlines()[0]
        assert " prod " in first
        assert "DEMO" in first
        assert "read-only" in first
        assert "live" not in first


async def test_a_filter_works_while_it_is_typed_and_every_letter_types(opened: Open) -> None:
    async with opened(incident()) as session:
        await session.press("slash")
        await session.type("jkqzt")
        assert "jkqzt" in session.screen.splitlines()[-1]
        assert "No unit matches jkqzt" in session.screen
        await session.press("ctrl+u")
        await session.type("sync:out auto:paused")
        assert "1 of 24" in session.screen
        await session.press("enter")
        assert "Units ─ sync:out auto:paused" in session.screen
        assert session.triage.pane is session.triage.units


async def test_esc_takes_back_what_was_typed_into_the_filter(opened: Open) -> None:
    async with opened(incident(), filter="sync:out") as session:
        await session.press("slash")
        await session.type("risk:critical")
        assert "1 of 24" in session.screen
        await session.press("escape")
        assert session.triage.model.filter.text == "sync:out"
        await session.press("escape")
        assert not session.triage.model.filter


async def test_a_wrong_term_says_so_and_the_last_good_filter_stays(opened: Open) -> None:
    async with opened(incident(), filter="auto:paused") as session:
        await session.press("slash")
        await session.type("risk:x")
        assert "risk:x is none of" in session.screen.splitlines()[-1]
        assert session.line("checkout  ")
        await session.press("enter")
        assert "risk:x" in session.screen.splitlines()[-1]


async def test_an_empty_list_names_the_term_that_hid_the_rows(opened: Open) -> None:
    async with opened(incident(), filter="risk:critical env:dev") as session:
        assert "No unit matches risk:critical env:dev" in session.screen
        assert "1 without env:dev" in session.screen
        assert "nobody can judge" in session.screen


async def test_a_filter_that_hides_unknown_units_says_how_many(opened: Open) -> None:
    async with opened(incident(), filter="risk:>=high") as session:
        assert "3 of 24" in session.screen
        assert "hides 2 ?" in session.screen


def test_a_filter_that_cannot_be_read_is_refused_at_the_start() -> None:
    from drifttui.app import DriftApp
    from drifttui.screens.feed import Options

    from .fakes import FakeFeed

    with pytest.raises(InputError, match="risk:hgih"):
        DriftApp(FakeFeed(), Options(filter="risk:hgih"))


async def test_nothing_is_lost_at_80_by_24(opened: Open) -> None:
    async with opened(incident(), (80, 24)) as session:
        rows = [line for line in session.screen.splitlines() if "Out" in line or "stale" in line or "? 1h" in line]
        assert len(rows) == 9
        await session.press("tab")
        assert "Findings ─ payments" in session.screen
        await session.press("tab")
        assert "Planes ─ Role/pay-admin" in session.screen
        assert "2 hidden" in session.screen
        await session.press("tab")
        assert "an interactive tool" in session.screen
        await session.press("tab")
        assert session.triage.wanted == "units"
        await session.press("shift+tab")
        assert session.triage.wanted == "who"
        await session.press("z")
        assert "payments  " not in session.screen
        await session.press("escape")
        assert "CRIT" in session.screen


@pytest.mark.parametrize("width", [60, 72, 80, 96, 110, 140, 200])
async def test_risk_and_age_are_never_cut(opened: Open, width: int) -> None:
    async with opened(incident(), (width, 30)) as session:
        units = session.triage.units
        shown = {column.id: size for _, column, size in units.laid_out(units.inner_width)}
        assert shown["risk"] >= 5 and shown["age"] >= 4 and shown["sync"] >= 6
        order = [name for name in ("cluster", "n", "health", "auto") if name not in shown]
        assert order == ["cluster", "n", "health", "auto"][: len(order)]


async def test_ages_become_utc_everywhere_at_once(opened: Open) -> None:
    async with opened(incident(), (180, 50)) as session:
        await session.press("t")
        assert "03:58:04Z" in session.line("▌CRIT")
        assert "2026-05-14 03:58:04Z" in session.triage.who.text
        assert "live 04:10:02Z" in session.screen
        assert "at 04:14:16Z" in session.line("docs  ")


async def test_findings_of_all_units_name_their_unit(opened: Open) -> None:
    async with opened(incident(), filter="class:emergency") as session:
        await session.press("a")
        assert "Findings ─ all units" in session.screen
        names = [key[0].name for key in session.triage.findings.keys]
        assert sorted(names) == ["checkout", "payments", "prod/net"]
        assert "Role/pay-admin" not in session.screen.split("Planes")[0]
        await session.press("a")
        assert "Findings ─ payments" in session.screen


async def test_what_rules_hid_is_counted_and_listed_with_its_rule(opened: Open) -> None:
    async with opened(incident()) as session:
        assert "hidden here: 1 by rules · 1 by ignoreDifferences · 0 secret digests" in session.screen
        await session.press("h")
        assert "tracking" in session.screen
        assert "A label or annotation by which the engine marks what it manages." in session.screen
        assert "argocd/system/0" in session.screen


async def test_the_whole_document_opens_at_the_first_change(opened: Open) -> None:
    async with opened(incident(), (220, 60)) as session:
        await session.press("tab", "j", "f")
        assert "whole document" in session.screen
        assert "- " in session.line("replicas: 3") and "+ " in session.line("replicas: 9")
        await session.press("v")
        assert "planes: unified" in session.screen


async def test_only_the_changed_lines_of_a_long_text_are_shown(opened: Open) -> None:
    async with opened(incident(), (140, 50)) as session:
        await session.press("tab", "j", "j", "j")
        assert "- " in session.line("rps: 70")
        assert "+ " in session.line("rps: 700")
        assert "equal lines" in session.screen
        assert "route-2:" not in session.screen


async def test_a_removed_object_has_no_holder_and_says_why(opened: Open) -> None:
    async with opened(incident()) as session:
        await session.press("tab", "j", "j")
        assert "deleted" in session.line("▌?")
        said = " ".join(session.triage.who.text.split())
        assert "unknown, because the object is gone, and its field managers with it." in said


async def test_sorting_keeps_the_cursor_on_its_unit(opened: Open) -> None:
    async with opened(incident()) as session:
        await session.press("j")
        await session.press("s")
        assert session.triage.units.sorted_by == ("unit", False)
        assert session.triage.model.chosen is not None and session.triage.model.chosen.name == "checkout"
        await session.press("I")
        assert session.triage.units.sorted_by == ("unit", True)
        names = [key.name for key in session.triage.units.keys]
        assert names == sorted(names, reverse=True)


async def test_holding_a_key_asks_for_the_last_unit_only(opened: Open) -> None:
    async with opened(incident()) as session:
        before = len(session.feed.opened)
        for _ in range(8):
            session.app.simulate_key("j")
        await session.settle()
        assert 1 <= len(session.feed.opened) - before <= 2
        assert session.feed.opened[-1] == session.triage.units.key


async def test_a_unit_being_read_says_for_how_long(opened: Open) -> None:
    async with opened(incident()) as session:
        session.triage.units.go_to(next(key for key in session.triage.units.keys if key.name == "basket"))
        await session.settle()
        session.feed.forward(seconds=4)
        await session.second()
        assert "Reading basket, 4s." in session.screen


async def test_findings_of_a_failed_look_are_kept_and_marked(opened: Open) -> None:
    async with opened(incident()) as session:
        of, look = boards.payments()
        failed = replace(look, depth=Depth.FAILED, error="Argo CD eu-west-1 answered 502.", at=ago(minutes=5))
        await session.tell(changed(incident(), of, looks={of.id: failed}))
        assert "not read since 5m" in session.screen
        assert "~CRIT" in session.screen.replace("▌", "~")


async def test_what_waits_at_the_edge_is_taken_in_with_a_dot_at_80_columns(opened: Open) -> None:
    async with opened(incident(), (80, 24)) as session:
        await session.press("j")
        await session.tell(changed(incident(), unit("zzz", sync="OutOfSync")))
        assert "1 new, ." in session.screen


async def test_the_clock_of_a_countdown_runs(opened: Open) -> None:
    async with opened(incident()) as session:
        assert "in 4m12s" in session.screen
        session.feed.forward(seconds=10)
        await session.second()
        assert "in 4m2s" in session.screen


async def test_hostile_names_do_nothing_to_the_screen(opened: Open) -> None:
    async with opened(boards.hostile(), (120, 40)) as session:
        session.triage.units.go_to(next(key for key in session.triage.units.keys if "web" in key.name))
        await session.settle()
        for keys in ("f", "f", "h", "h", "v", "v"):
            await session.press(keys)
            assert "\x1b" not in session.screen and "\u202e" not in session.screen and "\x07" not in session.screen
            assert all(len(line) <= 120 for line in session.screen.splitlines() if line.isascii())
        assert "[bold red]markup[/]" in session.screen


async def test_ten_thousand_units_are_a_list_like_any_other(opened: Open) -> None:
    async with opened(boards.many(10_000)) as session:
        assert "10,000" in session.screen
        await session.press("G")
        assert session.triage.units.cursor == 9_999
        await session.press("slash")
        await session.type("app-0777")
        assert "10 of 10,000" in session.screen


async def test_a_flood_of_updates_repaints_only_what_is_in_view(opened: Open) -> None:
    async with opened(boards.many(2_000)) as session:
        await session.press("j")
        units = session.triage.units
        far = [session.app.board.units[key]._replace(health="Degraded") for key in units.keys[1_000:1_500]]
        board = changed(session.app.board, *far)
        await session.tell(board)
        assert units.key is not None and units.key.name == "app-00001-service"
        assert session.triage.model.units.rows[far[0].id].unit.health == "Degraded"


async def test_a_replay_clock_decides_ages(opened: Open) -> None:
    async with opened(incident()) as session:
        session.feed.at = NOW + timedelta(hours=1)
        await session.second()
        assert "1h" in session.line("▌CRIT")


async def test_the_mouse_chooses_sorts_and_scrolls(opened: Open) -> None:
    async with opened(incident()) as session:
        await session.pilot.click("#units", offset=(10, 3))
        await session.settle()
        assert session.triage.model.chosen is not None and session.triage.model.chosen.name == "checkout"
        await session.pilot.click("#units", offset=(10, 1))
        await session.settle()
        assert session.triage.units.sorted_by == ("unit", False)
        assert session.triage.model.chosen.name == "checkout"
        await session.pilot.click("#units", offset=(10, 1))
        await session.settle()
        assert session.triage.units.sorted_by == ("unit", True)
