"""Small plans and states in the layout that tofu and terraform write."""

from __future__ import annotations

import json
from typing import Any

from drifttui.core.terraform_plan import parse_plan
from drifttui.core.terraform_review import Review, review

KEY = b"k" * 32

Json = dict[str, Any]


def change(address: str, actions: str | list[str], before: Any, after: Any, **more: Any) -> Json:
    """An entry of `resource_changes` or `resource_drift`. Keys of `change` and of the entry may both be given."""
    inner = {"after_unknown", "before_sensitive", "after_sensitive", "replace_paths", "importing"}
    return {
        "address": address,
        "mode": "data" if ".data." in f".{address}" else "managed",
        "type": address.split(".")[-2],
        "name": address.split(".")[-1],
        "provider_name": "registry.opentofu.org/hashicorp/aws",
        "change": {
            "actions": [actions] if isinstance(actions, str) else actions,
            "before": before,
            "after": after,
            "after_unknown": {},
            "before_sensitive": {},
            "after_sensitive": {},
            **{name: value for name, value in more.items() if name in inner},
        },
        **{name: value for name, value in more.items() if name not in inner},
    }


def resource(address: str, values: Json, **more: Any) -> Json:
    return {"address": address, "mode": "managed", "type": address.split(".")[-2], "values": values, **more}


def plan(
    changes: list[Json] | None = None,
    drift: list[Json] | None = None,
    recorded: list[Json] | None = None,
    **more: Any,
) -> Json:
    """A plan; `recorded` are the resources of its prior state."""
    document: Json = {"format_version": "1.2", "terraform_version": "1.11.0", "planned_values": {"root_module": {}}}
    if changes is not None:
        document["resource_changes"] = changes
    if drift is not None:
        document["resource_drift"] = drift
    if recorded is not None:
        document["prior_state"] = {"format_version": "1.0", "values": {"root_module": {"resources": recorded}}}
    return {**document, **more}


def configured(address: str, **expressions: Any) -> Json:
    """The `configuration` of one resource in the root module."""
    entry = {"address": address, "mode": "managed", "expressions": expressions}
    return {"root_module": {"resources": [entry]}}


def reviewed(document: Json, *, refreshed: bool = False) -> Review:
    return review(parse_plan(json.loads(json.dumps(document)), KEY, refreshed=refreshed), KEY)


def drifted(before: Json, after: Json, address: str = "aws_thing.a", **more: Any) -> Review:
    """The review of a plan in which one object drifted."""
    return reviewed(plan([], [change(address, "update", before, after)], **more))
