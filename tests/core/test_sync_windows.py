"""Sync windows: when Argo CD may sync by itself, and until when that stays so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from drifttui.core.sync_windows import cron, duration, matching, verdict, window_words
from tests.core.pause_documents import application


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def window(kind: str, schedule: str, length: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "schedule": schedule, "duration": length, "applications": ["*"], **more}


NIGHT = window("deny", "0 22 * * *", "8h")
DAY = window("allow", "0 9 * * *", "8h")
NEW_YORK = window("deny", "0 22 * * *", "2h", timeZone="America/New_York")


@pytest.mark.parametrize(
    ("windows", "now", "allowed", "until"),
    [
        ([], "2026-03-01T03:00", True, None),
        ([NIGHT], "2026-03-01T21:59", True, None),
        ([NIGHT], "2026-03-01T22:00", False, "2026-03-02T06:00"),
        ([NIGHT], "2026-03-02T03:00", False, "2026-03-02T06:00"),
        ([NIGHT], "2026-03-02T05:59", False, "2026-03-02T06:00"),
        ([NIGHT], "2026-03-02T06:00", True, None),
        ([window("deny", "0 0 * * 6", "48h")], "2026-03-01T12:00", False, "2026-03-02T00:00"),
        ([window("deny", "0 0 * * sat", "48h")], "2026-03-02T00:00", True, None),
        ([window("deny", "0 */6 * * *", "6h")], "2026-03-01T12:00", False, None),
        ([NEW_YORK], "2026-07-02T03:00", False, "2026-07-02T04:00"),
        ([window("allow", "0 9 * * 1-5", "8h")], "2026-03-02T10:00", True, None),
        ([window("allow", "0 9 * * 1-5", "8h")], "2026-02-28T10:00", False, "2026-03-02T09:00"),
        ([DAY, window("deny", "0 10 * * *", "1h")], "2026-03-02T10:30", False, "2026-03-02T11:00"),
        ([DAY, window("deny", "0 16 * * *", "2h")], "2026-03-02T16:30", False, "2026-03-03T09:00"),
        ([NIGHT, window("deny", "0 2 * * *", "6h")], "2026-03-02T03:00", False, "2026-03-02T08:00"),
        ([window("deny", "@daily", "1h")], "2026-03-02T00:30", False, "2026-03-02T01:00"),
        ([window("deny", "0 0 13 * 5", "24h")], "2026-03-06T12:00", False, "2026-03-07T00:00"),
    ],
)  # fmt: skip
def test_what_a_window_says(windows: Any, now: str, allowed: bool, until: str | None) -> None:
    found = verdict(windows, at(now))
    assert found.allowed is allowed
    assert (None if found.until is None else found.until.isoformat()[: len(until or "")]) == until


NO_SCHEDULES = ["", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8"]


@pytest.mark.parametrize("text", [*NO_SCHEDULES, "a * * * *", "5-1 * * * *", "*/0 * * * *"])
def test_a_schedule_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="schedule"):
        cron(text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("1h", 3600), ("1h30m", 5400), ("90s", 90), ("0.5h", 1800), ("100ms", 0.1)]
)
def test_durations_as_go_spells_them(text: str, seconds: float) -> None:
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "1", "h", "1d", "1h 30m", "-1h"])
def test_a_duration_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        duration(text)


@pytest.mark.parametrize(
    ("entry", "matches"),
    [
        ({"applications": ["web"]}, True),
        ({"applications": ["w*"]}, True),
        ({"applications": ["other"]}, False),
        ({"applications": ["other"], "namespaces": ["shop"]}, True),
        ({"applications": ["other"], "namespaces": ["shop"], "andOperator": True}, False),
        ({"applications": ["web"], "namespaces": ["shop"], "andOperator": True}, True),
        ({"clusters": ["in-cluster"]}, True),
        ({"clusters": ["prod*"]}, False),
        ({}, False),
        ("nonsense", False),
        ({"applications": "web"}, False),
    ],
)
def test_which_windows_are_about_an_application(entry: Any, matches: bool) -> None:
    assert bool(matching({"spec": {"syncWindows": [entry]}}, application())) is matches


def said(project: Any, problem: str = "") -> list[str]:
    effects: list[str] = []
    window_words(project, application(), at("2026-03-02T03:00"), effects, problem)
    return effects


def test_a_window_that_forbids_looks_like_a_pause_and_ends_by_itself() -> None:
    assert said({"spec": {"syncWindows": [NIGHT]}}) == [
        "Argo CD does not sync it by itself until 2026-03-02 06:00 UTC, but then it does (deny window 0 22 * * * for"
        " 8h); the pause outlasts that"
    ]


@pytest.mark.parametrize(
    ("project", "problem", "words"),
    [
        (None, "403", ["sync windows are not known: 403"]),
        (None, "", []),
        ({}, "", []),
        (
            {"spec": {"syncWindows": [window("deny", "whenever", "1h")]}},
            "",
            ["a sync window cannot be read: a schedule has five fields: whenever"],
        ),
        (
            {"spec": {"syncWindows": [window("deny", "0 0 * * *", "1h", timeZone="Nowhere/At_All")]}},
            "",
            ["a sync window cannot be read: no time zone is called Nowhere/At_All"],
        ),
    ],
)
def test_what_is_not_known_is_said(project: Any, problem: str, words: list[str]) -> None:
    assert said(project, problem) == words
