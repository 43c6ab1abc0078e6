"""The annotation: what it says, and that whatever somebody else wrote there cannot do harm."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from drifttui.core.acts import PauseState
from drifttui.core.identity import UnitId
from drifttui.core.pause_note import (
    NOTE,
    REASON_LIMIT,
    Kept,
    Note,
    note_from,
    note_is_for,
    note_of,
    note_text,
    record_of,
)
from tests.conforms import departures
from tests.core.pause_documents import AT, UNTIL, application, applicationset, held

UNIT = UnitId("argocd", "argocd:prod", "argocd", "web")
FULL = Note(
    id="aa11bb22cc33",
    unit=str(UNIT),
    by="alice@laptop",
    reason="INC-9127 “checkout” down",
    at=AT,
    until=UNTIL,
    link="https://tickets.example.com/INC-9127",
    captured={"/spec/syncPolicy/automated": {"prune": True}},
    owners=(Kept(held(applicationset()).target, {"/spec/ignoreApplicationDifferences": {"absent": True}}),),
)


def test_it_comes_back_as_it_was_and_equal_notes_are_equal_texts() -> None:
    assert note_from(note_text(FULL)) == FULL
    assert note_text(note_from(note_text(FULL))) == note_text(FULL)


def test_it_is_what_the_published_schema_says() -> None:
    assert departures(json.loads(note_text(FULL)), "pause-annotation") == []


def test_what_a_newer_version_adds_is_left_alone() -> None:
    assert note_from(json.dumps(json.loads(note_text(FULL)) | {"mood": "calm"})) == FULL


def test_a_reason_of_any_length_fits() -> None:
    assert len(note_from(note_text(FULL._replace(reason="x" * 10**6))).reason) == REASON_LIMIT


@pytest.mark.parametrize("field", ["version", "id", "unit", "by", "reason", "at", "until", "link", "captured"])
@pytest.mark.parametrize("value", [None, 5, [], "soon"])
def test_what_is_wrong_is_refused_in_one_line(field: str, value: Any) -> None:
    text = json.dumps(json.loads(note_text(FULL)) | {field: value})
    if isinstance(value, str) and field in ("id", "unit", "by", "reason", "link"):
        note_from(text)
        return
    with pytest.raises(ValueError, match=NOTE) as refused:
        note_from(text)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "owners", [{}, "x", [None], [{}], [{"target": {}, "captured": {}}], [{"target": 5, "captured": {"/a": 1}}]]
)
def test_owners_that_are_none_are_refused(owners: Any) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        note_from(json.dumps(json.loads(note_text(FULL)) | {"owners": owners}))


@pytest.mark.parametrize(
    "text",
    [None, 5, "", "{", "[]", "null", "[" * 50_000],
    ids=["none", "number", "empty", "cut", "list", "null", "deep"],
)
def test_what_is_no_note_is_refused(text: Any) -> None:
    with pytest.raises(ValueError, match=NOTE):
        note_from(text)


def test_an_object_without_one_has_none() -> None:
    assert note_of(application()) is None
    assert note_of({}) is None
    assert note_of(None) is None
    assert note_of(application(metadata={"annotations": {NOTE: note_text(FULL)}})) == FULL


def test_another_machine_may_call_the_source_differently() -> None:
    assert note_is_for(FULL, UNIT._replace(source="argocd:prod-eu"))
    assert not note_is_for(FULL, UNIT._replace(name="other"))
    assert not note_is_for(FULL, UNIT._replace(namespace="other"))
    assert not note_is_for(FULL._replace(unit="nonsense"), UNIT)


def test_a_colleagues_pause_is_a_record_like_any_other() -> None:
    record = record_of(FULL, UNIT)
    assert (record.id, record.actor, record.until, record.link) == (FULL.id, FULL.by, FULL.until, FULL.link)
    assert record.state is PauseState.WRITTEN
    assert record.overdue(UNTIL)
    assert not replace(record, state=PauseState.RESUMED).overdue(UNTIL)
