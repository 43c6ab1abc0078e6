"""The actual plane of one AWS resource, without a plan: Cloud Control, and other calls for types that it lacks."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

from ...clients.aws import Aws
from ...clients.aws_errors import Refused
from ...core.cloud_control import Direct, compared, translated, wanted
from ...core.errors import BadAnswer, Missing, inert
from ...core.finding import Comparison
from ...core.identity import ResourceRef
from ...core.planes import Observation, Plane
from ...core.ports import Clock
from ...core.terraform_marks import sealed

_LACKING: Final = frozenset({"UnsupportedActionException", "TypeNotFoundException"})


class DirectAnswer(NamedTuple):
    observation: Observation
    comparison: Comparison
    unread: tuple[str, ...]
    """Recorded attributes of which nobody asked: they are unknown, not the same."""


async def read_direct(
    aws: Aws, ref: ResourceRef, recorded: Mapping[str, Any], *, key: bytes, source: str, clock: Clock
) -> DirectAnswer:
    """`recorded` are the sealed attributes. Raises `SourceError`; a type that nothing here can read is `BadAnswer`."""
    region = region_of(recorded)
    method = "Cloud Control GetResource"
    other = _OTHERS.get(ref.kind)
    if other is not None:
        method, ask = other
        try:
            found = Direct(await ask(aws, recorded, key, region))
        except Missing:
            found = Direct(None)
        known = found.attributes or {}
        found = found._replace(unread=tuple(name for name in recorded if name not in known and known))
    else:
        found = await _by_cloud_control(aws, ref, recorded, key, region)
    seen = Observation(ref, Plane.ACTUAL, found.attributes, source, method, clock())
    return DirectAnswer(seen, compared(ref, recorded, found), found.unread)


def region_of(recorded: Mapping[str, Any]) -> str:
    """As the resource itself says, or its ARN; empty for the account's own."""
    given, arn = recorded.get("region"), recorded.get("arn")
    if isinstance(given, str) and given:
        return given
    return arn.split(":")[3] if isinstance(arn, str) and arn.count(":") >= 5 else ""


async def _by_cloud_control(aws: Aws, ref: ResourceRef, recorded: Mapping[str, Any], key: bytes, region: str) -> Direct:
    asked = wanted(ref.kind, recorded)
    if asked is None:
        raise BadAnswer(f"{inert(ref.kind, 80)} cannot be read by itself", ref.short, "Make a plan of the stack.")
    try:
        answer = await aws.call(
            "cloudcontrol", "GetResource", {"TypeName": asked[0], "Identifier": asked[1]}, region=region
        )
    except Missing:
        return Direct(None)
    except Refused as error:
        if error.code in _LACKING:
            raise BadAnswer(f"Cloud Control cannot read {asked.type_name}", ref.short, "Make a plan.") from None
        raise
    try:
        properties = json.loads(answer["ResourceDescription"]["Properties"])
    except (KeyError, TypeError, ValueError, RecursionError):
        properties = None
    if not isinstance(properties, dict):
        raise BadAnswer(f"Cloud Control's answer about {ref.short} cannot be read", "", "Make a plan of the stack.")
    return translated(ref.kind, properties, recorded, key)


async def _role_policy(aws: Aws, recorded: Mapping[str, Any], key: bytes, region: str) -> dict[str, Any]:
    asked = {"RoleName": recorded.get("role"), "PolicyName": recorded.get("name")}
    answer = await aws.call("iam", "GetRolePolicy", asked, region=region)
    document = answer.get("PolicyDocument")
    text = json.dumps(document) if isinstance(document, dict) else unquote(str(document or ""))
    held = {"role": answer.get("RoleName"), "name": answer.get("PolicyName"), "policy": text}
    found: dict[str, Any] = sealed(held, {}, key)
    return found


async def _role_attachment(aws: Aws, recorded: Mapping[str, Any], key: bytes, region: str) -> dict[str, Any]:
    asked = {"RoleName": recorded.get("role")}
    async for page in aws.pages("iam", "ListAttachedRolePolicies", asked, marker="Marker", region=region):
        for one in page.get("AttachedPolicies") or ():
            if one.get("PolicyArn") == recorded.get("policy_arn"):
                return {"role": recorded.get("role"), "policy_arn": one["PolicyArn"]}
    raise Missing("The policy is not attached", inert(str(recorded.get("policy_arn")), 200))


async def _queue_policy(aws: Aws, recorded: Mapping[str, Any], key: bytes, region: str) -> dict[str, Any]:
    asked = {"QueueUrl": recorded.get("queue_url"), "AttributeNames": ["Policy"]}
    answer = await aws.call("sqs", "GetQueueAttributes", asked, region=region)
    policy = (answer.get("Attributes") or {}).get("Policy")
    if not policy:
        raise Missing("The queue has no policy", inert(str(recorded.get("queue_url")), 200))
    found: dict[str, Any] = sealed({"queue_url": recorded.get("queue_url"), "policy": policy}, {}, key)
    return found


_Ask = Callable[[Aws, Mapping[str, Any], bytes, str], Awaitable[dict[str, Any]]]

_OTHERS: Final[Mapping[str, tuple[str, _Ask]]] = {
    "aws_iam_role_policy": ("IAM GetRolePolicy", _role_policy),
    "aws_iam_role_policy_attachment": ("IAM ListAttachedRolePolicies", _role_attachment),
    "aws_sqs_queue_policy": ("SQS GetQueueAttributes", _queue_policy),
}
"""Types that Cloud Control lacks, or reads only as part of another."""
