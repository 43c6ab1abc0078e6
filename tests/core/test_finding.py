"""What a finding is called in one row."""

from __future__ import annotations

from datetime import UTC, datetime

from drifttui.core.finding import Change, Finding
from drifttui.core.identity import ResourceRef, UnitId
from drifttui.core.planes import ABSENT

NOW = datetime(2026, 11, 21, 3, tzinfo=UTC)


def finding(*changes: Change) -> Finding:
    unit = UnitId("argocd", "argocd:a", "argocd", "payments")
    return Finding("id", unit, ResourceRef("c", "", "Role", "pay", "pay-admin"), changes, (), {}, NOW, NOW)


def test_a_note_does_not_hide_the_right_that_was_widened() -> None:
    note = Change("/metadata/annotations/note", "/metadata/annotations/note", ABSENT, ABSENT, "tmp")
    verbs = Change("/rules/0/verbs", "/rules[0]/verbs", ["get"], ["get"], ["get", "*"])
    assert finding(note, verbs).summary == "verbs +1"


def test_short_values_are_said() -> None:
    assert finding(Change("/spec/replicas", "/spec/replicas", 3, 3, 9)).summary == "replicas 3 → 9"
