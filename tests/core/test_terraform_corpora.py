"""Plans that OpenTofu and Terraform really wrote, against keys that were made independently of this program."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from drifttui.core.redact import is_digest
from drifttui.core.terraform_load import load
from drifttui.core.terraform_plan import parse_plan
from drifttui.core.terraform_review import review

CORPORA = Path(__file__).parent.parent.parent.parent / "shared" / "corpora"
KEY = b"k" * 32


def cases() -> list[Any]:
    found = []
    for folder in ("terraform-opentofu-plans", "terraform-tf-summarize"):
        keys = CORPORA / folder / "expected.json"
        if keys.exists():
            held = json.loads(keys.read_text())
            found += [pytest.param(CORPORA / folder / case["plan"], case, id=case["id"]) for case in held]
    return found or [pytest.param(None, None, marks=pytest.mark.skip(reason="../shared/corpora is not there"))]


def listed(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Entries in the form of the keys. A whole object that comes or goes has no changed attributes."""
    return [
        {
            "address": entry["address"],
            "actions": "/".join(entry["actions"]),
            "changed": changed([change["path"] for change in entry["changes"]]),
            **{name: entry[name] for name in ("action_reason", "previous_address", "sensitive") if name in entry},
        }
        for entry in entries
    ]


def changed(paths: list[str]) -> list[str] | None:
    return None if "" in paths else sorted({path.split("/")[1] for path in paths})


def by_address(entry: dict[str, Any]) -> str:
    return str(entry["address"])


@pytest.mark.parametrize(("path", "case"), cases())
def test_a_real_plan_meets_its_key(path: Path, case: dict[str, Any]) -> None:
    expect = case["expect"]
    found = review(parse_plan(load(path.read_bytes(), path.name), KEY), KEY)
    answer = found.as_json()
    assert sorted(listed(answer["drift"]), key=by_address) == sorted(expect["drift"], key=by_address)
    pending = sorted(listed(answer["pending"]), key=by_address)
    for entry, wanted in zip(pending, sorted(expect["planned"], key=by_address), strict=True):
        # The keys say None as well where a plan does nothing to an object that is gone already.
        assert entry["changed"] == wanted["changed"] or (wanted["changed"] is None and entry["changed"] == [])
        assert {**entry, "changed": None} == {**wanted, "changed": None}
    assert {name: found.totals[name] for name in ("add", "change", "destroy")} == expect["totals"]
    assert answer["format_version"] == expect["format_version"]
    assert found.exit_code == (2 if expect["drift"] else 0 if found.known else 3)


@pytest.mark.parametrize(("path", "case"), cases())
def test_no_marked_value_of_a_real_plan_is_shown(path: Path, case: dict[str, Any]) -> None:
    answer = review(parse_plan(load(path.read_bytes(), path.name), KEY), KEY).as_json()
    for entry in (*answer["drift"], *answer["pending"]):
        for pointer in entry.get("sensitive", ()):
            for change in entry["changes"]:
                for plane in ("desired", "recorded", "actual"):
                    value: Any = change.get(plane)
                    for token in pointer[1:].split("/") if change["path"] == "" else ():
                        value = value.get(token) if isinstance(value, dict) else None
                    assert value is None or is_digest(value)
