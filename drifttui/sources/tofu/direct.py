"""The actual plane of one AWS resource, without a plan: Cloud Control, and a service's own call for types that it lacks
or tells in another shape.

"Not there" is only said where the question went to the resource's own account and region: somewhere else nothing is
ever there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from ...clients.aws import Aws
from ...clients.aws_errors import Refused
from ...core.cloud_control import Direct, compared, told, translated, wanted
from ...core.direct import DirectAnswer
from ...core.direct_types import OWN_CALLS
from ...core.errors import BadAnswer, Missing, inert
from ...core.identity import ResourceRef
from ...core.planes import Observation, Plane
from ...core.ports import Clock
from ...core.terraform_marks import shown
from .calls import READERS, Asked

_LACKING: Final = frozenset({"UnsupportedActionException", "TypeNotFoundException"})
_PLAN: Final = "Make a plan of the stack."
_EVERYWHERE: Final = ("aws_iam_", "aws_route53_", "aws_s3_bucket", "aws_cloudfront_")
"""Types that have no region, or find it by their name."""


class Held(NamedTuple):
    """What is known of a resource before it is read."""

    recorded: Observation
    """With a document."""
    desired: Observation | None = None
    region: str = ""
    """Of everything in its stack, where that is one; for records that name none."""


async def read_direct(aws: Aws, held: Held, *, key: bytes, source: str, clock: Clock) -> DirectAnswer:
    """Raises `SourceError`; a type that nothing here can read is `BadAnswer`."""
    recorded, ref = held.recorded.document or {}, held.recorded.ref
    anywhere = ref.kind.startswith(_EVERYWHERE)
    region = region_of(recorded) or ("" if anywhere else held.region or aws.settings.region)
    account = await _account(aws, ref, recorded)
    gaps: list[str] = []
    try:
        if ref.kind in READERS:
            method = OWN_CALLS[ref.kind]
            asked = Asked(aws, ref.kind, recorded, region)
            found = told(ref.kind, await READERS[ref.kind](asked), recorded, key)
            gaps = asked.gaps
        else:
            method = "Cloud Control GetResource"
            found = await _by_cloud_control(aws, ref, recorded, key, region)
    except Missing as error:
        if not region and not anywhere:
            raise BadAnswer(
                f"{ref.short} was not found, and its record names no region",
                f"asked in {await aws.region() or 'no region'}",
                "Give --aws-region, or make a plan of the stack.",
            ) from error
        found = Direct(None)
    desired = held.desired.document if held.desired is not None else None
    comparison, unread = compared(ref, recorded, found, desired)
    document = shown(found.attributes) if found.attributes is not None else None
    seen = Observation(ref, Plane.ACTUAL, document, source, method, clock())
    asked_in = "" if anywhere else region or await aws.region()
    place = ", ".join(part for part in (f"account {account}" if account else "", asked_in) if part)
    return DirectAnswer(seen, comparison, unread, held.recorded, held.desired, place, tuple(gaps))


def region_of(recorded: Mapping[str, Any]) -> str:
    """As the resource itself says, or its ARN; empty for the account's own."""
    given, arn = recorded.get("region"), recorded.get("arn")
    if isinstance(given, str) and given:
        return given
    return arn.split(":")[3] if isinstance(arn, str) and arn.count(":") >= 5 else ""


def account_of(recorded: Mapping[str, Any]) -> str:
    """Twelve digits, by the ARN or the owner; empty where the record names none."""
    for name in ("arn", "owner_id", "load_balancer_arn", "target_key_arn"):
        value = recorded.get(name)
        if not isinstance(value, str):
            continue
        parts = value.split(":")
        found = parts[4] if len(parts) >= 6 and parts[0] == "arn" else value
        if len(found) == 12 and found.isdigit():
            return found
    return ""


async def _account(aws: Aws, ref: ResourceRef, recorded: Mapping[str, Any]) -> str:
    """Whose credentials these are. Raises for a resource of another account: what they do not see is not gone."""
    asked, own = await aws.account(), account_of(recorded)
    if asked and own and asked != own:
        raise BadAnswer(
            f"{ref.short} is in account {own}",
            f"{aws.name} is account {asked}",
            "Name the right one: --aws-profile, or `account` of the stack.",
        )
    return asked


async def _by_cloud_control(aws: Aws, ref: ResourceRef, recorded: Mapping[str, Any], key: bytes, region: str) -> Direct:
    asked = wanted(ref.kind, recorded)
    if asked is None:
        raise BadAnswer(f"{inert(ref.kind, 80)} cannot be read by itself", ref.short, _PLAN)
    try:
        answer = await aws.call(
            "cloudcontrol", "GetResource", {"TypeName": asked[0], "Identifier": asked[1]}, region=region
        )
    except Refused as error:
        if error.code in _LACKING:
            raise BadAnswer(f"Cloud Control cannot read {asked.type_name}", ref.short, _PLAN) from None
        raise
    try:
        properties = json.loads(answer["ResourceDescription"]["Properties"])
    except (KeyError, TypeError, ValueError, RecursionError):
        properties = None
    if not isinstance(properties, dict):
        raise BadAnswer(f"Cloud Control's answer about {ref.short} cannot be read", "", _PLAN)
    return translated(ref.kind, properties, recorded, key)
