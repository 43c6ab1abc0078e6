"""Drift in a plan is judged by the same rules as every other drift."""

from __future__ import annotations

from datetime import UTC, datetime

from drifttui.core.classify import classify
from drifttui.core.terraform_cases import context_of_plan, moment
from drifttui.store.policy_files import load_policy
from tests.core.terraform_documents import change, plan, reviewed

NOW = datetime(2026, 11, 21, 3, 5, tzinfo=UTC)
CLOSED = {"name": "claims", "ingress": []}
OPENED = {"name": "claims", "ingress": [{"from_port": 22, "cidr_blocks": ["0.0.0.0/0"]}]}


def test_an_opened_port_is_a_question_of_the_network_whoever_did_it() -> None:
    address = 'module.x["k"].aws_security_group.this[0]'
    entry = {**change("aws_security_group.this", "update", CLOSED, OPENED), "address": address}
    found = reviewed(plan([], [entry], timestamp="2026-11-21T03:00:00Z"))
    case = context_of_plan(found.drift[0], found.plan, NOW)
    assert (case.resource.kind, case.resource.name, case.resource.address) == ("aws_security_group", "claims", address)
    assert (case.unit.engine, case.unit.observed_at) == ("opentofu", datetime(2026, 11, 21, 3, 0, tzinfo=UTC))
    assert case.audit is None
    verdict = classify(case, load_policy(None))
    assert verdict.domain == "network"
    assert not verdict.auto_heal


def test_a_resource_without_a_name_is_called_by_its_label() -> None:
    found = reviewed(plan([], [change("module.m.aws_thing.web", "update", {"a": 1}, {"a": 2})]))
    assert context_of_plan(found.drift[0], found.plan, NOW).resource.name == "web"


def test_a_type_that_the_plan_leaves_out_is_read_off_the_address() -> None:
    for address, kind in (('module.m["a.b"].aws_thing.web["c.d"]', "aws_thing"), ("odd", "odd"), (".", ".")):
        found = reviewed(plan([], [change("a.b", "update", {"a": 1}, {"a": 2}) | {"address": address, "type": ""}]))
        case = context_of_plan(found.drift[0], found.plan, NOW)
        assert case.resource.kind == kind
        assert classify(case, load_policy(None)).domain == "workload"


def test_a_time_without_a_zone_is_no_time() -> None:
    assert moment("2026-11-21T03:00:00Z") == datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
    assert moment("2026-11-21T03:00:00") is moment("") is moment("yesterday") is None
