"""What an object says about a step that was written: it stands, it was undone, or something beside it changed."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

from drifttui.core import json_patch
from drifttui.core.json_patch import add, applied
from drifttui.core.pause import Door, Target, Write, WriteKind
from drifttui.core.pause_covering import IGNORED, entry_for
from drifttui.core.pause_stand import Stand, blame, changed_since, departures, reconciled_at, stand
from drifttui.core.planes import ABSENT

SET: dict[str, Any] = {"metadata": {"name": "team", "uid": "u"}, "spec": {"template": {}}}
TARGET = Target(
    Door.KUBERNETES, "prod", "argoproj.io", "v1alpha1", "applicationsets", "ApplicationSet", "argocd", "team"
)
UID = json_patch.test("/metadata/uid", "u")
OURS = [entry_for("web")]
WRITE = Write(
    1,
    WriteKind.JSON_PATCH,
    TARGET,
    "spec.ignoreApplicationDifferences 0 → 1 entries",
    patch=(UID, json_patch.test(IGNORED, ABSENT), add(IGNORED, OURS)),
    undo=(UID, json_patch.test(IGNORED, OURS), {"op": "remove", "path": IGNORED}),
    uid="u",
    captured={IGNORED: {"absent": True}},
)


def written(*more: Any) -> dict[str, Any]:
    made = applied(SET, WRITE.patch)
    assert isinstance(made, dict)
    made["spec"]["ignoreApplicationDifferences"] += more
    return made


def test_before_after_neither_and_gone() -> None:
    assert stand(WRITE, SET) is Stand.BEFORE
    assert stand(WRITE, written()) is Stand.AFTER
    assert stand(WRITE, written(entry_for("api"))) is Stand.OTHER
    assert stand(WRITE, None) is Stand.GONE
    assert stand(WRITE, {**SET, "metadata": {"uid": "another"}}) is Stand.GONE


def test_a_neighbour_in_the_list_undoes_nothing() -> None:
    (one,) = departures(WRITE, written(entry_for("api")))
    assert not one.undoes
    (gone,) = departures(WRITE, SET)
    assert gone.undoes
    assert departures(WRITE, written()) == ()


def test_only_what_the_plan_captured_counts_as_changed() -> None:
    other = copy.deepcopy(SET)
    other["spec"]["template"] = {"metadata": {"labels": {"a": "b"}}}
    assert changed_since(WRITE, other) == ()
    (line,) = changed_since(WRITE, written())
    assert "ignoreApplicationDifferences" in line
    assert "was not set" in line


def entry(manager: str, time: str, **fields: Any) -> dict[str, Any]:
    return {"manager": manager, "operation": "Update", "time": time, "fieldsType": "FieldsV1", "fieldsV1": fields}


def test_the_holder_of_a_field_did_it_and_for_a_missing_one_the_newest_writer_may_have() -> None:
    automated: dict[str, Any] = {"f:syncPolicy": {"f:automated": {"f:enabled": {}}}}
    held: dict[str, Any] = {
        "metadata": {
            "uid": "u",
            "managedFields": [
                entry("argocd-controller", "2026-11-21T03:00:00Z", **{"f:spec": automated}),
                entry("kubectl-edit", "2026-11-21T03:05:00Z", **{"f:spec": {"f:project": {}}}),
                entry("argocd-application-controller", "2026-11-21T03:09:00Z", **{"f:status": {"f:health": {}}}),
            ],
        },
        "spec": {"project": "shop", "syncPolicy": {"automated": {"enabled": True}}},
        "status": {"health": {}, "reconciledAt": "2026-11-21T03:09:00Z"},
    }
    found = blame(held, "/spec/syncPolicy/automated/enabled")
    assert (found.manager, found.exact) == ("argocd-controller", True)
    del held["spec"]["syncPolicy"]["automated"]["enabled"]
    found = blame(held, "/spec/syncPolicy/automated/enabled")
    assert (found.manager, found.exact) == ("kubectl-edit", False)
    assert blame(held, "/spec/syncPolicy/automated/enabled", datetime(2026, 11, 21, 3, 5, 0, 9, UTC)).manager
    late = blame(held, "/spec/syncPolicy/automated/enabled", datetime(2026, 11, 21, 3, 6, tzinfo=UTC))
    assert late.words(datetime(2026, 11, 21, 4, tzinfo=UTC)) == "nobody is named on the object"
    assert reconciled_at(held) == "2026-11-21T03:09:00Z"
    assert reconciled_at(SET) == ""
    assert blame(None, "/spec").manager == ""
