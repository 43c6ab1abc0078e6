"""Pairs that other projects ship with their answers (see PROVENANCE.md beside each corpus)."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from drifttui.core.diff import compare
from drifttui.core.redact import redact_document

from .objects import CORPORA, KEY, corpus, paths, planes


def cases(name: str) -> list[Any]:
    file = CORPORA / name / "expected.json"
    if not file.is_file():
        return [pytest.param({}, marks=pytest.mark.skip(reason=f"the corpus {name} is not beside the repository"))]
    return [pytest.param(case, id=case["id"]) for case in json.loads(file.read_text())]


@pytest.mark.parametrize("case", cases("gitops-engine-diff"))
def test_pairs_of_the_gitops_engine_agree(case: dict[str, Any]) -> None:
    folder = corpus("gitops-engine-diff")
    config, live = (redact_document(json.loads((folder / case[side]).read_text()), KEY) for side in ("config", "live"))
    found = compare(planes(config, live))
    assert found.drifted is case["expect"]["modified"], found.changes
    if "paths" in case["expect"]:
        assert paths(found) == sorted(case["expect"]["paths"])


@pytest.mark.parametrize("case", cases("flux-diff-golden"))
def test_pairs_of_flux_agree_to_the_path(case: dict[str, Any]) -> None:
    folder = corpus("flux-diff-golden")
    live = yaml.safe_load((folder / case["live"]).read_text())
    desired = next(
        document
        for document in yaml.safe_load_all((folder / "desired.yaml").read_text())
        if document and (document["kind"], document["metadata"]["name"]) == (live["kind"], live["metadata"]["name"])
    )
    found = compare(planes(redact_document(desired, KEY), redact_document(live, KEY)))
    expected = case["expect"]["changes"]
    assert paths(found) == sorted(change["path"] for change in expected)
    assert all(change.sensitive for change in found.changes if live["kind"] == "Secret")
    for leak in case.get("must_not_show", ()):
        assert leak not in repr(found)
