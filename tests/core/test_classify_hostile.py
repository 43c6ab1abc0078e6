"""Cases as nobody should write them: strange values and wrong types end in a verdict or in one clear line."""

from __future__ import annotations

import random
from typing import Any

import pytest
import yaml

from drifttui.core.case_parse import parse_case
from drifttui.core.classify import classify
from drifttui.core.errors import InputError
from drifttui.store.case_files import parse
from drifttui.store.policy_files import default_policy

from .cases import SHARED

BASE = """
now: "2026-05-01T10:00:00Z"
unit: {id: argocd/web, engine: argocd, observed_at: "2026-05-01T09:59:00Z"}
resource: {kind: Deployment, group: apps, name: web}
changes: []
"""
VALUES: list[Any] = [
    None, "", [], {}, 0, 1, True, False, 1.5, "1000m", "true", [[]], {"digest": "hmac:1"}, {"digest": 5},
    {"absent": True}, {"absent": False}, "arn:aws:iam::1:role/x", "{", '{"a": [1, {}]}', "1e999", "9" * 400,
    "\x1b[31m", "a" * 5000, ["a", "b"], ["b", "a"], [{"Key": "a"}], {"AWS": "*"}, "*", "10.0.0.0/8", "::1",
    "2026-01-01T00:00:00", -1, "10.0.0.1/99",
]  # fmt: skip
PATHS = [
    "", "/", "/a", "/address", "/id", "/spec/replicas", "/spec/template/spec/containers/0/image", "/data/x",
    "/spec/data/0", "/status/conditions/0", "/policy", "/tags", "/spec/template/spec/containers/0/env",
    "/ingress/0/cidr_blocks", "/~0~1", "/spec/template/spec/containers/0/resources/limits/cpu", "/principal",
    "/Statement/0/Principal", "/spec/interval",
]  # fmt: skip
KINDS = ["Deployment", "Secret", "ExternalSecret", "aws_iam_role", "AWS::S3::Bucket", "", "\x1b]0;x", "ClusterRole"]


def test_random_cases_always_end_in_a_verdict() -> None:
    draw = random.Random(7)
    policy = default_policy()
    for _ in range(3000):
        changes = []
        for _ in range(draw.randrange(3)):
            change: dict[str, Any] = {"path": draw.choice(PATHS)}
            for plane in ("desired", "recorded", "actual"):
                if draw.random() < 0.8:
                    change[plane] = draw.choice(VALUES)
            if draw.random() < 0.5:
                change["managers"] = [{"manager": draw.choice(["kubectl-edit", "argocd-controller", "x", ""])}]
            changes.append(change)
        event = {
            "actor": draw.choice(["a@b.c", "", "system:serviceaccount:x:y", "eks.amazonaws.com"]),
            "actor_kind": draw.choice(["human", "ci", "robot", None, "controller", "break-glass", "cloud-service"]),
            "verb": draw.choice(["patch", "get", "", "DeleteThing"]),
            "time": draw.choice(
                [None, "2026-05-01T09:00:00Z", "2026-05-01T09:59:59.123456789Z", "2027-01-01T00:00:00+14:00"]
            ),
            "touches": draw.choice([None, [], [""], ["/spec"], ["/data/x"]]),
        }
        document = {
            "now": "2026-05-01T10:00:00Z",
            "unit": {
                "id": "u/x",
                "engine": draw.choice(["argocd", "terraform", "cloudformation", "something"]),
                "observed_at": "2026-05-01T09:59:00Z",
                "auto_sync": draw.choice([True, False, "self-heal", None]),
                "reconcile_error": draw.choice([None, "", "failed to decrypt"]),
                "engine_upgraded": draw.choice([None, "2026-05-01T09:00:00Z"]),
                "desired_revision": draw.choice([None, "abcdef1", 1234567]),
                "applied_revision": draw.choice([None, "abcdef1", "abcdef2"]),
            },
            "resource": {"kind": draw.choice(KINDS) or "x"},
            "changes": changes,
            "audit": draw.choice([None, [], [event], [event, {**event, "actor": "other"}]]),
            "links": draw.choice(
                [None, [], [{"kind": "incident"}], [{"kind": "change", "opened": "2026-01-01T00:00:00Z"}]]
            ),
            "signals": draw.choice([[], [{"metric": "errors", "before": "x", "after": None}]]),
            "policy_results": draw.choice([[], [{"result": "fail"}]]),
        }
        verdict = classify(parse_case(document), policy)
        assert not verdict.auto_heal
        assert not any(mark in reason.fact for reason in verdict.reasons for mark in ("\x1b", "\n"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("now: yesterday", "line 1, now"),
        ("now: 2026-05-01", "line 1, now"),
        ("[]", "a mapping is expected"),
        ("", "a mapping is expected"),
        ("a: [", "line"),
        ("a: 1\na: 2", "line 2, a: stands twice"),
        (BASE.replace("changes: []", ""), "changes: is required"),
        (BASE.replace("changes: []", "changes: 3"), "line 5, changes"),
        (BASE.replace("changes: []", "changes: [{}]"), "changes[0].path: is required"),
        (BASE.replace("changes: []", "changes: [{path: a}]"), "JSON pointer"),
        (BASE + "audit: [{time: noon}]", "line 6, audit[0].time"),
        (BASE + "audit: {}", "line 6, audit: a list is expected"),
        (BASE + "audit: [{touches: [1]}]", "audit[0].touches[0]"),
        (BASE + 'merges: [{time: "2026-01-01T00:00:00"}]', "has no UTC offset"),
        (BASE.replace('observed_at: "2026-05-01T09:59:00Z"', "x: 1"), "unit.observed_at: is required"),
        (BASE.replace("id: argocd/web,", ""), "unit.id: is required"),
        ("&a [*a]", "nested too deeply"),
        pytest.param("[" * 3000, "nested too deeply", id="three thousand brackets"),
        ("!!python/object/apply:os.system [ls]", "line 1"),
    ],
)
def test_bad_input_is_one_line_that_names_file_line_and_key(text: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(text, "case.yaml")
    line = caught.value.one_line()
    assert "case.yaml" in line and words in line
    assert "\n" not in line


def test_aliases_that_multiply_are_refused() -> None:
    text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join(['*a' + str(n - 1)] * 10)}]\n" for n in range(1, 9)
    )
    with pytest.raises(InputError, match="more than"):
        parse(text, "case.yaml")


def test_unquoted_times_switches_and_unknown_keys_are_read() -> None:
    case = parse(
        BASE.replace('"2026-05-01T10:00:00Z"', "2026-05-01T12:00:00+02:00").replace(
            "engine: argocd", "engine: argocd, auto_sync: off"
        )
        + "future: {key: [1]}\n",
        "case.yaml",
    ).case
    assert case.now.isoformat() == "2026-05-01T10:00:00+00:00"
    assert case.unit.auto_sync == "off"


def test_the_expectation_is_not_needed_and_not_looked_at_for_a_judgement() -> None:
    assert parse(BASE + "expect: {drift_class: nonsense}", "case.yaml", label=False).expected is None


def test_an_expectation_changes_nothing_in_the_facts() -> None:
    text = next(SHARED.glob("*.yaml")).read_text()
    with_label = yaml.safe_load(text)
    without = {key: value for key, value in with_label.items() if key != "expect"}
    assert parse_case(with_label) == parse_case(without)
