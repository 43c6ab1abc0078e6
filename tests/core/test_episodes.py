"""One id for as long as the same drift lasts."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from drifttui.core.diff import compare
from drifttui.core.episodes import Carried, OpenFinding, carry
from drifttui.core.finding import Finding
from drifttui.core.identity import UnitId
from drifttui.core.planes import ThreePlanes
from drifttui.core.verdict import Verdict

from .objects import deployment, planes

UNIT = UnitId("argocd", "argocd:test", "argocd", "web")
T0 = datetime(2026, 5, 1, 10, 0, tzinfo=UTC)


def look(
    previous: tuple[Finding, ...],
    at: int,
    *observed: ThreePlanes,
    remembered: tuple[OpenFinding, ...] = (),
    **more: Any,
) -> Carried:
    known = {three.ref: three for three in observed}
    now = T0 + timedelta(minutes=at)
    return carry(UNIT, previous, map(compare, observed), known, now, remembered=remembered, **more)


def drifted(replicas: int = 5) -> ThreePlanes:
    return planes(deployment(), deployment(replicas=replicas))


def test_the_same_drift_keeps_its_id_and_beginning_and_its_verdict() -> None:
    (first,) = look((), 0, drifted()).findings
    judged = first._replace(verdict=Verdict("unknown", "workload", "low", "investigate"))
    (again,) = look((judged,), 5, drifted()).findings
    assert (again.id, again.first_seen, again.fingerprint) == (first.id, T0, first.fingerprint)
    assert again.last_seen == T0 + timedelta(minutes=5)
    assert again.verdict == judged.verdict


def test_another_value_is_the_same_episode_and_another_fingerprint() -> None:
    (first,) = look((), 0, drifted()).findings
    (again,) = look((first._replace(verdict=Verdict("unknown", "workload", "low", "ignore")),), 5, drifted(7)).findings
    assert again.id == first.id
    assert again.fingerprint != first.fingerprint
    assert again.verdict is None


def test_a_clean_resource_closes_and_a_new_drift_is_a_new_finding() -> None:
    (first,) = look((), 0, drifted()).findings
    after = look((first,), 5, planes(deployment(), deployment()))
    assert after.findings == () and after.closed == (first,)
    (second,) = look(after.findings, 9, drifted()).findings
    assert second.id != first.id


def test_a_resource_that_could_not_be_read_keeps_its_finding_as_it_was() -> None:
    (first,) = look((), 0, drifted()).findings
    assert look((first,), 5, planes(desired=deployment())).findings == (first,)
    assert look((first,), 5, planes(recorded=deployment(), actual=deployment())).findings == (first,)
    assert look((first,), 5, planes(desired=deployment(), recorded=deployment())).findings == (first,)
    assert look((first,), 5, complete=False).findings == (first,)


def test_a_resource_that_left_the_unit_closes() -> None:
    (first,) = look((), 0, drifted()).findings
    assert look((first,), 5).closed == (first,)


def test_ids_survive_a_restart_through_the_store() -> None:
    (first,) = look((), 0, drifted()).findings
    stored = json.loads(json.dumps(OpenFinding.of(first).as_json()))
    opened = OpenFinding.from_json(stored)
    assert opened == OpenFinding.of(first)
    (again,) = look((), 60, drifted(), remembered=(opened,)).findings
    assert (again.id, again.first_seen) == (first.id, T0)
    assert look((), 60, remembered=(opened,)).findings == ()
    with pytest.raises(ValueError, match="not an open finding"):
        OpenFinding.from_json({"id": "x"})


def test_who_holds_a_field_is_no_part_of_the_fingerprint() -> None:
    (first,) = look((), 0, drifted()).findings
    changes = tuple(change._replace(owners=()) for change in first.changes)
    assert look((), 0, drifted()).findings[0].fingerprint == first._replace(changes=changes).fingerprint
