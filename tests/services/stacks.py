"""Stacks as a plan tells them: real plan documents, reviewed, as units with inspections."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from drifttui.core.identity import Engine, UnitId
from drifttui.core.inspection import Inspection
from drifttui.core.terraform_stack import Stamp, of_review
from drifttui.core.unit import Auto, Unit
from tests.core.terraform_documents import change, plan, reviewed

GROUP = {
    "id": "sg-0a1b0a1b",
    "arn": "arn:aws:ec2:eu-west-1:123456789012:security-group/sg-0a1b0a1b",
    "name": "app-public",
    "description": "web",
    "ingress": [],
    "tags": {"team": "web"},
}
OPEN = {"cidr_blocks": ["0.0.0.0/0"], "from_port": 22, "to_port": 22, "protocol": "tcp", "description": ""}


def stack(name: str, at: datetime, **more: Any) -> Unit:
    return Unit(
        id=UnitId(Engine.OPENTOFU, "tofu", "", name), sync="OutOfSync", health="Unknown", auto=Auto.BY_HAND,
        cluster=name, observed_at=at, version="1",
    )._replace(**more)  # fmt: skip


def drift(address: str, before: dict[str, Any], after: dict[str, Any] | None) -> dict[str, Any]:
    return change(address, "update" if after else "delete", before, after)


def opened(**more: Any) -> dict[str, Any]:
    """Port 22 of a security group that the state does not know to be open."""
    return drift("aws_security_group.app_public", GROUP, {**GROUP, "ingress": [OPEN], **more})


def planned(of: Unit, at: datetime | None, *drifted: dict[str, Any]) -> Inspection:
    """The inspection of a refreshed plan that was true at `at`."""
    answer = of_review(
        reviewed(plan([], list(drifted)), refreshed=True), (), Stamp(of.id.name, of.id.source, "plan", at)
    )
    assert at is not None
    return Inspection(of.id, at, answer.resources, comparisons=answer.comparisons)
