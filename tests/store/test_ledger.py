"""What goes into a ledger comes back as it was, for everybody, in a file as on PostgreSQL."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest

from drifttui.core.acts import NOTHING, PauseState
from drifttui.core.errors import InputError, LedgerError
from drifttui.core.ledger import EMPTY, EventKind, Head, event_hash
from drifttui.core.ledger_rows import UNREADABLE, row_of
from drifttui.store.ledger import Ledger

from .ledgers import NOW, UNIT, Place, cover, intent, link, outcome, step, verdict


def test_a_place_without_a_ledger_is_an_empty_one_and_stays_untouched(place: Place) -> None:
    ledger = place.open(create=False)
    assert (ledger.head(), list(ledger.events()), ledger.acts()) == (EMPTY, [], NOTHING)
    assert ledger.verify().intact
    with pytest.raises(LedgerError, match="There is no ledger"):
        ledger.append(*verdict())
    assert place.open(create=False).head() == EMPTY


def test_events_come_back_as_they_were_recorded(place: Place) -> None:
    ledger = place.open()
    first, second = ledger.append(*verdict()), ledger.append(*link())
    assert list(ledger.events()) == [first, second] == list(place.open().events())
    assert list(ledger.events(after=1)) == [second]
    assert (first.seq, first.previous, first.actor, first.at) == (1, EMPTY.hash, "alice@laptop", NOW)
    assert second.previous == first.hash == event_hash(*first[:6])
    assert ledger.head() == Head(2, second.hash)


def test_several_at_once_are_recorded_together_or_not_at_all(place: Place) -> None:
    ledger = place.open()
    assert [event.seq for event in ledger.append_all([verdict(), link(), cover()])] == [1, 2, 3]
    with pytest.raises(InputError, match="cannot be recorded"):
        ledger.append_all([verdict(), (EventKind.NOTE, {"text": 1.5})])
    assert ledger.append_all([]) == ()
    assert ledger.head().seq == 3
    assert ledger.verify().intact


@pytest.mark.parametrize(
    "body",
    [{"a": float("nan")}, {"a": [1.0]}, {1: "a"}, {"a": "\ud800"}, {"a": {1, 2}}, {"a": "x" * 5_000_000}],
    ids=["nan", "float", "key", "surrogate", "set", "size"],
)
def test_what_has_no_canonical_spelling_is_refused_in_one_line(place: Place, body: Any) -> None:
    ledger = place.open()
    with pytest.raises(InputError) as caught:
        ledger.append(EventKind.NOTE, body)
    assert "\n" not in caught.value.one_line()
    assert ledger.head() == EMPTY


HOSTILE = "\x1b[31m\u202e\x00 [red]x[/red] \U0001f600\u2028 '; DROP TABLE events; --"


def test_hostile_text_is_kept_as_it_is_and_shown_inert(place: Place) -> None:
    ledger = place.open(actor=f"eve{HOSTILE}@host\n")
    event = ledger.append(*verdict(finding=HOSTILE, note=HOSTILE, drift_class=HOSTILE))
    assert place.open().append(*verdict()).seq == 2
    assert next(iter(place.open().events())) == event
    assert event.body["note"] == HOSTILE
    assert event.actor.isprintable()
    assert all(line.words.isprintable() for line in ledger.acts().history)
    assert ledger.verify().intact


def test_a_text_that_is_no_unicode_is_mended_where_people_write_and_refused_elsewhere(place: Place) -> None:
    ledger = place.open()
    assert ledger.append(*step(message="half \ud800 pair")).body["message"] == "half ? pair"


TOKEN = "ghp_0123456789abcdefghijABCDEFGHIJ012345"


def test_a_pasted_token_does_not_enter(place: Place) -> None:
    ledger = place.open()
    held = {"/spec/password": TOKEN}
    ledger.append(*verdict(note=f"see Authorization: Bearer {TOKEN}"))
    ledger.append(*intent(reason=f"export TOKEN={TOKEN}", effects=[f"deletes {TOKEN}"]))
    ledger.append(*step(message=f"403 for {TOKEN}"))
    ledger.append(*outcome(message=f"https://bob:{TOKEN}@git.example.com refused"))
    ledger.append(*link(url=f"https://tracker.example.com/?access_token={TOKEN}", note=TOKEN))
    ledger.append(EventKind.NOTE, {"text": [TOKEN]})
    ledger.append(EventKind.NOTE, {"captured": held})
    *prose, exact = ledger.events()
    assert TOKEN not in str(prose)
    assert exact.body == {"captured": held}, "what must be restored is not touched"


def test_addresses_of_tickets_stay_whole(place: Place) -> None:
    given = "https://jira.example.com/browse/OPS-12?focusedId=4711&page=com.atlassian"
    event = place.open().append(*link(ref="OPS-12", url=given))
    assert (event.body["url"], event.body["ref"]) == (given, "OPS-12")


def test_acts_are_the_same_object_until_something_is_new(place: Place) -> None:
    ledger, other = place.open(), place.open(actor="bob@desk")
    ledger.append(*intent())
    before = ledger.acts()
    assert ledger.acts() is before
    other.append_all([step(), outcome()])
    after = ledger.acts()
    assert before.pauses["a1"].state is PauseState.INTENDED
    assert after.pauses["a1"].state is PauseState.HOLDING
    assert [line.actor for line in after.history] == ["bob@desk", "bob@desk", "alice@laptop"]
    assert place.open().acts() == after


def test_a_pause_made_here_is_resumed_by_a_colleague(place: Place) -> None:
    place.open().append_all([intent(), step(), outcome()])
    place.open(actor="bob@desk").append_all([intent("a2", "resume", pause="a1"), outcome("a2", "resumed")])
    pause = place.open().acts().pauses["a1"]
    assert (pause.state, pause.ended_by, pause.unit) == (PauseState.RESUMED, "bob@desk", UNIT)


def test_an_event_of_a_newer_version_hides_no_other(place: Place) -> None:
    ledger = place.open()
    event = ledger.append(EventKind("note"), {"text": "x"})
    newer = event._replace(kind="teleport")  # type: ignore[arg-type]
    row = row_of(newer)
    place.run(f"UPDATE events SET kind = '{row.kind}'")
    ledger.append(*verdict())
    acts = place.open().acts()
    assert acts.skipped == 1
    assert "f-1" in acts.verdicts
    assert "teleport" in acts.history[-1].words


def test_a_damaged_row_hides_no_other(place: Place) -> None:
    ledger = place.open()
    ledger.append_all([verdict("f-1"), verdict("f-2"), verdict("f-3")])
    place.run("UPDATE events SET body = '{\"findings' WHERE seq = 2", "UPDATE events SET at = 'once' WHERE seq = 3")
    acts = place.open().acts()
    assert (set(acts.verdicts), acts.skipped) == ({"f-1"}, 2)
    assert [event.kind for event in place.open().events()] == [EventKind.VERDICT, UNREADABLE, UNREADABLE]


def test_another_ledger_in_the_same_place_is_read_from_its_beginning(place: Place) -> None:
    ledger = place.open()
    ledger.append_all([verdict("old-1"), verdict("old-2")])
    assert set(ledger.acts().verdicts) == {"old-1", "old-2"}
    place.run("DELETE FROM events", f"UPDATE head SET seq = 0, hash = '{EMPTY.hash}'")
    place.open().append_all([verdict(f"new-{number}") for number in range(3)])
    assert set(ledger.acts().verdicts) == {"new-0", "new-1", "new-2"}


def test_what_is_written_cannot_be_changed_by_a_slip(place: Place) -> None:
    place.open().append_all([verdict(), link()])
    import sqlite3
    from contextlib import closing

    statements = ["UPDATE {e} SET body = '{{}}'", "DELETE FROM {e}", "DELETE FROM {h}", "UPDATE {h} SET seq = 1"]
    for statement in statements:
        if place.shared:
            import psycopg

            with psycopg.connect(place.target) as there, pytest.raises(psycopg.Error, match="append-only"):
                there.execute(statement.format(e="drifttui_ledger", h="drifttui_ledger_head"))
        else:
            with closing(sqlite3.connect(place.target)) as here, pytest.raises(sqlite3.Error, match="append-only"):
                here.execute(statement.format(e="events", h="head"))
    assert place.open().verify().events == 2


def test_threads_share_one_ledger(place: Place) -> None:
    ledger = place.open()

    def work(number: int) -> None:
        for turn in range(10):
            ledger.append(*verdict(f"f-{number}-{turn}"))
            ledger.acts()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ledger.acts().verdicts) == 40
    assert ledger.verify().intact


def test_one_of_many_that_begin_at_once_makes_it_and_the_others_wait(place: Place) -> None:
    ledgers = [place.open(actor=f"p{number}") for number in range(6)]
    together = threading.Barrier(len(ledgers))
    said: list[Exception] = []

    def begin(ledger: Ledger) -> None:
        try:
            assert ledger.head() == EMPTY
            together.wait()
            ledger.append(*verdict())
        except Exception as error:
            said.append(error)

    threads = [threading.Thread(target=begin, args=(ledger,)) for ledger in ledgers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == []
    assert (ledgers[0].verify().events, ledgers[0].verify().intact) == (6, True)


def test_times_are_those_of_the_clock_in_utc(place: Place) -> None:
    from datetime import timezone

    local = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    event = place.open(clock=lambda: local).append(*verdict())
    assert event.at == NOW
    assert event.at.utcoffset() == timedelta(0)
    assert place.open().verify().intact


def test_it_is_read_again_after_it_was_closed(place: Place) -> None:
    ledger = place.open()
    ledger.append(*verdict())
    ledger.close()
    assert ledger.append(*verdict()).seq == 2
