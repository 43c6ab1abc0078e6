"""What to ask a store of CloudTrail for, so that it hands out the records that can name one resource and few others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from .audit_cloudtrail import CloudTrailCall
from .cloudtrail_events import mapped
from .cloudtrail_names import composite, forms, wanted_names
from .join_cloudtrail import CloudQuestion

GLOBAL_REGION: Final = "us-east-1"
GLOBAL: Final = frozenset(
    f"{name}.amazonaws.com"
    for name in (
        "iam",
        "sts",
        "cloudfront",
        "route53",
        "route53domains",
        "organizations",
        "shield",
        "signin",
        "support",
    )
)
"""Services whose calls are recorded in us-east-1, wherever they were made. Regional STS endpoints record in theirs."""
NAMES: Final = 6
_VERSIONED: Final = frozenset({"lambda.amazonaws.com", "cloudfront.amazonaws.com"})
"""Services that put API versions into the names of calls, so that a call cannot be looked up by the name we know."""
_REGION: Final = re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d")


class Lookup(NamedTuple):
    """One attribute of LookupEvents, which takes no more, in one region."""

    region: str
    key: str
    """`ResourceName`, `EventName` or `EventSource`."""
    value: str


def needles(questions: Iterable[CloudQuestion]) -> tuple[bytes, ...]:
    """The shortest form of every name, in lower case: a record without any of them cannot name the resources."""
    found = set()
    for question in questions:
        for wanted in wanted_names(question.ids, question.kind):
            for part in wanted.parts:
                found |= {alias.encode() for alias in part}
    return tuple(sorted(needle for needle in found if not any(other != needle and other in needle for other in found)))


def mentions(call: CloudTrailCall, sought: Sequence[bytes]) -> bool:
    held = repr((call.request, call.response, call.resources)).lower().encode("utf-8", "replace")
    return any(needle in held for needle in sought)


def accounts_of(question: CloudQuestion) -> frozenset[str]:
    """Accounts that its ARNs name."""
    parts = [text.split(":") for text in question.ids if text.startswith("arn:")]
    return frozenset(part[4] for part in parts if len(part) > 5 and part[4].isdigit())


def regions_of(question: CloudQuestion, configured: Sequence[str]) -> tuple[str, ...]:
    """Where its calls are recorded: the regions of its ARNs, us-east-1 for global services, else all `configured`."""
    table = mapped(question.kind)
    parts = [text.split(":") for text in question.ids if text.startswith("arn:")]
    if (table is not None and table.sources <= GLOBAL) or any(
        f"{p[2]}.amazonaws.com" in GLOBAL for p in parts if p[3:]
    ):
        return (GLOBAL_REGION,)
    named = dict.fromkeys(part[3] for part in parts if len(part) > 5 and _REGION.fullmatch(part[3]))
    extra = (GLOBAL_REGION,) if table is not None and table.sources & GLOBAL else ()
    return tuple(dict.fromkeys((*(named or configured), *extra)))


def by_name(question: CloudQuestion, regions: Sequence[str]) -> list[Lookup]:
    """ResourceName lookups, the likeliest first. Names are compared exactly, so each is asked as it may be written."""
    names: dict[str, None] = {}
    for given in question.ids:
        text = given.strip()
        for part in composite(text, question.kind) or [text]:
            names[part] = None
            shorter = sorted(forms(part) - {part}, key=len)
            names.update(dict.fromkeys(form for form in shorter if "/" not in form))
    return [Lookup(region, "ResourceName", name) for region in regions for name in list(names)[:NAMES]]


def by_call(question: CloudQuestion, regions: Sequence[str]) -> list[Lookup]:
    """What is left where the index by resource fails: the type's calls by name, or its services' calls altogether.

    Empty for a type that is not mapped: nobody knows its calls.
    """
    table = mapped(question.kind)
    if table is None:
        return []
    if table.sources & _VERSIONED or len(table.calls) > 16:
        return [Lookup(region, "EventSource", source) for region in regions for source in sorted(table.sources)]
    tags = {"CreateTags", "DeleteTags"}
    ordered = sorted(table.calls, key=lambda name: (name in tags, not table.calls[name], name))
    return [Lookup(region, "EventName", name) for region in regions for name in ordered]
