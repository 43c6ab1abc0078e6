"""Which AWS calls change which Terraform resource, and which of its attributes.

`*` stands for the attributes that the request itself names; no attributes are the whole object, created or deleted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from .cloudtrail_table import TABLE

ASKED: Final = ("*",)

Calls = Mapping[str, tuple[str, ...]]


class Mapped(NamedTuple):
    sources: frozenset[str]
    nouns: tuple[str, ...]
    calls: Calls


_VERSION: Final = re.compile(r"\d{8}(?:v\d+)?$|_\d{4}_\d{2}_\d{2}$")


def bare_name(event: str) -> str:
    """`UpdateFunctionCode20150331v2` → `UpdateFunctionCode`: Lambda and CloudFront put API versions into names."""
    return _VERSION.sub("", event)


def _read() -> dict[str, Mapped]:
    found: dict[str, Mapped] = {}
    kind = ""
    for line in TABLE.splitlines():
        if not line.startswith(" "):
            kind, _, rest = line.partition(":")
            services, _, nouns = rest.partition("|")
            found[kind] = Mapped(
                frozenset(f"{word}.amazonaws.com" for word in services.split()), tuple(nouns.split()), {}
            )
            continue
        calls = dict(found[kind].calls)
        for word in line.split():
            name, _, attributes = word.partition("=")
            calls[name] = tuple(part for part in attributes.split(",") if part)
        found[kind] = found[kind]._replace(calls=calls)
    return found


TYPES: Final[Mapping[str, Mapped]] = _read()

_SAME: Final = {
    "aws_alb": "aws_lb",
    "aws_alb_listener": "aws_lb_listener",
    "aws_alb_target_group": "aws_lb_target_group",
    "aws_alb_listener_rule": "aws_lb_listener_rule",
    "aws_alb_target_group_attachment": "aws_lb_target_group_attachment",
    "aws_cloudtrail_trail": "aws_cloudtrail",
}


def mapped(kind: str) -> Mapped | None:
    """None for a type that is not mapped: then any write that names the resource counts."""
    return TYPES.get(_SAME.get(kind, kind))
