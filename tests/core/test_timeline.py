"""One order of everything that happened, and gaps where nobody could see."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from drifttui.core.acts import Acts, HistoryEntry
from drifttui.core.audit import Actor, ActorKind, Grade, Line
from drifttui.core.health import SourceHealth, Standing
from drifttui.core.identity import ResourceRef, UnitId
from drifttui.core.inspection import Event, Inspection, Revision
from drifttui.core.timeline import (
    Entry,
    Gaps,
    Kind,
    Window,
    chosen,
    columns,
    merged,
    of_acts,
    of_inspection,
    of_lines,
    whole,
)

AT = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
UNIT = UnitId("argocd", "argocd:a", "argocd", "payments")


def minute(number: float) -> datetime:
    return AT + timedelta(minutes=number)


def test_everything_stands_once_and_in_order() -> None:
    one = Entry(minute(3), Kind.SYNC, "9fd2c1 applied", "u")
    other = Entry(minute(1), Kind.MERGE, "9fd2c1 tighten roles", "u")
    assert merged([one], [other, one]) == (other, one)


def test_syncs_merges_and_warnings_come_from_what_the_unit_tells() -> None:
    look = Inspection(
        UNIT,
        minute(9),
        revisions=(
            Revision(
                "9fd2c1a8b7e6d5c4", minute(2), "carol", "tighten roles\n\nlong", minute(1), "admin", "git.example/x"
            ),
            Revision("0000", None),
        ),
        events=(
            Event(minute(4), "BackOff", "restarting", True, "kubelet", 7, ResourceRef("c", "", "Pod", "pay", "api-1")),
            Event(minute(5), "Pulled", "fine"),
            Event(None, "Odd", "no time", True),
        ),
    )
    found = merged(of_inspection(look))
    assert [(entry.kind, entry.actor) for entry in found] == [
        (Kind.MERGE, "carol"), (Kind.SYNC, "admin"), (Kind.EVENT, "kubelet")
    ]  # fmt: skip
    assert found[0].words == "9fd2c1a8b7e6 tighten roles"
    assert found[2].words == "BackOff: restarting, 7 times"


def test_fields_of_one_call_are_one_entry_and_guesses_are_none() -> None:
    alice = Actor("alice@example.com", ActorKind.PERSON)
    call = [
        Line(path, alice, "kubectl edit", minute(1), 0.95, Grade.BODY, ("e1",))
        for path in ("/a", "/b", "/c", "/d", "/e")
    ]
    guess = Line("/f", alice, "", minute(1), 0.2, Grade.GUESS)
    (entry,) = of_lines("u", "Role/x", [*call, guess])
    assert entry.words == "/a, /b, /c and 2 more by kubectl edit"
    assert (entry.actor, entry.ref) == ("alice@example.com", "e1")


def test_what_operators_did_is_in() -> None:
    acts = Acts(history=(HistoryEntry(minute(1), "bob", "paused until 05:00Z", "outcome", "u", act="p1"),))
    assert list(of_acts(acts)) == [
        Entry(minute(1), Kind.PAUSE, "paused until 05:00Z", "u", actor="bob", source="ledger", ref="p1")
    ]


def test_a_source_that_was_blind_is_a_gap_and_one_that_is_has_no_end() -> None:
    gaps = Gaps()

    def told(name: str, standing: Standing, at: float, error: str = "") -> None:
        gaps.told(SourceHealth(name, "Argo CD", standing, error=error), minute(at))

    told("a", Standing.OK, 0)
    told("a", Standing.BLIND, 2, "403")
    told("a", Standing.BLIND, 3, "403")
    told("a", Standing.STARTING, 4)
    told("a", Standing.OK, 6)
    told("b", Standing.BLIND, 5)
    closed, lasting = gaps.entries()
    assert (closed.at, closed.until, closed.words) == (minute(2), minute(6), "a was blind for 4m: 403")
    assert (lasting.at, lasting.until) == (minute(5), None)
    assert lasting.as_json()["until"] is None


def test_a_window_zooms_around_a_moment_and_moves() -> None:
    window = Window(minute(0), minute(10))
    near = window.zoomed(0.5, minute(8))
    assert near == Window(minute(4), minute(9))
    assert near.zoomed(2, minute(8)) == window
    assert window.zoomed(1e-9, minute(5)).length == timedelta(seconds=10)
    assert window.moved(0.5) == Window(minute(5), minute(15))
    assert whole([], AT).until > AT


def test_filters_keep_gaps_for_every_unit() -> None:
    gap = Entry(minute(1), Kind.GAP, "audit was blind", source="audit", until=minute(9))
    mine = Entry(minute(5), Kind.CALL, "/spec by kubectl edit", "u1", actor="Alice")
    other = Entry(minute(5), Kind.CALL, "/spec by kubectl edit", "u2", actor="bob")
    entries = (gap, mine, other)
    assert chosen(entries, unit="u1") == (gap, mine)
    assert chosen(entries, text="alice KUBECTL") == (mine,)
    assert chosen(entries, kinds=frozenset({Kind.CALL})) == (mine, other)
    assert chosen(entries, Window(minute(8), minute(20))) == (gap,)


def test_columns_count_and_draw_the_gap_over_its_whole_length() -> None:
    entries = (
        Entry(minute(0), Kind.CALL, "a"),
        Entry(minute(0.5), Kind.CALL, "b"),
        Entry(minute(10), Kind.SYNC, "c"),
        Entry(minute(-5), Kind.GAP, "blind", source="audit", until=minute(4.5)),
    )
    found = columns(entries, Window(minute(0), minute(10)), 10)
    assert found[0].counts == {Kind.CALL: 2}
    assert found[9].counts == {Kind.SYNC: 1}
    assert [bool(column.blind) for column in found] == [True] * 5 + [False] * 5
    assert columns(entries, Window(minute(0), minute(0)), 10) == ()
