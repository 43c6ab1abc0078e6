"""Whoever goes around the triggers is found, with the seq and what was done."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator

import pytest

from drifttui.core.ledger import EMPTY, EventKind, Head, canonical, chained
from drifttui.core.ledger_check import PROBLEMS_KEPT, Verification, row_hash, verify
from drifttui.core.ledger_rows import Row, row_of
from tests.store.ledgers import NOW, Place, verdict


@pytest.fixture
def filled(place: Place) -> Place:
    place.open().append_all([verdict(f"f-{number}") for number in range(1, 11)])
    return place


def said(found: Verification) -> list[tuple[int, str]]:
    return [(problem.seq, problem.what) for problem in found.problems]


FORGED = "{" + '"note":"nothing happened"' + "}"

TAMPERING = {
    "another body": (
        ["UPDATE events SET body = replace(body, 'emergency', 'intended') WHERE seq = 5"],
        [(5, "altered")],
    ),
    "another actor": (["UPDATE events SET actor = 'mallory@x' WHERE seq = 5"], [(5, "altered")]),
    "another time": (["UPDATE events SET at = replace(at, 'T03:', 'T04:') WHERE seq = 1"], [(1, "altered")]),
    "another kind": (["UPDATE events SET kind = 'note' WHERE seq = 10"], [(10, "altered")]),
    "more white space": (["UPDATE events SET body = replace(body, ':', ': ') WHERE seq = 5"], [(5, "altered")]),
    "another hash": (
        [f"UPDATE events SET hash = '{'ab' * 32}' WHERE seq = 5"],
        [(5, "altered"), (6, "replaced")],
    ),
    "another predecessor": ([f"UPDATE events SET previous = '{'ab' * 32}' WHERE seq = 5"], [(5, "altered")]),
    "one removed": (["DELETE FROM events WHERE seq = 5"], [(5, "missing")]),
    "the first removed": (["DELETE FROM events WHERE seq = 1"], [(1, "missing")]),
    "the last removed": (["DELETE FROM events WHERE seq = 10"], [(10, "missing")]),
    "the last removed, and the head with it": (
        ["DELETE FROM events WHERE seq = 10", "UPDATE head SET seq = 9"],
        [(9, "replaced")],
    ),
    "all removed": (["DELETE FROM events"], [(1, "missing")]),
    "two exchanged": (
        [
            "UPDATE events SET seq = 99 WHERE seq = 3",
            "UPDATE events SET seq = 3 WHERE seq = 7",
            "UPDATE events SET seq = 7 WHERE seq = 99",
        ],
        [(3, "reordered"), (4, "replaced"), (7, "reordered"), (8, "replaced")],
    ),
    "one removed and the gap closed": (
        ["DELETE FROM events WHERE seq = 5", "UPDATE events SET seq = 5 WHERE seq = 10", "UPDATE head SET seq = 9"],
        [(5, "reordered"), (6, "replaced"), (9, "replaced")],
    ),
    "one added behind the end": (
        ["INSERT INTO events SELECT 11, at, kind, actor, body, previous, hash FROM events WHERE seq = 10"],
        [(11, "reordered"), (11, "unfinished")],
    ),
    "another head": ([f"UPDATE head SET hash = '{'ab' * 32}'"], [(10, "replaced")]),
}


@pytest.mark.parametrize("name", TAMPERING)
def test_it_is_found(filled: Place, name: str) -> None:
    assert filled.open().verify().intact
    statements, expected = TAMPERING[name]
    filled.run(*statements)
    found = filled.open().verify()
    assert said(found) == expected
    assert not found.intact
    assert all(str(problem.seq) in problem.words for problem in found.problems)


def test_a_replaced_event_with_a_right_hash_of_its_own_is_found_behind_it(filled: Place) -> None:
    events = list(filled.open().events())
    forged = chained(Head(4, events[3].hash), NOW, EventKind.NOTE, "mallory@x", json.loads(FORGED))
    filled.run(
        f"UPDATE events SET kind = 'note', actor = 'mallory@x', body = '{FORGED}', hash = '{forged.hash}' WHERE seq = 5"
    )
    assert said(filled.open().verify()) == [(6, "replaced")]


def test_a_whole_new_chain_is_found_by_a_head_noted_elsewhere(filled: Place) -> None:
    noted = filled.open().head()
    filled.run("DELETE FROM events", f"UPDATE head SET seq = 0, hash = '{EMPTY.hash}'")
    ledger = filled.open()
    ledger.append_all([verdict(f"g-{number}") for number in range(12)])
    assert ledger.verify().intact
    assert said(ledger.verify([noted])) == [(10, "replaced")]
    assert said(ledger.verify([Head(40, noted.hash)])) == [(40, "missing")]


def chain(length: int) -> Iterator[Row]:
    head = EMPTY
    for number in range(length):
        event = chained(head, NOW, EventKind.NOTE, "a@b", {"text": f"\u2028\u00e9 {number}"})
        head = Head(event.seq, event.hash)
        yield row_of(event)


def test_the_hash_of_a_row_is_that_of_its_event() -> None:
    (row,) = chain(1)
    assert row_hash(row) == row.hash
    assert row.body.encode() == canonical(json.loads(row.body))


def test_a_stream_in_another_order_or_with_doubles_is_found() -> None:
    rows = list(chain(5))
    assert verify(rows, None).intact
    assert said(verify([*rows[:3], rows[2], *rows[3:]])) == [(3, "duplicated")]
    assert said(verify([rows[0], rows[2], rows[1], *rows[3:]])) == [(2, "missing"), (2, "reordered")]
    assert said(verify(rows[:3], Head(5, rows[4].hash))) == [(4, "missing")]


def test_many_problems_are_counted_and_the_first_are_kept() -> None:
    found = verify(row._replace(actor="x") for row in chain(200))
    assert (found.found, len(found.problems), found.events) == (200, PROBLEMS_KEPT, 200)


def test_its_memory_does_not_grow_with_the_ledger() -> None:
    def peak(length: int) -> int:
        tracemalloc.start()
        assert verify(chain(length)).events == length
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(10)
    assert peak(5000) < peak(100) + 100_000
